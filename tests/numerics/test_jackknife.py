"""Squared errors over models and how sure they are: against plain loops, and by simulation."""

import numpy as np
import pytest
from scipy.stats import t as student

from seealike.numerics.jackknife import Squares, counted_once, jackknife, reach

RNG = np.random.default_rng(6)


def test_it_is_the_error_of_a_mean_without_what_is_missing():
    values = RNG.standard_normal((12, 3))
    without = (values.sum(axis=0) - values) / 11
    without[[2, 5], 1] = np.nan
    without[1:, 2] = np.nan
    found = jackknife(without)
    for column, m in ((0, 12), (1, 10)):
        some = without[~np.isnan(without[:, column]), column]
        assert found.sums[column] == pytest.approx((m - 1) ** 2 * some.var(ddof=1) / m)
    assert np.isnan(found.sums[2])
    assert found.drawn.tolist() == [11, 9, 0]


def test_one_far_model_leaves_few_degrees_of_freedom():
    alike, far = np.tile([-1.0, 1.0], 10)[:, None], np.r_[np.zeros(19), 20.0][:, None]
    assert jackknife(alike).degrees == pytest.approx(19 * 2 / 3)
    assert jackknife(far).degrees < 3
    both = jackknife(alike) + jackknife(alike)
    assert both.degrees == pytest.approx(2 * 19 * 2 / 3)


def test_the_squares_vary_as_much_as_is_said():
    draws = RNG.exponential(size=(60, 4000))
    found = jackknife((draws.sum(axis=0) - draws) / 59)
    assert np.mean(found.variances) == pytest.approx(np.var(found.sums), rel=0.2)


def test_noise_counts_once_and_there_is_no_less_than_that_of_independent_pairs():
    models = Squares(np.array([4.0, 2.0, 0.5]), np.full(3, 1e-6), np.full(3, 9))
    pairs = Squares(np.ones(3), np.full(3, 0.01), np.full(3, 45))
    found = counted_once(models, np.ones(3), pairs)
    assert found.sums == pytest.approx([3, 1, 1], abs=1e-3)
    assert found.degrees[[0, 2]] == pytest.approx([2 * 9 / 0.010001, 200], rel=1e-3)
    unsure = counted_once(Squares(models.sums, np.full(3, 4.0), models.drawn), np.ones(3), pairs)
    assert unsure.sums == pytest.approx(
        [3 + 0.08331547 * 2, 1 + 2 / (2 * np.pi) ** 0.5, 1 + 0.13121 * 2], rel=1e-3
    )


def test_nothing_that_moves_has_no_error():
    still = counted_once(jackknife(np.full((5, 1), 2.0)), np.zeros(1), Squares(*np.zeros((3, 1))))
    assert still.sums == [0.0]
    assert reach(still.sums, still.degrees, 0.95) == [0.0]


def test_other_reasons_that_are_well_known_make_the_sum_surer():
    squares, degrees = np.array([1.0, 1.0]), np.array([4.0, 4.0])
    expected = [student.ppf(0.95, 4), student.ppf(0.95, 4 * 1.5**2) * 1.5**0.5]
    assert reach(squares, degrees, 0.9, np.array([0.0, 0.5])) == pytest.approx(expected)
