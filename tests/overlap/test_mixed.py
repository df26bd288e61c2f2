"""The mixed model over the factorial design: planted effects, odd designs, and what least squares says."""

import numpy as np
import pytest

from seealike.errors import ShapeError, TooFewSamples
from seealike.overlap.mixed import mixed_slopes
from seealike.overlap.seeds import leaving_out_seeds

ONE = np.array([0.0, 0.5, 1.0])
EFFECTS = np.array([0.2, -0.1, 0.3])


def _design(n_seeds):
    data, task = (np.tile(grid.ravel(), n_seeds) for grid in np.meshgrid(ONE, ONE))
    return np.column_stack([data, task, data * task]), np.repeat(np.arange(n_seeds), 9)


def _runs(seed=0, n_seeds=4, between=0.1, within=0.02):
    terms, seeds = _design(n_seeds)
    rng = np.random.default_rng(seed)
    values = 0.4 + terms @ EFFECTS + rng.normal(0, between, n_seeds)[seeds]
    return terms, values + rng.normal(0, within, len(values)), seeds


def test_exact_effects_are_found_exactly():
    terms, seeds = _design(3)
    values = 0.4 + terms @ EFFECTS + np.array([0.0, 0.1, -0.1])[seeds]
    found = mixed_slopes(terms, values, seeds)
    np.testing.assert_allclose(found.slopes, EFFECTS, atol=1e-9)
    assert found.start == pytest.approx(0.4, abs=1e-6)
    assert found.seed_share > 0.99
    np.testing.assert_allclose([found.low, found.high], [EFFECTS, EFFECTS], atol=1e-8)
    assert (found.p_values < 1e-6).all()


def test_balanced_slopes_are_those_of_least_squares_and_the_intervals_those_of_the_seeds_own_slopes():
    from scipy.stats import ttest_1samp

    terms, values, seeds = _runs()
    found = mixed_slopes(terms, values, seeds)
    design = np.column_stack([np.ones(len(terms)), terms])
    plain = np.linalg.lstsq(design, values, rcond=None)[0]
    np.testing.assert_allclose(found.slopes, plain[1:], atol=1e-10)
    own = np.array([np.linalg.lstsq(design[seeds == k], values[seeds == k], rcond=None)[0] for k in range(4)])
    test = ttest_1samp(own[:, 1:], 0)
    interval = test.confidence_interval()
    np.testing.assert_allclose(found.low, interval.low, atol=1e-9)
    np.testing.assert_allclose(found.high, interval.high, atol=1e-9)
    np.testing.assert_allclose(found.p_values, test.pvalue, atol=1e-9)


def test_missing_runs_of_one_level_do_not_bend_the_slopes():
    """A seed of a high level lacks its runs of high overlap: least squares would see less of an effect."""
    terms, seeds = _design(4)
    values = 0.4 + terms @ EFFECTS + np.array([0.0, 0.0, 0.0, 0.5])[seeds]
    there = (seeds != 3) | (terms[:, 0] < 1)
    values += np.random.default_rng(1).normal(0, 0.01, len(values))
    found = mixed_slopes(terms[there], values[there], seeds[there])
    np.testing.assert_allclose(found.slopes, EFFECTS, atol=0.05)
    design = np.column_stack([np.ones(there.sum()), terms[there]])
    plain = np.linalg.lstsq(design, values[there], rcond=None)[0][1:]
    assert abs(plain[0] - EFFECTS[0]) > 0.08


def test_seeds_that_do_not_differ_leave_least_squares():
    terms, values, seeds = _runs(between=0.0, within=0.05, seed=3)
    there = np.random.default_rng(0).random(len(seeds)) > 0.2
    terms, values, seeds = terms[there], values[there], seeds[there]
    rest = values - terms @ EFFECTS
    means = np.array([rest[seeds == k].mean() for k in range(4)])
    values = values - means[seeds]  # not even by chance
    found = mixed_slopes(terms, values, seeds)
    assert found.seed_share == 0
    plain = np.linalg.lstsq(np.column_stack([np.ones(len(terms)), terms]), values, rcond=None)[0]
    np.testing.assert_allclose(found.slopes, plain[1:], atol=1e-10)


def test_scale_and_shift_do_not_matter():
    terms, values, seeds = _runs(seed=5)
    there = np.arange(len(seeds)) % 7 != 0
    one = mixed_slopes(terms[there], values[there], seeds[there])
    other = mixed_slopes(terms[there], 1e4 * values[there] - 3e3, seeds[there])
    np.testing.assert_allclose(other.slopes, 1e4 * one.slopes, rtol=1e-5)
    assert other.seed_share == pytest.approx(one.seed_share, abs=1e-4)


def test_what_runs_do_not_determine_is_unknown():
    terms, values, seeds = _runs()
    assert mixed_slopes(np.column_stack([terms[:, 0], terms[:, 0]]), values, seeds) is None
    alone = mixed_slopes(terms, values, np.zeros(len(values)))
    assert alone.n_seeds == 1
    assert np.isnan(alone.low).all()
    only_one_varies = np.where(seeds[:, None] == 0, terms, 0.0)
    assert np.isnan(mixed_slopes(only_one_varies, values, seeds).p_values).all()
    flat = mixed_slopes(terms, np.full(len(values), 0.5), seeds)
    assert np.isnan(flat.r_squared)
    np.testing.assert_allclose(flat.slopes, 0, atol=1e-12)


def test_mistakes_are_explained():
    terms, values, seeds = _runs()
    with pytest.raises(ShapeError, match="36 rows, 35 values, 36 seeds"):
        mixed_slopes(terms, values[1:], seeds)
    with pytest.raises(TooFewSamples, match="expected more than 4, for 3 terms, got 4"):
        mixed_slopes(terms[:4], values[:4], seeds[:4])


def test_seeds_that_agree_to_the_last_digit_are_certain():
    seeds = np.repeat([0, 1, 2], 2)
    found = leaving_out_seeds(lambda kept: np.array([0.5, 0.0]), seeds)
    assert found.p_values.tolist() == [0.0, 1.0]
    assert leaving_out_seeds(lambda kept: np.array([1.0]) if kept.all() else None, seeds) is None
