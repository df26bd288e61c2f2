"""Partial Mantel tests: against regressions and a plain loop of permuted matrices."""

import numpy as np
import pytest
from scipy.stats import pearsonr

from seealike.numerics.pair_levels import same_value, upper
from seealike.numerics.partial_mantel import partial_mantel


def world(n=12, rows=2):
    rng = np.random.default_rng(6)
    squares = rng.random((rows, n, n))
    return squares + squares.transpose(0, 2, 1), [same_value(rng.integers(0, 3, n)) for _ in range(3)]


def residuals(y, given):
    design = np.stack([np.ones(len(y)), *given], axis=1)
    return y - design @ np.linalg.lstsq(design, y)[0]


def test_partial_correlations_are_those_of_residuals():
    squares, (x, *given) = world()
    found = partial_mantel(squares, x, given, permutations=1, seed=0)
    others = [upper(one) for one in given]
    for k in range(2):
        expected = pearsonr(residuals(upper(squares[k]), others), residuals(upper(x), others))[0]
        assert found.partial[k] == pytest.approx(expected)
    alone = partial_mantel(squares, x, permutations=1, seed=0)
    assert alone.partial[0] == pytest.approx(pearsonr(upper(squares[0]), upper(x))[0])


def test_permutations_are_a_plain_loop():
    squares, (x, *given) = world()
    found = partial_mantel(squares, x, given, permutations=150, seed=3)
    others = [upper(one) for one in given]
    rest, rng, as_much = np.zeros((12, 12)), np.random.default_rng(3), 0
    rest[np.triu_indices(12, 1)] = residuals(upper(x), others)
    rest += rest.T
    y = residuals(upper(squares[1]), others)
    for _ in range(150):
        order = rng.permutation(12)
        moved = residuals(upper(rest[np.ix_(order, order)]), others)
        as_much += abs(pearsonr(y, moved)[0]) >= abs(found.partial[1])
    assert found.p_values[1] == (1 + as_much) / 151


def test_the_test_is_two_sided():
    squares, (x, *_) = world()
    strong = partial_mantel(squares + 3 * x, x, permutations=99, seed=0)
    turned = partial_mantel(squares - 3 * x, x, permutations=99, seed=0)
    assert strong.partial[0] > 0.8
    assert turned.partial[0] < -0.8
    assert strong.p_values.tolist() == turned.p_values.tolist() == [0.01, 0.01]


def test_errors_count_pairs_of_a_model_together():
    rng, runs, found = np.random.default_rng(9), 300, []
    kind = np.repeat([0, 1], [5, 15])  # so that models' levels move the association
    for _ in range(runs):
        hidden = rng.standard_normal((20, 2))
        level = rng.standard_normal(20)
        square = hidden @ hidden.T + level[:, None] + level + same_value(kind)
        one = partial_mantel(square[None], same_value(kind), permutations=1, seed=0)
        found.append((one.partial[0], one.standard_errors[0]))
    partial, errors = np.array(found).T
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(partial.std(), rel=0.25)


def test_what_follows_from_the_others_has_no_value():
    squares, (x, *_) = world()
    flat = np.concatenate([squares, np.full((1, 12, 12), 0.3)])
    assert np.isnan(partial_mantel(squares, x, [x], permutations=9, seed=0).partial).all()
    found = partial_mantel(flat, x, permutations=9, seed=0)
    assert np.isnan(found.p_values).tolist() == [False, False, True]
    assert np.isnan(partial_mantel(squares, np.ones((12, 12)), permutations=9, seed=0).p_values).all()
