"""The rules by which triplets are drawn: what a class needs, one draw, and how many triplets there are.

Letters: N images, C classes, n triplets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import comb
from typing import Literal, TypeAlias

import numpy as np

from seealike.triplets.classes import Classes, Rivals, Weighting

Rule: TypeAlias = Literal[
    "random",
    "between_class",
    "class_border",
    "within_class",
    "cluster_border",
    "cluster_within",
    "hard_negative",
]

#: Rules of clusters that are those of classes.
SAME: Mapping[str, str] = {"cluster_border": "class_border", "cluster_within": "within_class"}

#: How many classes a rule needs, and how many images in each class it draws from.
NEEDS: Mapping[str, tuple[int, int]] = {
    "random": (1, 1),
    "between_class": (3, 1),
    "class_border": (2, 2),
    "within_class": (1, 3),
    "hard_negative": (2, 2),
}


@dataclass(frozen=True)
class Images:
    """What a rule draws from.

    Attributes:
        classes: of the images.
        rivals: for hard negatives.
        rule: one of `NEEDS`.
        weighting: which class is drawn how often.
    """

    classes: Classes
    rivals: Rivals | None
    rule: str
    weighting: Weighting

    @cached_property
    def able(self) -> np.ndarray:
        """(C,) whether a class has what the rule needs."""
        enough = self.classes.sizes >= NEEDS[self.rule][1]
        return enough if self.rivals is None else enough & (self.rivals.sizes > 0)

    def drawn(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """(n, 3) images."""
        return self.classes.order[_DRAWS[self.rule](self, rng, n)]

    @property
    def last_is_odd(self) -> bool:
        """Whether the third image is the odd one by rule."""
        return self.rule in ("class_border", "hard_negative")

    def possible(self) -> int:
        """How many different triplets there are."""
        sizes = [int(size) for size in self.classes.sizes]
        total = sum(sizes)
        if self.rule == "random":
            return comb(total, 3)
        within = sum(comb(size, 3) for size in sizes)
        if self.rule == "within_class":
            return within
        if self.rivals is not None:
            near = self.rivals.sizes.tolist()
            return sum(comb(size, 2) * few for size, few in zip(sizes, near, strict=True))
        borders = sum(comb(size, 2) * (total - size) for size in sizes)
        return borders if self.rule == "class_border" else comb(total, 3) - borders - within

    def keys(self, rows: np.ndarray) -> np.ndarray:
        """(n,) uint64, the same for rows that are the same triplet."""
        part = rows.copy()
        part[:, :2] = np.sort(part[:, :2], axis=1)
        if not self.last_is_odd:
            part = np.sort(part, axis=1)
        first, second, third = part.astype(np.uint64).T
        size = np.uint64(len(self.classes.labels))
        return (first * size + second) * size + third


def _random(images: Images, rng: np.random.Generator, n: int) -> np.ndarray:
    classes = images.classes
    if images.weighting == "classes":
        return _different(n, lambda size: _members(images, rng, size), lambda rows: rows)
    return _different(n, lambda size: rng.integers(len(classes.labels), size=(size, 3)), lambda rows: rows)


def _between(images: Images, rng: np.random.Generator, n: int) -> np.ndarray:
    classes = images.classes
    numbers = classes.numbers[classes.order]
    if images.weighting == "images":
        return _different(
            n, lambda size: rng.integers(len(classes.labels), size=(size, 3)), lambda rows: numbers[rows]
        )
    return _different(n, lambda size: _members(images, rng, size), lambda rows: numbers[rows])


def _border(images: Images, rng: np.random.Generator, n: int) -> np.ndarray:
    classes = images.classes
    pair = classes.chosen(rng, n, images.able, images.weighting)
    return np.column_stack([classes.members(rng, pair, 2), classes.other(rng, pair, images.weighting)])


def _within(images: Images, rng: np.random.Generator, n: int) -> np.ndarray:
    return images.classes.members(rng, images.classes.chosen(rng, n, images.able, images.weighting), 3)


def _hard(images: Images, rng: np.random.Generator, n: int) -> np.ndarray:
    classes, rivals = images.classes, images.rivals
    assert rivals is not None
    pair = classes.chosen(rng, n, images.able, images.weighting)
    return np.column_stack([classes.members(rng, pair, 2), rivals.drawn(rng, pair, images.weighting)])


def _members(images: Images, rng: np.random.Generator, n: int) -> np.ndarray:
    """(n, 3) independent draws of a class and an image of it."""
    classes = images.classes
    return classes.members(rng, classes.chosen(rng, 3 * n, images.able, "classes"), 1).reshape(-1, 3)


def _different(
    n: int, draw: Callable[[int], np.ndarray], of: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """(n, 3) rows of `draw`, drawn again until the three values `of` each differ."""
    rows = draw(n)
    while True:
        a, b, c = of(rows).T
        bad = (a == b) | (a == c) | (b == c)
        if not bad.any():
            return rows
        rows[bad] = draw(int(bad.sum()))


_DRAWS: Mapping[str, Callable[[Images, np.random.Generator, int], np.ndarray]] = {
    "random": _random,
    "between_class": _between,
    "class_border": _border,
    "within_class": _within,
    "hard_negative": _hard,
}
