"""Dot products or squared differences of all pairs of a few samples, to be looked up: features in float64, n × n out.

Equal rows give equal values to the last bit, in every place of the table, and it is symmetric to the last bit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import torch

from seealike.engine.workers import count_workers, in_order
from seealike.human.pair_blocks import centers, from_products

#: Rows of the table that are made at a time.
_ROWS = 128
#: Numbers of one block of differences: they lie in the processor's second-level cache.
_BLOCK_NUMBERS = 1 << 16


def all_squares(values: np.ndarray) -> np.ndarray:
    """Σ_c (x_c - y_c)² of all pairs of rows, from differences, not from products that cancel.

    Args:
        values: (n, d) float64.

    Returns:
        (n, n) float64, 0 on the diagonal.

    Example:
        >>> all_squares(np.array([[0.0], [3.0], [4.0]]))[0].tolist()
        [0.0, 9.0, 16.0]
    """
    rows = torch.from_numpy(values)
    made = np.empty((len(values), len(values)))
    for start in range(0, len(values), _ROWS):
        block = slice(start, start + _ROWS)
        far = torch.cdist(rows[block], rows[start:], compute_mode="donot_use_mm_for_euclid_dist").numpy()
        made[block, start:] = far * far
    return _mirrored(made)


def all_products(values: np.ndarray) -> np.ndarray:
    """Σ_c x_c y_c of all pairs of rows.

    Args:
        values: (n, d) float64.

    Returns:
        (n, n) float64.

    Example:
        >>> all_products(np.array([[1.0, 0.0], [3.0, 4.0]])).tolist()
        [[1.0, 3.0], [3.0, 25.0]]
    """
    # A matrix product adds up the places of a block in another order than those at its edge: equal rows share a place.
    first, kinds = _kinds(values)
    rows = torch.from_numpy(values[first])
    made = np.empty((len(first), len(first)))
    for start in range(0, len(first), _ROWS):
        made[start : start + _ROWS, start:] = (rows[start : start + _ROWS] @ rows[start:].T).numpy()
    made = _mirrored(made)
    return made if len(first) == len(values) else made[np.ix_(kinds, kinds)]


def sums_of_squares(values: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Σ_{i<j} t_ij (x_ic - x_jc)² of each column c; exactly 0 where no pair differs.

    The sums of x_ic² + x_jc² of centered columns less twice that of x_ic x_jc; columns that lose digits in that are
    done anew from their differences.

    Args:
        values: (n, d) float64.
        times: (n, n) how often each pair counts; what stands below the diagonal is passed over.

    Returns:
        (d,) float64.

    Example:
        >>> sums_of_squares(np.array([[0.0, 1.0], [3.0, 1.0]]), np.array([[0.0, 2.0], [9.0, 0.0]])).tolist()
        [18.0, 0.0]
    """
    upper = torch.from_numpy(np.triu(times, 1))
    with np.errstate(over="ignore", invalid="ignore"):  # whoever asks looks for infinity
        centered = values - centers(values)
        squares = (upper.sum(0) + upper.sum(1)).numpy() @ (centered * centered)
        products = np.einsum("ij,ij->j", centered, (upper @ torch.from_numpy(centered)).numpy())
        made, lost = from_products(squares, products)
    if lost.any():
        made[lost] = _sums_of_differences(values[:, lost], times)
    return made


def _sums_of_differences(values: np.ndarray, times: np.ndarray) -> np.ndarray:
    width = max(1, _BLOCK_NUMBERS // len(values))
    columns = range(0, values.shape[1], width)

    def step(start: int) -> np.ndarray:
        some = np.ascontiguousarray(values[:, start : start + width])
        total = np.zeros(some.shape[1])
        for row in range(len(some) - 1):
            gap = some[row + 1 :] - some[row]
            gap *= gap
            total += times[row, row + 1 :] @ gap
        return total

    parts: Iterator[np.ndarray] = in_order(step, columns, count_workers(torch.device("cpu")))
    return np.concatenate(list(parts))


def _kinds(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One row of each kind of equal ones, and the kind of each row."""
    seen: dict[bytes, int] = {}
    plain = values + 0.0  # 0 and -0 are equal
    kinds = [seen.setdefault(hashlib.blake2b(row.tobytes()).digest(), len(seen)) for row in plain]
    return np.unique(kinds, return_index=True)[1], np.array(kinds)


def _mirrored(made: np.ndarray) -> np.ndarray:
    """The upper triangle, on both sides."""
    for start in range(0, len(made), _ROWS):
        stop = min(start + _ROWS, len(made))
        square = made[start:stop, start:stop]
        square[...] = np.triu(square) + np.triu(square, 1).T
        made[stop:, start:stop] = made[start:stop, stop:].T
    return made
