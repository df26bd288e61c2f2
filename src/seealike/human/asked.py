"""Which pairs of samples must be compared to know what a model would have answered."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from seealike.data.judgements import Choices, HumanRdm, Ratings, SamePairs, Trials

#: What people can be asked.
Asked: TypeAlias = Trials | Choices | Ratings | SamePairs | HumanRdm


def pairs_asked(judged: Asked) -> np.ndarray:
    """The pairs that a score of these judgements is made of.

    Args:
        judged: what people said.

    Returns:
        Sample ids or row numbers, the two of a pair in the last axis: (n, 3, 2) for trials (0 and 1, 0 and 2, 1 and
        2 of each triplet), (n, 2, 2) for choices (the reference and each alternative), (n, 2) for ratings and
        sameness, and the strict upper triangle, row by row, for a matrix.

    Example:
        >>> pairs_asked(Trials(np.array([["cat", "dog", "car"]]))).tolist()
        [[['cat', 'dog'], ['cat', 'car'], ['dog', 'car']]]
    """
    if isinstance(judged, Trials):
        return judged.triplets[:, [[0, 1], [0, 2], [1, 2]]]
    if isinstance(judged, Choices):
        return judged.samples[:, [[0, 1], [0, 2]]]
    if isinstance(judged, Ratings):
        return np.stack([judged.references, judged.distorted], axis=1)
    if isinstance(judged, SamePairs):
        return np.stack([judged.first, judged.second], axis=1)
    names = np.array(judged.sample_ids)
    return np.stack([names[side] for side in np.triu_indices(len(names), 1)], axis=1)
