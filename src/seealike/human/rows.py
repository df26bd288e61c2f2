"""Which rows of the features the judged samples are: joined by id, or checked row numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from seealike.data.features import Features
from seealike.errors import DataError, MisalignedSamples
from seealike.numerics.checks import Array, samples


@dataclass(frozen=True)
class Located:
    """Features, and the rows of the samples of each judgement.

    Attributes:
        values: (n_samples, n_dims) floats, finite.
        members: (n, k) row numbers.
        places: (n_samples,) the place of each row's id among all ids; None where samples were given as row numbers.
    """

    values: np.ndarray
    members: np.ndarray
    places: np.ndarray | None = None

    @property
    def samples(self) -> np.ndarray:
        """(n, k) numbers of the samples, in the same order for all features of the same samples."""
        return self.members if self.places is None else self.places[self.members]


def located(
    features: Features | Array,
    members: np.ndarray | Sequence[Sequence[object]],
    *,
    ids: Sequence[str] | None = None,
    where: str = "features",
) -> Located:
    """The features as an array, and the judged samples as its rows.

    Args:
        features: `Features`, or an array (n_samples, n_dims).
        members: (n, k) sample ids, or row numbers from 0.
        ids: one id a row, for features that are an array.
        where: for errors.

    Raises:
        DataError: features as for `seealike.pairwise`; members that are neither ids nor whole numbers.
        MisalignedSamples: a judged sample that the features lack; says which and in which row.

    Example:
        >>> located(np.eye(3), [["b", "a"]], ids=["a", "b", "c"]).members.tolist()
        [[1, 0]]
        >>> located(np.eye(3), [[1, 3]])
        Traceback (most recent call last):
        ...
        seealike.errors.MisalignedSamples: features: expected row numbers from 0 to 2, got 3 in row 0. Row numbers \
count from 0: these look as if they count from 1, then subtract 1.
    """
    if isinstance(features, Features):
        values, ids = features.values, features.sample_ids
    else:
        values = features
    checked = samples(values, where)
    rows = row_numbers(members, checked.n, ids=ids, where=where)
    if ids is None or np.asarray(members).dtype.kind in "iu":
        return Located(_floats(values), rows)
    return Located(_floats(values), rows, np.unique(np.asarray(ids, dtype=str), return_inverse=True)[1])


def row_numbers(
    members: np.ndarray | Sequence[Sequence[object]], n: int, *, ids: Sequence[str] | None, where: str
) -> np.ndarray:
    """The rows of judged samples.

    Args:
        members: (m, …) sample ids, or row numbers from 0.
        n: how many rows there are.
        ids: one a row, where members are ids.
        where: for errors.

    Returns:
        Whole numbers in the shape of `members`.

    Raises:
        DataError: members that are neither ids nor whole numbers.
        MisalignedSamples: a judged sample that is not there; says which and in which row.

    Example:
        >>> row_numbers([["b", "a"]], 2, ids=["a", "b"], where="features").tolist()
        [[1, 0]]
    """
    array = np.asarray(members)
    kind = array.dtype.kind
    if kind in "iu":
        rows = _numbers(array, n, where)
    elif kind in "UTO":
        rows = _by_id(array, ids, where)
    else:
        raise DataError(
            where=where,
            expected="samples by id or by row number",
            got=f"{array.dtype} values",
            fix="Give texts or whole numbers.",
        )
    if ids is not None and len(ids) != n:
        raise MisalignedSamples(
            where=where, expected=f"{n} ids, one a row", got=str(len(ids)), fix="Give all of them."
        )
    return rows


def _numbers(array: np.ndarray, n: int, where: str) -> np.ndarray:
    if array.size == 0 or (array.min() >= 0 and array.max() < n):
        return array.astype(np.int64, copy=False)
    low, high = int(array.min()), int(array.max())
    bad = low if low < 0 else high
    from_one = low == 1 and high == n
    raise MisalignedSamples(
        where=where,
        expected=f"row numbers from 0 to {n - 1}",
        got=f"{bad} in row {int(np.argwhere(array == bad)[0, 0])}",
        fix="Row numbers count from 0: these look as if they count from 1, then subtract 1."
        if from_one
        else "Give the features of all judged samples.",
    )


def _by_id(array: np.ndarray, ids: Sequence[str] | None, where: str) -> np.ndarray:
    if ids is None:
        raise MisalignedSamples(
            where=where,
            expected="features that know their samples' ids",
            got="an array",
            fix="Pass seealike.Features, or `ids=`, one a row.",
        )
    row_of = {name: row for row, name in enumerate(ids)}
    if len(row_of) != len(ids):
        raise MisalignedSamples(
            where=where, expected="different ids", got="an id twice", fix="Drop the duplicates."
        )
    names, inverse = np.unique(array.astype(str), return_inverse=True)
    missing = [name for name in names.tolist() if name not in row_of]
    if missing:
        row = int(np.argwhere(array.astype(str) == missing[0])[0, 0])
        raise MisalignedSamples(
            where=where,
            expected="features of all judged samples",
            got=f"none of {len(missing)} of {len(names)} (first {missing[0]!r}, row {row})",
            fix="Extract or import the features of these samples too.",
        )
    rows = np.array([row_of[name] for name in names.tolist()], dtype=np.int64)
    return rows[inverse].reshape(array.shape)


def _floats(values: Array) -> np.ndarray:
    if isinstance(values, torch.Tensor):
        tensor = values.detach().cpu()
        values = (tensor if tensor.dtype in (torch.float32, torch.float64) else tensor.float()).numpy()
    if values.dtype in (np.dtype(np.float32), np.dtype(np.float64)):
        return values
    return values.astype(np.float32 if values.dtype == np.float16 else np.float64)
