"""Judgements of the same samples, brought together: how often each alternative was chosen.

Letters: n judgements, U units (distinct sets of samples), K alternatives.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Row numbers below this can be packed, three in one number of 63 bits.
_PACKED = 1 << 21


@dataclass(frozen=True)
class Tally:
    """Odd-one-out trials counted by triplet.

    Attributes:
        units: (n,) the triplet of each trial, whatever the order of its samples.
        places: (n,) which of the triplet's samples, in ascending order of their numbers, was called odd.
        first: (U,) one trial of each triplet.
        counts: (U, 3) how often each of its samples was called odd.
    """

    units: np.ndarray
    places: np.ndarray
    first: np.ndarray
    counts: np.ndarray

    @property
    def repeated(self) -> bool:
        """Whether any triplet was judged more than once."""
        return len(self.counts) < len(self.units)


def tallied(members: np.ndarray) -> Tally:
    """Count trials by triplet.

    Args:
        members: (n, 3) numbers of the samples, the odd one last.

    Example:
        >>> made = tallied(np.array([[7, 3, 5], [5, 3, 7], [3, 7, 5]]))
        >>> made.units.tolist(), made.places.tolist(), made.counts.tolist()
        ([0, 0, 0], [1, 2, 1], [[0, 2, 1]])
    """
    one, other, odd = np.array(members.T, order="C")
    low, high = np.minimum(one, other), np.maximum(one, other)
    places = (odd > low).astype(np.int64) + (odd > high)
    units, first = _numbered(members, odd, low, high)
    counts = np.bincount(3 * units + places, minlength=3 * len(first)).reshape(-1, 3)
    return Tally(units, places, first, counts)


def numbered(samples: np.ndarray) -> np.ndarray:
    """Ids as numbers, whole numbers as they are.

    Example:
        >>> numbered(np.array([["b", "a", "c"]])).tolist()
        [[1, 0, 2]]
    """
    if samples.dtype.kind in "iu":
        return samples.astype(np.int64, copy=False)
    return np.unique(samples.astype(str), return_inverse=True)[1].reshape(samples.shape)


def _numbered(
    members: np.ndarray, odd: np.ndarray, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    if members.size and members.min() >= 0 and members.max() < _PACKED:
        least, most = np.minimum(low, odd), np.maximum(high, odd)
        middle = np.maximum(low, np.minimum(high, odd))
        base = int(members.max()) + 1
        return _grouped((least * base + middle) * base + most)
    ordered = np.sort(members, axis=1)
    return _grouped(np.unique(ordered, axis=0, return_inverse=True)[1].reshape(-1))


def _grouped(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Equal codes numbered in ascending order, and one place of each: much faster than `numpy.unique`."""
    order = _ascending(codes)
    ascending = codes[order]
    new = np.ones(len(codes), dtype=bool)
    np.not_equal(ascending[1:], ascending[:-1], out=new[1:])
    units = np.empty(len(codes), dtype=np.int64)
    units[order] = np.cumsum(new) - 1
    return units, order[new]


def _ascending(codes: np.ndarray) -> np.ndarray:
    """Like `codes.argsort(kind="stable")` of codes ≥ 0: each with its place behind it is sorted as one number.

    Sorting values is several times faster than sorting places. What does not fit into 63 bits is left out first, and
    the few codes that are then alike are put in order afterwards.
    """
    bits = len(codes).bit_length()
    left_out = max(0, int(codes.max(initial=0)).bit_length() + bits - 63)
    packed = ((codes >> left_out) << bits) | np.arange(len(codes))
    packed.sort()
    order = packed & ((1 << bits) - 1)
    if left_out:
        packed >>= bits
        alike = np.zeros(len(codes), dtype=bool)
        np.equal(packed[1:], packed[:-1], out=alike[1:])
        alike[:-1] |= alike[1:]
        some = order[alike]
        order[alike] = some[np.argsort(codes[some], kind="stable")]
    return order
