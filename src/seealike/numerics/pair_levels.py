"""Values over all pairs of some models, split into what each model brings to all its pairs and the rest.

Letters: D rows (one a dataset), M models.
"""

from __future__ import annotations

import numpy as np


def split(square: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Models' levels and what is left: y_ij = mean + level_i + level_j + rest_ij, by least squares.

    level_i = (Σ_j y_ij - 2T / M) / (M - 2), where T is the sum over all pairs. If the y_ij are independent and of
    variance σ², the levels have the variance σ² / (M - 2) and are independent of the rest.

    Args:
        square: (D, M, M) symmetric; the diagonal does not count. M is at least 3.

    Returns:
        levels: (D, M), of sum 0.
        rest: (D, M, M), rows of sum 0, diagonal 0.

    Example:
        >>> own = np.array([1.0, 2, 4, 5])
        >>> levels, rest = split((own[:, None] + own)[None])
        >>> levels.round(9).tolist(), float(abs(rest).max().round(9))
        ([[-2.0, -1.0, 1.0, 2.0]], 0.0)

    Source:
        Searle, Casella & McCulloch, «Variance Components», 1992, for fitting constants; Warner, Kenny & Stoto, «A new
        round robin analysis of variance for social interaction data», J. Pers. Soc. Psychol. 1979, for pairs.
    """
    n_models = square.shape[-1]
    values = np.where(np.eye(n_models, dtype=bool), 0.0, square)
    sums = values.sum(axis=-1)
    total = sums.sum(axis=-1, keepdims=True) / 2
    levels = (sums - 2 * total / n_models) / (n_models - 2)
    mean = total / (n_models * (n_models - 1) / 2)
    rest = values - mean[..., None] - levels[:, :, None] - levels[:, None, :]
    return levels, np.where(np.eye(n_models, dtype=bool), 0.0, rest)


def same_value(codes: np.ndarray) -> np.ndarray:
    """(M, M) 1.0 where two different models share a value.

    Example:
        >>> same_value(np.array([0, 1, 0])).tolist()
        [[0.0, 0.0, 1.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]
    """
    same = (codes[:, None] == codes).astype(np.float64)
    np.fill_diagonal(same, 0.0)
    return same


def upper(square: np.ndarray) -> np.ndarray:
    """(..., P) the upper triangle, in the order of `numpy.triu_indices`.

    Example:
        >>> upper(np.arange(9).reshape(3, 3)).tolist()
        [1, 2, 5]
    """
    left, right = np.triu_indices(square.shape[-1], 1)
    return square[..., left, right]
