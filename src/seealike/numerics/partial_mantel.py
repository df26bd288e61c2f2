"""Partial Mantel tests: does what two models share go with their similarity, at equal other things they share?

Letters: D rows (one a dataset), M models, P pairs of them, B permutations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: Correlations nearer than this are equal.
_EQUAL = 1e-12
#: A residual below this part of its matrix is nothing.
_NOTHING = 1e-9
#: Permutations whose matrices are in memory together.
_AT_ONCE = 64


@dataclass(frozen=True)
class Association:
    """What was found, each (D,); NaN where the rows or what is left of the predictor do not vary.

    Attributes:
        partial: the partial correlation over pairs of models.
        standard_errors: over models, pairs with a model in common counted as dependent.
        p_values: two-sided.
    """

    partial: np.ndarray
    standard_errors: np.ndarray
    p_values: np.ndarray


def partial_mantel(
    squares: np.ndarray,
    predictor: np.ndarray,
    given: Sequence[np.ndarray] = (),
    *,
    permutations: int,
    seed: int,
) -> Association:
    """The partial correlation of square matrices with a predictor at given others, tested by permuting models.

    Double semi-partialing: what the others do not say of the predictor is a square matrix of residuals, whose rows and
    columns are permuted together; each time it is put beside the others, as they are, and its partial correlation
    with the values is taken. So the others keep their association with the values, the values keep theirs among
    pairs of the same model, and the partial correlation is compared with others of the same degrees of freedom.

    Args:
        squares: (D, M, M) symmetric and complete; diagonals do not count.
        predictor: (M, M) symmetric.
        given: further (M, M) matrices.
        permutations: B; the smallest p is 1 / (B + 1).
        seed: of the permutations.

    Example:
        >>> from seealike.numerics.pair_levels import same_value
        >>> rng = np.random.default_rng(0)
        >>> kind, size = rng.integers(0, 2, (2, 16))
        >>> noise = 0.3 * rng.standard_normal((16, 16))
        >>> values = (same_value(kind) + noise + noise.T)[None]
        >>> found = partial_mantel(values, same_value(kind), [same_value(size)], permutations=99, seed=0)
        >>> float(found.partial[0].round(1)), float(found.p_values[0])
        (0.8, 0.01)

    Source:
        Dekker, Krackhardt & Snijders, «Sensitivity of MRQAP tests to collinearity and autocorrelation conditions»,
        Psychometrika 2007. For the errors: Aronow, Samii & Assenova, «Cluster-robust variance estimation for dyadic
        data», Political Analysis 2015.
    """
    sides = np.triu_indices(len(predictor), 1)
    values, column = squares[:, *sides], predictor[sides][None]
    basis = _basis(np.stack([np.ones(len(sides[0])), *(one[sides] for one in given)], axis=1))
    rows, rest = _unit(values, basis), _unit(column, basis)
    partial = rows @ rest[0]
    moving = np.zeros_like(predictor, dtype=np.float64)
    moving[sides] = moving.T[sides] = rest[0]
    as_much, rng = np.zeros(len(values)), np.random.default_rng(seed)
    for start in range(0, permutations, _AT_ONCE):
        some = range(start, min(start + _AT_ONCE, permutations))
        orders = np.stack([rng.permutation(len(predictor)) for _ in some])
        moved = _unit(moving[orders[:, sides[0]], orders[:, sides[1]]], basis)
        as_much += (np.abs(rows @ moved.T) >= np.abs(partial)[:, None] - _EQUAL).sum(axis=1)
    p = np.where(np.isnan(partial), np.nan, (1 + as_much) / (permutations + 1))
    return Association(partial, _errors(rows, rest, partial, len(predictor)), p)


def _basis(columns: np.ndarray) -> np.ndarray:
    """(P, k) orthonormal, of the same span."""
    left, sizes, _ = np.linalg.svd(columns, full_matrices=False)
    return left[:, sizes > _NOTHING * sizes.max()]


def _unit(rows: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """What the basis does not say of the rows, at length 1; NaN where that is nothing."""
    rest = rows - (rows @ basis) @ basis.T
    norms = np.linalg.norm(rest, axis=1, keepdims=True)
    return rest / np.where(norms > _NOTHING * np.linalg.norm(rows, axis=1, keepdims=True), norms, np.nan)


def _errors(rows: np.ndarray, column: np.ndarray, partial: np.ndarray, n_models: int) -> np.ndarray:
    """(D,) from how far each pair moves the correlation: pairs of a model together, or each alone if that is more."""
    moves = rows * column - partial[:, None] * (rows**2 + column**2) / 2
    alone = (moves**2).sum(axis=1)
    left, right = np.triu_indices(n_models, 1)
    of_models = [moves[:, (left == k) | (right == k)].sum(axis=1) for k in range(n_models)]
    together = (np.array(of_models) ** 2).sum(axis=0)
    return np.sqrt(np.maximum(together - alone, alone))
