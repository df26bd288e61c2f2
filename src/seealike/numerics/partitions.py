"""Whether two partitions of the same points agree by more than luck."""

from __future__ import annotations

import numpy as np


def agreement_by_luck(x: np.ndarray, y: np.ndarray, permutations: int, rng: np.random.Generator) -> float:
    """The probability of partitions that agree as much, when the points of one are dealt anew at random.

    One-sided; with parts of fixed sizes the order of Rand's index is that of the joined pairs.

    Args:
        x: (n,) int64 ≥ 0.
        y: (n,) int64 ≥ 0, dealt anew.
        permutations: how often; the smallest p is 1 / (permutations + 1).
        rng: for the deals.

    Returns:
        p in (0, 1].

    Example:
        >>> halves = np.repeat([0, 1], 8)
        >>> agreement_by_luck(halves, halves, 199, np.random.default_rng(0))
        0.005
    """
    width, height = int(y.max()) + 1, int(x.max()) + 1
    dealt = rng.permuted(np.tile(y, (permutations, 1)), axis=1)
    place = np.arange(permutations)[:, None] * height * width + x * width + dealt
    counts = np.bincount(place.ravel(), minlength=permutations * height * width)
    joined = _pairs(counts).reshape(permutations, -1).sum(axis=1)
    return float((1 + (joined >= _pairs(_counts(x, y)).sum()).sum()) / (1 + permutations))


def _counts(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(parts of x, parts of y) how many points both have; no empty rows or columns."""
    x, y = (np.unique(one, return_inverse=True)[1].ravel() for one in (x, y))
    width = int(y.max()) + 1
    return np.bincount(x * width + y, minlength=(int(x.max()) + 1) * width).reshape(-1, width)


def _pairs(counts: np.ndarray) -> np.ndarray:
    return counts * (counts - 1) // 2
