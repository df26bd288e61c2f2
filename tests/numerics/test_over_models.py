"""Errors and tests over models: against plain loops, and by simulation."""

import numpy as np
import pytest
from scipy.stats import norm, pearsonr, rankdata, spearmanr, zscore

from seealike.numerics.over_models import correlations_over_models, mantel
from seealike.numerics.pairs import Pairs

RNG = np.random.default_rng(3)
PLAIN = {"pearson": pearsonr, "spearman": spearmanr}


def one_set(n_models):
    left, right = np.triu_indices(n_models, 1)
    return Pairs(left, right, np.zeros(n_models, dtype=int))


def two_sets(n_x, n_y):
    left, right = np.divmod(np.arange(n_x * n_y), n_y)
    return Pairs(left, right + n_x, np.repeat([0, 1], [n_x, n_y]))


def twice(pairs, moves):
    """The part of the jackknife that counts a pair's noise a second time: by regression on dummies of the models."""
    dummies = np.array(
        [[k in pair for k in pairs.members] for pair in zip(pairs.left, pairs.right, strict=True)]
    )
    fitted = dummies @ np.linalg.lstsq(dummies.astype(float), moves)[0]
    free = len(moves) - np.linalg.matrix_rank(dummies)
    noise, counted = ((moves - fitted) ** 2).sum() / free, 0.0
    for stratum in set(pairs.strata):
        n = [(dummies[:, k]).sum() for k in np.flatnonzero(pairs.strata == stratum)]
        counted += (len(n) - 1) / len(n) * sum((k / (len(moves) - k)) ** 2 / k for k in n)
    return noise * (counted - 1 / len(moves))


@pytest.mark.parametrize("kind", ["pearson", "spearman"])
@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("pairs", [one_set(9), two_sets(4, 6)], ids=["one set", "two sets"])
def test_leaving_out_models_is_a_plain_loop(kind, missing, pairs):
    values = RNG.random((3, len(pairs.left)))
    if missing:
        values[1, [2, 7]] = np.nan
    found = correlations_over_models(values, pairs, kind)

    def r(keep):
        return PLAIN[kind](values[0, keep], values[1, keep])[0]

    both = ~np.isnan(values[:2]).any(axis=0)
    u, v = (zscore(rankdata(row[both]) if kind == "spearman" else row[both]) for row in values[:2])
    moves = np.zeros(len(both))
    moves[both] = (u * v - np.mean(u * v) * (u * u + v * v) / 2) / (1 - np.mean(u * v) ** 2)
    pairs, moves = Pairs(pairs.left[both], pairs.right[both], pairs.strata), moves[both]
    values = values[:2, both]

    total, varies, all_z = 0.0, 0.0, np.arctanh(r(np.ones(len(pairs.left), bool)))
    changes = {}
    for stratum in set(pairs.strata):
        members = np.flatnonzero(pairs.strata == stratum)
        z = {m: np.arctanh(r((pairs.left != m) & (pairs.right != m))) for m in members}
        some, m = np.array(list(z.values())), len(z)
        squares = (m - 1) ** 2 * (some - some.mean()) ** 2
        square = squares.mean() / (m - 1)
        total += square
        varies += max(squares.var(ddof=1) / m / (m - 1) ** 2, 3 * square**2 / (m - 1))
        changes |= {m: (abs(value - all_z), value) for m, value in z.items()}
    least = (moves**2).sum() / len(moves) ** 2
    beyond = norm(total - twice(pairs, moves) - least, varies**0.5)
    total = least + beyond.expect(lambda d: max(d, 0.0), lb=0.0)
    varies = beyond.sf(0.0) ** 2 * varies + 2 * least**2 / len(moves)
    assert found.standard_errors[0, 1] == pytest.approx(total**0.5, rel=1e-7)
    assert found.degrees[0, 1] == pytest.approx(max(2 * total**2 / varies, 1), rel=1e-6)
    most = max(changes, key=lambda m: changes[m][0])
    assert found.influence[0, 1] == most
    assert found.without[0, 1] == pytest.approx(np.tanh(changes[most][1]), rel=1e-9)


