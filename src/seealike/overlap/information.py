"""Information that overlap and similarity share: of discrete levels, done right, and as published.

Letters: n runs, x overlap, y similarity.
"""

from __future__ import annotations

import numpy as np
from scipy.special import digamma

_NEIGHBORS = 3
_PERMUTATIONS = 100


def discrete_information(x: np.ndarray, y: np.ndarray, seed: int = 0) -> float | None:
    """Mutual information of discrete levels x with values y, less its mean under random pairings, in [0, H(x)].

    ψ(n) - <ψ(n_x)> + ψ(k) - <ψ(m)>, with k neighbors in y among runs of the same level and m runs within that
    distance among all. What a random pairing gives on average is the bias, and taken away.

    Args:
        x: (n,) levels; those with one run are left out.
        y: (n,) values.
        seed: of the random pairings.

    Returns:
        In nats; None where fewer than two levels have two runs.

    Example:
        >>> x = np.repeat([0.0, 0.5, 1.0], 20)
        >>> y = x + 0.01 * np.random.default_rng(0).standard_normal(60)
        >>> bool(0.9 < discrete_information(x, y) <= np.log(3) + 1e-12)
        True
    """
    _, numbers, counts = np.unique(x, return_inverse=True, return_counts=True)
    kept = counts[numbers] > 1
    numbers, y = numbers[kept], y[kept]
    if len(np.unique(numbers)) < 2:
        return None
    if np.ptp(y) == 0:
        return 0.0
    rng = np.random.default_rng(seed)
    distances = np.abs(y[:, None] - y)
    found = _ross(numbers, distances)
    chance = np.mean([_ross(rng.permutation(numbers), distances) for _ in range(_PERMUTATIONS)])
    shares = np.bincount(numbers)[np.unique(numbers)] / len(numbers)
    entropy = -(shares * np.log(shares)).sum()
    return float(np.clip(found - chance, 0, entropy))


def _ross(numbers: np.ndarray, distances: np.ndarray) -> float:
    n = len(numbers)
    size = np.bincount(numbers)[numbers]
    k = np.minimum(_NEIGHBORS, size - 1)
    same = np.where(numbers[:, None] == numbers, distances, np.inf)
    nearest = np.sort(np.partition(same, min(_NEIGHBORS, len(same) - 1), axis=1)[:, : _NEIGHBORS + 1], axis=1)
    reach = np.take_along_axis(nearest, k[:, None], axis=1)[:, 0]  # the first is the run itself
    within = (distances <= reach[:, None]).sum(axis=1) - 1
    return float(digamma(n) + digamma(k).mean() - digamma(size).mean() - digamma(within).mean())


def published_information(x: np.ndarray, y: np.ndarray) -> float | None:
    """The published estimate: scikit-learn's `mutual_info_regression` with its defaults, random_state 42, x continuous.

    It treats a handful of levels as a continuum and may exceed the entropy of x, which no information can.

    Args:
        x: (n,) overlap.
        y: (n,) similarity.

    Returns:
        In nats; None for fewer than 5 runs.
    """
    from sklearn.feature_selection import mutual_info_regression

    if len(x) < _NEIGHBORS + 2:
        return None
    return float(mutual_info_regression(x[:, None], y, random_state=42)[0])
