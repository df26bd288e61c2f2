"""Errors of statistics of model pairs: against plain loops, and by simulation."""

import numpy as np
import pytest

from seealike.numerics.curves import parabola, slope
from seealike.numerics.leaving_out import leaving_out_models
from seealike.numerics.over_models import Pairs, correlations_over_models, fisher


def one_set(n_models):
    return Pairs(*np.triu_indices(n_models, 1), np.zeros(n_models, dtype=int))


def test_it_is_nearly_the_error_of_a_correlation():
    rng = np.random.default_rng(0)
    strata = np.repeat([0, 1], [14, 16])
    left, right = np.triu_indices(30, 1)
    chosen = strata[left] != strata[right]
    pairs = Pairs(left[chosen], right[chosen], strata)
    models = rng.standard_normal((2, 30))
    rows = models[:, pairs.left] * models[:, pairs.right] + rng.standard_normal((2, 224))
    rows[1] += rows[0]
    expected = correlations_over_models(rows, pairs, "pearson")
    found = leaving_out_models(lambda kept: fisher(np.array(np.corrcoef(rows[:, kept])[0, 1])), pairs)
    assert found.standard_errors == pytest.approx(expected.standard_errors[0, 1], rel=0.15)
    assert found.degrees == pytest.approx(expected.degrees[0, 1], rel=0.5)
    ends = [end[0, 1] for end in expected.interval(0.9)]
    np.testing.assert_allclose(np.tanh(found.interval(0.9)), ends, atol=0.03)


def test_pairs_are_left_out_in_groups_that_share_no_model():
    rng, seen = np.random.default_rng(1), []

    def mean(kept):
        seen.append(kept)
        return similar[kept].mean()

    similar = rng.random(36)
    found = leaving_out_models(mean, one_set(9))
    left, right = np.triu_indices(9, 1)
    groups = [np.flatnonzero(~kept) for kept in seen[1 + 9 :]]
    assert sorted(np.concatenate(groups)) == list(range(36))
    for group in groups:
        models = np.concatenate([left[group], right[group]])
        assert len(set(models)) == len(models)
    of_models = [similar[(left != k) & (right != k)].mean() for k in range(9)]
    of_pairs = [np.delete(similar, group).mean() for group in groups]
    twice, once = 8 / 9 * np.var(of_models) * 9, 8 / 9 * np.var(of_pairs) * 9
    assert found.standard_errors**2 == pytest.approx(max(twice - once, twice / 2))


def test_pairs_with_an_anchor_are_left_out_once_anyway():
    similar = np.random.default_rng(2).random(8)
    anchored = Pairs(np.zeros(8, int), np.arange(1, 9), np.array([0] + [1] * 8))
    found = leaving_out_models(lambda kept: similar[kept].mean(), anchored)
    assert found.standard_errors == pytest.approx(similar.std(ddof=1) / 8**0.5)


def test_a_model_that_is_not_drawn_stays_in_all_groups():
    seen = []
    left, right = np.triu_indices(6, 1)
    pairs = Pairs(left, right, np.array([0, 1, 1, 1, 1, 1]))
    leaving_out_models(lambda kept: (seen.append(kept), kept.sum())[1], pairs)
    assert len(seen) == 1 + 5 + 5
    assert all(kept[left == 0].all() for kept in seen[1 + 5 :])


@pytest.mark.parametrize("own", [0.0, 1.0])
def test_the_error_of_a_mean_is_what_it_should_be_and_its_interval_covers(own):
    rng, runs, pairs, covered = np.random.default_rng(3), 400, one_set(12), 0
    squares, means = [], []
    for _ in range(runs):
        model = rng.standard_normal(12)
        similar = (model[pairs.left] + model[pairs.right]) * (1 - own) + own * rng.standard_normal(66)
        made = leaving_out_models(lambda kept, s=similar: s[kept].mean(), pairs)
        means.append(similar.mean())
        squares.append(made.standard_errors**2)
        covered += abs(made.values) <= made.interval()[1] - made.values
    ratio = np.mean(squares) / np.var(means)
    assert ratio == pytest.approx(1.1 if own else 1.0, abs=0.2)  # it would be 2 if pairs counted twice
    assert 0.93 <= covered / runs <= 0.99


def test_what_is_undefined_is_nan():
    found = leaving_out_models(lambda kept: np.array([np.nan, kept.sum()]), one_set(4))
    assert np.isnan(found.values[0])
    assert np.isnan(found.standard_errors[0])
    alone = Pairs(np.array([0]), np.array([1]), np.array([0, 1]))
    assert np.isnan(leaving_out_models(lambda kept: kept.sum(), alone).standard_errors)
    still = leaving_out_models(lambda kept: np.float64(2.0), one_set(5))
    assert still.standard_errors == 0
    assert np.isnan(still.above_zero())


def test_parabolas_are_those_of_polyfit_at_any_offset():
    rng = np.random.default_rng(4)
    x = rng.random(30)
    y = rng.random(30) - 3 * (x - 0.4) ** 2
    c, b, _ = np.polyfit(x, y, 2)
    assert parabola(x, y) == pytest.approx((c, -b / 2 / c))
    curvature, vertex = parabola(x * 1e-3 + 50, y)
    assert curvature == pytest.approx(c * 1e6, rel=1e-6)
    assert vertex == pytest.approx(50 - 1e-3 * b / 2 / c, abs=1e-6)
    assert slope(x + 1e4, y) == pytest.approx(np.polyfit(x, y, 1)[0])


def test_what_points_leave_open_is_nan():
    assert np.isnan(parabola(np.array([1.0, 1, 2, 2]), np.arange(4.0))).all()
    assert np.isnan(parabola(np.full(5, 0.3), np.arange(5.0))).all()
    assert np.isnan(parabola(np.empty(0), np.empty(0))).all()
    assert np.isnan(slope(np.full(5, 0.3), np.arange(5.0)))
    assert np.isnan(slope(np.arange(2.0), np.arange(2.0)))
    assert np.isnan(parabola(np.arange(3.0), np.zeros(3))[1]) or parabola(np.arange(3.0), np.zeros(3))[0] != 0
