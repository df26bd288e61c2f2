"""What judgements are about: the samples of each, and which pairs of them a model is asked for."""

from __future__ import annotations

import hashlib
from typing import TypeAlias

import numpy as np

from seealike.data.identity import canonical
from seealike.data.judgements import Choices, HumanRdm, Ratings, SamePairs, Trials

#: Whatever people were asked.
Judged: TypeAlias = Trials | Choices | Ratings | SamePairs | HumanRdm
#: Pairs of positions among the samples of a judgement.
Pairs: TypeAlias = tuple[tuple[int, int], ...]


def asked(judged: Judged) -> tuple[np.ndarray, Pairs]:
    """The samples of each judgement, and the pairs of them whose distance decides.

    Args:
        judged: n judgements; a matrix of m samples counts as n = m (m - 1) / 2, its strict upper triangle row by row.

    Returns:
        (n, k) sample ids or row numbers, and pairs of columns: of a trial all three (the pair that people chose
        first), of a choice the reference with either alternative, of all others the one pair.

    Example:
        >>> members, pairs = asked(Trials(np.array([["cat", "dog", "car"]])))
        >>> members.tolist(), pairs
        ([['cat', 'dog', 'car']], ((0, 1), (0, 2), (1, 2)))
    """
    if isinstance(judged, Trials):
        return judged.triplets, ((0, 1), (0, 2), (1, 2))
    if isinstance(judged, Choices):
        return judged.samples, ((0, 1), (0, 2))
    if isinstance(judged, Ratings):
        return np.stack([judged.references, judged.distorted], axis=1), ((0, 1),)
    if isinstance(judged, SamePairs):
        return np.stack([judged.first, judged.second], axis=1), ((0, 1),)
    ids = np.array(judged.sample_ids)
    left, right = np.triu_indices(len(ids), 1)
    return np.stack([ids[left], ids[right]], axis=1), ((0, 1),)


def judged_samples(judged: Judged) -> tuple[str, ...]:
    """The ids of all samples that are judged, sorted, each once.

    Example:
        >>> judged_samples(HumanRdm(np.zeros((2, 2)), ("dog", "cat")))
        ('cat', 'dog')
    """
    return tuple(np.unique(asked(judged)[0].astype(str)).tolist())


def judged_digest(judged: Judged) -> str:
    """Sixteen hexadecimal digits of all that people said.

    Example:
        >>> one, two = (HumanRdm(np.array([[0, k], [k, 0]]), ("dog", "cat")) for k in (1, 2))
        >>> judged_digest(one) == judged_digest(one), judged_digest(one) == judged_digest(two)
        (True, False)
    """
    hasher = hashlib.sha256()
    for name, value in sorted(vars(judged).items()):
        if isinstance(value, np.ndarray) and value.dtype != object:
            said = canonical([name, value.dtype.str, value.shape])
            hasher.update(said.encode() + np.ascontiguousarray(value).tobytes())
        elif name != "name":
            plain = value.tolist() if isinstance(value, np.ndarray) else value
            hasher.update(canonical([name, plain]).encode())
    return hasher.hexdigest()[:16]
