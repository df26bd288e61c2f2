"""Images sorted by class, and draws from the classes.

Letters: N images, C classes, n triplets.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np

Weighting: TypeAlias = Literal["images", "classes"]


@dataclass(frozen=True)
class Classes:
    """Images sorted by class.

    Attributes:
        labels: (N,) the class of every image.
    """

    labels: np.ndarray

    @cached_property
    def order(self) -> np.ndarray:
        """(N,) images, those of one class side by side."""
        return np.argsort(self.numbers, kind="stable")

    @cached_property
    def _unique(self) -> tuple[np.ndarray, np.ndarray]:
        return np.unique(self.labels, return_inverse=True)

    @property
    def names(self) -> np.ndarray:
        """(C,) the classes, ascending."""
        return self._unique[0]

    @property
    def numbers(self) -> np.ndarray:
        """(N,) class of every image, from 0."""
        return self._unique[1].reshape(-1)

    @cached_property
    def sizes(self) -> np.ndarray:
        """(C,) images of every class."""
        return np.bincount(self.numbers)

    @cached_property
    def starts(self) -> np.ndarray:
        """(C,) where each class begins in `order`."""
        return np.cumsum(self.sizes) - self.sizes

    def chosen(self, rng: np.random.Generator, n: int, able: np.ndarray, weighting: Weighting) -> np.ndarray:
        """(n,) classes of `able`, (C,) bool: each image's class, or each class, is as likely as any other."""
        some = np.flatnonzero(able)
        if weighting == "classes":
            return some[rng.integers(len(some), size=n)]
        if len(some) == len(self.sizes):  # an image's class, without searching for it
            return self.numbers[rng.integers(len(self.labels), size=n)]
        ends = np.cumsum(self.sizes[some])
        return some[np.searchsorted(ends, rng.integers(ends[-1], size=n), side="right")]

    def members(self, rng: np.random.Generator, classes: np.ndarray, count: int) -> np.ndarray:
        """(n, count) places in `order`: different members of each class, in random order."""
        sizes = self.sizes[classes]
        places = np.empty((len(classes), count), dtype=np.int64)
        for k in range(count):
            place = below(rng, sizes - k)
            # Step over those that are taken, the lowest first.
            for earlier in np.sort(places[:, :k], axis=1).T:
                place += place >= earlier
            places[:, k] = place
        return places + self.starts[classes][:, None]

    def other(self, rng: np.random.Generator, classes: np.ndarray, weighting: Weighting) -> np.ndarray:
        """(n,) places in `order` of an image of another class."""
        sizes, starts = self.sizes[classes], self.starts[classes]
        if weighting == "images":
            place = below(rng, len(self.labels) - sizes)
            return place + (place >= starts) * sizes
        another = rng.integers(len(self.sizes) - 1, size=len(classes))
        return self.members(rng, another + (another >= classes), 1)[:, 0]


@dataclass(frozen=True)
class Rivals:
    """Which images of other classes a class is nearest to: of every image the class it would be in but for its own.

    Attributes:
        classes: of the images.
        runner_up: (N,) number of that class.
    """

    classes: Classes
    runner_up: np.ndarray

    @cached_property
    def places(self) -> np.ndarray:
        """(N,) places in `classes.order`, by runner-up, then by own class."""
        order = self.classes.order
        return np.lexsort((self.classes.numbers[order], self.runner_up[order]))

    @cached_property
    def sizes(self) -> np.ndarray:
        """(C,) how many images have each class as their runner-up."""
        return np.bincount(self.runner_up, minlength=len(self.classes.sizes))

    @cached_property
    def starts(self) -> np.ndarray:
        """(C,) where those of each class begin in `places`."""
        return np.cumsum(self.sizes) - self.sizes

    @cached_property
    def groups(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Where the images of one class and one runner-up begin in `places`, how many; and (C + 1,) whose they are."""
        images = self.classes.order[self.places]
        keys = self.runner_up[images] * len(self.sizes) + self.classes.numbers[images]
        found, starts, counts = np.unique(keys, return_index=True, return_counts=True)
        return starts, counts, np.searchsorted(found // len(self.sizes), np.arange(len(self.sizes) + 1))

    def drawn(self, rng: np.random.Generator, classes: np.ndarray, weighting: Weighting) -> np.ndarray:
        """(n,) places in `classes.order` of an image whose runner-up is the class."""
        if weighting == "images":
            return self.places[self.starts[classes] + below(rng, self.sizes[classes])]
        starts, counts, firsts = self.groups
        group = firsts[classes] + below(rng, firsts[classes + 1] - firsts[classes])
        return self.places[starts[group] + below(rng, counts[group])]


def below(rng: np.random.Generator, bounds: np.ndarray) -> np.ndarray:
    """(n,) whole numbers from 0 to each bound - 1; uniform to 2**-32, with bounds below 2**21."""
    return (rng.random(len(bounds)) * bounds).astype(np.int64)
