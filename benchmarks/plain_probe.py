"""The published linear probe as a plain loop over torch's own parts: one fit after the other.

Written from the description of the published code: ``nn.Linear``, ``AdamW``, a cosine schedule set before each step, a
``DataLoader`` over a ``Dataset`` that hands out one sample at a time (num_workers 0), scikit-learn's stratified split.
`Indexed` takes the same batches by indexing, without a loader.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, Dataset, Subset

from seealike.probes import Grid, Split

EPOCHS, BATCH = 20, 1024


@dataclass(frozen=True)
class Outcome:
    """What one seed's search found."""

    learning_rate: float
    weight_decay: float
    validation_top1: float
    top1: float
    fits: int


class Rows(Dataset):
    """Features and labels, one sample at a time."""

    def __init__(self, split: Split) -> None:
        self.values, self.labels = torch.from_numpy(split.values), torch.from_numpy(split.labels)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, row: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.values[row], self.labels[row]


class Indexed:
    """The batches of a shuffling DataLoader, taken by indexing."""

    def __init__(self, split: Split) -> None:
        self.values, self.labels = torch.from_numpy(split.values), torch.from_numpy(split.labels)

    def __len__(self) -> int:
        return -(-len(self.labels) // BATCH)

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        _, seed = (int(torch.empty((), dtype=torch.int64).random_()) for _ in range(2))
        order = torch.randperm(len(self.labels), generator=torch.Generator().manual_seed(seed))
        for rows in order.split(BATCH):
            yield self.values[rows], self.labels[rows]


Batches = DataLoader | Indexed


class PlainProbe:
    """The published search for one model and seed."""

    def __init__(self, train: Split, test: Split, seed: int, *, loader: bool = True) -> None:
        self.seed, self.fits, self.shape = seed, 0, (train.d, train.n_classes)
        rows, out = train_test_split(
            np.arange(train.n), test_size=0.2, stratify=train.labels, random_state=seed
        )
        if loader:
            samples = Rows(train)
            parts = (samples, Subset(samples, rows), Subset(samples, out), Rows(test))
            self.train, self.part, self.held, self.test = (
                DataLoader(part, batch_size=BATCH, shuffle=True, num_workers=0) for part in parts
            )
        else:
            splits = (train, train.select(rows), train.select(out), test)
            self.train, self.part, self.held, self.test = (Indexed(split) for split in splits)

    def run(self, grid: Grid | None = None) -> Outcome:
        """Search, then fit on everything."""
        grid = grid or Grid()
        best = (0.0, 0.0, -1.0)
        for rate in grid.learning_rates:
            decay, top1 = self._peak(rate, grid)
            if top1 > best[2]:
                best = (rate, decay, top1)
        model = self.fit(self.train, best[0], best[1])
        return Outcome(*best, self._top1(model, self.test), self.fits)

    def _peak(self, rate: float, grid: Grid) -> tuple[float, float]:
        position, highest = self._sweep(rate, grid, grid.coarse)
        for span in (4, 2, 1):
            sides = [max(position - span, 0), min(position + span, len(grid.decays) - 1)]
            found, top1 = self._sweep(rate, grid, [side for side in sides if side != position])
            if top1 > highest:
                position, highest = found, top1
        return grid.decays[position], highest

    def _sweep(self, rate: float, grid: Grid, positions: list[int] | tuple[int, ...]) -> tuple[int, float]:
        best, highest = 0, 0.0
        for position in positions:
            top1 = self._top1(self.fit(self.part, rate, grid.decays[position]), self.held)
            if top1 >= highest:
                best, highest = position, top1
        return best, highest

    def fit(self, batches: Batches, rate: float, decay: float) -> torch.nn.Linear:
        """One fit."""
        self.fits += 1
        torch.manual_seed(self.seed)
        model = torch.nn.Linear(*self.shape)
        optimizer = torch.optim.AdamW(model.parameters(), lr=rate, weight_decay=decay)
        steps = EPOCHS * len(batches)
        step = 0
        for _ in range(EPOCHS):
            for x, y in batches:
                for group in optimizer.param_groups:
                    group["lr"] = 0.5 * (1 + np.cos(np.pi * step / steps)) * rate
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
                step += 1
        return model

    @torch.no_grad()
    def _top1(self, model: torch.nn.Linear, batches: Batches) -> float:
        found = [(int((model(x).argmax(dim=1) == y).sum()), len(y)) for x, y in batches]
        return sum(right for right, _ in found) / sum(count for _, count in found)
