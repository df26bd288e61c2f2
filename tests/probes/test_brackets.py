"""What two fits say of those between them."""

import numpy as np
import pytest

from seealike.probes import Grid
from seealike.probes.brackets import RateSearch

N = 200


def first(count):
    """So many samples are right."""
    return np.where(np.arange(N) < count, 1.0, -1.0)


def turning(seed, n_turns=60):
    """(64, N) samples that turn from wrong to right, or back, at one decay each; most are always the same."""
    rng = np.random.default_rng(seed)
    positions = np.arange(64)[:, None]
    from_, until = rng.integers(0, 50, n_turns // 2), rng.integers(20, 64, n_turns // 2)
    same = np.broadcast_to(rng.random(N - n_turns) < 0.7, (64, N - n_turns))
    return np.where(np.concatenate([positions >= from_, positions < until, same], axis=1), 1.0, -1.0)


def searched(right, *, bounded, at_once=1):
    """The search at its end, and how many fits it took."""
    search, fits = RateSearch(Grid(), range(64), N, alike=0.0, bounded=bounded), 0
    search.learn(0, right[0])
    while wanted := search.open()[:at_once]:
        for position in wanted:
            search.learn(position, right[position])
        fits += len(wanted)
    return search, fits


@pytest.mark.parametrize("at_once", [1, 2, 64])
def test_where_every_sample_turns_once_the_same_peak_is_found_by_fewer_fits(at_once):
    spared = 0
    for seed in range(40):
        right = turning(seed)
        every, all_fits = searched(right, bounded=False)
        quick, fits = searched(right, bounded=True, at_once=at_once)
        assert (quick.peak.best, quick.peak.right) == (every.peak.best, every.peak.right)
        spared += all_fits - fits
    assert spared > 20


def test_fits_that_agree_spare_all_between_them():
    search, fits = searched(np.broadcast_to(first(150), (64, N)), bounded=True)
    assert fits == 1
    assert (search.peak.best, search.peak.right, search.ceiling) == (63, 150, 150)


def test_samples_right_under_either_fit_are_the_most_between_and_all_may_be_beyond():
    search = RateSearch(Grid(), range(64), N, alike=0.0, bounded=True)
    search.learn(0, first(100))
    search.learn(9, first(30)[::-1])
    assert (search.at_most(4), search.at_most(9), search.at_most(20), search.ceiling) == (130, 30, N, N)
    assert (search.first, search.most) == (100, 100)


def test_decays_that_are_alike_are_one_fit():
    shrinkages = [0.0] * 30 + list(range(1, 35))
    search = RateSearch(Grid(), shrinkages, N, alike=0.5, bounded=False)
    assert search.open() == [63, 54, 45, 36, 0]
    search.learn(0, first(7))
    assert (search.right(29), search.right(30)) == (7, None)
    assert search.open() == [63, 54, 45, 36]


def smooth(seed):
    """(64, N) margins that follow a smooth curve, through 0 at one place each."""
    rng = np.random.default_rng(seed)
    up = np.where(rng.random(N) < 0.5, 1, -1)
    return np.tanh(up * (np.arange(64)[:, None] - rng.uniform(0, 64, N)) / 12)


@pytest.mark.parametrize("seed", range(5))
def test_a_curve_through_four_fits_bounds_what_is_between_more_closely_than_two_do(seed):
    margins, search = smooth(seed), RateSearch(Grid(), range(64), N, alike=0.0, bounded=True)
    for position in (50, 54):
        search.learn(position, margins[position])
    by_two = search.at_most(52)
    for position in (45, 58):
        search.learn(position, margins[position])
    assert (margins[52] > 0).sum() <= search.at_most(52) < by_two


def test_where_margins_are_smooth_the_same_peak_is_found_by_fewer_fits():
    most, did = 0, 0
    for seed in range(30):
        every, all_fits = searched(smooth(seed), bounded=False)
        quick, fits = searched(smooth(seed), bounded=True, at_once=2)
        assert (quick.peak.best, quick.peak.right) == (every.peak.best, every.peak.right)
        most, did = most + all_fits, did + fits
    assert did < 0.85 * most


def test_a_fit_that_was_left_out_stays_so():
    margins, search = smooth(0), RateSearch(Grid(), range(64), N, alike=0.0, bounded=True)
    for position in (45, 50, 54, 58):
        search.learn(position, margins[position])
    before = search.at_most(52)
    search.learn(55, -margins[55])
    assert search.at_most(52) == before
