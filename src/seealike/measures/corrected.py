"""CKA of two populations of features, from few samples of them and few features (neurons) of each."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from seealike.engine.forms import Comparison
from seealike.errors import UndefinedMeasure
from seealike.measures.base import measure
from seealike.measures.claims import Claims, Invariance
from seealike.numerics.checks import Samples

#: Relative size below which a difference is rounding.
_ROUNDING = 64 * torch.finfo(torch.float64).eps


@dataclass(frozen=True)
class _Columns:
    """Centered features in one common scale, with their own part of the estimate.

    Attributes:
        features: (n, d) float64, columns of mean zero, unit mean squared row norm.
        norms: (n,) their squared row norms.
        alone: the unbiased estimate of <K~, K~> of the population that the features are a sample of.
    """

    features: torch.Tensor
    norms: torch.Tensor
    alone: float


@dataclass(frozen=True)
class _CorrectedColumns:
    """Centers the features and takes what a column shares with itself out of their own part."""

    def prepare(self, samples: Samples) -> _Columns:
        """The state of one model.

        Raises:
            UndefinedMeasure: one feature only, or features that share no variation over the samples.
        """
        if samples.d < 2:
            raise _undefined(samples.where, "at least two features, to tell what they share", "one")
        features = _centered(samples)
        norms = features.square().sum(dim=1)
        same, size = _same_column(features)
        alone = _product(features, features, norms, norms) - same
        if alone <= _ROUNDING * size:
            raise _undefined(
                samples.where,
                "features that share more variation over the samples than chance",
                "none (the estimate of ‖K~‖², without what a feature shares with itself, is not positive)",
            )
        return _Columns(features, norms, alone / (samples.d * (samples.d - 1)))


def _centered(samples: Samples) -> torch.Tensor:
    features = samples.rows(slice(None))
    features -= features.mean(dim=0)
    scale = float(features.square().sum() / samples.n) ** 0.5
    if scale <= _ROUNDING * samples.largest / samples.unit * samples.d**0.5:
        raise _undefined(
            samples.where, "features that vary over the samples", "the same row for every sample"
        )
    return features.div_(scale)


def _product(x: torch.Tensor, y: torch.Tensor, p: torch.Tensor, q: torch.Tensor) -> float:
    """n(n-3) times the unbiased HSIC of the linear kernels of centered x and y, with row norms p and q."""
    n = len(x)
    return float((x.T @ y).square().sum() - n / (n - 2) * (p @ q) + p.sum() * q.sum() / ((n - 1) * (n - 2)))


def _same_column(x: torch.Tensor) -> tuple[float, float]:
    """The sum of `_product` of each column with itself, and the size of what it is a difference of."""
    n, squares = len(x), x.square()
    columns = squares.sum(dim=0).square().sum() * (1 + 1 / ((n - 1) * (n - 2)))
    rows = n / (n - 2) * squares.square().sum()
    return float(columns - rows), float(columns + rows)


def _compare(x: _Columns, y: _Columns) -> float:
    crossed = _product(x.features, y.features, x.norms, y.norms) / (x.features.shape[1] * y.features.shape[1])
    return crossed / math.sqrt(x.alone * y.alone)


def _undefined(where: str, expected: str, got: str) -> UndefinedMeasure:
    fix = "Use more features and more samples, or `cka`, which takes the features for all there are."
    return UndefinedMeasure(where=where, expected=expected, got=got, fix=fix)


@measure(
    Claims(
        formula="H_xy / sqrt(H_xx H_yy), H the unbiased HSIC averaged over pairs of different features",
        source="Chun, Canatar, Chung & Lee 2025",
        bounds=lambda _: (-math.inf, math.inf),
        invariances=lambda _: Invariance.PERMUTATION | Invariance.SCALING | Invariance.TRANSLATION,
        self_value=None,
        cost="M² n d²",
        differs="`cka` takes the given features for all there are; Aristotelian's cka_depcols is a numerator "
        "that nothing divides (at equal widths over pairs of different column numbers)",
    )
)
def corrected_cka() -> Comparison:
    """Linear CKA of the populations that the samples *and* the features are drawn from.

    Features are often a few of many: recorded neurons, kept dimensions. Even the unbiased estimate of CKA
    (Song et al. 2012) then comes out too low, because every feature agrees with itself: this adds to ‖K‖ and
    ‖L‖ but not to <K, L>. Here both are left out, equal samples and equal features:

        CKA = H_xy / sqrt(H_xx H_yy)
        H_xy = 1/(d_x d_y) Σ_ab h(x_a, y_b)
        H_xx = 1/(d_x (d_x - 1)) Σ_{a ≠ b} h(x_a, x_b)

    where x_a is one feature, (n,), and h(u, v) the unbiased HSIC of u uᵀ and v vᵀ: an average over four
    different samples. Each H is unbiased for the population; their ratio is not (too high, in the order of
    1/d and 1/n), but right for many samples and features, as `cka` is for many samples of all features.

    Args:
        x: features of one model, (n_samples, n_dims_x); numpy or torch, read only.
        y: features of the other, (n_samples, n_dims_y); the same samples in the same order.

    Returns:
        About the CKA of infinitely many features; around 0 for independent ones. It is an estimate and may
        leave [-1, 1] by chance. The features of the two models count as drawn independently, so a model
        with itself is not 1 but (1 - 1/d) Σ_ab h(x_a, x_b) / Σ_{a ≠ b} h(x_a, x_b): never less than 1, and
        1 only if all its features are the same up to sign and offset. Two halves of a model's features
        have 1 on average.

    Raises:
        DataError: features that are not 2-D and finite, fewer than 4 samples, different numbers of samples.
        UndefinedMeasure: one feature only; or features that share nothing (H_xx not positive), which
            unrelated ones often do not: of infinitely many such the kernel is zero.

    Example:
        >>> import numpy as np
        >>> from seealike.measures import cka, corrected_cka
        >>> rng = np.random.default_rng(0)
        >>> latent, weights = rng.standard_normal((200, 5)), rng.standard_normal((2, 5, 8))
        >>> x, y = latent @ weights[0], latent @ weights[1]  # 8 and 8 other features of the same 5 causes
        >>> round(cka(x, y), 3), round(corrected_cka(x, y), 3)
        (0.468, 0.742)

    Source:
        Chun, Canatar, Chung, Lee 2025, "Estimating neural representation alignment from sparsely sampled
        inputs and features", arXiv 2502.15104.
    """
    return Comparison(_CorrectedColumns(), _compare, minimum=4)
