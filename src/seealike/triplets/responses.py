"""How a teacher answers triplets: which pair is the most alike, and how much.

Letters: N images, d dimensions, n triplets, s_ab = z_a · z_b.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from seealike.data.features import warn_of_unit_rows
from seealike.data.triplet_rows import checked_rows
from seealike.engine.tiles import CPU
from seealike.engine.workers import count_workers, in_order
from seealike.errors import ShapeError

#: Triplets that a worker answers at a time.
_BLOCK = 2**14
#: Bytes of rows that are gathered at a time: they are read again while they are in the processor's cache.
_CACHED = 2**19


@dataclass(frozen=True)
class Responses:
    """Triplets with the odd one last, and the similarities that say so.

    Attributes:
        triplets: (n, 3) int64 rows of the features, the odd one last.
        similarities: (n, 3) float32, [s01, s02, s12]; s01 is the largest.
    """

    triplets: np.ndarray = field(repr=False)
    similarities: np.ndarray = field(repr=False)


def respond(features: np.ndarray, triplets: np.ndarray) -> Responses:
    """Answer triplets by inner products: the odd one is left out by the most similar pair.

    s_ab = z_a · z_b of the features as they are: their scale carries how sure the teacher is, so nothing is normalized.
    Soft targets are softmax([s01, s02, s12]). Of equal similarities the first in the order 01, 02, 12 is taken.

    Args:
        features: (N, d) floats, in the teacher's (transformed) space; a memory map will do: only the rows of a few
            triplets are copied at a time.
        triplets: (n, 3) rows of `features`, in any order.

    Returns:
        The triplets with the odd one last and their similarities; the order of the first two is kept.

    Raises:
        ShapeError: features that are not 2-D, or triplets that are not (n, 3).
        DataError: a triplet with a row that does not exist, or with one row twice; says which.

    Warns:
        UserWarning: all rows have one length: somebody normalized them.

    Example:
        >>> z = np.array([[1.0, 0.0], [0.0, 1.0], [0.9, 0.1]], dtype=np.float32)
        >>> made = respond(z, np.array([[0, 1, 2]]))
        >>> made.triplets.tolist(), made.similarities.round(2).tolist()
        ([[0, 2, 1]], [[0.8999999761581421, 0.0, 0.10000000149011612]])

    Source:
        Muttenthaler et al., «Aligning machine and human visual representations across abstraction levels», Nature 2025.
    """
    if features.ndim != 2:
        raise ShapeError(
            where="features",
            expected="(n_samples, n_dims)",
            got=str(features.shape),
            fix="Pool them to one row.",
        )
    triplets = checked_rows(triplets, len(features))
    warn_of_unit_rows(features)
    ordered = np.empty_like(triplets)
    similarities = np.empty(triplets.shape, dtype=np.float32)
    parts = [slice(start, start + _BLOCK) for start in range(0, len(triplets), _BLOCK)]
    answers = in_order(lambda part: _answered(features, triplets[part]), parts, count_workers(CPU))
    for part, answer in zip(parts, answers, strict=True):
        ordered[part], similarities[part] = answer
    return Responses(ordered, similarities)


def _answered(features: np.ndarray, triplets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    found = np.empty((len(triplets), 3, 1, 1), dtype=np.float32)
    step = max(1, _CACHED // (3 * max(1, features[:1].nbytes)))
    rows = np.empty((3 * step, features.shape[1]), dtype=features.dtype)
    for start in range(0, len(triplets), step):
        some = triplets[start : start + step].ravel()
        # The rows were checked; "clip" spares numpy the buffer it would need to fail halfway.
        np.take(features, some, axis=0, out=rows[: len(some)], mode="clip")
        three = rows[: len(some)].reshape(-1, 3, features.shape[1]).astype(np.float32, copy=False)
        for pair, (a, b) in enumerate(((0, 1), (0, 2), (1, 2))):
            np.matmul(three[:, a, None, :], three[:, b, :, None], out=found[start : start + step, pair])
    flat = found.reshape(-1, 3)
    best = flat.argmax(axis=1)
    order = np.array([[0, 1, 2], [0, 2, 1], [1, 2, 0]])[best]
    # Which similarity is that of the new pairs 01, 02, 12.
    moved = np.array([[0, 1, 2], [1, 0, 2], [2, 0, 1]])[best]
    return np.take_along_axis(triplets, order, axis=1), np.take_along_axis(flat, moved, axis=1)
