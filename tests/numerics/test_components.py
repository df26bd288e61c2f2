"""Components of the variance over pairs: against plain regressions, exact designs, and what cannot be told apart."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import f as fisher_f

from seealike.numerics.components import components, strata
from seealike.numerics.pair_levels import same_value, split, upper

RNG = np.random.default_rng(4)


def symmetric(n, rng=RNG):
    noise = np.triu(rng.standard_normal((n, n)), 1)
    return noise + noise.T


def test_split_is_a_regression_on_the_models():
    square = symmetric(7)
    levels, rest = split(square[None])
    pairs = list(combinations(range(7), 2))
    dummies = np.array([[1.0, *(k in pair for k in range(7))] for pair in pairs])
    left = upper(square) - dummies @ np.linalg.lstsq(dummies, upper(square))[0]
    np.testing.assert_allclose(upper(rest)[0], left, atol=1e-12)
    np.testing.assert_allclose(rest[0].sum(axis=0), 0, atol=1e-12)
    assert levels[0].sum() == pytest.approx(0)
    fitted = square - rest[0] - levels[0][:, None] - levels[0]
    assert np.ptp(upper(fitted)) == pytest.approx(0, abs=1e-12)  # the mean is all that is left


def test_what_is_planted_without_noise_is_found_to_the_digit():
    kind, size = np.repeat([0, 1], 8), np.tile([0, 1, 2, 3], 4)
    level = np.array([-1.0, 1.0])[kind] + np.array([0.0, 0.5, 1.0, 1.5])[size]
    square = level[:, None] + level + 0.3 * same_value(kind) + 1e-6 * symmetric(16)
    found = {one.name: one for one in components(square, {"kind": kind, "size": size})}
    assert list(found) == ["kind", "size", "same kind", "same size", "model", "pair"]
    lift = split(0.3 * same_value(kind)[None])[0][
        0
    ]  # what sharing brings all pairs of a model is the model's
    assert found["kind"].variance == pytest.approx(2 * np.var(np.array([-1.0, 1.0])[kind] + lift), rel=1e-5)
    assert found["size"].variance == pytest.approx(2 * np.var([0.0, 0.5, 1.0, 1.5]), rel=1e-5)
    rest = upper(split(same_value(kind)[None])[1])
    assert found["same kind"].variance == pytest.approx(0.09 * np.mean(rest**2), rel=1e-4)
    assert found["pair"].share < 1e-9
    assert sum(one.share for one in found.values()) == pytest.approx(1)


def test_the_test_of_a_category_is_the_f_test_of_levels():
    kind = np.repeat([0, 1, 2], 6)
    square = symmetric(18) + np.add.outer(RNG.standard_normal(18), np.zeros(18))
    square = square + square.T
    levels = split(square[None])[0][0]
    groups = [levels[kind == k] for k in range(3)]
    between = sum(6 * g.mean() ** 2 for g in groups) / 2
    within = sum(((g - g.mean()) ** 2).sum() for g in groups) / 15
    found = components(square, {"kind": kind})[0]
    assert found.p_value == pytest.approx(fisher_f.sf(between / within, 2, 15))


def test_variances_are_unbiased():
    kind = np.repeat([0, 1], 6)
    own, runs, found = 0.5, 150, []
    for _ in range(runs):
        levels = own**0.5 * RNG.standard_normal(12)
        square = levels[:, None] + levels + symmetric(12)
        found.append({one.name: one.variance for one in components(square, {"kind": kind})})
    assert np.mean([one["pair"] for one in found]) == pytest.approx(1, abs=0.05)
    assert np.mean([one["model"] for one in found]) == pytest.approx(2 * own, abs=0.2)
    assert np.mean([one["kind"] for one in found]) < 0.2  # cut at 0


def test_fields_that_always_come_together_are_one_component():
    kind = np.tile([0, 1], 8)
    fields = {"kind": kind, "twin": 1 - kind, "size": np.repeat([0, 1, 2, 3], 4)}
    names = [one.name for one in components(symmetric(16), fields)]
    assert names == ["size", "kind + twin", "same size", "same kind + twin", "model", "pair"]
    finer = np.where(kind == 0, 0, 1 + np.arange(16) // 2 % 2)  # two kinds of one value, nested
    names = [one.name for one in components(symmetric(16), {"kind": kind, "finer": finer})]
    assert names[0] == "kind + finer"
    assert "same kind" in names  # whether finer is shared differs among those who share the kind
    assert "same finer" in names


def test_what_says_nothing_is_no_component():
    models, pairs = strata({"one": np.zeros(8, int), "kind": np.array([0, 0, 0, 0, 0, 0, 0, 1])})
    assert list(models.parts) == ["kind"]
    assert list(pairs.parts) == []
    assert [one.name for one in components(symmetric(8), {"one": np.zeros(8, int)})] == ["model", "pair"]


def test_too_few_models_or_equal_values_have_none():
    assert components(symmetric(5), {"own": np.arange(5)}) == []
    assert components(np.ones((8, 8)), {"kind": np.repeat([0, 1], 4)}) == []


def test_the_order_of_models_and_scale_do_not_matter():
    kind, order = RNG.integers(0, 3, 14), RNG.permutation(14)
    square = symmetric(14)
    one = components(square, {"kind": kind})
    other = components(5 + 3 * square[np.ix_(order, order)], {"kind": kind[order]})
    for a, b in zip(one, other, strict=True):
        assert (a.share, a.low, a.high) == pytest.approx((b.share, b.low, b.high), abs=1e-7)
        assert 9 * a.variance == pytest.approx(b.variance, abs=1e-9)


def test_heavy_tails_widen_the_interval_of_the_models_share():
    rng, n = np.random.default_rng(9), 24
    noise, fields, widths = symmetric(n, rng), {"kind": rng.permutation(n) % 2}, []
    for own in (np.tile([-1.0, 1.0], n // 2), np.r_[np.full(2, 3.0), np.full(2, -3.0), np.zeros(n - 4)]):
        own = own / own.std()
        found = {one.name: one for one in components(1.5 * noise + own[:, None] + own, fields)}
        widths.append(found["model"].high - found["model"].low)
    assert widths[1] > 1.3 * widths[0]
