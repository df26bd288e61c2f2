"""Correlations of many rows at once, with missing values left out pair by pair."""

from __future__ import annotations

import numpy as np
from scipy.stats import kendalltau, rankdata

KINDS = ("pearson", "spearman", "kendall")


def row_correlations(values: np.ndarray, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """The correlation of every pair of rows over the columns where both have a value.

    Args:
        values: (n_rows, n_columns) float64; NaN where missing.
        kind: "pearson", "spearman" (Pearson of average ranks, taken among the columns in use) or "kendall" (tau-b).

    Returns:
        correlations: (n_rows, n_rows) in [-1, 1]; NaN where fewer than three columns are shared or a row does
            not vary over them.
        counts: (n_rows, n_rows) columns in use.

    Example:
        >>> import numpy as np
        >>> r, n = row_correlations(np.array([[1.0, 2, 3, 4], [2.0, 4, 6, 9]]), "spearman")
        >>> float(r[0, 1]), int(n[0, 1])
        (1.0, 4)
    """
    valid = ~np.isnan(values)
    counts = valid.astype(np.int64) @ valid.T.astype(np.int64)
    if valid.all():
        return _complete(values, kind), counts
    result = np.full(counts.shape, np.nan)
    for x in range(len(values)):
        for y in range(x, len(values)):
            both = valid[x] & valid[y]
            result[x, y] = result[y, x] = _complete(values[[x, y]][:, both], kind)[0, 1]
    return result, counts


def _complete(values: np.ndarray, kind: str) -> np.ndarray:
    n_rows, n_columns = values.shape
    if n_columns < 3:
        return np.full((n_rows, n_rows), np.nan)
    if kind == "kendall":
        return _kendall(values)
    if kind == "spearman":
        values = ranked(values)
    centered = values - values.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(centered, axis=1, keepdims=True)
    flat = norms[:, 0] <= 1e-12 * np.abs(values).max(axis=1)
    unit = centered / np.where(norms > 0, norms, 1)
    result = np.clip(unit @ unit.T, -1, 1)
    result[flat], result[:, flat] = np.nan, np.nan
    return result


def ranked(values: np.ndarray) -> np.ndarray:
    """Average ranks within every row.

    Example:
        >>> ranked(np.array([[0.5, 0.1, 0.5]])).tolist()
        [[2.5, 1.0, 2.5]]
    """
    return rankdata(values, axis=1)


def _kendall(values: np.ndarray) -> np.ndarray:
    result = np.full((len(values), len(values)), np.nan)
    varies = [row.min() < row.max() for row in values]
    for x in range(len(values)):
        for y in range(x, len(values)):
            if varies[x] and varies[y]:
                result[x, y] = result[y, x] = np.asarray(kendalltau(values[x], values[y]))[0]
    return result
