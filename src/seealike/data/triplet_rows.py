"""Triplets as row numbers of a matrix: what they have to be."""

from __future__ import annotations

import numpy as np

from seealike.errors import DataError, MisalignedSamples, ShapeError


def checked_rows(triplets: np.ndarray, n_rows: int, *, where: str = "triplets") -> np.ndarray:
    """(n, 3) int64, if all are rows that exist and the three of a triplet differ.

    Args:
        triplets: (n, 3) whole numbers.
        n_rows: how many rows there are.
        where: for errors.

    Raises:
        ShapeError: not (n, 3) whole numbers.
        MisalignedSamples: a row that does not exist; says in which triplet.
        DataError: the same row twice in a triplet; says in which.

    Example:
        >>> checked_rows(np.array([[0, 1, 2], [0, 1, 1]]), 3)
        Traceback (most recent call last):
        ...
        seealike.errors.DataError: triplets, row 1: expected three different samples, got [0, 1, 1]. Leave it out.
    """
    rows = np.asarray(triplets)
    if rows.ndim != 2 or rows.shape[1] != 3 or rows.dtype.kind not in "iu":
        raise ShapeError(
            where=where,
            expected="row numbers, (n, 3)",
            got=f"{rows.dtype} of shape {rows.shape}",
            fix="Join the samples by id before they become row numbers.",
        )
    if len(rows) and (rows.min() < 0 or rows.max() >= n_rows):
        place = int(((rows < 0) | (rows >= n_rows)).any(axis=1).argmax())
        raise MisalignedSamples(
            where=f"{where}, row {place}",
            expected=f"rows from 0 to {n_rows - 1}",
            got=str(rows[place].tolist()),
            fix="Join the samples by id before they become row numbers.",
        )
    first, second, third = rows.T
    twice = (first == second) | (first == third) | (second == third)
    if twice.any():
        place = int(twice.argmax())
        raise DataError(
            where=f"{where}, row {place}",
            expected="three different samples",
            got=str(rows[place].tolist()),
            fix="Leave it out.",
        )
    return rows.astype(np.int64)
