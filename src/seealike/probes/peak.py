"""The published search for a weight decay: a coarse sweep, then ever smaller steps around the best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from seealike.errors import BadParameter


@dataclass(frozen=True)
class Grid:
    """Which settings of AdamW are tried.

    The published grid: learning rates .1, .01, .001, .0001; weight decays on 64 logarithmic steps from 1e-6 to
    10, first the 8 whole powers of ten, then 4, 2 and 1 steps to both sides of the best so far.

    Attributes:
        learning_rates: tried in this order; the first wins ties.
        first_exponent: of the smallest weight decay, a power of ten.
        last_exponent: of the largest.
        steps: of the fine grid in each power of ten.
        spans: how many fine steps to both sides of the best are tried, one phase after the other.

    Raises:
        BadParameter: no learning rate, one not above 0, or exponents that do not ascend.

    Example:
        >>> grid = Grid()
        >>> len(grid.decays), len(grid.coarse), f"{grid.decays[1]:.2e}"
        (64, 8, '1.29e-06')
    """

    learning_rates: tuple[float, ...] = (1e-1, 1e-2, 1e-3, 1e-4)
    first_exponent: int = -6
    last_exponent: int = 1
    steps: int = 9
    spans: tuple[int, ...] = (4, 2, 1)
    decays: tuple[float, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        powers = self.last_exponent - self.first_exponent
        if not self.learning_rates or min(self.learning_rates) <= 0 or powers < 0 or self.steps < 1:
            raise BadParameter(
                where="grid of the probe",
                expected="learning rates above 0, ascending exponents and at least one step",
                got=f"{self.learning_rates}, {self.first_exponent} to {self.last_exponent}, {self.steps} steps",
                fix="Leave the grid out for the published one.",
            )
        decays = np.logspace(self.first_exponent, self.last_exponent, powers * self.steps + 1)
        object.__setattr__(self, "decays", tuple(decays.tolist()))

    @property
    def coarse(self) -> tuple[int, ...]:
        """Positions in `decays` of the whole powers of ten."""
        return tuple(range(0, len(self.decays), self.steps))

    @property
    def n_phases(self) -> int:
        """The coarse sweep and one phase a span."""
        return 1 + len(self.spans)

    @property
    def most_fits(self) -> int:
        """How many fits a seed's search wants at most."""
        return len(self.learning_rates) * (len(self.coarse) + 2 * len(self.spans))


@dataclass
class PeakSearch:
    """The state of one search, for one learning rate and seed.

    As published, ties go to the larger weight decay within a phase, and to the earlier phase between phases.

    Example:
        >>> search = PeakSearch(Grid())
        >>> search.candidates(0)
        (0, 9, 18, 27, 36, 45, 54, 63)
        >>> search.take({k: 7 if k < 50 else 0 for k in search.candidates(0)})
        >>> search.best, search.candidates(1)
        (45, (41, 49))
        >>> search.take({41: 7, 49: 7})
        >>> search.best, search.candidates(2)
        (45, (43, 47))
    """

    grid: Grid
    best: int = -1
    right: int = -1

    def candidates(self, phase: int) -> tuple[int, ...]:
        """Positions in the grid's decays to be tried in this phase, ascending."""
        if phase == 0:
            return self.grid.coarse
        span, last = self.grid.spans[phase - 1], len(self.grid.decays) - 1
        sides = max(self.best - span, 0), min(self.best + span, last)
        return tuple(side for side in sides if side != self.best)

    def take(self, right: Mapping[int, int]) -> None:
        """The outcome of a phase: position -> how many held-out samples were right."""
        best = max(right, key=lambda position: (right[position], position), default=self.best)
        if best != self.best and right[best] > self.right:
            self.best, self.right = best, right[best]
