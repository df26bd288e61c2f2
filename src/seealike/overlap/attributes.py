"""Tasks over the same samples that share a stated number of attributes: the image stays, the question varies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from seealike.errors import BadParameter, MisalignedSamples


@dataclass(frozen=True)
class AttributeTask:
    """To tell apart the combinations of some attributes.

    Attributes:
        attributes: their names, sorted.
        labels: (n,) int64 number of each sample's combination, from 0.
        n_classes: how many combinations there are.
    """

    attributes: tuple[str, ...]
    labels: np.ndarray = field(repr=False)
    n_classes: int


def attribute_tasks(
    attributes: Mapping[str, np.ndarray], size: int, shared: int
) -> list[tuple[AttributeTask, AttributeTask]]:
    """All pairs of tasks of `size` attributes that have exactly `shared` of them in common.

    Their task overlap is shared / size; both see the same samples. With shape, digit and color this gives the
    published partitions: size 1, shared 0; size 2, shared 1 (three pairs); size 3, shared 3 (the task itself, twice).

    Args:
        attributes: name -> (n,) values, of the same samples.
        size: attributes a task.
        shared: attributes in common.

    Raises:
        BadParameter: there are no such pairs.
        MisalignedSamples: attributes of different length.

    Example:
        >>> values = {"shape": np.array([0, 0, 1, 1]), "digit": np.array([3, 4, 3, 4]), "color": np.array([1, 1, 1, 2])}
        >>> [(x.attributes, y.attributes, x.n_classes) for x, y in attribute_tasks(values, 2, 1)][0]
        (('color', 'digit'), ('color', 'shape'), 3)

    Source:
        Li et al., «Exploring causes of representational similarity in machine learning models», 2025, section 4.2.
    """
    if len({len(values) for values in attributes.values()}) > 1:
        lengths = ", ".join(f"{name}: {len(values)}" for name, values in attributes.items())
        raise MisalignedSamples(
            where="attributes",
            expected="a value of every attribute for every sample",
            got=lengths,
            fix="Join the attributes by sample id first.",
        )
    tasks = {names: _task(attributes, names) for names in combinations(sorted(attributes), size)}
    if shared == size:
        found = [(task, task) for task in tasks.values()]
    else:
        pairs = combinations(tasks.values(), 2)
        found = [(x, y) for x, y in pairs if len({*x.attributes} & {*y.attributes}) == shared]
    if not found:
        raise BadParameter(
            where="attribute_tasks",
            expected=f"two tasks of {size} of the attributes {', '.join(sorted(attributes))} that share {shared}",
            got="none",
            fix="Fewer attributes a task leave more to differ in.",
        )
    return found


def _task(attributes: Mapping[str, np.ndarray], names: tuple[str, ...]) -> AttributeTask:
    combined = np.zeros(len(attributes[names[0]]), dtype=np.int64)
    for name in names:
        values, numbers = np.unique(attributes[name], return_inverse=True)
        combined = combined * len(values) + numbers
    kinds, labels = np.unique(combined, return_inverse=True)
    return AttributeTask(names, labels.astype(np.int64), len(kinds))
