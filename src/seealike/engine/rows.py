"""How one model's rows are prepared, once, before any two of them are multiplied.

Every kind of rows is shifted to about zero mean and scaled to a mean squared row norm near 1 before products,
so that neither a common offset nor the scale costs float32 any digits: distances do not see the shift.

Letters: n samples, d dimensions, q squared row norms.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import torch

from seealike.engine.tiles import Plan
from seealike.errors import UndefinedMeasure
from seealike.numerics.checks import Samples

#: Relative size below which a variation is rounding, not variation.
_ROUNDING = 64 * torch.finfo(torch.float64).eps

#: Single precision holds squares of numbers of this size, and of its inverse.
_SAFE = 2.0**-60

Read = Callable[[slice | torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class Prepared:
    """One model's prepared rows x_i, read block by block.

    Attributes:
        samples: the features they were prepared from.
        read: a slice of rows, or their numbers -> (rows, d) tensor in the precision and on the device of the tiles.
        norms: (n,) float64, the squared norms of the rows as `read` gives them.
        unit: the length of 1.0 in prepared rows, in the units of what was prepared.
        own: (n,) float64 means and lengths, in units of `samples.rows`, where every row had its mean taken
            away and was divided by its length before it was centered; None where it was not.
    """

    samples: Samples
    read: Read = field(repr=False)
    norms: torch.Tensor = field(repr=False)
    unit: float
    own: tuple[torch.Tensor, torch.Tensor] | None = field(default=None, repr=False)

    @property
    def spread(self) -> float:
        """The mean of ½‖x_i - x_j‖² over i ≠ j."""
        return float(self.norms.sum()) / max(len(self.norms) - 1, 1)

    def with_sum(self) -> torch.Tensor:
        """(n,) float64, the inner product of every row with the sum of all rows.

        That sum is near zero, as the rows are centered, so that the rows' own precision is enough for the products.
        """
        blocks = list(self.samples.blocks())
        sums = [self.read(block).sum(dim=0).to(torch.float64) for block in blocks]
        whole = torch.stack(sums).sum(dim=0)
        return torch.cat(
            [(rows @ whole.to(rows)).to("cpu", torch.float64) for rows in map(self.read, blocks)]
        )


class Rows(Protocol):
    """A kind of prepared rows; equal kinds share their rows and the raw tiles made of them."""

    def prepare(self, samples: Samples, plan: Plan) -> Prepared:
        """The rows of one model."""
        ...


@dataclass(frozen=True)
class Centered:
    """The features themselves, x_i - mean(x), in one common scale.

    Raises (in `prepare`):
        UndefinedMeasure: all rows are the same.

    Example:
        >>> import numpy as np
        >>> from seealike.numerics.checks import samples
        >>> plan = Plan(2, 2, dtype=torch.float64)
        >>> rows = Centered().prepare(samples(np.array([[1.0], [5.0]]), "x"), plan)
        >>> rows.read(slice(0, 2)).tolist(), rows.unit
        ([[-1.0], [1.0]], 2.0)
    """

    def prepare(self, samples: Samples, plan: Plan) -> Prepared:
        """The centered rows of one model."""
        size = samples.largest / samples.unit * samples.d**0.5
        return _centered(samples, _Source(samples.rows, samples.unit, size), plan)


@dataclass(frozen=True)
class UnitRows:
    """Every row at unit length, so that 1 - cos(i, j) = ½‖u_i - u_j‖²; then centered.

    Raises (in `prepare`):
        UndefinedMeasure: a row is zero (says which), or all rows point the same way.

    Example:
        >>> import numpy as np
        >>> from seealike.numerics.checks import samples
        >>> x = samples(np.array([[3.0, 4.0], [2.0, 0.0]]), "x")
        >>> rows = UnitRows().prepare(x, Plan(2, 2, dtype=torch.float64))
        >>> u = rows.read(slice(0, 2)) * rows.unit
        >>> round(1 - 0.5 * float(((u[0] - u[1]) ** 2).sum()), 6)
        0.6
    """

    def prepare(self, samples: Samples, plan: Plan) -> Prepared:
        """The unit rows of one model."""
        lengths = torch.empty(samples.n, dtype=torch.float64)

        def unit_rows(which: slice | torch.Tensor, device: torch.device) -> torch.Tensor:
            block = samples.rows(which, device)
            norm = torch.linalg.vector_norm(block, dim=1)
            _refuse(norm == 0, which, samples.where, ("rows that are not zero, for angles", "zero rows"))
            lengths[which] = norm.cpu()
            return block.div_(norm[:, None])

        return _centered(samples, _Source(unit_rows, 1.0, 1.0, (torch.zeros_like(lengths), lengths)), plan)


@dataclass(frozen=True)
class CorrelationRows:
    """Every row minus its own mean, at unit length, so that 1 - Pearson(i, j) = ½‖u_i - u_j‖²; then centered.

    Raises (in `prepare`):
        UndefinedMeasure: a row is constant (says which), or all rows are perfectly correlated.

    Example:
        >>> import numpy as np
        >>> from seealike.numerics.checks import samples
        >>> x = samples(np.array([[1.0, 2.0, 4.0], [4.0, 2.0, 1.0]]), "x")
        >>> rows = CorrelationRows().prepare(x, Plan(2, 2, dtype=torch.float64))
        >>> u = rows.read(slice(0, 2)) * rows.unit
        >>> round(1 - 0.5 * float(((u[0] - u[1]) ** 2).sum()), 6), round(float(np.corrcoef(x.source)[0, 1]), 6)
        (-0.928571, -0.928571)
    """

    def prepare(self, samples: Samples, plan: Plan) -> Prepared:
        """The standardized rows of one model."""
        means, lengths = torch.empty((2, samples.n), dtype=torch.float64)

        def standard_rows(which: slice | torch.Tensor, device: torch.device) -> torch.Tensor:
            block = samples.rows(which, device)
            size = torch.linalg.vector_norm(block, dim=1)
            first = block[:, :1].clone()  # first by one of its own numbers: a constant row is exactly zero
            block -= first
            mean = block.mean(dim=1, keepdim=True)
            block -= mean
            norm = torch.linalg.vector_norm(block, dim=1)
            said = ("rows that vary over the dimensions, for a correlation between them", "constant rows")
            _refuse(norm <= _ROUNDING * size, which, samples.where, said)
            means[which], lengths[which] = (mean + first).flatten().cpu(), norm.cpu()
            return block.div_(norm[:, None])

        return _centered(samples, _Source(standard_rows, 1.0, 1.0, (means, lengths)), plan)


def _refuse(bad: torch.Tensor, which: slice | torch.Tensor, where: str, said: tuple[str, str]) -> None:
    found = torch.nonzero(bad).flatten()
    if len(found):
        rows = (
            found * (which.step or 1) + which.start if isinstance(which, slice) else which[found]
        ).tolist()
        raise UndefinedMeasure(
            where=where,
            expected=said[0],
            got=f"{said[1]} ({', '.join(map(str, rows[:5]))}{', …' if len(rows) > 5 else ''})",
            fix="Leave these samples out of every model, or use a measure that compares no directions of rows.",
        )


@dataclass(frozen=True)
class _Source:
    """Rows to be centered: how they are read, their unit, how large one is at most, and `Prepared.own`."""

    read: Callable[[slice | torch.Tensor, torch.device], torch.Tensor]
    unit: float
    size: float
    own: tuple[torch.Tensor, torch.Tensor] | None = None


def _centered(samples: Samples, source: _Source, plan: Plan) -> Prepared:
    """Center and scale, in float64, and cast."""
    again = not samples.exponent and samples.fits(plan.dtype)
    single = plan.dtype == torch.float32 and again and plan.hold and source.own is None
    found = _held_in_single(samples, source, plan) if single else None
    if found is not None:
        return found
    mean, scale = _mean_and_scale(samples, source, plan.device)

    def exactly(which: slice | torch.Tensor) -> torch.Tensor:
        return source.read(which, plan.device).sub_(mean).mul_(1 / scale).to(plan.dtype)

    read = _again(samples, source, mean, scale, plan) if again else exactly
    shape = (samples.n, samples.d) if plan.hold else (0,)
    held = torch.empty(shape, dtype=plan.dtype, device=plan.device)
    norms = torch.empty(samples.n, dtype=torch.float64)
    for block in samples.blocks():
        rows = read(block)
        norms[block] = torch.linalg.vector_norm(rows, dim=1, dtype=torch.float64).square_().cpu()
        if plan.hold:
            held[block] = rows
    return Prepared(samples, held.__getitem__ if plan.hold else read, norms, source.unit * scale, source.own)


def _held_in_single(samples: Samples, source: _Source, plan: Plan) -> Prepared | None:
    """Features of no more than single precision, centered and scaled in it and held; None where squares may overflow.

    They are the exact rows but for one vector, a rounding of the mean, that all of them lack. The scale is a power
    of two.
    """
    first = samples.rows(slice(0, 1), plan.device, plan.dtype)
    sums = [samples.rows(block, plan.device, plan.dtype).sub_(first).sum(dim=0) for block in samples.blocks()]
    center = first + torch.stack(sums).sum(dim=0, dtype=torch.float64).div_(samples.n).to(plan.dtype)
    held = samples.rows(slice(0, samples.n), plan.device, plan.dtype)
    lengths = [torch.linalg.vector_norm(held[block].sub_(center), dim=1) for block in samples.blocks()]
    norms = torch.cat(lengths).to("cpu", torch.float64).square_()
    size = float(norms.mean()) ** 0.5
    if not _SAFE <= size <= 1 / _SAFE:
        return None
    _check_spread(samples, size, source)
    scale = _power(size)
    if scale != 1:
        held.mul_(1 / scale)
    return Prepared(samples, held.__getitem__, norms.div_(scale**2), source.unit * scale)


def _again(samples: Samples, source: _Source, mean: torch.Tensor, scale: float, plan: Plan) -> Read:
    """Reading rows again in the precision of the tiles: the same rows up to one vector added to all of them.

    What is subtracted first is near the rows, so that single precision loses nothing that rows have.
    """
    own = source.own
    center = mean.to(plan.dtype) if own is None else (mean / scale).to(plan.dtype)

    def read(which: slice | torch.Tensor) -> torch.Tensor:
        rows = samples.rows(which, plan.device, plan.dtype)
        if own is None:
            return rows.sub_(center).mul_(1 / scale)
        means, lengths = (one[which, None] for one in own)
        rows.sub_(means.to(plan.device, plan.dtype))
        return rows.mul_((1 / (lengths * scale)).to(plan.device, plan.dtype)).sub_(center)

    return read


def _mean_and_scale(samples: Samples, source: _Source, device: torch.device) -> tuple[torch.Tensor, float]:
    """The mean row, and about the root mean squared distance from it: one pass, relative to the first row.

    Relative to a row of the data the sums keep all digits however large the offset, and constant columns
    are exactly zero.
    """
    first = source.read(slice(0, 1), device)
    total, squares = torch.zeros_like(first), torch.zeros((), dtype=torch.float64, device=device)
    for block in samples.blocks():
        rows = source.read(block, device).sub_(first)
        total += rows.sum(dim=0)
        squares += torch.dot(rows.flatten(), rows.flatten())
    offset = total / samples.n
    variance = float(squares) / samples.n - float(offset.square().sum())
    scale = max(variance, 0.0) ** 0.5
    _check_spread(samples, scale, source)
    return first + offset, _power(scale)


def _power(scale: float) -> float:
    """The power of two that is nearest, so that scaling rounds nothing."""
    return 2.0 ** round(math.log2(scale))


def _check_spread(samples: Samples, scale: float, source: _Source) -> None:
    if scale <= _ROUNDING * source.size:
        raise UndefinedMeasure(
            where=samples.where,
            expected="features that vary over the samples",
            got="the same row for every sample (up to rounding and, for correlations, scale)",
            fix="Leave this model out, or read another layer.",
        )
