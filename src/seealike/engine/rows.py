"""How one model's rows are prepared, once, before any two of them are multiplied.

Every kind of rows ends centred (columns of mean zero) and scaled to unit mean squared row norm, in
float64, before it is cast to the precision of the tiles: Gram matrices of centred rows, and all distances,
then carry no common offset that float32 would lose digits on.

Letters: n samples, d dimensions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import torch

from seealike.errors import UndefinedMeasure
from seealike.numerics.checks import Samples

#: Relative size below which a variation is rounding, not variation.
_ROUNDING = 64 * torch.finfo(torch.float64).eps

Read = Callable[[slice], torch.Tensor]


@dataclass(frozen=True)
class Prepared:
    """One model's prepared rows, read block by block.

    Attributes:
        samples: the features they were prepared from.
        read: a slice of rows -> (rows, d) tensor in the precision of the tiles.
        norms: (n,) float64, the squared norms of the rows as `read` gives them.
        unit: the length of 1.0 in prepared rows, in the units of what was prepared.
    """

    samples: Samples
    read: Read = field(repr=False)
    norms: torch.Tensor = field(repr=False)
    unit: float


class Rows(Protocol):
    """A kind of prepared rows; equal kinds share their rows and the raw Gram tiles made of them."""

    def prepare(self, samples: Samples, dtype: torch.dtype, hold: bool) -> Prepared:
        """The rows of one model; `hold` keeps them all in memory, else each block is made when read."""
        ...


@dataclass(frozen=True)
class Centered:
    """The features with the mean of every column taken away, x_i - mean(x), in one common scale.

    Raises (in `prepare`):
        UndefinedMeasure: all rows are the same.

    Example:
        >>> import numpy as np
        >>> from seealike.numerics.checks import samples
        >>> rows = Centered().prepare(samples(np.array([[1.0], [5.0]]), "x"), torch.float64, hold=True)
        >>> rows.read(slice(0, 2)).tolist(), rows.unit
        ([[-1.0], [1.0]], 2.0)
    """

    def prepare(self, samples: Samples, dtype: torch.dtype, hold: bool) -> Prepared:
        """The centered rows of one model."""
        size = samples.largest / samples.unit * samples.d**0.5
        return _centered(samples, _Source(samples.rows, samples.unit, size), dtype, hold)


@dataclass(frozen=True)
class CorrelationRows:
    """Every row minus its own mean, at unit length, so that 1 - Pearson(i, j) = ½‖u_i - u_j‖²; then centered.

    Raises (in `prepare`):
        UndefinedMeasure: a row is constant (says which), or all rows are perfectly correlated.

    Example:
        >>> import numpy as np
        >>> from seealike.numerics.checks import samples
        >>> x = samples(np.array([[1.0, 2.0, 4.0], [4.0, 2.0, 1.0]]), "x")
        >>> rows = CorrelationRows().prepare(x, torch.float64, hold=True)
        >>> u = rows.read(slice(0, 2)) * rows.unit
        >>> round(1 - 0.5 * float(((u[0] - u[1]) ** 2).sum()), 6), round(float(np.corrcoef(x.source)[0, 1]), 6)
        (-0.928571, -0.928571)
    """

    def prepare(self, samples: Samples, dtype: torch.dtype, hold: bool) -> Prepared:
        """The unit rows of one model."""

        def unit_rows(which: slice) -> torch.Tensor:
            return _unit_rows(samples.rows(which), samples.where, which)

        return _centered(samples, _Source(unit_rows, 1.0, 1.0), dtype, hold)


def _unit_rows(block: torch.Tensor, where: str, which: slice) -> torch.Tensor:
    size = torch.linalg.vector_norm(block, dim=1)
    block -= block[:, :1].clone()  # first by one of its own numbers: a constant row becomes exactly zero
    block -= block.mean(dim=1, keepdim=True)
    norm = torch.linalg.vector_norm(block, dim=1)
    constant = torch.nonzero(norm <= _ROUNDING * size).flatten()
    if len(constant):
        rows = (constant * (which.step or 1) + which.start).tolist()
        raise UndefinedMeasure(
            where=where,
            expected="rows that vary over the dimensions, for a correlation between them",
            got=f"constant rows ({', '.join(map(str, rows[:5]))}{', …' if len(rows) > 5 else ''})",
            fix="Leave these samples out of every model, or use a measure without correlations of rows.",
        )
    return block.div_(norm[:, None])


@dataclass(frozen=True)
class _Source:
    """Rows to be centered: how they are read, their unit, and how large one is at most."""

    read: Read
    unit: float
    size: float


def _centered(samples: Samples, source: _Source, dtype: torch.dtype, hold: bool) -> Prepared:
    """Center and scale, in float64, and cast."""
    mean, scale = _mean_and_scale(samples, source)

    def read(which: slice) -> torch.Tensor:
        return source.read(which).sub_(mean).mul_(1 / scale).to(dtype)

    held = torch.empty((samples.n, samples.d) if hold else 0, dtype=dtype)
    norms = torch.empty(samples.n, dtype=torch.float64)
    for block in samples.blocks():
        rows = read(block)
        norms[block] = torch.linalg.vector_norm(rows, dim=1, dtype=torch.float64).square_()
        if hold:
            held[block] = rows
    return Prepared(samples, held.__getitem__ if hold else read, norms, source.unit * scale)


def _mean_and_scale(samples: Samples, source: _Source) -> tuple[torch.Tensor, float]:
    """The mean row, and the root mean squared distance from it: one pass, relative to the first row.

    Relative to a row of the data the sums keep all digits however large the offset, and constant columns
    are exactly zero.
    """
    first = source.read(slice(0, 1))
    total, squares = torch.zeros_like(first), 0.0
    for block in samples.blocks():
        rows = source.read(block).sub_(first)
        total += rows.sum(dim=0)
        squares += float(torch.dot(rows.flatten(), rows.flatten()))
    offset = total / samples.n
    variance = squares / samples.n - float(offset.square().sum())
    scale = max(variance, 0.0) ** 0.5
    if scale <= _ROUNDING * source.size:
        raise UndefinedMeasure(
            where=samples.where,
            expected="features that vary over the samples",
            got="the same row for every sample (up to rounding and, for correlations, scale)",
            fix="Leave this model out, or read another layer.",
        )
    return first + offset, scale
