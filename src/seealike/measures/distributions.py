"""Distributions: how alike two models' clouds of samples are, whichever sample is which."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from seealike.engine.forms import Comparison
from seealike.errors import BadParameter
from seealike.measures.base import measure
from seealike.measures.claims import Claims, Invariance, Parameters
from seealike.numerics.checks import Samples
from seealike.numerics.factors import read

_SIMILITUDES = Invariance.PERMUTATION | Invariance.ORTHOGONAL | Invariance.SCALING | Invariance.TRANSLATION

#: The temperatures of the authors' program: the supremum is taken over these.
_TEMPERATURES = torch.logspace(-1, 1, 256, dtype=torch.float64)

#: Distances are made for so many pairs of samples at a time (32 MiB).
_PAIRS = 2**22


def _settle_k(parameters: Parameters) -> Parameters:
    k = parameters["k"]
    if not (isinstance(k, int) and k >= 1):
        raise BadParameter(
            where="imd", expected="k of at least 1", got=str(k), fix="5 is the authors' choice."
        )
    return parameters


@measure(
    Claims(
        formula="max_t exp(-2 (t + 1/t)) |hkt_x(t) - hkt_y(t)|, hkt(t) = Σ exp(-t λ_i)",
        source="Tsitsulin et al. 2020",
        bounds=lambda parameters: (0.0, math.inf),
        invariances=lambda parameters: _SIMILITUDES,
        direction="distance",
        metric=True,
        self_value=0.0,
        cost="M n³ + M² (it holds one n x n matrix)",
        differs="exact eigenvalues, where the authors' program estimates by stochastic Lanczos; theirs prints "
        "1e6/n times this",
    ),
    settle=_settle_k,
)
def imd(*, k: int = 5) -> Comparison:
    """Intrinsic multi-scale distance: how differently heat spreads over the neighbor graphs of two models' samples.

    d = max over t of exp(-2 (t + 1/t)) |hkt_x(t) - hkt_y(t)|, with the heat kernel trace hkt(t) = Σ_i exp(-t λ_i)
    over the eigenvalues of the normalized Laplacian I - D^(-1/2) A D^(-1/2). A joins every sample with its k
    nearest others (Euclidean, ties to the lower index), unweighted, either way. t: 256 from 0.1 to 10, spaced
    evenly in their logarithms.

    It compares shapes of clouds: which sample is which plays no part, so another order of one model's samples
    changes nothing.

    Args:
        x: features of one model, (n_samples, n_dims_x); numpy or torch, read only.
        y: features of the other, (n_samples, n_dims_y); as many samples.
        k: how many neighbors; fewer than n_samples.

    Returns:
        0 where the graphs have the same spectrum, such as for the same features up to rotation, translation
        and scale; grows with n_samples, about n · exp(-4) at most. A pseudo-metric.

    Raises:
        BadParameter: k below 1.
        DataError: features that are not 2-D and finite, k samples or fewer, different numbers of samples.
        UndefinedMeasure: features without variation.

    Example:
        >>> import numpy as np
        >>> from seealike.measures import imd
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((60, 30))
        >>> y = np.concatenate([x[:, :10], rng.standard_normal((60, 20))], axis=1)
        >>> round(imd(x, y), 6)
        0.000328

    Source:
        Tsitsulin, Munkhoeva, Mottin, Karras, Bronstein, Oseledets & Müller 2020, "The shape of data: intrinsic
        distance for data distributions". All n eigenvalues are computed here, n³ work and one n x n matrix a model:
        for thousands of samples, not for tens of thousands.
    """
    return Comparison(HeatTrace(k), _imd, minimum=k + 1)


@dataclass(frozen=True)
class HeatTrace:
    """Prepares a model: the heat kernel trace of its neighbor graph at all temperatures.

    Attributes:
        k: how many neighbors.

    Raises (in `prepare`):
        UndefinedMeasure: all rows are the same.

    Example:
        >>> import numpy as np
        >>> from seealike.numerics.checks import samples
        >>> trace = HeatTrace(k=1).prepare(samples(np.array([[0.0], [1.0]]), "x"))  # eigenvalues 0 and 2
        >>> bool(torch.allclose(trace, 1 + torch.exp(-2 * torch.logspace(-1, 1, 256, dtype=trace.dtype))))
        True
    """

    k: int

    def prepare(self, samples: Samples) -> torch.Tensor:
        """The heat kernel trace of one model."""
        read(samples)  # has it any variation?
        joined = _neighbor_graph(samples.rows(slice(0, samples.n)), self.k)
        scale = joined.sum(dim=1).rsqrt_()
        walk = joined.mul_(scale).mul_(scale[:, None])
        eigenvalues = 1 - torch.linalg.eigvalsh(walk)
        return torch.stack([torch.exp(-t * eigenvalues).sum() for t in _TEMPERATURES])


def _neighbor_graph(values: torch.Tensor, k: int) -> torch.Tensor:
    """(n, n): 1 where one of two samples is among the k nearest others of the other, else 0."""
    n = len(values)
    joined = torch.zeros((n, n), dtype=torch.float64)
    for rows in torch.arange(n).split(max(1, _PAIRS // n)):
        # Not by way of centered rows or a matrix product, whose rounding would tell equal distances apart.
        away = torch.cdist(values[rows], values, compute_mode="donot_use_mm_for_euclid_dist")
        away[torch.arange(len(rows)), rows] = torch.inf
        nearest = away.sort(dim=1, stable=True).indices[:, :k]
        joined[rows] = joined[rows].scatter(1, nearest, 1.0)
    return torch.maximum(joined, joined.T)


def _imd(x: torch.Tensor, y: torch.Tensor) -> float:
    weights = torch.exp(-2 * (_TEMPERATURES + 1 / _TEMPERATURES))
    return float((weights * (x - y).abs()).max())
