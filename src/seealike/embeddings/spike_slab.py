"""The prior of most weights near nothing and some far from it, and which dimensions are worth their name.

Letters: N objects, d dimensions.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.stats import false_discovery_control, norm

_LOG_ROOT = 0.5 * math.log(2 * math.pi)


def log_prior(x: torch.Tensor, spike: float, slab: float, share: float) -> torch.Tensor:
    """log(π N(x; 0, spike²) + (1 - π) N(x; 0, slab²)), elementwise, in log space.

    Args:
        x: weights.
        spike: standard deviation of the weights near zero.
        slab: of the others.
        share: π, of the spike.

    Example:
        >>> round(float(log_prior(torch.zeros(1), 1.0, 1.0, 0.5).exp()), 4)
        0.3989
    """
    near = math.log(share / spike) - x.square() / (2 * spike**2)
    far = math.log((1 - share) / slab) - x.square() / (2 * slab**2)
    return torch.logaddexp(near, far) - _LOG_ROOT


def entropy(log_deviations: torch.Tensor) -> torch.Tensor:
    """Of independent normal weights, Σ (log σ + ½ log 2πe), in nats.

    Example:
        >>> round(float(entropy(torch.zeros(1))), 4)
        1.4189
    """
    return log_deviations.sum() + (_LOG_ROOT + 0.5) * log_deviations.numel()


def significant_objects(means: np.ndarray, deviations: np.ndarray, level: float = 0.05) -> np.ndarray:
    """How many objects have a weight above zero in each dimension, of those that may be false at most a share.

    P(weight ≤ 0) = Φ(-μ/σ) for every weight, and in every dimension the Benjamini-Hochberg procedure over objects.

    Args:
        means: (N, d) μ.
        deviations: (N, d) σ.
        level: the false discovery rate.

    Returns:
        (d,) counts.

    Example:
        >>> significant_objects(np.array([[3.0, 0.1], [4.0, 0.2]]), np.ones((2, 2))).tolist()
        [2, 0]

    Source:
        Muttenthaler et al. 2022, "VICE: Variational Interpretable Concept Embeddings", section 3; Benjamini & Hochberg
        1995.
    """
    if not means.size:
        return np.zeros(means.shape[1], dtype=np.int64)
    p_values = norm.sf(means / deviations)
    return (false_discovery_control(p_values, axis=0) <= level).sum(axis=0)
