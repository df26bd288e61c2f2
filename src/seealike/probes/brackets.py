"""The peak search of one learning rate, by as few fits as decide it.

The margin of a held-out sample, by which its own class's logit is above all others, is above 0 where it is right. Two
rules bound how many samples are right under a weight decay between others, and a fit that cannot become the peak is
not done: a sample that is wrong under both neighbors is wrong between them; and margins follow a smooth curve.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence

import numpy as np
from scipy.interpolate import BarycentricInterpolator

from seealike.probes.peak import Grid, PeakSearch

#: A curve goes through the fits that are nearer than so many powers of ten, if there are as many as this.
_NEAR, _NODES = 1.25, 4
#: It is wrong by at most so many times its distance from the straight line between the neighbors.
_WRONG = 2.0


class RateSearch:
    """The published search for one learning rate, told of one fit after the other.

    Args:
        grid: whose decays are searched.
        shrinkages: ascending, one a decay: the share by which it shrinks a weight over the whole training.
        n_samples: that are held out.
        alike: decays whose shrinkages differ by no more are one.
        bounded: whether to leave out what the fits at hand bound.

    Attributes:
        peak: the state of the search: of the whole one where no position is `open`.

    Example:
        >>> search = RateSearch(Grid(), range(64), 3, alike=0.0, bounded=True)
        >>> search.learn(0, np.array([-0.5, 1.0, -1.0]))
        >>> search.learn(63, np.array([0.5, 0.5, -0.1]))
        >>> search.at_most(9), search.open(), search.peak.best
        (2, [], 63)
    """

    def __init__(
        self, grid: Grid, shrinkages: Sequence[float], n_samples: int, *, alike: float, bounded: bool
    ) -> None:
        self.grid, self.n_samples = grid, n_samples
        self.peak = PeakSearch(grid)
        self._shrinkages, self._alike, self._bounded = shrinkages, alike, bounded
        self._margins: dict[int, np.ndarray] = {}
        self._ceilings: dict[int, int] = {}

    def learn(self, position: int, margins: np.ndarray) -> None:
        """The margins (n_samples,) of the held-out samples under the decay at a position."""
        self._margins[position] = margins

    @property
    def most(self) -> int:
        """How many samples are right under the best of the fits; -1 without any."""
        return max(map(_count, self._margins.values()), default=-1)

    @property
    def first(self) -> int:
        """How many samples are right under the smallest decay; -1 where that is not known."""
        return _count(self._margins[0]) if 0 in self._margins else -1

    @property
    def ceiling(self) -> int:
        """How many samples can be right under any decay at all."""
        return max(self.at_most(position) for position in range(len(self.grid.decays)))

    def right(self, position: int) -> int | None:
        """How many samples are right under the decay at a position; None where that is not known."""
        mine = self._shrinkages[position]
        near = min(self._margins, key=lambda known: abs(self._shrinkages[known] - mine), default=None)
        if near is None or abs(self._shrinkages[near] - mine) > self._alike:
            return None
        return _count(self._margins[near])

    def at_most(self, position: int) -> int:
        """How many samples can be right under the decay at a position: the lowest that any of the fits told so far."""
        known = self.right(position)
        if known is not None:
            return known
        # What was left out once stays so: a further fit, on one side, may make the curve a worse one.
        ceiling = min(self._ceilings.get(position, self.n_samples), self._bound(position))
        self._ceilings[position] = ceiling
        return ceiling

    def _bound(self, position: int) -> int:
        done = sorted(self._margins)
        place = bisect(done, position)
        if not self._bounded or place in (0, len(done)):
            return self.n_samples
        below, above = done[place - 1], done[place]
        either = _count(np.maximum(self._margins[below], self._margins[above]))
        nodes = [node for node in done if abs(node - position) <= _NEAR * self.grid.steps]
        if len(nodes) < _NODES or not {below, above} <= set(nodes):
            return either
        curve = BarycentricInterpolator(nodes, [self._margins[node] for node in nodes])(position)
        share = (position - below) / (above - below)
        line = (1 - share) * self._margins[below] + share * self._margins[above]
        return min(either, _count(curve + _WRONG * np.abs(curve - line)))

    def open(self) -> list[int]:
        """The positions that may yet be the peak of the present phase, the likeliest first; none at the end."""
        self.peak = PeakSearch(self.grid)
        for phase in range(self.grid.n_phases):
            right = {position: self.right(position) for position in self.peak.candidates(phase)}
            known = {position: count for position, count in right.items() if count is not None}
            unknown = [position for position in right if position not in known]
            if open_ := [position for position in unknown if self._may_win(position, known)]:
                return sorted(self._distinct(open_), key=lambda k: (self.at_most(k), k), reverse=True)
            self.peak.take(known)
        return []

    def _may_win(self, position: int, known: dict[int, int]) -> bool:
        highest = max(((count, other) for other, count in known.items()), default=(-1, -1))
        ceiling = self.at_most(position)
        return not self._bounded or (ceiling > self.peak.right and (ceiling, position) > highest)

    def _distinct(self, positions: Sequence[int]) -> list[int]:
        """Without those that are like one before them."""
        distinct: list[int] = []
        for position in positions:
            mine = self._shrinkages[position]
            if all(abs(self._shrinkages[other] - mine) > self._alike for other in distinct):
                distinct.append(position)
        return distinct


def _count(margins: np.ndarray) -> int:
    return int(np.count_nonzero(margins > 0))
