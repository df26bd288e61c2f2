"""Dot products or squared differences of many pairs of rows, block by block: float64 sums of features as they lie.

Nothing of the size pairs × dimensions is ever held. Where there are fewer pairs of samples than pairs that are
asked for, all are done once (`pair_tables`) and looked up; where there are many for every sample, they are done in an
order that fetches rows from memory seldom (`pair_blocks`).

Letters: n judgements, k samples in each, d dimensions, M samples.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch

from seealike.engine.workers import count_workers, in_order
from seealike.errors import NonFiniteError
from seealike.human.pair_blocks import Sides, pair_products, pair_squares, pays, sums_of_pair_squares
from seealike.human.pair_tables import all_products, all_squares, sums_of_squares

#: Numbers of one block: they lie in the processor's second-level cache.
_BLOCK_NUMBERS = 1 << 17
_BLOCKS_A_TASK = 16
#: A table of all pairs of samples has at most so many entries (256 MiB).
_TABLE_ENTRIES = 1 << 25
#: Features that such a table is made of have at most so many numbers (512 MiB).
_TABLE_NUMBERS = 1 << 26
#: Judgements that are looked up at a time.
_LOOK_UPS = 1 << 15


@dataclass(frozen=True)
class Rows:
    """Rows of features, and what is done to them on the way.

    Attributes:
        values: (M, d) float32 or float64.
        shift: (M,) what is subtracted from all of a row.
        scale: (M,) what a row is then multiplied by.
        weights: (d,) what each dimension of a squared difference is multiplied by.
        inner: dot products, not squared differences.
    """

    values: np.ndarray
    shift: np.ndarray | None = None
    scale: np.ndarray | None = None
    weights: np.ndarray | None = None
    inner: bool = False

    def take(self, rows: np.ndarray) -> np.ndarray:
        """(len(rows), d) float64."""
        taken = self.values.take(rows, axis=0).astype(np.float64, copy=False)
        if self.shift is not None:
            taken -= self.shift[rows, None]
        if self.scale is not None:
            taken *= self.scale[rows, None]
        return taken


def compared(rows: Rows, members: np.ndarray, sides: Sides) -> np.ndarray:
    """Σ_c x_c y_c or Σ_c w_c (x_c - y_c)² for pairs of each judgement's samples.

    Args:
        rows: the features.
        members: (n, k) row numbers.
        sides: which of the k are compared.

    Returns:
        (n, len(sides)) float64; equal rows give equal values, to the last bit.

    Raises:
        NonFiniteError: a sum that overflows.

    Example:
        >>> compared(Rows(np.array([[0.0, 0], [3, 4]])), np.array([[0, 1]]), ((0, 1),)).tolist()
        [[25.0]]
    """
    if members.size == 0:
        return np.zeros((len(members), len(sides)))
    if _tabled(rows, members, sides):
        result = _looked_up(rows, members, sides)
    elif _blocks_pay(rows, members, sides):
        result = _by_blocks(rows, members, sides)
    else:
        result = _direct(rows, members, sides)
    if not np.isfinite(result).all():
        raise NonFiniteError(
            where="distances",
            expected="finite sums",
            got="infinity",
            fix="Divide the features by their largest magnitude.",
        )
    return result


def mean_squares(rows: Rows, members: np.ndarray, sides: Sides) -> np.ndarray:
    """The mean squared difference of each dimension over all the pairs.

    Example:
        >>> mean_squares(Rows(np.array([[0.0, 1], [4, 1]])), np.array([[0, 1]]), ((0, 1),)).tolist()
        [16.0, 0.0]
    """
    plain = replace(rows, weights=None, inner=False)
    if _tabled(rows, members, sides):
        n = len(rows.values)
        codes = (members[:, x] * n + members[:, y] for x, y in sides)
        times = np.sum(
            [np.bincount(one, minlength=n * n) for one in codes], axis=0, dtype=np.float64
        ).reshape(n, n)
        sums = sums_of_squares(plain.take(np.arange(n)), times + times.T)
    elif _blocks_pay(plain, members, sides):
        every = _prepared(plain)
        sums, lost = sums_of_pair_squares(every, members, sides)
        if lost.any():
            sums[lost] = _direct_squares(Rows(every[:, lost]), members, sides)
    else:
        sums = _direct_squares(plain, members, sides)
    return sums / (len(members) * len(sides))


def _direct_squares(rows: Rows, members: np.ndarray, sides: Sides) -> np.ndarray:

    def step(task: slice) -> np.ndarray:
        total = np.zeros(rows.values.shape[1])
        for block in _blocks(members, rows, task):
            taken = [rows.take(column) for column in members[block].T]
            for x, y in sides:
                gap = taken[x] - taken[y]
                gap *= gap
                total += gap.sum(axis=0)
        return total

    return np.sum(list(in_order(step, _tasks(members, rows), count_workers(torch.device("cpu")))), axis=0)


def _direct(rows: Rows, members: np.ndarray, sides: Sides) -> np.ndarray:
    root = None if rows.weights is None else np.sqrt(rows.weights)
    made = np.empty((len(members), len(sides)))

    def step(task: slice) -> None:
        for block in _blocks(members, rows, task):
            taken = [rows.take(column) for column in members[block].T]
            for place, (x, y) in enumerate(sides):
                left, right = taken[x], taken[y]
                if not rows.inner:
                    left = right = left - right
                    if root is not None:
                        left *= root
                np.einsum("ij,ij->i", left, right, out=made[block, place])

    for _ in in_order(step, _tasks(members, rows), count_workers(torch.device("cpu"))):
        pass
    return made


def _tasks(members: np.ndarray, rows: Rows) -> Iterator[slice]:
    """What one worker does at a time: many blocks, so that handing them out costs nothing."""
    size = _BLOCKS_A_TASK * _block(members, rows)
    return (slice(start, min(start + size, len(members))) for start in range(0, len(members), size))


def _blocks(members: np.ndarray, rows: Rows, task: slice) -> Iterator[slice]:
    size = _block(members, rows)
    return (slice(start, min(start + size, task.stop)) for start in range(task.start, task.stop, size))


def _block(members: np.ndarray, rows: Rows) -> int:
    return max(16, _BLOCK_NUMBERS // (rows.values.shape[1] * members.shape[1]))


def _tabled(rows: Rows, members: np.ndarray, sides: Sides) -> bool:
    """Whether a table of all pairs of samples pays."""
    n, n_dims = rows.values.shape
    return n * n <= min(_TABLE_ENTRIES, 4 * len(members) * len(sides)) and n * n_dims <= _TABLE_NUMBERS


def _blocks_pay(rows: Rows, members: np.ndarray, sides: Sides) -> bool:
    n, n_dims = rows.values.shape
    return n * n_dims <= _TABLE_NUMBERS and pays(n, n_dims, len(members) * len(sides))


def _by_blocks(rows: Rows, members: np.ndarray, sides: Sides) -> np.ndarray:
    make = pair_products if rows.inner else pair_squares
    return make(_prepared(rows), members, sides)


def _prepared(rows: Rows) -> np.ndarray:
    """(M, d) all rows, weighted, so that only products or squared differences are left to do."""
    every = rows.take(np.arange(len(rows.values)))
    if rows.weights is not None:
        every *= np.sqrt(rows.weights)
    return every


def _looked_up(rows: Rows, members: np.ndarray, sides: Sides) -> np.ndarray:
    n, every = len(rows.values), _prepared(rows)
    table = (all_products(every) if rows.inner else all_squares(every)).ravel()
    made = np.empty((len(members), len(sides)))

    def step(start: int) -> None:
        some = members[start : start + _LOOK_UPS].T.copy()
        for place, (x, y) in enumerate(sides):
            made[start : start + _LOOK_UPS, place] = table.take(some[x] * n + some[y])

    starts = range(0, len(members), _LOOK_UPS)
    for _ in in_order(step, starts, count_workers(torch.device("cpu"))):
        pass
    return made
