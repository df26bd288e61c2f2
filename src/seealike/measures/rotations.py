"""Procrustes distances: how far two models' features are apart after the best rotation of one onto the other.

Fewer dimensions count as if filled up with zeros, which is what a rotation into more dimensions amounts to.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from seealike.engine.forms import Comparison
from seealike.measures.base import measure
from seealike.measures.claims import Claims, Invariance, Parameters
from seealike.numerics.factors import Factored, Factors, nuclear_product

_ROTATIONS = Invariance.PERMUTATION | Invariance.ORTHOGONAL
_COST = "M n d² + M² n d²"


def _procrustes_invariances(parameters: Parameters) -> Invariance:
    scaled = Invariance.SCALING if parameters["scale"] else Invariance.NONE
    return _ROTATIONS | scaled | (Invariance.TRANSLATION if parameters["center"] else Invariance.NONE)


@measure(
    Claims(
        formula="min_Q ‖x Q - y‖ = sqrt(‖x‖² + ‖y‖² - 2 ‖xᵀy‖_*), Q orthogonal",
        source="Schönemann 1966; Ding et al. 2021; Williams et al. 2021",
        bounds=lambda parameters: (0.0, math.sqrt(2) if parameters["scale"] else math.inf),
        invariances=_procrustes_invariances,
        direction="distance",
        metric=True,
        self_value=0.0,
        cost=_COST,
        differs="Ding et al. and anatome print the square or half of it (1 - ‖xᵀy‖_*); scipy.spatial.procrustes "
        "1 - ‖xᵀy‖_*²; resi's size-and-shape distance is scale=False; Aristotelian's is 1 - d/‖y‖ of that, a "
        "similarity that is not symmetric",
    )
)
def procrustes(*, center: bool = True, scale: bool = True) -> Comparison:
    """Orthogonal Procrustes distance: what is left between two models after the best rotation of one.

    d = min over orthogonal Q of ‖x Q - y‖_F = sqrt(‖x‖² + ‖y‖² - 2 ‖xᵀy‖_*), with ‖.‖_* the nuclear norm, the
    sum of the singular values. It is the distance itself, a metric, and not its square.

    Args:
        x: features of one model, (n_samples, n_dims_x); numpy or torch, read only.
        y: features of the other, (n_samples, n_dims_y); the same samples in the same order. Fewer dimensions
            count as filled up with zeros.
        center: whether the mean of every column is taken away first.
        scale: whether features are then scaled to ‖x‖ = ‖y‖ = 1 (Frobenius norm).

    Returns:
        0 for the same features up to rotation (and translation, if centered, and scale, if scaled). Scaled at
        most sqrt(2), else in the features' own units. Differences below about 3e-8 of the norms read as 0 or
        as that.

    Raises:
        DataError: features that are not 2-D and finite, too few samples, different numbers of samples.
        UndefinedMeasure: features without variation (not centered: zeros only).

    Example:
        >>> import numpy as np
        >>> from seealike.measures import procrustes
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((60, 30))
        >>> y = np.concatenate([x[:, :10], rng.standard_normal((60, 20))], axis=1)
        >>> round(procrustes(x, y), 6), round(procrustes(x, y, scale=False), 6), procrustes(x, x)
        (0.735128, 30.908268, 0.0)

    Source:
        Schönemann 1966, "A generalized solution of the orthogonal Procrustes problem"; Ding, Denain &
        Steinhardt 2021, "Grounding representation similarity with statistical testing", who print its square.
        Differs from anatome's "opd", half the square, and from scipy.spatial.procrustes, which also fits the
        scale: 1 - ‖xᵀy‖_*².
    """
    return Comparison(Factored(center), _Procrustes(scale))


@dataclass(frozen=True)
class _Procrustes:
    scale: bool

    def __call__(self, x: Factors, y: Factors) -> float:
        if x.digest == y.digest:
            return 0.0
        size = max(x.size, y.size)  # no square of it, so that none overflows
        a, b = (1.0, 1.0) if self.scale else (x.size / size, y.size / size)
        squared = a * a + b * b - 2 * a * b * nuclear_product(x, y, x.spectrum, y.spectrum)
        return (1.0 if self.scale else size) * math.sqrt(max(squared, 0.0))


@measure(
    Claims(
        formula="arccos ‖xᵀy‖_*, ‖x‖ = ‖y‖ = 1",
        source="Williams et al. 2021; Kendall 1984",
        bounds=lambda parameters: (0.0, math.pi / 2),
        invariances=lambda parameters: _ROTATIONS | Invariance.SCALING | Invariance.TRANSLATION,
        direction="distance",
        metric=True,
        self_value=0.0,
        cost=_COST,
        differs="its cosine is the normalized Bures similarity (NBS) of the two linear Gram matrices",
    )
)
def angular_procrustes() -> Comparison:
    """Angular Procrustes distance: the angle that is left between two models after the best rotation of one.

    d = arccos ‖xᵀy‖_*, in radians, of centered features of unit Frobenius norm.

    Args:
        x: features of one model, (n_samples, n_dims_x); numpy or torch, read only.
        y: features of the other, (n_samples, n_dims_y); the same samples in the same order. Fewer dimensions
            count as filled up with zeros.

    Returns:
        In [0, π/2]: 0 for the same features up to rotation, translation and scale. Angles below about 3e-8
        read as 0 or as that.

    Raises:
        DataError: features that are not 2-D and finite, too few samples, different numbers of samples.
        UndefinedMeasure: features without variation.

    Example:
        >>> import numpy as np
        >>> from seealike.measures import angular_procrustes
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((60, 30))
        >>> y = np.concatenate([x[:, :10], rng.standard_normal((60, 20))], axis=1)
        >>> round(angular_procrustes(x, y), 6)
        0.752776

    Source:
        Williams, Kunz, Kornblith & Linderman 2021, "Generalized shape metrics on neural representations".
        The same as netrep's LinearMetric(alpha=1, score_method="angular").
    """
    return Comparison(Factored(), _angle)


def _angle(x: Factors, y: Factors) -> float:
    return 0.0 if x.digest == y.digest else math.acos(nuclear_product(x, y, x.spectrum, y.spectrum))
