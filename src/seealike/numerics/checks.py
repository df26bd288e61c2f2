"""The border: what may be handed in as features, and how its rows are read from there on.

Letters: n samples (rows), d dimensions (columns).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
import torch

from seealike.errors import DataError, MisalignedSamples, NonFiniteError, ShapeError, TooFewSamples

#: What every public function takes as features: shape (n_samples, n_dims), never written to.
Array: TypeAlias = np.ndarray | torch.Tensor

#: Rows are read in blocks of about so many numbers (4 MiB of float64), whatever n is.
BLOCK_NUMBERS = 2**19

#: Features larger than 2 to this power, or smaller than 2 to minus it, are scaled before they are squared.
_EXTREME_EXPONENT = 200

_TORCH_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_TORCH_INTS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


@dataclass(frozen=True)
class Samples:
    """One model's features, checked: 2-D, numeric, finite. Made by `samples` only.

    Attributes:
        source: the caller's array itself, (n_samples, n_dims); it is only ever read.
        where: its name for error messages.
        largest: the largest magnitude among the features.
        exponent: `rows` are given in units of 2**exponent, so that no square of them overflows; 0 for all
            but extreme features.

    Example:
        >>> x = samples(np.array([[1.0, 5.0], [3.0, 2.0]], dtype=np.float32), "x")
        >>> (x.rows(slice(0, 1)) * x.unit).tolist(), x.dtype
        ([[1.0, 5.0]], torch.float32)
    """

    source: Array = field(repr=False)
    where: str
    largest: float
    exponent: int

    @property
    def n(self) -> int:
        """The number of samples."""
        return int(self.source.shape[0])

    @property
    def d(self) -> int:
        """The number of dimensions."""
        return int(self.source.shape[1])

    @property
    def unit(self) -> float:
        """The length of 1.0 in `rows`, in the caller's units: a power of two, so that scaling is exact."""
        return math.ldexp(1.0, self.exponent)

    @property
    def dtype(self) -> torch.dtype:
        """The precision of the tiles: float64 for float64 features, float32 for all others."""
        wide = (torch.float64, np.dtype(np.float64), np.dtype(np.longdouble))
        return torch.float64 if self.source.dtype in wide else torch.float32

    def fits(self, dtype: torch.dtype) -> bool:
        """Whether every feature is a number of this precision."""
        if dtype == torch.float64:
            return True
        exact = (np.float16, np.float32, np.uint8, np.int8, np.uint16, np.int16)
        if isinstance(self.source, np.ndarray):
            return self.source.dtype in [np.dtype(kind) for kind in exact]
        return self.source.dtype in (*_TORCH_FLOATS[:3], torch.uint8, torch.int8, torch.int16)

    def rows(
        self,
        which: slice | torch.Tensor,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float64,
    ) -> torch.Tensor:
        """A new tensor of these rows on the device (times `unit`: the features), float64 if not said otherwise."""
        rows = _converted(self.source, which, device, dtype)
        return rows.mul_(math.ldexp(1.0, -self.exponent)) if self.exponent else rows

    def select(self, which: np.ndarray) -> Samples:
        """Some of the rows, (k,) whole numbers, as samples of their own."""
        rows = torch.from_numpy(which) if isinstance(self.source, torch.Tensor) else which
        return replace(self, source=self.source[rows])

    def blocks(self) -> Iterator[slice]:
        """Consecutive slices that cover all rows, each of about `BLOCK_NUMBERS` numbers."""
        return _blocks(self.n, self.d)


def samples(value: Array, where: str, *, minimum: int = 1, wanted_by: str = "", look: bool = True) -> Samples:
    """The features, checked at the border.

    Args:
        value: a numpy array or a torch tensor, (n_samples, n_dims), of floats or integers.
        where: what to call it in errors.
        minimum: how many samples are needed at least.
        wanted_by: who needs so many, for the error.
        look: whether to look at every number; without, the samples are good for their shape alone.

    Raises:
        DataError: not an array, or not of numbers.
        ShapeError: not 2-D, or without dimensions.
        NonFiniteError: NaN or infinity; says how many and in which rows.
        TooFewSamples: fewer than `minimum` rows.

    Example:
        >>> samples(np.array([[1.0], [np.nan]]), "x")
        Traceback (most recent call last):
        ...
        seealike.errors.NonFiniteError: x: expected finite features, got 1 row with NaN or infinity (row 1). ...
    """
    _check_kind(value, where)
    if value.ndim != 2 or value.shape[1] == 0:
        raise ShapeError(
            where=where,
            expected="2-D features (n_samples, n_dims)",
            got=f"shape {tuple(value.shape)}",
            fix="Pool or flatten every sample to one row.",
        )
    if value.shape[0] < minimum:
        raise TooFewSamples(
            where=where,
            expected=f"at least {minimum} samples{wanted_by and f' for {wanted_by}'}",
            got=str(value.shape[0]),
            fix="Use more samples, or a measure that needs fewer.",
        )
    largest = _largest(value, where) if look else 0.0
    return Samples(value, where, largest, _exponent(largest))


