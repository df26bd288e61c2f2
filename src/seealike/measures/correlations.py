"""Canonical correlations: how well the best matched pairs of directions of two models agree.

The canonical correlations are the singular values of U_xᵀU_y, with U orthonormal bases of the centered
features: no iteration, no inverse, no regularization.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import torch

from seealike.engine.forms import Comparison
from seealike.errors import BadParameter
from seealike.measures.base import measure
from seealike.measures.claims import Claims, Invariance, Parameters
from seealike.measures.doubts import DoubtfulSimilarity
from seealike.numerics.factors import Factored, Factors, overlap

#: Fewer samples leave no room for two models of a few dimensions each.
LEAST = 10

_ROTATIONS = Invariance.PERMUTATION | Invariance.ORTHOGONAL
_TO_SCALE = Invariance.SCALING | Invariance.TRANSLATION
_COST = "M n d² + M² n d²"


@measure(
    Claims(
        formula="mean of ρ_i (or ρ_i²) over min(rank x, rank y), ρ = singular values of U_xᵀU_y",
        source="Hotelling 1936; Kornblith et al. 2019 (squared: R²_CCA)",
        bounds=lambda parameters: (0.0, 1.0),
        invariances=lambda parameters: _ROTATIONS | _TO_SCALE | Invariance.LINEAR,
        cost=_COST,
        differs="google/svcca's mean is over the correlations above its 0.98 cut; netrep's alpha=0 is the angle "
        "of Σ ρ_i / sqrt(p q), `shape_distance`; kisungyou's repsim calls this pillai, and this with squared=True "
        "yanai; Aristotelian divides by the dimensions of x",
    )
)
def mean_cca(*, squared: bool = False) -> Comparison:
    """Mean canonical correlation: the mean correlation of the best matched pairs of directions of two models.

    mean of ρ_i over i <= min(rank x, rank y), with ρ the singular values of U_xᵀU_y and U an orthonormal basis
    of the centered features. Directions below 1e-6 of the largest singular value do not count as any.

    Args:
        x: features of one model, (n_samples, n_dims_x); numpy or torch, read only.
        y: features of the other, (n_samples, n_dims_y); the same samples in the same order.
        squared: the mean of ρ_i² instead, R²_CCA.

    Returns:
        In [0, 1]; 1 where one model is a linear map of the other. Not small for independent features unless
        there are many times more samples than dimensions. Needs 10 samples.

    Raises:
        DataError: features that are not 2-D and finite, too few samples, different numbers of samples.
        UndefinedMeasure: features without variation.

    Warns:
        DoubtfulSimilarity: the ranks add up to n_samples or more; some ρ_i are then 1 whatever the features.

    Example:
        >>> import numpy as np
        >>> from seealike.measures import mean_cca
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((80, 30))
        >>> y = np.concatenate([x[:, :10], rng.standard_normal((80, 20))], axis=1)
        >>> round(mean_cca(x, y), 6), round(mean_cca(x, y, squared=True), 6)
        (0.647708, 0.529782)

    Source:
        Kornblith et al. 2019, "Similarity of neural network representations revisited", table 1 (rho-bar_CCA and
        R²_CCA, with the smaller number of dimensions below). Differs from netrep's LinearMetric(alpha=0), an
        angle over sqrt(p q) (`shape_distance`), and from google/svcca's mean, over the correlations above its
        0.98 cut.
    """
    return Comparison(Factored(), _MeanCCA(squared), minimum=LEAST)


@dataclass(frozen=True)
class _MeanCCA:
    squared: bool

    def __call__(self, x: Factors, y: Factors) -> float:
        return _mean_correlation(("mean_cca", self.squared), (x, y), (x.rank, y.rank))


def _settle_cut(parameters: Parameters) -> Parameters:
    """Either a share of the variance or a number of components; 0.99 of the variance by default."""
    variance, count = parameters["variance"], parameters["n_components"]
    if variance is not None and count is not None:
        raise _bad(
            "variance or n_components", f"variance={variance}, n_components={count}", "Give one of the two."
        )
    if isinstance(variance, float) and not 0 < variance <= 1:
        raise _bad(
            "variance above 0 and at most 1", str(variance), "It is the share of the variance to keep."
        )
    if isinstance(count, int) and count < 1:
        raise _bad("n_components of at least 1", str(count), "Keep 10, say.")
    return {**parameters, "variance": 0.99} if variance is count is None else parameters


def _bad(expected: str, got: str, fix: str) -> BadParameter:
    return BadParameter(where="svcca", expected=expected, got=got, fix=fix)


@measure(
    Claims(
        formula="mean of ρ_i between the leading principal components of x and of y",
        source="Raghu et al. 2017",
        bounds=lambda parameters: (0.0, 1.0),
        invariances=lambda parameters: _ROTATIONS | _TO_SCALE,
        cost=_COST,
        differs="cuts on the sum of squared singular values (the variance), where google/svcca's tutorial and "
        "anatome cut on the sum of singular values; platonic-rep z-scores the dimensions and is not deterministic; "
        "resi keeps one component",
    ),
    settle=_settle_cut,
)
def svcca(*, variance: float | None = None, n_components: int | None = None) -> Comparison:
    """Singular vector canonical correlation: mean canonical correlation of the leading principal components.

    The first k left singular vectors of the centered features of each model, then the mean of ρ_i over
    min(k_x, k_y), with ρ the singular values of U_xᵀU_y. k is the least with Σ_{i<=k} s_i² >= variance · Σ s_i².

    Args:
        x: features of one model, (n_samples, n_dims_x); numpy or torch, read only.
        y: features of the other, (n_samples, n_dims_y); the same samples in the same order.
        variance: the share of the variance, the sum of the *squared* singular values, that is kept; 0.99 when
            neither is given.
        n_components: instead, how many components are kept; all, where a model has fewer.

    Returns:
        In [0, 1]; 1 where the components span the same directions. Deterministic. Needs 10 samples.

    Raises:
        BadParameter: both cuts, a variance that is not in (0, 1], fewer than one component.
        DataError: features that are not 2-D and finite, too few samples, different numbers of samples.
        UndefinedMeasure: features without variation.

    Warns:
        DoubtfulSimilarity: the components add up to n_samples or more (see `mean_cca`).

    Example:
        >>> import numpy as np
        >>> from seealike.measures import svcca
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((80, 30))
        >>> y = np.concatenate([x[:, :10], rng.standard_normal((80, 20))], axis=1)
        >>> round(svcca(x, y), 6), round(svcca(x, y, n_components=10), 6)
        (0.646539, 0.508174)

    Source:
        Raghu, Gilmer, Yosinski & Sohl-Dickstein 2017, "SVCCA: singular vector canonical correlation analysis".
        The paper asks for 99 % of the variance, a sum of squares; google/svcca's tutorial and anatome (which does
        not center first) sum the singular values themselves and keep more. resi's keeps one component, for it
        compares a fraction with a variance.
    """
    return Comparison(Factored(), _SVCCA(variance, n_components), minimum=LEAST)


@dataclass(frozen=True)
class _SVCCA:
    variance: float | None
    n_components: int | None

    def __call__(self, x: Factors, y: Factors) -> float:
        return _mean_correlation(("svcca", False), (x, y), (self._kept(x), self._kept(y)))

    def _kept(self, model: Factors) -> int:
        if self.n_components is not None:
            return min(self.n_components, model.rank)
        share = model.spectrum.square().cumsum(dim=0)
        return min(model.rank, 1 + int((share < (self.variance or 0.0) * share[-1]).sum()))


def _mean_correlation(
    what: tuple[str, bool], models: tuple[Factors, Factors], kept: tuple[int, int]
) -> float:
    (name, squared), (x, y) = what, models
    warn_if_spanned(name, sum(kept), x.room)
    if x.digest == y.digest:
        return 1.0
    product = overlap(x, y, kept)
    if squared:  # the sum of squared singular values is that of squared entries
        return min(1.0, float(product.square().sum()) / min(kept))
    return float(torch.linalg.svdvals(product).clamp(max=1.0).mean())


def warn_if_spanned(name: str, directions: int, room: int) -> None:
    """Warn that two models' directions have to overlap, because the samples leave no room for all of them.

    Example:
        >>> warn_if_spanned("mean_cca", directions=20, room=99)
    """
    if directions > room:
        warnings.warn(
            f"{name}: models whose dimensions add up to more than the samples can span ({room}) share directions "
            "whatever their features are, which makes the value large. Use more samples, or fewer dimensions "
            "(svcca with n_components).",
            DoubtfulSimilarity,
            stacklevel=3,
        )
