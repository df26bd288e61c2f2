"""Drawing triplets of images by the classes (or clusters) that they are in.

Letters: N images, C classes, n triplets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import comb
from typing import Literal, TypeAlias, get_args

import numpy as np

from seealike.engine.tiles import CPU
from seealike.engine.workers import count_workers, in_order
from seealike.errors import BadParameter, DataError

Rule: TypeAlias = Literal[
    "random", "between_class", "class_border", "within_class", "cluster_border", "cluster_within"
]
Weighting: TypeAlias = Literal["images", "classes"]

#: Triplets are drawn in blocks of so many, each from its own stream of random numbers: the rows do not depend on how
#: many are asked for at a time.
BLOCK = 2**16

#: How many classes and images a rule needs: (classes, images in each class it draws from).
_NEEDS = {"random": (1, 1), "between_class": (3, 1), "class_border": (2, 2), "within_class": (1, 3)}
_SAME = {"cluster_border": "class_border", "cluster_within": "within_class"}


@dataclass(frozen=True)
class _Classes:
    """Images sorted by class."""

    labels: np.ndarray

    @cached_property
    def order(self) -> np.ndarray:
        """(N,) images, those of one class side by side."""
        return np.argsort(self.numbers, kind="stable")

    @cached_property
    def numbers(self) -> np.ndarray:
        """(N,) class of every image, from 0."""
        return np.unique(self.labels, return_inverse=True)[1].reshape(-1)

    @cached_property
    def sizes(self) -> np.ndarray:
        """(C,) images of every class."""
        return np.bincount(self.numbers)

    @cached_property
    def starts(self) -> np.ndarray:
        """(C,) where each class begins in `order`."""
        return np.cumsum(self.sizes) - self.sizes

    def chosen(self, rng: np.random.Generator, n: int, least: int, weighting: Weighting) -> np.ndarray:
        """(n,) classes with at least `least` images: each image's class, or each class, is as likely as any other."""
        able = np.flatnonzero(self.sizes >= least)
        if weighting == "classes":
            return able[rng.integers(len(able), size=n)]
        if least == 1:  # an image's class, without searching for it
            return self.numbers[rng.integers(len(self.labels), size=n)]
        ends = np.cumsum(self.sizes[able])
        return able[np.searchsorted(ends, rng.integers(ends[-1], size=n), side="right")]

    def members(self, rng: np.random.Generator, classes: np.ndarray, count: int) -> np.ndarray:
        """(n, count) places in `order`: different members of each class, in random order."""
        sizes = self.sizes[classes]
        places = np.empty((len(classes), count), dtype=np.int64)
        for k in range(count):
            place = _below(rng, sizes - k)
            for earlier in np.sort(
                places[:, :k], axis=1
            ).T:  # step over those that are taken, the lowest first
                place += place >= earlier
            places[:, k] = place
        return places + self.starts[classes][:, None]

    def other(self, rng: np.random.Generator, classes: np.ndarray, weighting: Weighting) -> np.ndarray:
        """(n,) places in `order` of an image of another class."""
        sizes, starts = self.sizes[classes], self.starts[classes]
        if weighting == "images":
            place = _below(rng, len(self.labels) - sizes)
            return place + (place >= starts) * sizes
        another = rng.integers(len(self.sizes) - 1, size=len(classes))
        return self.members(rng, another + (another >= classes), 1)[:, 0]


def _below(rng: np.random.Generator, bounds: np.ndarray) -> np.ndarray:
    """(n,) whole numbers from 0 to each bound - 1; uniform to 2**-32, with bounds below 2**21."""
    return (rng.random(len(bounds)) * bounds).astype(np.int64)


