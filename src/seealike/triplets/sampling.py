"""Drawing triplets of images by the classes (or clusters) that they are in.

Letters: N images, C classes, n triplets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import get_args

import numpy as np

from seealike.engine.tiles import CPU
from seealike.engine.workers import count_workers, in_order
from seealike.errors import BadParameter, DataError, suggestion
from seealike.triplets.classes import Classes, Rivals, Weighting
from seealike.triplets.rules import NEEDS, SAME, Images, Rule

__all__ = ["Rule", "Weighting", "sample_triplets", "too_small", "triplet_blocks"]

#: Triplets are drawn in blocks of so many, each from its own stream of random numbers: the rows do not depend on how
#: many are asked for at a time.
BLOCK = 2**16

#: Names of an error's list.
_FEW = 5


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
    hard_negative       two of one class and an image of another class that the first class is the runner-up of, last
    ==================  ======================================================================================

    Which class is drawn: with weighting "images" the class of an image drawn at random (large classes more often; for
    between_class all triplets of images of three classes are equally likely), with "classes" every class equally
    often. The odd image of a border is drawn in the same way from the other classes. Only classes with enough images
    count (`too_small` names the others). Where no image is the odd one by rule, the order is random.

    The first n rows for one seed are the same however many are drawn.

    Args:
        labels: (N,) the class or cluster of every image; for hard_negative (N, 2), with the runner-up beside: the
            class that the image would be in but for its own (the second nearest cluster, say).
        n: how many triplets.
        rule: as above.
        seed: of the draw.
        weighting: as above.
        unique: whether no triplet is drawn twice (borders: with the same odd one; the order of the others is nothing).

    Returns:
        (n, 3) int64 rows of `labels`.

    Raises:
        BadParameter: an unknown rule or weighting, or more different triplets than there are.
        DataError: no class (or not enough of them) is large enough, says what there is and which are too small; a
            runner-up that is the own class or none.

    Example:
        >>> labels = np.repeat(np.arange(5), 10)
        >>> drawn = sample_triplets(labels, 1000, "class_border", seed=0)
        >>> x, y, odd = labels[drawn].T
        >>> bool((x == y).all()), bool((x != odd).all())
        (True, True)

    Source:
        Muttenthaler et al., «Aligning machine and human visual representations across abstraction levels», Nature
        2025, Methods, where the weighting is left open. Hard negatives are ours.
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
    images = _images(np.asarray(labels), rule, weighting)
    _check(images, n, unique)
    workers = count_workers(CPU)

    def drawn(block: int) -> np.ndarray:
        return images.drawn(np.random.default_rng([seed, block]), BLOCK)

    if unique:
        rows = _unique(lambda blocks: in_order(drawn, blocks, workers), n, images)
        yield from (rows[start : start + BLOCK] for start in range(0, n, BLOCK))
        return
    for block, rows in enumerate(in_order(drawn, range(-(-n // BLOCK)), workers)):
        yield rows[: n - block * BLOCK]


def too_small(labels: np.ndarray, rule: Rule) -> list[str]:
    """The classes that a rule never draws two or three images of, since they have too few (or no rival), by name.

    Args, Raises: as `sample_triplets`.

    Example:
        >>> too_small(np.array(["cat", "cat", "cat", "dog", "dog"]), "within_class")
        ['dog']
    """
    images = _images(np.asarray(labels), rule, "images")
    return [str(name) for name in images.classes.names[~images.able].tolist()]


def _unique(draw: Callable[[range], Iterator[np.ndarray]], n: int, images: Images) -> np.ndarray:
    """The first n different triplets of the stream."""
    rows, keys, block = np.empty((0, 3), np.int64), np.empty(0, np.uint64), 0
    while len(rows) < n:
        more = -(-int(1.02 * (n - len(rows))) // BLOCK) + 1
        fresh = np.concatenate(list(draw(range(block, block + more))))
        rows, block = np.concatenate([rows, fresh]), block + more
        keys = np.concatenate([keys, images.keys(fresh)])
        first = np.sort(np.unique(keys, return_index=True)[1])
        rows, keys = rows[first], keys[first]
    return rows[:n]


def _images(labels: np.ndarray, rule: str, weighting: str) -> Images:
    if rule not in get_args(Rule):
        raise BadParameter(
            where="rule",
            expected=f"one of {', '.join(get_args(Rule))}",
            got=repr(rule),
            fix=suggestion(rule, get_args(Rule)),
        )
    if weighting not in get_args(Weighting):
        raise BadParameter(
            where="weighting", expected="images or classes", got=repr(weighting), fix="Choose one."
        )
    shape = (len(labels), 2) if rule == "hard_negative" else (len(labels),)
    if labels.shape != shape or not 3 <= len(labels) < 2**21:
        raise DataError(
            where="labels",
            expected="one class for each of 3 to 2,097,151 images, (N,); for hard_negative (N, 2), with runners-up",
            got=f"shape {labels.shape}",
            fix="Give one label an image.",
        )
    if rule != "hard_negative":
        return Images(Classes(labels), None, SAME.get(rule, rule), weighting)  # pyright: ignore[reportArgumentType]
    classes = Classes(labels[:, 0])
    return Images(classes, _rivals(classes, labels[:, 1]), rule, weighting)  # pyright: ignore[reportArgumentType]


def _rivals(classes: Classes, runner_up: np.ndarray) -> Rivals:
    numbers = np.minimum(np.searchsorted(classes.names, runner_up), len(classes.names) - 1)
    bad = (runner_up == classes.labels) | (classes.names[numbers] != runner_up)
    if bad.any():
        row = int(bad.argmax())
        raise DataError(
            where=f"labels row {row}",
            expected="a runner-up that is another of the classes",
            got=f"{runner_up[row]} for an image of {classes.labels[row]}",
            fix="Take the second nearest cluster (`seealike triplets cluster` writes it).",
        )
    return Rivals(classes, numbers)


def _check(images: Images, n: int, unique: bool) -> None:
    (n_classes, size), sizes = NEEDS[images.rule], images.classes.sizes
    if not images.able.any() or len(sizes) < n_classes:
        small = images.classes.names[~images.able].tolist()
        which = ", ".join(map(str, small[:_FEW])) + ", …" * (len(small) > _FEW)
        raise DataError(
            where=f"rule {images.rule}",
            expected=f"{n_classes} classes or more, one at least with {size} images"
            + " and another's image nearest to it" * (images.rivals is not None),
            got=f"{len(sizes)} classes, the largest with {sizes.max()}"
            + f"; too small: {which}" * bool(small),
            fix="Make fewer, larger clusters, or choose another rule.",
        )
    possible = images.possible()
    if unique and n > possible:
        raise BadParameter(
            where="n", expected=f"at most the {possible} different triplets", got=str(n), fix="Ask for fewer."
        )
