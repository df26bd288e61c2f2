"""Elementwise maps from a raw Gram tile to the tile of a measure's n x n matrix.

A map is fitted to one model's prepared rows, which gives what the tiles alone do not have: a length scale,
the diagonal, a shift. All matrices here are known up to an additive constant only (`shift`), taken away
before float32 sums cancel; every estimator of this package is invariant to it.

Letters: G raw Gram tile, K the measure's matrix, q squared row norms, n samples.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

import torch

from seealike.engine.distances import median_distance, pilot_distances
from seealike.engine.rows import Prepared
from seealike.engine.tiles import Plan
from seealike.errors import UndefinedMeasure

#: Mean of a kernel above which K - 1 is computed instead of K.
_NEAR_ONE = 0.5

#: (raw tile, its rows, its columns, out) -> None; `out` may be the raw tile itself.
Apply = Callable[[torch.Tensor, slice, slice, torch.Tensor], None]


@dataclass(frozen=True)
class Fitted:
    """A map of one model.

    Attributes:
        where: the name of the model's features, for errors.
        apply: writes the tile of K - shift.
        diagonal: (n,) float64, the diagonal of K - shift, exactly.
        noise: the size of the entries' rounding errors, in units of the machine epsilon.
        shift: the constant.
    """

    where: str
    apply: Apply = field(repr=False)
    diagonal: torch.Tensor = field(repr=False)
    noise: float = 1.0
    shift: float = 0.0


class Map(ABC):
    """A kind of matrix; equal maps of equal rows share their sums among all measures that ask for them."""

    #: Whether K turns into the identity as its length scale goes to zero.
    fades: ClassVar[bool] = False

    @property
    def scans(self) -> bool:
        """Whether fitting passes over all tiles of the model."""
        return False

    @abstractmethod
    def fit(self, rows: Prepared, plan: Plan) -> Fitted:
        """The map of one model.

        Raises:
            UndefinedMeasure: the model has no such matrix.
        """


@dataclass(frozen=True)
class Gram(Map):
    """K_ij = <x_i, x_j>: the raw tile itself."""

    def fit(self, rows: Prepared, plan: Plan) -> Fitted:
        """Nothing to fit; the diagonal is the squared norms."""
        return Fitted(rows.samples.where, _copy, rows.norms)


@dataclass(frozen=True)
class HalfSquaredDistance(Map):
    """K_ij = ½‖x_i - x_j‖², which on correlation rows is 1 - Pearson(i, j), up to one factor a model."""

    def fit(self, rows: Prepared, plan: Plan) -> Fitted:
        """The shift is the mean of all i ≠ j, which centered rows of unit mean square have in closed form."""
        n = len(rows.norms)
        shift = n / (n - 1)
        half = (0.5 * (rows.norms - shift)).to(plan.dtype)

        def apply(raw: torch.Tensor, i: slice, j: slice, out: torch.Tensor) -> None:
            torch.sub(half[j], raw, out=out).add_(half[i, None])

        return Fitted(rows.samples.where, apply, torch.full_like(rows.norms, -shift), shift=shift)


@dataclass(frozen=True)
class Gaussian(Map):
    """K_ij = exp(-‖x_i - x_j‖² / (2 sigma²)).

    Attributes:
        sigma: a length in the features' own units, or None.
        fraction: with sigma None, sigma is this fraction of the median non-zero distance.
    """

    sigma: float | None
    fraction: float | None
    fades: ClassVar[bool] = True

    @property
    def scans(self) -> bool:
        """The median needs a pass of its own."""
        return self.sigma is None

    def fit(self, rows: Prepared, plan: Plan) -> Fitted:
        """Find sigma, and the mean of K over a pilot of pairs, which is the shift."""
        sigma = self._width(rows, plan)
        precision = sigma**-2
        pilot = torch.exp(-0.5 * precision * pilot_distances(rows).square())
        shift = float(pilot.mean())
        # An entry's error is that of its exponent, about one epsilon of q / sigma², times the entry.
        noise = precision if shift > _NEAR_ONE else float(pilot.square().mean().sqrt()) * max(1.0, precision)
        return Fitted(
            rows.samples.where,
            _gaussian(rows.norms, precision, shift, plan.dtype),
            torch.full_like(rows.norms, 1.0 - shift),
            noise,
            shift,
        )

    def _width(self, rows: Prepared, plan: Plan) -> float:
        """Sigma in units of the prepared rows."""
        if self.sigma is not None:
            sigma = self.sigma / rows.unit
        else:
            sigma = (self.fraction or 1.0) * median_distance(rows, plan)
        least = 8 * torch.finfo(plan.dtype).eps ** 0.5
        if sigma <= least:
            raise UndefinedMeasure(
                where=rows.samples.where,
                expected=f"sigma above {least * rows.unit:.3g}, where {plan.dtype} still tells distances apart",
                got=f"sigma {sigma * rows.unit:.3g}",
                fix="Use a larger sigma, or give the features in float64.",
            )
        return sigma


def _copy(raw: torch.Tensor, i: slice, j: slice, out: torch.Tensor) -> None:
    if out is not raw:
        out.copy_(raw)


def _gaussian(norms: torch.Tensor, precision: float, shift: float, dtype: torch.dtype) -> Apply:
    """exp(precision (G - q_i/2 - q_j/2)) - shift.

    Where K is near 1 (large sigma), K - 1 = expm1(…) keeps the digits that float32 would round away.
    """
    bias = (-0.5 * precision * norms).to(dtype)
    near_one = shift > _NEAR_ONE
    rest = shift - near_one

    def apply(raw: torch.Tensor, i: slice, j: slice, out: torch.Tensor) -> None:
        torch.add(bias[i, None], raw, alpha=precision, out=out).add_(bias[j]).clamp_(max=0.0)
        (out.expm1_() if near_one else out.exp_()).sub_(rest)

    return apply
