"""A parabola through points, and two straight lines on either side of its top."""

from __future__ import annotations

import numpy as np


def parabola(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """The least-squares parabola's curvature (coefficient of x²) and the place of its vertex.

    Args:
        x: (n,) float64.
        y: (n,) float64.

    Returns:
        NaN for both where fewer than three different x decide it; the vertex is NaN for a straight line.

    Example:
        >>> x = np.array([0.0, 1, 2, 3, 4])
        >>> [round(value, 9) for value in parabola(x, 5 - 2 * (x - 1) ** 2)]
        [-2.0, 1.0]
    """
    scale = x.std() if len(x) else 0.0
    if len(x) < 3 or not scale > 1e-12 * np.abs(x).max():
        return np.nan, np.nan
    z = (x - x.mean()) / scale
    (_, slope, bend), _, rank, _ = np.linalg.lstsq(np.stack([np.ones_like(z), z, z**2], axis=1), y)
    if rank < 3:
        return np.nan, np.nan
    curvature = float(bend / scale**2)
    return curvature, float(x.mean() - scale * slope / (2 * bend)) if bend else np.nan


def slope(x: np.ndarray, y: np.ndarray) -> float:
    """The least-squares line's slope; NaN where fewer than three points, or equal x, leave it open.

    Example:
        >>> slope(np.array([0.0, 1, 2]), np.array([1.0, 3, 5]))
        2.0
    """
    if len(x) < 3:
        return np.nan
    apart = x - x.mean()
    squares = float(apart @ apart)
    return float(apart @ y / squares) if squares > 1e-24 * len(x) * float(np.abs(x).max()) ** 2 else np.nan
