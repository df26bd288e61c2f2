"""Two subsets of a dataset that share a stated part of their samples, their classes, or both.

Letters: α the wanted share, K classes, N samples a subset has of a class.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args

import numpy as np

from seealike.errors import BadParameter, DataError

Kind: TypeAlias = Literal["data", "task", "both"]


@dataclass(frozen=True)
class Split:
    """Two subsets of one dataset, for two models; unpacks into (first, second, overlap).

    Attributes:
        first: rows of the one subset, ascending, int64.
        second: rows of the other, as many.
        overlap: the share that was realized: of samples (kind "data") or of classes (kinds "task" and "both").
        kind: what is shared.
        wanted: the share that was asked for.
        classes_first: what the first model learns to tell apart; the common classes come first, in the same
            order for both, so that class number k < n_common means the same to both.
        classes_second: the same for the second.
        seed: what the split was drawn with.
    """

    first: np.ndarray = field(repr=False)
    second: np.ndarray = field(repr=False)
    overlap: float
    kind: Kind
    wanted: float
    classes_first: tuple[object, ...] = field(repr=False)
    classes_second: tuple[object, ...] = field(repr=False)
    seed: int

    def __iter__(self) -> Iterator[object]:
        return iter((self.first, self.second, self.overlap))

    @property
    def common_classes(self) -> tuple[object, ...]:
        """The classes of both, in the order of their numbers."""
        own = set(self.classes_second)
        return tuple(one for one in self.classes_first if one in own)

    @property
    def sample_overlap(self) -> float:
        """The share of a subset's samples that the other has too."""
        return len(np.intersect1d(self.first, self.second)) / len(self.first)

    def relabeled(self, labels: np.ndarray, which: Literal[1, 2]) -> np.ndarray:
        """Class numbers 0, 1, … of one subset's samples, common classes first.

        Args:
            labels: (n,) the labels of the whole dataset.
            which: the first subset or the second.
        """
        rows, classes = (self.first, self.classes_first) if which == 1 else (self.second, self.classes_second)
        number = {one: k for k, one in enumerate(classes)}
        return np.array([number[one] for one in np.asarray(labels)[rows].tolist()], dtype=np.int64)


def split(
    labels: np.ndarray, kind: Kind, overlap: float, seed: int = 0, *, constrained: bool = True
) -> Split:
    """Two equally large subsets of a dataset with a stated overlap.

    - ``"data"``: both have all classes and share α of each class's samples. Of a class with n samples each gets
      N = ⌊n/2⌋ (`constrained`: the same for every α), or the most that α allows, 2N - round(αN) ≤ n.
    - ``"both"``: each has ⌊K/2⌋ classes (or the most that α allows) with all their samples, and they share α of them.
    - ``"task"``: as "both", but of the shared classes each gets different samples: no sample is in both.

    So "data" varies the shared samples of one task, "task" the shared classes without any shared sample, "both" the
    two together; see `factorial_split` for every combination. Where α asks for a fraction of a sample or a class, the
    nearest number is taken and `overlap` says which share that is. Where classes that stand opposite each other are not
    equally large, the larger is cut (at random), so that both subsets have the same size.

    Args:
        labels: (n,) the class of every sample.
        kind: what is shared.
        overlap: α, from 0 to 1.
        seed: of the draw.
        constrained: whether the sizes are the same for every α.

    Returns:
        The split; ``first, second, realized = split(…)`` unpacks it.

    Raises:
        BadParameter: an unknown kind or an overlap outside [0, 1].
        DataError: labels that are not one row, or too few samples or classes.

    Example:
        >>> labels = np.repeat(np.arange(10), 20)
        >>> first, second, realized = split(labels, "data", 0.4, seed=0)
        >>> len(first), len(second), realized, len(np.intersect1d(first, second))
        (100, 100, 0.4, 40)
        >>> made = split(labels, "both", 0.4, seed=0)
        >>> len(made.common_classes), made.overlap
        (2, 0.4)

    Source:
        Li et al., «Exploring causes of representational similarity in machine learning models», 2025,
        appendix A; "data" and "both" with `constrained` are its dataset and its task-and-dataset splitting.
    """
    if kind not in get_args(Kind):
        raise BadParameter(
            where="kind", expected="data, task or both", got=repr(kind), fix="Say what is to be shared."
        )
    data = {"data": overlap, "task": 0.0, "both": 1.0}[kind]
    task = 1.0 if kind == "data" else overlap
    return _drawn(np.asarray(labels), kind, (data, task), overlap, (seed, constrained))


