"""Distances over tokens that weigh each channel: what the weights follow from, and the weighted sums.

Letters: C channels, P pairs, S sets of pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch


class ChannelMoments:
    """Mean and variance of each channel over all tokens of some images, merged image by image.

    Args:
        origin: (C,) values of some token: differences from it are exact for a channel that is constant.

    Example:
        >>> moments = ChannelMoments(torch.tensor([1.0, 5.0]))
        >>> for image in ([[1.0, 5.0], [3.0, 5.0]], [[5.0, 5.0]]):
        ...     moments.add(*spread(torch.tensor(image), moments.origin))
        >>> moments.variances().round(4).tolist()
        [2.6667, 0.0]

    Source:
        Chan, Golub & LeVeque 1983, "Algorithms for computing the sample variance".
    """

    def __init__(self, origin: torch.Tensor) -> None:
        self.origin = origin
        self._count = 0
        self._means, self._squares = np.zeros(len(origin)), np.zeros(len(origin))

    def add(self, means: np.ndarray, squares: np.ndarray, count: int) -> None:
        """Take in an image, as `spread` describes it."""
        step = means - self._means
        total = self._count + count
        self._squares += squares + step**2 * (self._count * count / total)
        self._means += step * (count / total)
        self._count = total

    def variances(self) -> np.ndarray:
        """(C,) population variances; exactly 0 for a channel that is the same everywhere."""
        return self._squares / self._count


def spread(values: torch.Tensor, origin: torch.Tensor) -> tuple[np.ndarray, np.ndarray, int]:
    """Of one image's tokens (T, C): mean of each channel from `origin`, squares around that mean, and T."""
    variances, means = torch.var_mean(values - origin, dim=0, correction=0)
    return means.cpu().numpy().astype(np.float64), variances.cpu().double().numpy() * len(values), len(values)


def mean_gaps(rows: Iterable[np.ndarray], times: np.ndarray) -> np.ndarray:
    """The mean squared difference of each channel over each set's pairs.

    Args:
        rows: blocks of (·, C) float32, m_c of each pair, P in all.
        times: (S, P) how often each pair stands in each set.

    Returns:
        (S, C) float64.

    Example:
        >>> mean_gaps([np.array([[1.0, 0]]), np.array([[3.0, 0]])], np.array([[1, 1], [3, 1]])).tolist()
        [[2.0, 0.0], [1.5, 0.0]]
    """
    total, start = np.zeros((len(times), 1)), 0
    for block in rows:
        total = total + times[:, start : start + len(block)] @ block.astype(np.float64)
        start += len(block)
    return total / times.sum(axis=1, keepdims=True)


def weighted(rows: Iterable[np.ndarray], weights: Sequence[np.ndarray]) -> np.ndarray:
    """√(Σ_c w_c m_c) of every pair, under several weights (`human.distances.channel_weights`).

    Args:
        rows: blocks of (·, C) float32, m_c of each pair, P in all.
        weights: (C,) each, S of them.

    Returns:
        (P, S) float64.

    Example:
        >>> weighted([np.array([[4.0, 9.0]])], [np.array([1.0, 0.0])]).tolist()
        [[2.0]]
    """
    columns = np.stack(weights, axis=1)
    return np.sqrt(np.concatenate([block.astype(np.float64) @ columns for block in rows]))
