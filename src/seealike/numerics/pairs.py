"""Which models the columns of values over pairs of models belong to.

Letters: M models, P pairs of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: Two models' squares, of which errors over models are made, share the noise of a pair: m are worth fewer than m - 1
#: independent ones. In simulations (benchmarks/simulations.py) intervals of 95 % cover as much with two thirds.
WORTH = 2 / 3


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

    def without(self, model: int) -> np.ndarray:
        """(P,) bool, the pairs that this model is not in."""
        return (self.left != model) & (self.right != model)
