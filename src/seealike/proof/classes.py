"""Tasks that ask classes: nearest neighbors, few-shot and linear probes, and other distributions than those trained on.

Features are read as rows of unit length, for every arm alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from seealike.data.features import Features, unit_rows
from seealike.errors import MisalignedSamples, TooFewSamples
from seealike.probes import probe
from seealike.probes.neighbors import nearest
from seealike.probes.split import held_out
from seealike.proof.value import Look, Value, mean_of
from seealike.sources.entry import Entry

#: The share of a dataset that a linear probe is tested on, where it has no test samples.
_TESTED = 0.5


class ClassTask(Entry):
    """A task about the classes of a dataset's samples.

    Attributes:
        asked: its name in the table.
        dataset: its name.
    """

    asked: ClassVar[str]

    dataset: str = Field(min_length=1)

    def lines(self, look: Look) -> Iterator[tuple[str, Value]]:
        """One class among all: chance."""
        classes = len(set(look.labels(self.dataset).values()))
        yield "chance", Value(self.asked, 1 / classes, 0)


class NeighborsTask(ClassTask):
    """The nearest-neighbor structure: are neighbors of one class, and are they those of the base?

    Attributes:
        k: how many neighbors, by cosine.
    """

    asked: ClassVar[str] = "neighbors"

    task: Literal["neighbors"]
    k: int = Field(default=10, ge=1)

    def values(self, look: Look, base: Look | None) -> Iterator[Value]:
        """The share of the k nearest that are of the sample's class, and that are the base's k nearest too."""
        features = look.features(self.dataset)
        lists = neighbor_lists(features, self.k)
        classes = _classes(look, self.dataset, features)
        yield mean_of("neighbors", (classes[lists] == classes[:, None]).mean(axis=1), shares=True)
        if base is not None:
            theirs = neighbor_lists(base.features(self.dataset).select(features.sample_ids), self.k)
            yield mean_of("neighbors_kept", kept(lists, theirs), shares=True)


class FewShotTask(ClassTask):
    """A probe trained on a few samples a class, tested on all others.

    Attributes:
        shots: samples a class.
        draws: of these samples.
        method: the probe (see `seealike.probe`).
    """

    asked: ClassVar[str] = "few_shot"

    task: Literal["few_shot"]
    shots: int = Field(default=5, ge=2)
    draws: int = Field(default=5, ge=1)
    method: Literal["adamw", "logistic", "ridge", "knn"] = "logistic"

    def values(self, look: Look, base: Look | None) -> Iterator[Value]:
        """Top-1 accuracy; the interval is over draws."""
        del base
        features = look.features(self.dataset)
        x, y = unit_rows(features.values), _classes(look, self.dataset, features)
        found = [self._draw(x, y, seed) for seed in range(self.draws)]
        yield mean_of("few_shot", np.array(found), shares=True)

    def _draw(self, x: np.ndarray, y: np.ndarray, seed: int) -> float:
        chosen = few(y, self.shots, seed)
        rest = np.setdiff1d(np.arange(len(y)), chosen)
        return probe(x[chosen], y[chosen], x[rest], y[rest], method=self.method, seeds=[seed])[0].top1


class LinearProbeTask(ClassTask):
    """A linear probe, tested on other samples of the dataset, half of each class.

    Attributes:
        method: the probe (see `seealike.probe`).
        seeds: of the halves.
    """

    asked: ClassVar[str] = "linear_probe"

    task: Literal["linear_probe"]
    method: Literal["adamw", "logistic", "ridge", "knn"] = "logistic"
    seeds: tuple[int, ...] = (0, 1, 2)

    def values(self, look: Look, base: Look | None) -> Iterator[Value]:
        """Top-1 accuracy; the interval is over halves."""
        del base
        features = look.features(self.dataset)
        x, y = unit_rows(features.values), _classes(look, self.dataset, features)
        found = []
        for seed in self.seeds:
            train, test = held_out(y, seed, _TESTED)
            made = probe(x[train], y[train], x[test], y[test], method=self.method, seeds=[seed])
            found.append(made[0].top1)
        yield mean_of("linear_probe", np.array(found), shares=True)


class ShiftTask(ClassTask):
    """A linear probe trained on one dataset and tested on another with the same classes: photographs, then sketches.

    Attributes:
        tested: the other dataset; its classes have the same names.
        method: the probe (see `seealike.probe`).
    """

    asked: ClassVar[str] = "shift"

    task: Literal["shift"]
    tested: str = Field(min_length=1)
    method: Literal["adamw", "logistic", "ridge", "knn"] = "logistic"

    def values(self, look: Look, base: Look | None) -> Iterator[Value]:
        """Top-1 accuracy on the other dataset, with the binomial interval of its samples."""
        del base
        parts = [(name, look.features(name)) for name in (self.dataset, self.tested)]
        named = [_named(look, name, features) for name, features in parts]
        classes = sorted(set(named[0]))
        unknown = sorted(set(named[1]) - set(classes))
        if unknown:
            raise MisalignedSamples(
                where=f"{self.tested} after {self.dataset}",
                expected="the same classes",
                got=f"others ({', '.join(unknown[:3])})",
                fix="Give both datasets the same names of classes.",
            )
        (x, y), (tested, wanted) = (
            (unit_rows(features.values), np.searchsorted(classes, names))
            for (_, features), names in zip(parts, named, strict=True)
        )
        made = probe(x, y, tested, wanted, method=self.method, seeds=[0])[0]
        yield mean_of("shift", (made.predicted == wanted).astype(np.float64), shares=True)


def neighbor_lists(features: Features, k: int) -> np.ndarray:
    """(n, k) rows of the nearest other samples, by cosine.

    Raises:
        TooFewSamples: no more than k samples.

    Example:
        >>> neighbor_lists(Features(np.array([[1.0, 0], [0.9, 0.1], [0, 1]]), ("a", "b", "c")), 1).tolist()
        [[1], [0], [1]]
    """
    n = len(features.values)
    if n <= k:
        raise TooFewSamples(
            where="neighbors", expected=f"more than {k} samples", got=str(n), fix="Lower `k`."
        )
    unit = unit_rows(features.values)
    return nearest(unit, unit, k, without=np.arange(n))


def kept(lists: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(n,) the share of each sample's k neighbors that are in the other list too.

    Example:
        >>> kept(np.array([[1, 2]]), np.array([[2, 3]])).tolist()
        [0.5]
    """
    return (lists[:, :, None] == others[:, None, :]).any(axis=2).mean(axis=1)