def factorial_split(labels: np.ndarray, data: float, task: float, seed: int = 0) -> Split:
    """Two subsets with one share of classes, and of each common class one share of its samples.

    Each has ⌊K/2⌋ classes and ⌊n/2⌋ samples of each, whatever the two shares are, so that every cell of the design
    data × task has subsets of the same size.

    Args:
        labels: (n,) the class of every sample.
        data: the share of samples within common classes.
        task: the share of classes.
        seed: of the draw; cells of one seed deal from the same order of classes and samples.

    Returns:
        The split; `overlap` is the realized share of classes, `sample_overlap` that of samples.

    Raises:
        BadParameter, DataError: as for `split`.

    Example:
        >>> made = factorial_split(np.repeat(np.arange(8), 10), data=0.4, task=0.5)
        >>> len(made.first), made.overlap, made.sample_overlap
        (20, 0.5, 0.2)
    """
    return _drawn(np.asarray(labels), "both", (data, task), task, (seed, True), halves=True)


def _drawn(
    labels: np.ndarray,
    kind: Kind,
    shares: tuple[float, float],
    wanted: float,
    how: tuple[int, bool],
    *,
    halves: bool = False,
) -> Split:
    (data, task), (seed, constrained) = shares, how
    for share in shares:
        if not 0 <= share <= 1:
            raise BadParameter(
                where="overlap", expected="a share from 0 to 1", got=repr(share), fix="Half is 0.5."
            )
    if labels.ndim != 1 or not len(labels):
        raise DataError(
            where="labels",
            expected="one class for every sample, (n,)",
            got=f"shape {labels.shape}",
            fix="Give one column; for several attributes of the same samples see `attribute_tasks`.",
        )
    rng = np.random.default_rng(seed)
    names, numbers = np.unique(labels, return_inverse=True)
    order = rng.permutation(len(names))
    members = {int(k): rng.permutation(np.flatnonzero(numbers == k)) for k in order}
    every = kind == "data"
    common, own_first, own_second = (
        (order, order[:0], order[:0]) if every else _dealt(order, task, constrained or halves, "classes")
    )
    half = every or halves or kind == "task"
    sizes = [_shared(members[int(k)], data, constrained, half=half, name=names[k]) for k in common]
    first = [part for one in sizes for part in one[:2]]
    second = [part for one in sizes for part in (one[0], one[2])]
    for x, y in zip(own_first, own_second, strict=True):
        size = min(len(members[int(x)]), len(members[int(y)]))
        size = size // 2 if half else size
        first.append(members[int(x)][:size])
        second.append(members[int(y)][:size])
    rows = [np.sort(np.concatenate(parts)).astype(np.int64) for parts in (first, second)]
    known = names.tolist()
    classes = [tuple(known[k] for k in (*common, *own)) for own in (own_first, own_second)]
    shared = len(np.intersect1d(rows[0], rows[1])) / len(rows[0]) if every else len(common) / len(classes[0])
    return Split(rows[0], rows[1], shared, kind, wanted, classes[0], classes[1], seed)


def _shared(
    rows: np.ndarray, share: float, constrained: bool, *, half: bool, name: object
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Samples of one class that are in both subsets, in the first alone, in the second alone."""
    if not half:
        return rows, rows[:0], rows[:0]
    return _dealt(rows, share, constrained, f"samples of class {name}")


def _dealt(
    order: np.ndarray, share: float, constrained: bool, what: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The first round(α N) to both, the next N - round(α N) to the one, the next to the other."""
    n = len(order)
    size = n // 2 if constrained else _most(n, share)
    if size < 1:
        raise DataError(
            where="labels",
            expected=f"at least 2 {what}",
            got=str(n),
            fix="Leave out classes that are too small, or use a dataset with more.",
        )
    both = round(share * size)
    return order[:both], order[both:size], order[size : 2 * size - both]


def _most(n: int, share: float) -> int:
    """The largest N with 2N - round(αN) ≤ n."""
    return next(size for size in range(n, -1, -1) if 2 * size - round(share * size) <= n)
