"""How far one division of the same things tells another: Cramér's V."""

from __future__ import annotations

import numpy as np


def cramers_v(counts: np.ndarray) -> float:
    """Cramér's V of a table of counts, corrected for what chance gives.

    With φ² = Σ (n_ij - e_ij)² / (n e_ij), e_ij = n_i n_j / n, r rows and c columns: φ² loses its mean under
    independence, (r - 1)(c - 1) / (n - 1), and V = √(φ² / min(r' - 1, c' - 1)) with r' = r - (r - 1)² / (n - 1)
    and c' alike.

    Args:
        counts: (r, c) int64, at least 2 × 2, no empty row or column.

    Returns:
        From 0 (nothing to do with each other) to 1 (each value of the one goes with one of the other).

    Example:
        >>> cramers_v(np.array([[10, 0], [0, 10]])), cramers_v(np.array([[5, 5], [5, 5]]))
        (1.0, 0.0)

    Source:
        Bergsma, Journal of the Korean Statistical Society 2013.
    """
    n, (r, c) = counts.sum(), counts.shape
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / n
    phi = ((counts - expected) ** 2 / expected).sum() / n
    corrected = max(0.0, float(phi - (r - 1) * (c - 1) / (n - 1)))
    least = min(size - (size - 1) ** 2 / (n - 1) - 1 for size in (r, c))
    return float(min(1.0, np.sqrt(corrected / least))) if least > 0 else np.nan
