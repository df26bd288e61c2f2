"""Trials counted by triplet, and the likelihood of the counts: repeated trials cost nothing and lose nothing.

Letters: N objects, d dimensions, n trials, U triplets, s_ab = x_a · x_b.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch

from seealike.data.judgements import Trials
from seealike.data.triplet_rows import checked_rows
from seealike.errors import DataError
from seealike.human.tally import tallied

#: One product of all objects with all replaces the rows of single triplets where there are so many times more of them.
_DENSE = 0.1


@dataclass(frozen=True)
class Counted:
    """How often each pair of each triplet was chosen as the most alike.

    Attributes:
        triplets: (U, 3) int64 rows of the objects, ascending.
        counts: (U, 3) choices of the pairs (0, 1), (0, 2), (1, 2).
        n_objects: N.
    """

    triplets: torch.Tensor = field(repr=False)
    counts: torch.Tensor = field(repr=False)
    n_objects: int

    @property
    def n_trials(self) -> int:
        """How many choices there are."""
        return int(self.counts.sum())

    def log_likelihood(self, x: torch.Tensor) -> torch.Tensor:
        """Σ over trials of log p(choice), the softmax of three inner products, of the objects' places (N, d)."""
        log_p = torch.log_softmax(similarities(x, self.triplets), dim=1)
        return (self.counts.to(log_p.dtype) * log_p).sum()


def similarities(x: torch.Tensor, triplets: torch.Tensor) -> torch.Tensor:
    """(n, 3) inner products of the pairs (0, 1), (0, 2), (1, 2) of every triplet.

    Args:
        x: (N, d).
        triplets: (n, 3) rows of x.

    Example:
        >>> similarities(torch.eye(3), torch.tensor([[0, 1, 2]])).tolist()
        [[0.0, 0.0, 0.0]]
    """
    first, second, third = triplets.T
    if len(triplets) > _DENSE * len(x) ** 2:
        gram = (x @ x.T).view(-1)
        n = len(x)
        found = [gram[a * n + b] for a, b in ((first, second), (first, third), (second, third))]
        return torch.stack(found, dim=1)
    a, b, c = x[first], x[second], x[third]
    return torch.stack([(a * b).sum(dim=1), (a * c).sum(dim=1), (b * c).sum(dim=1)], dim=1)


def counted(trials: Trials | np.ndarray, n_objects: int) -> Counted:
    """Count odd-one-out trials.

    Args:
        trials: (n, 3) rows of the objects, **the odd one last**.
        n_objects: N.

    Raises:
        ShapeError: not (n, 3) whole numbers.
        MisalignedSamples: rows that are not from 0 to N - 1.
        DataError: an object twice in a trial, or no trial.

    Example:
        >>> made = counted(np.array([[2, 0, 1], [0, 2, 1], [0, 1, 2]]), 3)
        >>> made.triplets.tolist(), made.counts.tolist()
        ([[0, 1, 2]], [[1, 2, 0]])
    """
    rows = counted_rows(trials, n_objects)
    tally = tallied(rows)
    # The pair that is left when the last, the middle or the first of three ascending objects is the odd one.
    return Counted(
        torch.from_numpy(np.sort(rows[tally.first], axis=1)),
        torch.from_numpy(np.ascontiguousarray(tally.counts[:, ::-1])),
        n_objects,
    )


def counted_rows(trials: Trials | np.ndarray, n_objects: int) -> np.ndarray:
    """(n, 3) int64 rows of the objects, at least one trial.

    Raises:
        ShapeError, MisalignedSamples, DataError: as `counted`.
    """
    rows = checked_rows(trials.triplets if isinstance(trials, Trials) else trials, n_objects)
    if not len(rows):
        raise DataError(where="trials", expected="at least one", got="none", fix="Give some.")
    return rows
