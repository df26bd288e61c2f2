"""The searches of one seed, one a learning rate: which fits they want, and what they learn from them.

The quick search leaves out fits that cannot matter, by two rules; the exhaustive one leaves out none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch

from seealike.probes.peak import Grid, PeakSearch
from seealike.probes.split import Split, held_out
from seealike.probes.stacked import Course, course, fit, with_ones

#: 1 minus less than this is 1 in float32: such a weight decay changes no number of a fit.
_NO_DECAY = 2.0**-25
#: Two weight decays that over the whole training shrink a weight by shares that differ by no more than this are
#: one to the quick search: their logits differ by about this share.
_ALIKE = 1e-3
#: The quick search drops a learning rate whose best is behind the best of all by more than this top-1: without
#: decay, and when the whole coarse sweep is known. What follows seldom gains a tenth of it.
_BEHIND_FIRST, _BEHIND = 0.05, 0.02


class Settings(NamedTuple):
    """Of one fit."""

    learning_rate: float
    weight_decay: float

    def shrinkage(self, n_steps: int) -> float:
        """Σ η_t λ: by which share decay shrinks a weight over the training, while that share is small."""
        product = self.learning_rate * self.weight_decay
        return 0.0 if product < _NO_DECAY else product * (n_steps + 1) / 2


@dataclass(frozen=True)
class Data:
    """The training samples, with what all fits have in common.

    Attributes:
        x: (n, d + 1), from `with_ones`.
        labels: (n,) int64.
        n_classes: C.
        epochs: how often every sample is seen.
        batch_size: samples a step.
    """

    x: torch.Tensor
    labels: torch.Tensor
    n_classes: int
    epochs: int
    batch_size: int

    @classmethod
    def of(cls, train: Split, epochs: int, batch_size: int) -> Data:
        """The samples of a split."""
        labels = torch.from_numpy(train.labels)
        return cls(with_ones(train.values), labels, train.n_classes, epochs, batch_size)

    def path(self, seed: int, rows: np.ndarray) -> Course:
        """Start and order of the fits of one seed on some of the rows."""
        shape = (self.n_classes, self.x.shape[1] - 1)
        path = course(seed, len(rows), shape, epochs=self.epochs, batch_size=self.batch_size)
        return replace(path, orders=torch.from_numpy(rows)[path.orders])


class SeedSearch:
    """All searches of one seed: they share the held-out samples, the start and the order.

    The stages of the search: each learning rate without much decay (the first of the coarse sweep); the rest of
    the coarse sweep; one stage a span of the grid.

    Attributes:
        choose: (n,) row numbers of the held-out samples.
        path: of all fits on the others.
    """

    def __init__(self, data: Data, seed: int, grid: Grid, *, exhaustive: bool) -> None:
        self.data, self.seed, self.grid = data, seed, grid
        rows, self.choose = held_out(data.labels.numpy(), seed)
        self.path = data.path(seed, rows)
        self.peaks = {rate: PeakSearch(grid) for rate in grid.learning_rates}
        self._alike = 0.0 if exhaustive else _ALIKE
        self._exhaustive = exhaustive
        # Learning rate -> (shrinkage, how many held-out samples were right) of each fit.
        self._known: dict[float, list[tuple[float, int]]] = {rate: [] for rate in grid.learning_rates}

    def wanted(self, stage: int) -> list[Settings]:
        """The fits of this stage that are not known yet."""
        wanted = list[Settings]()
        for settings in self._candidates(stage):
            shrinkages = [known for known, _ in self._known[settings.learning_rate]]
            shrinkages += [s.shrinkage(self.path.n_steps) for s in wanted if s[0] == settings.learning_rate]
            mine = settings.shrinkage(self.path.n_steps)
            if all(abs(mine - other) > self._alike for other in shrinkages):
                wanted.append(settings)
        return wanted

    def learn(self, settings: Sequence[Settings], right: Sequence[int]) -> None:
        """How many held-out samples were right, for each of some settings."""
        for done, count in zip(settings, right, strict=True):
            self._known[done.learning_rate].append((done.shrinkage(self.path.n_steps), count))

    def take(self, stage: int) -> None:
        """End a stage whose fits are all known, and drop the learning rates that are far behind."""
        if stage:  # what is known without decay is part of the coarse sweep, ties and all
            for rate, peak in self.peaks.items():
                positions = peak.candidates(stage - 1)
                peak.take({k: self._right(Settings(rate, self.grid.decays[k])) for k in positions})
        if not self._exhaustive:
            highest = {rate: max(right for _, right in self._known[rate]) for rate in self.peaks}
            least = max(highest.values()) - (_BEHIND if stage else _BEHIND_FIRST) * len(self.choose)
            self.peaks = {rate: peak for rate, peak in self.peaks.items() if highest[rate] >= least}

    def _candidates(self, stage: int) -> list[Settings]:
        return [
            Settings(rate, self.grid.decays[k])
            for rate, peak in self.peaks.items()
            for k in (peak.candidates(stage - 1) if stage else self.grid.coarse[:1])
        ]

    def _right(self, settings: Settings) -> int:
        mine = settings.shrinkage(self.path.n_steps)
        return min(self._known[settings.learning_rate], key=lambda known: abs(known[0] - mine))[1]

    @property
    def best(self) -> tuple[Settings, int]:
        """The best settings, the first learning rate among equals, and how many held-out samples were right."""
        rate = max(self.peaks, key=lambda rate: self.peaks[rate].right)
        peak = self.peaks[rate]
        return Settings(rate, self.grid.decays[peak.best]), peak.right


def right_of(search: SeedSearch, settings: Sequence[Settings]) -> list[int]:
    """Fit one stack of settings, and count the held-out samples that are right under each."""
    data = search.data
    weights = fit(data.x, data.labels, search.path, *as_tensors(settings))
    logits = torch.mm(weights.flatten(0, 1), data.x[search.choose].T)
    chosen = logits.view(len(settings), data.n_classes, -1).argmax(dim=1)
    return (chosen == data.labels[search.choose]).sum(dim=1).tolist()


def as_tensors(settings: Sequence[Settings]) -> tuple[torch.Tensor, torch.Tensor]:
    """Learning rates and weight decays, (F,) float64 each."""
    rates, decays = torch.tensor(settings, dtype=torch.float64).unbind(dim=1)
    return rates, decays