def sample_triplets(
    labels: np.ndarray,
    n: int,
    rule: Rule = "random",
    seed: int = 0,
    *,
    weighting: Weighting = "images",
    unique: bool = False,
) -> np.ndarray:
    """Draw triplets of different images by a rule on their classes.

    ==================  ======================================================================================
    random              three images
    between_class       of three classes
    class_border        two of one class and one of another, the odd one, last
    within_class        of one class
    cluster_border      class_border, where the labels are clusters
    cluster_within      within_class, where the labels are clusters
    ==================  ======================================================================================

    Which class is drawn: with weighting "images" the class of an image drawn at random (large classes more often; for
    between_class all triplets of images of three classes are equally likely), with "classes" every class equally
    often. The odd image of a border is drawn in the same way from the other classes. Only classes with enough images
    count. Where no image is the odd one by rule, the order is random.

    The first n rows for one seed are the same however many are drawn.

    Args:
        labels: (N,) the class or cluster of every image.
        n: how many triplets.
        rule: as above.
        seed: of the draw.
        weighting: as above.
        unique: whether no triplet is drawn twice (borders: with the same odd one; the order of the others is nothing).

    Returns:
        (n, 3) int64 rows of `labels`.

    Raises:
        BadParameter: an unknown rule or weighting, or more different triplets than there are.
        DataError: no class (or not enough of them) is large enough; says what there is.

    Example:
        >>> labels = np.repeat(np.arange(5), 10)
        >>> drawn = sample_triplets(labels, 1000, "class_border", seed=0)
        >>> x, y, odd = labels[drawn].T
        >>> bool((x == y).all()), bool((x != odd).all())
        (True, True)

    Source:
        Muttenthaler et al., «Aligning machine and human visual representations across abstraction levels», Nature
        2025, Methods, where the weighting is left open.
    """
    drawn = list(triplet_blocks(labels, n, rule, seed, weighting=weighting, unique=unique))
    return np.concatenate(drawn) if drawn else np.empty((0, 3), dtype=np.int64)