def check_same_count(models: Mapping[str, Samples]) -> int:
    """The number of samples that all models have.

    Raises:
        MisalignedSamples: not all have the same; says which have how many.

    Example:
        >>> check_same_count({"a": samples(np.eye(3), "a"), "b": samples(np.ones((3, 7)), "b")})
        3
    """
    by_count: dict[int, list[str]] = {}
    for name, model in models.items():
        by_count.setdefault(model.n, []).append(name)
    if len(by_count) != 1:
        raise MisalignedSamples(
            where="features",
            expected="the same samples, in the same order, for every model",
            got="; ".join(f"{n} samples in {_some(names)}" for n, names in sorted(by_count.items())),
            fix="Join the rows by sample id before comparing.",
        )
    return next(iter(by_count))


def _check_kind(value: Array, where: str) -> None:
    if isinstance(value, torch.Tensor):
        good = value.dtype in _TORCH_FLOATS + _TORCH_INTS and value.layout == torch.strided
    else:
        good = isinstance(value, np.ndarray) and value.dtype.kind in "fiu"
        good = good and not isinstance(value, np.ma.MaskedArray)
    if not good:
        kind = f"{type(value).__module__}.{type(value).__qualname__}"
        raise DataError(
            where=where,
            expected="a dense numpy array or torch tensor of real numbers",
            got=f"{kind} of {value.dtype}" if hasattr(value, "dtype") else kind,
            fix="Convert it, for example with numpy.asarray(features, dtype='float32').",
        )


def _largest(value: Array, where: str) -> float:
    """The largest magnitude, or NonFiniteError; NaN and infinity show in the extremes."""
    largest = 0.0
    for block in _blocks(*value.shape):
        low, high = _extremes(value[block])
        if not (math.isfinite(low) and math.isfinite(high)):
            raise _non_finite(value, where)
        largest = max(largest, -low, high)
    return largest


def _extremes(block: Array) -> tuple[float, float]:
    if isinstance(block, torch.Tensor):
        low, high = torch.aminmax(block.detach())
        return float(low), float(high)
    with np.errstate(invalid="ignore"):
        return float(block.min()), float(block.max())


def _non_finite(value: Array, where: str) -> NonFiniteError:
    bad = list[int]()
    for block in _blocks(*value.shape):
        finite = torch.isfinite(_converted(value, block)).all(dim=1)
        bad += (torch.nonzero(~finite).flatten() + block.start).tolist()
    rows = ", ".join(map(str, bad[:5])) + (", …" if len(bad) > 5 else "")
    return NonFiniteError(
        where=where,
        expected="finite features",
        got=f"{len(bad)} row{'s' * (len(bad) > 1)} with NaN or infinity (row{'s' * (len(bad) > 1)} {rows})",
        fix="Extract these samples again, in float32, or leave them out of every model.",
    )


def _exponent(largest: float) -> int:
    exponent = math.frexp(largest)[1]
    # Below 2**-1000 the inverse would overflow; features that small stay a little below 1, harmlessly.
    return max(exponent, -1000) if abs(exponent) > _EXTREME_EXPONENT else 0


def _converted(
    value: Array,
    which: slice | torch.Tensor,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float64,
) -> torch.Tensor:
    # Always a copy: the caller's array may be read-only, and what is returned is worked on in place.
    if isinstance(value, torch.Tensor):
        moved = value[which].detach().to(device)  # in its own precision: half the bytes or less
        return moved.to(dtype, copy=True)
    some = value[which if isinstance(which, slice) else which.numpy()]
    kind = np.float64 if dtype == torch.float64 else np.float32
    return torch.from_numpy(np.array(some, dtype=kind, order="C")).to(device)


def _blocks(n: int, d: int) -> Iterator[slice]:
    step = max(1, BLOCK_NUMBERS // d)
    return (slice(start, min(start + step, n)) for start in range(0, n, step))


def _some(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