def test_an_anchor_is_neither_left_out_nor_permuted():
    pairs = two_sets(1, 7)
    values = RNG.random((2, 7))
    found = correlations_over_models(values, pairs, "pearson")
    assert 1 <= found.degrees[0, 1] < np.inf
    assert found.influence[0, 1] in range(1, 8)
    p, null = mantel(values, pairs, "pearson", permutations=50, seed=0)
    assert 0 < p[0, 1] <= 1
    assert len(np.unique(null[:, 0, 1].round(12))) > 40


def test_too_few_models_have_no_error():
    found = correlations_over_models(RNG.random((2, 3)), one_set(3), "pearson")
    assert not np.isnan(found.correlations[0, 1])
    assert np.isnan(found.standard_errors[0, 1])
    assert found.influence[0, 1] == -1
    low, _ = found.interval()
    assert np.isnan(low[0, 1])


def test_permuted_values_are_those_of_permuted_matrices():
    n, permutations, seed = 6, 20, 5
    pairs = one_set(n)
    values = RNG.random((2, len(pairs.left)))
    p, null = mantel(values, pairs, "pearson", permutations=permutations, seed=seed)
    whole = np.zeros((n, n))
    whole[pairs.left, pairs.right] = whole[pairs.right, pairs.left] = values[1]
    rng, more = np.random.default_rng(seed), 0
    r = pearsonr(*values)[0]
    for k in range(permutations):
        order = rng.permutation(np.arange(n))
        moved = whole[np.ix_(order, order)][pairs.left, pairs.right]
        assert null[k, 0, 1] == pytest.approx(pearsonr(values[0], moved)[0])
        more += null[k, 0, 1] >= r
    assert p[0, 1] == (1 + more) / (1 + permutations)


def test_a_row_with_gaps_loses_the_models_that_miss_something():
    pairs = one_set(8)
    values = RNG.random((3, len(pairs.left)))
    gone = (pairs.left == 2) | (pairs.right == 2)
    kept = np.flatnonzero(np.arange(8) != 2)
    number = {int(m): k for k, m in enumerate(kept)}
    part = Pairs(
        np.array([number[int(m)] for m in pairs.left[~gone]]),
        np.array([number[int(m)] for m in pairs.right[~gone]]),
        np.zeros(7, dtype=int),
    )
    expected, _ = mantel(values[[0, 1]][:, ~gone], part, "spearman", permutations=99, seed=1)
    values[1, gone] = np.nan
    p, _ = mantel(values, pairs, "spearman", permutations=99, seed=1)
    assert p[0, 1] == expected[0, 1]
    assert not np.isnan(p[0, 2])


def test_rows_that_do_not_vary_have_no_p_value():
    values = np.stack([RNG.random(15), np.ones(15)])
    p, _ = mantel(values, one_set(6), "pearson", permutations=9, seed=0)
    assert np.isnan(p[0, 1])


def planted(n_models, rng, share):
    """Two datasets' similarities of models with a common part of what they are; more of it, more consistent."""
    common = rng.standard_normal((n_models, 3))
    rows = []
    for _ in range(2):
        own = rng.standard_normal((n_models, 3))
        u = np.concatenate([share**0.5 * common, (1 - share) ** 0.5 * own], axis=1)
        squared = ((u[:, None] - u) ** 2).sum(axis=-1)
        rows.append(np.exp(-squared / 12)[np.triu_indices(n_models, 1)] + 0.02 * rng.standard_normal())
    return np.stack(rows)


def test_intervals_cover_the_planted_consistency():
    rng, n_models, runs = np.random.default_rng(11), 14, 300
    large = np.mean([np.arctanh(np.corrcoef(planted(400, rng, 0.7))[0, 1]) for _ in range(8)])
    covered = 0
    for _ in range(runs):
        found = correlations_over_models(planted(n_models, rng, 0.7), one_set(n_models), "pearson")
        low, high = found.interval(0.95)
        covered += low[0, 1] <= np.tanh(large) <= high[0, 1]
    assert 0.92 <= covered / runs <= 0.99  # the Monte-Carlo error of 95 % in 300 runs is 1.3 points


@pytest.mark.parametrize("kind", ["pearson", "spearman"])
def test_the_permutation_test_keeps_its_level(kind):
    rng, runs = np.random.default_rng(12), 300
    rejected = sum(
        mantel(planted(8, rng, 0.0), one_set(8), kind, permutations=99, seed=k)[0][0, 1] <= 0.05
        for k in range(runs)
    )
    assert 0.02 <= rejected / runs <= 0.09
