"""Which fits the searches want."""

import numpy as np
import pytest

from seealike.errors import BadParameter
from seealike.probes import Grid
from seealike.probes.peak import PeakSearch
from seealike.probes.search import Data, SeedSearch, Settings
from tests.probes.made import overlapping


def climb(curve):
    """The peak that a search finds, and the positions that it tried."""
    search, tried = PeakSearch(Grid()), []
    for phase in range(search.grid.n_phases):
        wanted = search.candidates(phase)
        tried += wanted
        search.take({k: curve(k) for k in wanted})
    return search.best, tried


@pytest.mark.parametrize("peak", [0, 5, 22, 40, 63])
def test_a_single_peak_is_found_in_at_most_fourteen_fits(peak):
    found, tried = climb(lambda k: 1000 - (k - peak) ** 2)
    assert abs(found - peak) <= 1
    assert len(tried) <= 14


def test_ties_go_to_the_larger_decay_within_a_phase_and_to_the_earlier_phase():
    assert climb(lambda k: 5)[0] == 63
    assert climb(lambda k: 5 if k < 60 else 4)[0] == 54


def test_the_published_grid():
    grid = Grid()
    np.testing.assert_allclose(grid.decays, np.logspace(-6, 1, 64))
    np.testing.assert_allclose([grid.decays[k] for k in grid.coarse], 10.0 ** np.arange(-6, 2))
    assert grid.most_fits == 4 * 14
    with pytest.raises(BadParameter, match="learning rates above 0"):
        Grid(learning_rates=(0.1, 0.0))


def searched(right, *, exhaustive, n_classes=3):
    """One seed's search with known outcomes, (100,) margins each; the search and all fits that it wanted."""
    data = Data.of(overlapping(500, 5, n_classes), epochs=20, batch_size=100)
    search, fits = SeedSearch(data, 0, Grid(), exhaustive=exhaustive), []
    while wanted := search.wanted():
        search.learn(wanted, np.array([right(settings) for settings in wanted]))
        fits += wanted
    return search, fits


def first(count):
    """So many samples are right, always the same."""
    return np.where(np.arange(100) < count, 1.0, -1.0)


def peaked(settings):
    """Best at a learning rate of .1 and a weight decay near .02, below which others are right than above it."""
    away = abs(np.log10(settings.weight_decay / 0.02))
    right = first({0.1: 80, 0.01: 78}.get(settings.learning_rate, 40) - int(3 * min(away, 2)))
    return right if settings.weight_decay > 0.02 else right[::-1]


def test_both_searches_find_the_same():
    every, all_fits = searched(peaked, exhaustive=True)
    quick, some_fits = searched(peaked, exhaustive=False)
    assert every.best == quick.best
    assert every.best[0].learning_rate == 0.1
    assert set(some_fits) < set(all_fits)


def test_far_learning_rates_are_dropped_by_the_quick_search_only():
    rates = [s.learning_rate for s in searched(peaked, exhaustive=False)[1]]
    assert rates.count(1e-3) == 1
    assert 1e-4 not in rates
    assert rates.count(0.01) > 1
    assert [s.learning_rate for s in searched(peaked, exhaustive=True)[1]].count(1e-3) > 8


def test_decays_too_small_for_float32_are_one_fit_even_to_the_exhaustive_search():
    _, fits = searched(lambda s: first(50), exhaustive=True)
    small = [s for s in fits if s.learning_rate == 1e-4 and s.weight_decay < 2e-4]
    assert len(small) == 1
    x = np.float32(0.3)
    assert x * np.float32(1 - 1e-4 * 2.9e-4) == x


def test_shrinkage_is_the_sum_of_the_decays_of_all_steps():
    rates = 0.1 * 0.5 * (1 + np.cos(np.pi * np.arange(50) / 50))
    assert Settings(0.1, 0.01).shrinkage(50) == pytest.approx(0.01 * rates.sum())


def test_a_learning_rate_that_no_decay_can_make_the_best_is_left():
    """Of .01 78 samples are right under one or the other of two fits: none between them can reach the 80 of .1."""

    def right(settings):
        if settings.learning_rate == 0.1:
            return first(80)
        return first(75) if settings.weight_decay > 0.02 else np.roll(first(75), 3)

    fits = searched(right, exhaustive=False, n_classes=64)[1]
    assert [s.weight_decay for s in fits if s.learning_rate == 0.01] == pytest.approx([1e-6, 10.0])


def test_no_smaller_learning_rate_is_tried_where_one_is_behind_already():
    fits = searched(lambda s: first(80 if s.learning_rate == 0.1 else 77), exhaustive=False)[1]
    assert {s.learning_rate for s in fits} == {0.1, 0.01}
    fits = searched(lambda s: first(80 if s.learning_rate == 0.1 else 79), exhaustive=False)[1]
    assert {s.learning_rate for s in fits} == {0.1, 0.01, 1e-3, 1e-4}


@pytest.mark.parametrize("exhaustive", [True, False])
def test_the_first_learning_rate_and_the_largest_decay_win_ties(exhaustive):
    search, _ = searched(lambda s: first(50), exhaustive=exhaustive)
    assert search.best == (Settings(0.1, 10.0), 50)
