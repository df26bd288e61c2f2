"""Spectra: which directions over the samples two models share, weighted by how strong each is or not at all."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from seealike.engine.forms import Comparison
from seealike.errors import BadParameter
from seealike.measures.base import measure
from seealike.measures.claims import Claims, Invariance, Parameters
from seealike.measures.correlations import LEAST, warn_if_spanned
from seealike.numerics.factors import Factored, Factors, overlap

_ROTATIONS = Invariance.PERMUTATION | Invariance.ORTHOGONAL
_COST = "M n d² + M² n d²"


def _gulp_invariances(parameters: Parameters) -> Invariance:
    linear = Invariance.LINEAR if parameters["ridge"] == 0 else Invariance.NONE
    return _ROTATIONS | Invariance.SCALING | Invariance.TRANSLATION | linear


def _settle_ridge(parameters: Parameters) -> Parameters:
    ridge = parameters["ridge"]
    if not (isinstance(ridge, float) and ridge >= 0):
        fix = "It is the penalty as a share of the total variance, such as 0.01."
        raise BadParameter(where="gulp", expected="ridge of at least 0", got=str(ridge), fix=fix)
    return parameters


@measure(
    Claims(
        formula="‖K_x - K_y‖_F, K_x = x (xᵀx/n + λ I)^(-1) xᵀ / n, tr(xᵀx/n) = 1",
        source="Boix-Adserà et al. 2022",
        bounds=lambda parameters: (0.0, math.inf),
        invariances=_gulp_invariances,
        direction="distance",
        metric=True,
        self_value=0.0,
        cost=_COST,
        differs="the authors' program prints its square, and leaves the scaling to its caller; resi takes λ = 0",
    ),
    settle=_settle_ridge,
)
def gulp(*, ridge: float = 0.01) -> Comparison:
    """GULP distance: the most that ridge regressions on two models' features can differ, over all targets.

    d = sqrt(E_x + E_y - 2 E_xy), E_xy = tr(Σ_x^-λ Σ_xy Σ_y^-λ Σ_yx), Σ_x = xᵀx/n, Σ_x^-λ = (Σ_x + λ I)^(-1), E_x
    and E_y the same with y or x twice: the Frobenius norm of the difference of the two ridge smoothers. Features
    are centered and scaled to tr Σ = 1, so that λ = ridge is a share of the total variance.

    Args:
        x: features of one model, (n_samples, n_dims_x); numpy or torch, read only.
        y: features of the other, (n_samples, n_dims_y); the same samples in the same order.
        ridge: λ; 0 gives sqrt(p + q - 2 Σ ρ_i²), with ρ the canonical correlations and p, q the ranks.

    Returns:
        0 for the same features up to rotation, translation and scale; at most sqrt(rank x + rank y). Distances
        below about 1e-7 read as 0 or as that.

    Raises:
        BadParameter: a negative ridge.
        DataError: features that are not 2-D and finite, too few samples, different numbers of samples.
        UndefinedMeasure: features without variation.

    Warns:
        DoubtfulSimilarity: ridge is 0 and the ranks add up to n_samples or more (see `mean_cca`).

    Example:
        >>> import numpy as np
        >>> from seealike.measures import gulp
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((80, 30))
        >>> y = np.concatenate([x[:, :10], rng.standard_normal((80, 20))], axis=1)
        >>> round(gulp(x, y), 6), round(gulp(x, y, ridge=1.0), 6)
        (3.700688, 0.195147)

    Source:
        Boix-Adserà, Lawrence, Stepaniants & Rigollet 2022, "GULP: a prediction-based metric between
        representations". Their λ stands beside covariances of trace 1 too, once their normalization is switched
        on. Their program prints d². The default of 0.01 is ours; they show many.
    """
    minimum = LEAST if ridge == 0 else 2
    return Comparison(Factored(), _Gulp(ridge), minimum=minimum)


@dataclass(frozen=True)
class _Gulp:
    ridge: float

    def __call__(self, x: Factors, y: Factors) -> float:
        if self.ridge == 0:
            warn_if_spanned("gulp", x.rank + y.rank, x.room)
        if x.digest == y.digest:
            return 0.0
        one, other = self._shrunk(x), self._shrunk(y)
        shared = float(one @ overlap(x, y).square() @ other)
        return math.sqrt(max(float(one.square().sum() + other.square().sum()) - 2 * shared, 0.0))

    def _shrunk(self, model: Factors) -> torch.Tensor:
        variances = model.spectrum[: model.rank].square()
        return variances / (variances + self.ridge)


@measure(
    Claims(
        formula="‖U_xᵀU_y‖²_F / max(rank x, rank y), U the left singular vectors of the features as they are",
        source="May et al. 2019",
        bounds=lambda parameters: (0.0, 1.0),
        invariances=lambda parameters: _ROTATIONS | Invariance.SCALING | Invariance.LINEAR,
        cost=_COST,
        differs="ranks, where May et al. and resi count dimensions: the same for features of full rank",
    )
)
def eigenspace_overlap() -> Comparison:
    """Eigenspace overlap score: how much of the space that one model's features span the other's span too.

    ‖U_xᵀU_y‖²_F / max(rank x, rank y), with U the left singular vectors of the features, which are *not* centered.

    Args:
        x: features of one model, (n_samples, n_dims_x); numpy or torch, read only.
        y: features of the other, (n_samples, n_dims_y); the same samples in the same order.

    Returns:
        In [0, 1]; 1 where both span the same space over the samples; about min(p, q) / n_samples for unrelated
        features. Directions below 1e-6 of the largest singular value do not count. Needs 10 samples.

    Raises:
        DataError: features that are not 2-D and finite, too few samples, different numbers of samples.
        UndefinedMeasure: features that are all zero.

    Warns:
        DoubtfulSimilarity: the ranks add up to more than n_samples; the spaces then overlap whatever they are.

    Example:
        >>> import numpy as np
        >>> from seealike.measures import eigenspace_overlap
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((80, 30))
        >>> y = np.concatenate([x[:, :10], rng.standard_normal((80, 20))], axis=1)
        >>> round(eigenspace_overlap(x, y), 6)
        0.523261

    Source:
        May, Zhang, Dao & Ré 2019, "On the downstream performance of compressed word embeddings", definition 1.
    """
    return Comparison(Factored(center=False), _eigenspace_overlap, minimum=LEAST)


def _eigenspace_overlap(x: Factors, y: Factors) -> float:
    warn_if_spanned("eigenspace_overlap", x.rank + y.rank, x.room)
    if x.digest == y.digest:
        return 1.0
    return min(1.0, float(overlap(x, y).square().sum()) / max(x.rank, y.rank))
