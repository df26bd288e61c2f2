"""Features: what one layer of one model gives for the samples of one dataset."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from seealike.data.identity import FeatureKey
from seealike.errors import MisalignedSamples, NonFiniteError, ShapeError


@dataclass(frozen=True)
class Features:
    """A feature matrix whose rows know which samples they are.

    Attributes:
        values: (n_samples, n_dims), floating, finite; may be a read-only memory map.
        sample_ids: n_samples unique ids; rows are joined by id, never by position.
        key: what made these numbers; None for features that came from elsewhere.

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

    def __post_init__(self) -> None:
        where = f"features of {self.key.model} on {self.key.dataset}" if self.key else "Features"
        if self.values.ndim != 2 or len(self.sample_ids) != len(self.values):
            raise ShapeError(
                where=where,
                expected="a 2-D array with one sample id a row",
                got=f"shape {self.values.shape} and {len(self.sample_ids)} ids",
                fix="Pool to one row a sample and give every row its id.",
            )
        if len(set(self.sample_ids)) != len(self.sample_ids):
            twice = next(i for n, i in enumerate(self.sample_ids) if i in self.sample_ids[:n])
            raise MisalignedSamples(
                where=where, expected="unique sample ids", got=f"{twice!r} twice", fix="Drop the duplicates."
            )
        bad = np.flatnonzero(~np.isfinite(self.values).all(axis=1))
        if bad.size:
            rows = ", ".join(self.sample_ids[i] for i in bad[:5])
            raise NonFiniteError(
                where=where,
                expected="finite values",
                got=f"NaN or infinity in {bad.size} of {len(self.values)} rows ({rows}{', …' * (bad.size > 5)})",
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
                fix="Extract the features again for this dataset.",
            )
        return replace(
            self, values=self.values[[row[name] for name in sample_ids]], sample_ids=tuple(sample_ids)
        )

    def normalized(self) -> Features:
        """These features with every row divided by its length (a row of zeros stays zero).

        Example:
            >>> import numpy as np
            >>> Features(np.array([[3.0, 4.0]]), ("a",)).normalized().values.tolist()
            [[0.6, 0.8]]
        """
        norms = np.linalg.norm(self.values.astype(np.float64), axis=1, keepdims=True)
        values = (self.values / np.where(norms > 0, norms, 1)).astype(self.values.dtype)
        return replace(self, values=values, key=self.key and replace(self.key, normalization="unit_rows"))
