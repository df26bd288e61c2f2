"""Which models the columns of values over pairs of models belong to.

Letters: M models, P pairs of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Pairs:
    """Unordered pairs of different models, and which of two sets their members were drawn from.

    Attributes:
        left: (P,) number of one model of each pair.
        right: (P,) number of the other.
        strata: (M,) the set that a model belongs to; models are left out and permuted within their set. A set of
            one model is as it is: neither left out nor permuted. -1 for models that are in no pair.

    Example:
        >>> Pairs(np.array([0, 0]), np.array([1, 2]), np.array([0, 1, 1])).members
        array([0, 1, 2])
    """

    left: np.ndarray
    right: np.ndarray
    strata: np.ndarray

    @property
    def members(self) -> np.ndarray:
        """The models that are in some pair, in order."""
        return np.unique(np.concatenate([self.left, self.right]))

    @property
    def drawn(self) -> list[np.ndarray]:
        """The models that are in some pair, by set; a set of one is not drawn from anything, and not here."""
        members = self.members
        sets = self.strata[members]
        found = [members[sets == one] for one in np.unique(sets)]
        return [models for models in found if len(models) > 1]

    def without(self, model: int) -> np.ndarray:
        """(P,) bool, the pairs that this model is not in."""
        return (self.left != model) & (self.right != model)

    def complete(self, missing: np.ndarray) -> np.ndarray:
        """(M,) bool, the models that stay so that none of their pairs is missing; the one that misses most goes first.

        Args:
            missing: (P,) bool.

        Example:
            >>> pairs = Pairs(np.array([0, 0, 1]), np.array([1, 2, 2]), np.zeros(3, int))
            >>> pairs.complete(np.array([True, False, False]))
            array([False,  True,  True])
        """
        kept = np.ones(len(self.strata), dtype=bool)
        while (bad := missing & kept[self.left] & kept[self.right]).any():
            counts = np.bincount(np.concatenate([self.left[bad], self.right[bad]]), minlength=len(kept))
            kept[counts.argmax()] = False
        return kept
