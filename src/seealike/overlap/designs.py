"""The runs of an overlap design: for every share and seed two subsets, and what each model learns to tell apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Literal

import numpy as np

from seealike.errors import DataError
from seealike.overlap.attributes import attribute_tasks
from seealike.overlap.splits import Split, factorial_split, split

Design = Literal["data", "task", "both", "factorial", "attributes"]


@dataclass(frozen=True)
class Side:
    """What one model of a run is trained on.

    Attributes:
        rows: (n,) of the dataset, ascending.
        labels: (n,) its class numbers of these.
        numbers: class of the dataset -> its class number, for the classes that it learns.
        classes: what its class numbers stand for; common ones come first, numbered alike in both models.
    """

    rows: np.ndarray = field(repr=False)
    labels: np.ndarray = field(repr=False)
    numbers: dict[int, int] = field(repr=False)
    classes: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class Planned:
    """One run: two sides, and what they share.

    Attributes:
        design: "data", "task", "both" or "factorial"; of attributes "task".
        data_overlap: the realized share of samples (of "factorial": within common classes).
        task_overlap: the realized share of classes, or of attributes.
        seed: of the split.
        first: what the one learns.
        second: what the other learns.
        detail: which tasks, where several have the same overlap.
    """

    design: str
    data_overlap: float
    task_overlap: float
    seed: int
    first: Side
    second: Side
    detail: str = ""

    def evaluation(self, labels: np.ndarray) -> dict[str, np.ndarray]:
        """Rows of test samples of classes that both learn ("common classes"), or only one ("one class").

        Args:
            labels: (n,) class numbers of the test samples, in the dataset's numbering.
        """
        known = [np.isin(labels, list(side.numbers)) for side in (self.first, self.second)]
        return {
            "common classes": np.flatnonzero(known[0] & known[1]),
            "one class": np.flatnonzero(known[0] ^ known[1]),
        }


def planned_runs(
    design: Design,
    labels: np.ndarray,
    classes: Sequence[str],
    overlaps: Sequence[float],
    seeds: Sequence[int],
    *,
    attributes: Sequence[str] = (),
    constrained: bool = True,
) -> list[Planned]:
    """All runs of a design.

    In "factorial" all pairs of `overlaps` are taken, the share of samples within common classes and the share of
    classes; where no class is common there are no such samples, so that is one run a seed. In "attributes" all
    pairs of tasks over the attributes with shares 0, 1/2 … 1 that the number of attributes allows are taken (tasks of k
    attributes that share k - 1, k - 2 …, 0 where k attributes leave enough); every model sees all images.

    Args:
        design: what is shared.
        labels: (n,) class numbers.
        classes: names by number.
        overlaps: shares; not used by "attributes".
        seeds: of the splits.
        attributes: names of the parts of the class names, in order.
        constrained: see `split`.

    Raises:
        DataError: too few samples or classes, or class names without these parts.

    Example:
        >>> runs = planned_runs("factorial", np.repeat(np.arange(4), 8), list("abcd"), [0, 1], [0])
        >>> [(run.data_overlap, run.task_overlap) for run in runs]
        [(0.0, 0.0), (0.0, 1.0), (1.0, 1.0)]
    """
    if design == "attributes":
        tasks = _attribute_runs(labels, classes, attributes)
        return [
            Planned("task", 1.0, share, seed, sides[0], sides[1], detail)
            for seed in seeds
            for share, sides, detail in tasks
        ]
    names = np.asarray(labels)
    runs = []
    for seed in seeds:
        for data, task in _shares(design, overlaps):
            kind = "data" if design == "data" else "both" if design == "both" else "task"
            made = (
                factorial_split(names, data, task, seed)
                if design == "factorial"
                else split(names, kind, data if design == "data" else task, seed, constrained=constrained)
            )
            first, second = (_side(made, names, classes, which) for which in (1, 2))
            runs.append(Planned(design, *_realized(design, made, names), seed, first, second))
    return runs


def _shares(design: Design, overlaps: Sequence[float]) -> Iterator[tuple[float, float]]:
    """(data, task) of every run of a seed."""
    for task, data in product(sorted(set(overlaps)), repeat=2):
        one = design == "factorial" and (task > 0 or data == min(overlaps))
        if one or (design != "factorial" and task == data):
            yield data, task


def _realized(design: Design, made: Split, labels: np.ndarray) -> tuple[float, float]:
    if design == "data":
        return made.overlap, 1.0
    if design == "task":
        return 0.0, made.overlap
    if design == "both":
        return made.overlap, made.overlap
    common = made.first[np.isin(labels[made.first], np.array(made.common_classes, dtype=np.int64))]
    return float(np.isin(common, made.second).mean()) if len(common) else 0.0, made.overlap


def _side(made: Split, labels: np.ndarray, classes: Sequence[str], which: Literal[1, 2]) -> Side:
    rows, known = (made.first, made.classes_first) if which == 1 else (made.second, made.classes_second)
    numbers = {int(one): k for k, one in enumerate(known)}  # pyright: ignore[reportArgumentType] (class numbers)
    return Side(rows, made.relabeled(labels, which), numbers, tuple(str(classes[one]) for one in numbers))


def _attribute_runs(
    labels: np.ndarray, classes: Sequence[str], attributes: Sequence[str]
) -> list[tuple[float, tuple[Side, Side], str]]:
    parts = [name.split("_") for name in classes]
    if any(len(one) != len(attributes) for one in parts):
        raise DataError(
            where="attributes",
            expected=f"class names of {len(attributes)} parts ({'_'.join(attributes)})",
            got=next(name for name, one in zip(classes, parts, strict=True) if len(one) != len(attributes)),
            fix="Name the classes so, with _ between the parts.",
        )
    values = {name: np.array([one[k] for one in parts]) for k, name in enumerate(attributes)}
    found = []
    for size in range(1, len(attributes) + 1):
        least = max(0, 2 * size - len(attributes))
        for shared in [size] if size == len(attributes) else range(least, size):
            for pair in attribute_tasks(values, size, shared):
                sides = tuple(_attribute_side(task.labels, task.attributes, labels, values) for task in pair)
                detail = " / ".join("+".join(task.attributes) for task in pair)
                found.append((shared / size, sides, detail))
    return found


def _attribute_side(
    numbers: np.ndarray, names: Sequence[str], labels: np.ndarray, values: dict[str, np.ndarray]
) -> Side:
    """All images, labelled by the combination of some attributes (`numbers`: of each class)."""
    known = [""] * (int(numbers.max()) + 1)
    for kind, number in enumerate(numbers):
        known[number] = "_".join(str(values[name][kind]) for name in names)
    mapping = {kind: int(number) for kind, number in enumerate(numbers)}
    return Side(np.arange(len(labels)), numbers[labels], mapping, tuple(known))
