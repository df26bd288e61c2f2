"""In which order samples are read so that few of them must be held until the samples they are compared with come.

Letters: N samples that are in a pair, P distinct pairs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components, reverse_cuthill_mckee


@dataclass(frozen=True)
class PairOrder:
    """Samples in reading order, and the pairs between them.

    Attributes:
        samples: (N,) rows of the dataset; a *position* is a place in this order.
        left: (P,) position of the earlier sample of each distinct pair.
        right: (P,) position of the later one; ascending.
        places: set of pairs -> which of the distinct pairs each of its pairs is, in the shape of the set.
        last_use: (N,) position of the last sample that each is compared with.
        parts: (N,) the number of each sample's part: no pair goes from one part to another, and the samples of a part
            are neighbors in the order.
    """

    samples: np.ndarray
    left: np.ndarray
    right: np.ndarray
    places: Mapping[str, np.ndarray]
    last_use: np.ndarray
    parts: np.ndarray

    def members(self, name: str) -> np.ndarray:
        """(N,) bool, which positions are in a pair of this set."""
        inside = np.zeros(len(self.samples), bool)
        places = self.places[name].ravel()
        inside[self.left[places]] = inside[self.right[places]] = True
        return inside

    def too_wide(self, batch: int, room: int) -> np.ndarray:
        """Which samples belong to a part that needs more than `room` samples held after some batch.

        Args:
            batch: samples that are read at a time.
            room: samples that may be held.

        Returns:
            (N,) bool.
        """
        n = len(self.samples)
        # Position i is held after the positions below e were read, for every e from i + 1 to its last use.
        released = np.bincount(self.last_use + 1, minlength=n + 1).cumsum()
        ends = np.minimum(np.arange(batch, n + batch, batch), n)
        held = ends - released[ends]
        return np.isin(self.parts, self.parts[ends - 1][held > room])


def ordered(pairs: Mapping[str, np.ndarray]) -> PairOrder:
    """An order of the samples in which those of a pair stand near each other, the reference before its variants.

    Parts without a pair between them follow one another; within a part the order is Cuthill and McKee's: breadth
    first, from a sample in few pairs. Of a reference with k variants two samples are held at a time, not k.

    Args:
        pairs: set -> (…, 2) row numbers.

    Returns:
        The order; equal pairs, and pairs the other way round, are one.

    Example:
        >>> found = ordered({"a": np.array([[9, 4], [9, 7], [4, 9]])})
        >>> found.samples.tolist(), found.left.tolist(), found.right.tolist(), found.places["a"].tolist()
        ([4, 9, 7], [0, 1], [1, 2], [0, 1, 0])

    Source:
        Cuthill & McKee 1969, "Reducing the bandwidth of sparse symmetric matrices".
    """
    every = np.concatenate([some.reshape(-1, 2) for some in pairs.values()])
    rows, inner = np.unique(every, return_inverse=True)
    inner = inner.reshape(-1, 2)
    n = len(rows)
    graph = csr_matrix((np.ones(len(inner), dtype=np.int8), (inner[:, 0], inner[:, 1])), shape=(n, n))
    order, parts = _order(graph + graph.T)
    positions = np.empty(n, dtype=np.int64)
    positions[order] = np.arange(n)
    at = np.sort(positions[inner], axis=1)
    codes, which = np.unique(at[:, 1] * n + at[:, 0], return_inverse=True)
    right, left = np.divmod(codes, n)
    last = np.arange(n)
    np.maximum.at(last, left, right)
    ends = np.cumsum([some.size // 2 for some in pairs.values()])
    shares = np.split(which.reshape(-1), ends[:-1])
    places = {
        name: share.reshape(some.shape[:-1])
        for (name, some), share in zip(pairs.items(), shares, strict=True)
    }
    return PairOrder(rows[order], left, right, places, last, parts[order])


def _order(graph: csr_matrix) -> tuple[np.ndarray, np.ndarray]:
    """Cuthill and McKee's order with the parts one after another, and the part of each sample."""
    parts = connected_components(graph, directed=False)[1]
    order = reverse_cuthill_mckee(graph, symmetric_mode=True)[::-1]
    first = np.unique(parts[order], return_index=True)[1]  # where each part begins
    return order[np.argsort(first[parts[order]], kind="stable")], parts