def triplet_blocks(
    labels: np.ndarray,
    n: int,
    rule: Rule = "random",
    seed: int = 0,
    *,
    weighting: Weighting = "images",
    unique: bool = False,
) -> Iterator[np.ndarray]:
    """The rows of `sample_triplets` in blocks, so that they need not all be in memory (with `unique` they are).

    Args, Raises: as `sample_triplets`.

    Example:
        >>> sum(len(block) for block in triplet_blocks(np.arange(100), 200_000))
        200000
    """
    classes = _checked(np.asarray(labels), n, rule, weighting, unique)
    known = _SAME.get(rule, rule)
    workers = count_workers(CPU)

    def drawn(block: int) -> np.ndarray:
        return classes.order[_DRAWS[known](classes, np.random.default_rng([seed, block]), weighting)]

    if unique:
        rows = _unique(lambda blocks: in_order(drawn, blocks, workers), n, known, len(classes.labels))
        yield from (rows[start : start + BLOCK] for start in range(0, n, BLOCK))
        return
    for block, rows in enumerate(in_order(drawn, range(-(-n // BLOCK)), workers)):
        yield rows[: n - block * BLOCK]


def _unique(draw: Callable[[range], Iterator[np.ndarray]], n: int, rule: str, n_images: int) -> np.ndarray:
    """The first n different triplets of the stream."""
    rows, keys, block = np.empty((0, 3), np.int64), np.empty(0, np.uint64), 0
    while len(rows) < n:
        more = -(-int(1.02 * (n - len(rows))) // BLOCK) + 1
        fresh = np.concatenate(list(draw(range(block, block + more))))
        rows, block = np.concatenate([rows, fresh]), block + more
        keys = np.concatenate([keys, _keys(fresh, rule == "class_border", n_images)])
        first = np.sort(np.unique(keys, return_index=True)[1])
        rows, keys = rows[first], keys[first]
    return rows[:n]


def _random(classes: _Classes, rng: np.random.Generator, weighting: Weighting) -> np.ndarray:
    if weighting == "classes":
        return _different(
            rng, lambda size: classes.members(rng, classes.chosen(rng, size, 1, weighting), 1)[:, 0]
        )
    return _different(rng, lambda size: rng.integers(len(classes.labels), size=size))


def _different(rng: np.random.Generator, draw: Callable[[int], np.ndarray]) -> np.ndarray:
    """(BLOCK, 3) independent draws, drawn again until the three differ."""
    return _until(lambda size: draw(3 * size).reshape(-1, 3), lambda rows: rows)


def _until(draw: Callable[[int], np.ndarray], of: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """(BLOCK, 3) rows of `draw` whose three values `of` differ."""
    rows = draw(BLOCK)
    while True:
        values = of(rows)
        bad = (values[:, 0] == values[:, 1]) | (values[:, 0] == values[:, 2]) | (values[:, 1] == values[:, 2])
        if not bad.any():
            return rows
        rows[bad] = draw(int(bad.sum()))


def _between(classes: _Classes, rng: np.random.Generator, weighting: Weighting) -> np.ndarray:
    sorted_numbers = classes.numbers[classes.order]
    if weighting == "images":
        return _until(
            lambda size: rng.integers(len(classes.labels), size=(size, 3)), lambda rows: sorted_numbers[rows]
        )

    def draw(size: int) -> np.ndarray:
        return classes.members(rng, classes.chosen(rng, 3 * size, 1, weighting), 1).reshape(-1, 3)

    return _until(draw, lambda rows: sorted_numbers[rows])


def _border(classes: _Classes, rng: np.random.Generator, weighting: Weighting) -> np.ndarray:
    pair = classes.chosen(rng, BLOCK, 2, weighting)
    return np.column_stack([classes.members(rng, pair, 2), classes.other(rng, pair, weighting)])


def _within(classes: _Classes, rng: np.random.Generator, weighting: Weighting) -> np.ndarray:
    return classes.members(rng, classes.chosen(rng, BLOCK, 3, weighting), 3)


_DRAWS: Mapping[str, Callable[[_Classes, np.random.Generator, Weighting], np.ndarray]] = {
    "random": _random,
    "between_class": _between,
    "class_border": _border,
    "within_class": _within,
}


def _keys(rows: np.ndarray, last_is_odd: bool, n_images: int) -> np.ndarray:
    """(n,) uint64, the same for rows that are the same triplet."""
    part = rows.copy()
    part[:, :2] = np.sort(part[:, :2], axis=1)
    if not last_is_odd:
        part = np.sort(part, axis=1)
    first, second, third = part.astype(np.uint64).T
    size = np.uint64(n_images)
    return (first * size + second) * size + third


def _checked(labels: np.ndarray, n: int, rule: str, weighting: str, unique: bool) -> _Classes:
    if rule not in get_args(Rule):
        raise BadParameter(
            where="rule", expected=f"one of {', '.join(get_args(Rule))}", got=repr(rule), fix="Choose one."
        )
    if weighting not in get_args(Weighting):
        raise BadParameter(
            where="weighting", expected="images or classes", got=repr(weighting), fix="Choose one."
        )
    if labels.ndim != 1 or len(labels) < 3 or len(labels) >= 2**21:
        raise DataError(
            where="labels",
            expected="one class for each of 3 to 2,097,151 images, (N,)",
            got=f"shape {labels.shape}",
            fix="Give one label an image.",
        )
    classes = _Classes(labels)
    n_classes, size = _NEEDS[_SAME.get(rule, rule)]
    able = int((classes.sizes >= size).sum())
    if able < 1 or len(classes.sizes) < n_classes:
        raise DataError(
            where=f"rule {rule}",
            expected=f"{n_classes} classes or more, one at least with {size} images",
            got=f"{len(classes.sizes)} classes, the largest with {classes.sizes.max()}",
            fix="Make fewer, larger clusters, or choose another rule.",
        )
    possible = _possible(classes.sizes.tolist(), _SAME.get(rule, rule))
    if unique and n > possible:
        raise BadParameter(
            where="n", expected=f"at most the {possible} different triplets", got=str(n), fix="Ask for fewer."
        )
    return classes


def _possible(sizes: list[int], rule: str) -> int:
    """How many different triplets there are."""
    total = sum(sizes)
    if rule == "random":
        return comb(total, 3)
    if rule == "within_class":
        return sum(comb(size, 3) for size in sizes)
    borders = sum(comb(size, 2) * (total - size) for size in sizes)
    return (
        borders if rule == "class_border" else comb(total, 3) - borders - sum(comb(size, 3) for size in sizes)
    )