def few(classes: np.ndarray, shots: int, seed: int) -> np.ndarray:
    """Rows of so many samples of each class, at random.

    Raises:
        TooFewSamples: a class has no more than that.

    Example:
        >>> np.bincount(np.array([0] * 5 + [1] * 9)[few(np.array([0] * 5 + [1] * 9), 3, 0)]).tolist()
        [3, 3]
    """
    sizes = np.bincount(classes)
    if sizes.min() <= shots:
        raise TooFewSamples(
            where="few_shot",
            expected=f"more than {shots} samples of each class",
            got=f"{sizes.min()} of one",
            fix="Lower `shots`.",
        )
    rng = np.random.default_rng(seed)
    return np.concatenate(
        [rng.choice(np.flatnonzero(classes == one), shots, replace=False) for one in range(len(sizes))]
    )


def _named(look: Look, dataset: str, features: Features) -> list[str]:
    known = look.labels(dataset)
    missing = [name for name in features.sample_ids if name not in known]
    if missing:
        raise MisalignedSamples(
            where=f"labels of {dataset}",
            expected="a class for every sample",
            got=f"none for {len(missing)} ({', '.join(missing[:3])})",
            fix="Label these samples too.",
        )
    return [known[name] for name in features.sample_ids]


def _classes(look: Look, dataset: str, features: Features) -> np.ndarray:
    """(n,) whole numbers from 0, without gaps."""
    return np.unique(_named(look, dataset, features), return_inverse=True)[1]
