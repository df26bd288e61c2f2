"""Shape distances: from Procrustes' to canonical correlation, by how far features are whitened first."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from seealike.engine.forms import Comparison
from seealike.errors import BadParameter
from seealike.measures.base import measure
from seealike.measures.claims import Claims, Invariance, Parameters
from seealike.measures.correlations import LEAST, warn_if_spanned
from seealike.numerics.factors import Factored, Factors, nuclear_product

_ROTATIONS = Invariance.PERMUTATION | Invariance.ORTHOGONAL
_COST = "M n d² + M² n d²"


def _shape_invariances(parameters: Parameters) -> Invariance:
    ends: dict[object, Invariance] = {1.0: Invariance.SCALING, 0.0: Invariance.SCALING | Invariance.LINEAR}
    return _ROTATIONS | Invariance.TRANSLATION | ends.get(parameters["alpha"], Invariance.NONE)


def _settle_alpha(parameters: Parameters) -> Parameters:
    alpha = parameters["alpha"]
    if not (isinstance(alpha, float) and 0 <= alpha <= 1):
        raise BadParameter(
            where="shape_distance",
            expected="alpha from 0 to 1",
            got=str(alpha),
            fix="1 is the angular Procrustes distance, 0 is up to any linear map.",
        )
    return parameters


@measure(
    Claims(
        formula="arccos ‖x̃ᵀỹ‖_*, x̃ ∝ x (α I + (1 - α)(xᵀx)^(-1/2)), ‖x̃‖ = 1",
        source="Williams et al. 2021",
        bounds=lambda parameters: (0.0, math.pi / 2),
        invariances=_shape_invariances,
        direction="distance",
        metric=True,
        self_value=0.0,
        cost=_COST,
        differs="directions below 1e-6 of the largest singular value are left out, where netrep whitens them too",
    ),
    settle=_settle_alpha,
)
def shape_distance(*, alpha: float = 1.0) -> Comparison:
    """Generalized shape distance: the angle between partially whitened models after the best rotation.

    d = arccos ‖x̃ᵀỹ‖_*, in radians, where x̃ is x (α I + (1 - α)(xᵀx)^(-1/2)), centered, at unit Frobenius norm.
    α = 1 is `angular_procrustes`; α = 0 is arccos(Σ ρ_i / sqrt(p q)), with ρ the canonical correlations and p,
    q the ranks. In between, xᵀx stands beside 1, so that the value depends on the scale of the features and
    on how many samples there are: scale them alike first.

    Args:
        x: features of one model, (n_samples, n_dims_x); numpy or torch, read only.
        y: features of the other, (n_samples, n_dims_y); the same samples in the same order. Fewer dimensions
            count as filled up with zeros.
        alpha: from 0, invariant to all linear maps, to 1, invariant to rotations and scale only.

    Returns:
        In [0, π/2]: 0 for features that differ by what it is invariant to. Angles below about 3e-8 read as 0
        or as that. Singular values below 1e-6 of the largest are not whitened but left out.

    Raises:
        BadParameter: alpha is not from 0 to 1.
        DataError: features that are not 2-D and finite, too few samples, different numbers of samples.
        UndefinedMeasure: features without variation.

    Warns:
        DoubtfulSimilarity: alpha is 0 and the ranks add up to n_samples or more (see `mean_cca`).

    Example:
        >>> import numpy as np
        >>> from seealike.measures import shape_distance
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((80, 30))
        >>> y = np.concatenate([x[:, :10], rng.standard_normal((80, 20))], axis=1)
        >>> [round(shape_distance(x, y, alpha=alpha), 6) for alpha in (0, 0.5, 1)]
        [0.866224, 0.837335, 0.839175]

    Source:
        Williams, Kunz, Kornblith & Linderman 2021, "Generalized shape metrics on neural representations";
        netrep's LinearMetric(alpha, score_method="angular").
    """
    minimum = LEAST if alpha == 0 else 2
    return Comparison(Factored(), _Shape(alpha), minimum=minimum)


@dataclass(frozen=True)
class _Shape:
    alpha: float

    def __call__(self, x: Factors, y: Factors) -> float:
        if self.alpha == 0:
            warn_if_spanned("shape_distance", x.rank + y.rank, x.room)
        if x.digest == y.digest:
            return 0.0
        return math.acos(nuclear_product(x, y, self._whitened(x), self._whitened(y)))

    def _whitened(self, model: Factors) -> torch.Tensor:
        """The singular values after whitening, of unit norm."""
        size = max(model.size, 1.0)  # so that nothing over- or underflows
        weights = self.alpha * (model.size / size) * model.spectrum + (1 - self.alpha) / size
        weights[model.rank :] = 0 if self.alpha < 1 else weights[model.rank :]
        weights /= weights.max()
        return weights / torch.linalg.vector_norm(weights)
