"""How sure a correlation over pairs of models is, given how far each similarity moves with the samples.

Letters: P pairs of models, D rows (one a dataset), G groups of samples of a dataset.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seealike.numerics.correlation import ranked, row_correlations
from seealike.numerics.over_models import fisher


def errors_over_samples(values: np.ndarray, deviations: Sequence[np.ndarray | None], kind: str) -> np.ndarray:
    """Standard errors of Fisher's z of the correlations of all pairs of rows, over the samples of both rows.

    The values of a row are moved by each group's deviations, all pairs of models together, and the correlations
    with every other row taken again: se² = Σ_g (z_g - z)², summed over both rows, whose samples are independent.

    Args:
        values: (D, P) float64; NaN where missing.
        deviations: for each row (G, P), whose products summed over G are the covariances of its values; None
            where they are not known.
        kind: "pearson" or "spearman"; ranks do not move with small deviations, so these are moved further (by
            √G times each, with the mean of the squares for the sum).

    Returns:
        (D, D); NaN where a correlation is undefined or the deviations of one of the rows are not known.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> values = rng.random((2, 30))
        >>> still = [np.zeros((4, 30)), np.zeros((4, 30))]
        >>> errors_over_samples(values, still, "pearson").round(6).tolist()
        [[0.0, 0.0], [0.0, 0.0]]

    Source:
        Jaeckel, «The infinitesimal jackknife», Bell Laboratories 1972.
    """
    z = fisher(row_correlations(values, kind)[0])
    squares = np.full(z.shape, np.nan)
    for row, moved in enumerate(deviations):
        if moved is not None:
            squares[row] = _moved_squares(values, row, moved, kind) if len(moved) else 0.0
    total = squares + squares.T
    np.fill_diagonal(total, np.where(np.isnan(np.diagonal(total)), np.nan, 0.0))
    return np.where(np.isnan(z), np.nan, np.sqrt(total))


def _moved_squares(values: np.ndarray, row: int, deviations: np.ndarray, kind: str) -> np.ndarray:
    """(D,) Σ_g (z_g - z)² of one row with every row, when it alone moves."""
    scale = len(deviations) ** 0.5 if kind == "spearman" else 1.0
    rows = np.concatenate([values[row][None], values[row] + scale * deviations])  # as it is, then moved
    known = ~np.isnan(values)
    if known.all() and not np.isnan(deviations).any():
        z = fisher(_between(rows, values, kind))
    else:
        mine = ~np.isnan(rows).any(axis=0)
        z = np.concatenate(
            [
                fisher(_between(rows[:, mine & there], one[None, mine & there], kind))
                for one, there in zip(values, known, strict=True)
            ],
            axis=1,
        )
    return ((z[1:] - z[0]) ** 2).sum(axis=0) / scale**2


def _between(rows: np.ndarray, others: np.ndarray, kind: str) -> np.ndarray:
    """(rows, others) correlations, NaN where there are none."""
    if rows.shape[1] < 3:
        return np.full((len(rows), len(others)), np.nan)
    return _unit(rows, kind) @ _unit(others, kind).T


def _unit(rows: np.ndarray, kind: str) -> np.ndarray:
    rows = ranked(rows) if kind == "spearman" else rows
    rows = rows - rows.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(norms > 0, norms, np.nan)
