"""The searches of one seed, one a learning rate: which fits they want, and what they learn from them.

The quick search leaves out fits that cannot matter, by three rules; the exhaustive one leaves out none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch

from seealike.probes.brackets import RateSearch
from seealike.probes.peak import Grid
from seealike.probes.split import Split, held_out
from seealike.probes.stacked import Course, course, fit, with_ones

#: 1 minus less than this is 1 in float32: such a weight decay changes no number of a fit.
_NO_DECAY = 2.0**-25
#: Two weight decays that over the whole training shrink a weight by shares that differ by no more than this are
#: one to the quick search: their logits differ by about this share.
_ALIKE = 1e-3
#: The quick search drops a learning rate that without decay is behind the best by more than this top-1; by more than
#: the second, and it tries no smaller one: that would go the same way more slowly.
_BEHIND, _SLOWER = 0.05, 0.02
#: Fits of the quick search at a time, at least, and classes × fits: fewer make slow products, more spare less.
_FITS, _COLUMNS = 2, 64


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

    Attributes:
        choose: (n,) row numbers of the held-out samples.
        path: of all fits on the others.
        rates: learning rate -> its search.
    """

    def __init__(self, data: Data, seed: int, grid: Grid, *, exhaustive: bool) -> None:
        self.data, self.seed, self.grid = data, seed, grid
        rows, self.choose = held_out(data.labels.numpy(), seed)
        self.path = data.path(seed, rows)
        self._exhaustive = exhaustive
        self.rates = {rate: self._rate_search(rate) for rate in grid.learning_rates}

    def _rate_search(self, rate: float) -> RateSearch:
        shrinkages = [Settings(rate, decay).shrinkage(self.path.n_steps) for decay in self.grid.decays]
        alike = 0.0 if self._exhaustive else _ALIKE
        return RateSearch(self.grid, shrinkages, len(self.choose), alike=alike, bounded=not self._exhaustive)

    def wanted(self) -> list[Settings]:
        """The fits to be done next, none of which is known; none when the search is over."""
        if self._exhaustive:
            return [self._settings(rate, k) for rate, search in self.rates.items() for k in search.open()]
        if starts := self._starts():
            return [self._settings(rate, 0) for rate in starts]
        ranked = [
            (rank, -search.most, self._settings(rate, position))
            for rate, search in self.rates.items()
            if not self._behind(rate, _BEHIND) and not self._beaten(rate)
            for rank, position in enumerate(search.open())
        ]
        # The most promising of each learning rate, then the next: what they come to may spare the others.
        at_once = max(_FITS, math.ceil(_COLUMNS / self.data.n_classes))
        return [settings for *_, settings in sorted(ranked)[:at_once]]

    def _settings(self, rate: float, position: int) -> Settings:
        return Settings(rate, self.grid.decays[position])

    def learn(self, settings: Sequence[Settings], margins: np.ndarray) -> None:
        """The margins of the held-out samples, (F, n), under each of some settings."""
        for done, found in zip(settings, margins, strict=True):
            self.rates[done.learning_rate].learn(self.grid.decays.index(done.weight_decay), found)

    def _starts(self) -> list[float]:
        """The learning rates to be tried next without decay: two, then smaller ones until one is far behind."""
        order = sorted(self.rates, reverse=True)
        started = [rate for rate in order if self.rates[rate].most >= 0]
        if started and self._behind(started[-1], _SLOWER):
            return []
        return order[len(started) :][: 1 if started else 2]

    def _behind(self, rate: float, by: float) -> bool:
        """Whether a learning rate without decay is so far behind the best; those not tried are."""
        highest = max(search.first for search in self.rates.values())
        return self.rates[rate].first < highest - by * len(self.choose)

    def _beaten(self, rate: float) -> bool:
        """Whether no weight decay can make a learning rate the best."""
        ceiling, order = self.rates[rate].ceiling, list(self.rates)
        return any(
            search.most > ceiling or (search.most == ceiling and order.index(other) < order.index(rate))
            for other, search in self.rates.items()
        )

    @property
    def best(self) -> tuple[Settings, int]:
        """The best settings, the first learning rate among equals, and how many held-out samples were right."""
        rate = max(self.rates, key=lambda rate: self.rates[rate].peak.right)
        peak = self.rates[rate].peak
        return self._settings(rate, peak.best), peak.right


def margins_of(search: SeedSearch, settings: Sequence[Settings]) -> np.ndarray:
    """Fit one stack of settings: by how much the held-out samples are right under each, (F, n)."""
    data = search.data
    weights = fit(data.x, data.labels, search.path, *as_tensors(settings))
    logits = torch.mm(weights.flatten(0, 1), data.x[search.choose].T)
    return margins(logits.view(len(settings), data.n_classes, -1), data.labels[search.choose]).numpy()


def margins(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """By how much the logit of a sample's class is above all others: above 0 where the first of the highest is its own.

    Args:
        logits: (F, C, n); used up.
        labels: (n,).

    Returns:
        (F, n).

    Example:
        >>> margins(torch.tensor([[[0.5, 1.0, 0.0], [0.25, 3.0, 0.0]]]), torch.tensor([0, 0, 0])).tolist()
        [[0.25, -2.0, 1.17...e-38]]
    """
    right = logits.argmax(dim=1) == labels
    own = labels.expand(len(logits), 1, -1)
    mine = logits.gather(1, own).squeeze(1)
    apart = mine - logits.scatter_(1, own, -torch.inf).amax(dim=1)
    return torch.where(right, apart.clamp_min(torch.finfo(apart.dtype).tiny), apart)


def as_tensors(settings: Sequence[Settings]) -> tuple[torch.Tensor, torch.Tensor]:
    """Learning rates and weight decays, (F,) float64 each."""
    rates, decays = torch.tensor(settings, dtype=torch.float64).unbind(dim=1)
    return rates, decays
