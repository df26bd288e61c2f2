"""From sums over all tiles to centered inner products of all pairs, in float64 algebra.

Letters: K, L the matrices of two models; r, l their row sums without the diagonal; n samples, M models.
All estimators here are invariant to adding a constant to a matrix.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch

#: A centered matrix whose entries are smaller than so many rounding errors is nothing but rounding.
_NOISE_FACTOR = 16.0
#: So few rounding errors of the sums before centering are no variation either.
_CANCELLED = 4.0


@dataclass(frozen=True)
class Sums:
    """What one pass over the tiles leaves of one kind of matrix, for M models.

    Attributes:
        products: (M, M) float64, sum over i ≠ j of K_ij L_ij.
        row_sums: (M, n) float64, sum over j ≠ i of K_ij.
        diagonals: (M, n) float64.
        noise: (M,) float64, the size of the rounding errors of the entries.
        epsilon: the relative rounding error of the sums: that of the tiles' numbers.
    """

    products: torch.Tensor
    row_sums: torch.Tensor
    diagonals: torch.Tensor
    noise: torch.Tensor
    epsilon: float

    @property
    def n(self) -> int:
        """The number of samples."""
        return self.row_sums.shape[1]


@dataclass(frozen=True)
class Estimator:
    """A way to the inner products of centered matrices, in one of the field's names for it.

    Attributes:
        name: the word for it.
        minimum: how many samples it needs.
        inner_products: sums -> (M, M) float64.
    """

    name: str
    minimum: int
    inner_products: Callable[[Sums], torch.Tensor] = field(repr=False)


def cosines(inner_products: torch.Tensor) -> torch.Tensor:
    """P_ij / sqrt(P_ii P_jj), (M, M), 1 on the diagonal; clipped to [-1, 1], which only rounding leaves.

    Example:
        >>> cosines(torch.tensor([[4.0, 1.0], [1.0, 1.0]])).tolist()
        [[1.0, 0.5], [0.5, 1.0]]
    """
    norms = inner_products.diagonal().sqrt()
    values = inner_products / torch.outer(norms, norms)
    values = (values + values.T) / 2  # products of row sums need not be symmetric to the last bit
    values.fill_diagonal_(1.0)
    return values.clamp_(-1.0, 1.0)


def vanishes(inner_products: torch.Tensor, sums: Sums) -> torch.Tensor:
    """(M,) bool: the centered matrix of the model is zero, up to the rounding of its entries and of the sums."""
    pairs = sums.n * (sums.n - 1)
    mean_square, before = inner_products.diagonal() / pairs, sums.products.diagonal() / pairs
    return mean_square <= (_NOISE_FACTOR * sums.noise) ** 2 + _CANCELLED * sums.epsilon * before


def _biased(sums: Sums) -> torch.Tensor:
    """<HKH, HLH> = Σ_ij K_ij L_ij - 2/n k·l + k. l./n², sums over the whole matrices."""
    rows = sums.row_sums + sums.diagonals
    totals = rows.sum(dim=1)
    products = sums.products + sums.diagonals @ sums.diagonals.T
    return products - 2 / sums.n * (rows @ rows.T) + torch.outer(totals, totals) / sums.n**2


def _unbiased(sums: Sums) -> torch.Tensor:
    """<K~, L~> = S - 2 r·l/(n-2) + r. l./((n-1)(n-2)) with K~ U-centered and S over i ≠ j."""
    n, totals = sums.n, sums.row_sums.sum(dim=1)
    crossed = sums.row_sums @ sums.row_sums.T
    return sums.products - 2 / (n - 2) * crossed + torch.outer(totals, totals) / ((n - 1) * (n - 2))


def _upper_triangle(sums: Sums) -> torch.Tensor:
    """Covariance (times n(n-1)) of the entries above the diagonal."""
    totals = sums.row_sums.sum(dim=1)
    return sums.products - torch.outer(totals, totals) / (sums.n * (sums.n - 1))


#: Gretton et al. 2005, as Kornblith et al. 2019 use it.
BIASED = Estimator("biased", 2, _biased)
#: Song et al. 2012; Székely & Rizzo 2014.
UNBIASED = Estimator("unbiased", 4, _unbiased)
#: Pearson correlation of the strict upper triangles.
PEARSON = Estimator("pearson", 3, _upper_triangle)
