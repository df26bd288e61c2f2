"""Sizes of effects: against Student's t and F, and by simulation with errors of unequal sizes."""

import numpy as np
import pytest
from scipy.stats import f as fisher_f
from scipy.stats import t as student

from seealike.numerics.squared_effects import squared_effect


def test_one_effect_has_students_interval_and_test():
    found = squared_effect(np.array([5.0]), np.array([[1.0]]), 12)
    reach = student.ppf(0.975, 12)
    assert found.value == pytest.approx(24.0)
    assert found.low == pytest.approx((5 - reach) ** 2, rel=1e-3)
    assert found.high == pytest.approx((5 + reach) ** 2, rel=1e-3)
    assert found.p_value == pytest.approx(2 * student.sf(5, 12))


def test_several_equal_errors_are_an_f_test():
    found = squared_effect(np.array([1.0, 2.0, 0.5]), 0.7 * np.eye(3), 9)
    assert found.p_value == pytest.approx(fisher_f.sf(5.25 / 2.1, 3, 9))


def test_ends_are_continuous_where_the_normal_takes_over():
    below, above = (squared_effect(np.array([x]), np.eye(1), 20) for x in (99.9999, 100.0001))
    assert above.low == pytest.approx(below.low, rel=1e-3)
    assert above.high == pytest.approx(below.high, rel=1e-3)


def test_nothing_found_is_no_less_than_nothing():
    found = squared_effect(np.array([0.1, 0.1]), np.eye(2), 20)
    assert found.value == pytest.approx(0.02 - 2)
    assert found.low < 0 < found.high
    assert found.p_value > 0.9


@pytest.mark.parametrize("size", [0.0, 1.0, 3.0, 10.0])
def test_intervals_cover_with_unequal_errors(size):
    rng, runs, covered = np.random.default_rng(5), 400, 0
    true = size * np.array([1.0, 0.3, -0.5])
    errors = np.array([1.0, 0.5, 0.2])
    for _ in range(runs):
        scale = rng.chisquare(20) / 20
        found = squared_effect(true + errors * rng.standard_normal(3), scale * np.diag(errors**2), 20)
        covered += found.low <= true @ true <= found.high
    assert 0.92 <= covered / runs <= 0.99
