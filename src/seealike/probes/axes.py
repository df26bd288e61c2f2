"""Features in the coordinates of their own covariance, where a penalty acts on every coordinate by itself.

Letters: n samples, d dimensions, r coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

#: Variances below this share of the largest are rounding.
_ROUNDING = 1e-13


@dataclass(frozen=True)
class Axes:
    """The principal axes of some samples, in float64.

    Attributes:
        mean: (d,) of the samples.
        axes: (d, r) orthonormal columns Q.
        variances: (r,) s, of the samples along them, ascending; those that are rounding are left out.

    Example:
        >>> found = Axes.of(np.array([[1.0, 0.0], [-1.0, 0.0], [3.0, 0.0], [1.0, 0.0]]))
        >>> found.variances.tolist(), found.of_samples(np.array([[2.0, 5.0]])).abs().tolist()
        ([2.0], [[1.0]])
    """

    mean: torch.Tensor
    axes: torch.Tensor
    variances: torch.Tensor

    @classmethod
    def of(cls, values: np.ndarray) -> Axes:
        """The axes of (n, d) samples, through the smaller of the two products of the centered features."""
        centered = torch.from_numpy(np.asarray(values, dtype=np.float64))
        mean = centered.mean(dim=0)
        centered = centered - mean
        n, d = centered.shape
        product = centered.T @ centered if d <= n else centered @ centered.T
        variances, vectors = torch.linalg.eigh(product.div_(n))
        kept = variances > _ROUNDING * variances[-1]
        variances, vectors = variances[kept], vectors[:, kept]
        axes = vectors if d <= n else centered.T @ vectors / torch.sqrt(n * variances)
        return cls(mean, axes, variances)

    def of_samples(self, values: np.ndarray) -> torch.Tensor:
        """(n, r) float64 coordinates of any samples of d dimensions."""
        return (torch.from_numpy(np.asarray(values, dtype=np.float64)) - self.mean) @ self.axes
