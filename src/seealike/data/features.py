"""Features: what one layer of one model gives for the samples of one dataset."""

from __future__ import annotations

import warnings
from dataclasses import InitVar, dataclass, replace
from functools import lru_cache

import numpy as np

from seealike.data.identity import FeatureKey
from seealike.errors import MisalignedSamples, NonFiniteError, ShapeError

_BLOCK_NUMBERS = 1 << 18


@dataclass(frozen=True)
class Features:
    """A feature matrix whose rows know which samples they are.

    Attributes:
        values: (n_samples, n_dims), floating, finite; may be a read-only memory map.
        sample_ids: n_samples unique ids; rows are joined by id, never by position.
        key: what made these numbers; None for features that came from elsewhere.
        finite: whether the values are known to be finite; if not, every one of them is looked at.

    Raises:
        ShapeError: not 2-D, or not one id a row.
        MisalignedSamples: an id stands twice.
        NonFiniteError: NaN or infinity (the message names the rows).

    Example:
        >>> import numpy as np
        >>> f = Features(np.eye(3, dtype=np.float32), ("a", "b", "c"))
        >>> f.select(["c", "a"]).values.tolist()
        [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    """

    values: np.ndarray
    sample_ids: tuple[str, ...]
    key: FeatureKey | None = None
    finite: InitVar[bool] = False

    def __post_init__(self, finite: bool) -> None:
        where = f"features of {self.key.model} on {self.key.dataset}" if self.key else "Features"
        if self.values.ndim != 2 or len(self.sample_ids) != len(self.values):
            raise ShapeError(
                where=where,
                expected="a 2-D array with one sample id a row",
                got=f"shape {self.values.shape} and {len(self.sample_ids)} ids",
                fix="Pool to one row a sample and give every row its id.",
            )
        twice = _twice(tuple(self.sample_ids))
        if twice is not None:
            raise MisalignedSamples(
                where=where, expected="unique sample ids", got=f"{twice!r} twice", fix="Drop the duplicates."
            )
        bad = [] if finite else non_finite_rows(self.values)
        if len(bad):
            rows = ", ".join(self.sample_ids[i] for i in bad[:5])
            raise NonFiniteError(
                where=where,
                expected="finite values",
                got=f"NaN or infinity in {len(bad)} of {len(self.values)} rows ({rows}{', …' * (len(bad) > 5)})",
                fix="Look at these samples, or read the layer in float32.",
            )

    def select(self, sample_ids: list[str] | tuple[str, ...]) -> Features:
        """The rows of these samples, in this order.

        Raises:
            MisalignedSamples: a sample is not here.
        """
        if tuple(sample_ids) == self.sample_ids:
            return self
        row = {name: i for i, name in enumerate(self.sample_ids)}
        missing = [name for name in sample_ids if name not in row]
        if missing:
            raise MisalignedSamples(
                where=self.key.model if self.key else "Features",
                expected=f"all {len(sample_ids)} samples",
                got=f"{len(missing)} missing ({', '.join(missing[:5])}{', …' * (len(missing) > 5)})",
                fix="Extract or import the features of these samples too.",
            )
        values = self.values[[row[name] for name in sample_ids]]
        return replace(self, values=values, sample_ids=tuple(sample_ids), finite=True)

    def normalized(self) -> Features:
        """These features with every row divided by its length (a row of zeros stays zero).

        Example:
            >>> import numpy as np
            >>> Features(np.array([[3.0, 4.0]]), ("a",)).normalized().values.tolist()
            [[0.6, 0.8]]
        """
        key = self.key and replace(self.key, normalization="unit_rows")
        return replace(self, values=unit_rows(self.values), key=key, finite=True)


def non_finite_rows(values: np.ndarray) -> list[int]:
    """The rows with NaN or infinity; memory maps are looked at block by block.

    Example:
        >>> import numpy as np
        >>> non_finite_rows(np.array([[1.0, 2.0], [np.inf, 0.0]]))
        [1]
    """
    bad: list[int] = []
    for rows in row_blocks(values.shape):
        finite = np.isfinite(values[rows])
        if not finite.all():
            bad += (np.flatnonzero(~finite.all(axis=1)) + rows.start).tolist()
    return bad


def unit_rows(values: np.ndarray) -> np.ndarray:
    """A new array with every row divided by its length (a row of zeros stays zero), in the same precision.

    Example:
        >>> import numpy as np
        >>> unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
        [[0.6, 0.8], [0.0, 0.0]]
    """
    result = np.empty(values.shape, values.dtype)
    for rows in row_blocks(values.shape):
        block = values[rows].astype(np.float64)
        norms = np.linalg.norm(block, axis=1, keepdims=True)
        result[rows] = block / np.where(norms > 0, norms, 1)
    return result


def warn_of_unit_rows(values: np.ndarray) -> None:
    """Warn where all rows (of the first thousand) have one length: how sure a model is went with their lengths.

    Warns:
        UserWarning: they look normalized.

    Example:
        >>> import numpy as np
        >>> with warnings.catch_warnings(record=True, action="always") as doubts:
        ...     warn_of_unit_rows(np.array([[3.0, 4.0], [5.0, 0.0]]))
        >>> str(doubts[0].message).split(":")[0]
        "the features' rows all have the length 5"
    """
    lengths = np.linalg.norm(np.asarray(values[:1000], dtype=np.float64), axis=1)
    if len(lengths) > 1 and np.allclose(lengths, lengths[0], rtol=1e-4):
        warnings.warn(
            f"the features' rows all have the length {lengths[0]:.3g}: they look normalized, and the scale carries how "
            "sure the model is. Take features as the model, or its transform, gives them.",
            UserWarning,
            stacklevel=3,
        )


def row_blocks(shape: tuple[int, ...]) -> list[slice]:
    """Consecutive slices that cover all rows, each of a few megabytes.

    Example:
        >>> row_blocks((3, 200_000))
        [slice(0, 1, None), slice(1, 2, None), slice(2, 3, None)]
    """
    step = max(1, _BLOCK_NUMBERS // max(1, shape[1]))
    return [slice(first, min(first + step, shape[0])) for first in range(0, shape[0], step)]


@lru_cache(maxsize=4)
def _twice(names: tuple[str, ...]) -> str | None:
    """The first name that stands twice; None where all are different. Models of one dataset share their names."""
    if len(set(names)) == len(names):
        return None
    seen: set[str] = set()
    return next(name for name in names if name in seen or seen.add(name))
