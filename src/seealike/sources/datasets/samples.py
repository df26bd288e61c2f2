"""The samples of a dataset, whatever they came from."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

import numpy as np
from PIL import Image
from pydantic import Field, model_validator

from seealike.data.identity import canonical
from seealike.errors import DataError
from seealike.sources.entry import Entry


class Subset(Entry):
    """Which samples of a dataset are used: a seeded draw without replacement.

    The samples of a dataset have one random order, which depends on the study's seed and on the samples alone, never
    on the models or on other datasets. Every subset is the beginning of it, overall or class by class, so a smaller
    one of the same kind is contained in a larger one.

    Attributes:
        samples: so many of all.
        per_class: so many of each class; smaller classes are kept whole.
        balanced: about so many, the same number of each class: a dataset that is no larger is kept whole, of a
            larger one ceil(balanced / classes) of each class are used, smaller classes whole.
        whole: all samples, where the study's own rule is another; `subset: all` says the same.
    """

    samples: int | None = Field(default=None, gt=0)
    per_class: int | None = Field(default=None, gt=0)
    balanced: int | None = Field(default=None, gt=0)
    whole: Literal[True] | None = None

    @model_validator(mode="before")
    @classmethod
    def _all(cls, value: object) -> object:
        return {"whole": True} if value == "all" else value

    @model_validator(mode="after")
    def _one_rule(self) -> Subset:
        rules = (self.samples, self.per_class, self.balanced, self.whole)
        if sum(rule is not None for rule in rules) != 1:
            raise ValueError("expected `all`, or one of `samples`, `per_class` and `balanced`")
        return self


class Sizes(Entry):
    """Nested subsets of one dataset: the same similarities from fewer and fewer of its samples.

    Attributes:
        samples: so many of all, a number a subset.
        per_class: so many of each class, a number a subset.
    """

    samples: tuple[Annotated[int, Field(gt=0)], ...] = ()
    per_class: tuple[Annotated[int, Field(gt=0)], ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _plain_list(cls, value: object) -> object:
        return {"samples": value} if isinstance(value, list | tuple) else value

    @model_validator(mode="after")
    def _one_rule(self) -> Sizes:
        if bool(self.samples) == bool(self.per_class):
            raise ValueError("expected a list of sizes under one of `samples` and `per_class`")
        return self

    @property
    def subsets(self) -> list[Subset]:
        """One rule a size, the smallest first.

        Example:
            >>> [rule.per_class for rule in Sizes(per_class=(10, 1, 10)).subsets]
            [1, 10]
        """
        if self.samples:
            return [Subset(samples=n) for n in sorted(set(self.samples))]
        return [Subset(per_class=n) for n in sorted(set(self.per_class))]


@dataclass(frozen=True)
class Samples:
    """The samples of a dataset: ids, labels and a way to get each image, or text, or both.

    Attributes:
        sample_ids: unique, stable, from path or content; never from position.
        image: row -> PIL image; None where the dataset has no images.
        labels: (n_samples,) class numbers, or None.
        classes: the names of the classes, by number.
        revision: digest of everything above (contents included).
        rule: canonical text of the subset rule; "all" for the whole dataset.
        text: row -> text; None where the dataset has no texts.
        drawn: seed and (n_samples,) places in the random order of the dataset that this is a subset of, if it is
            one: a subset of a subset follows the same order.
    """

    sample_ids: tuple[str, ...]
    image: Callable[[int], Image.Image] | None
    labels: np.ndarray | None
    classes: tuple[str, ...]
    revision: str
    rule: str = "all"
    text: Callable[[int], str] | None = None
    drawn: tuple[int, np.ndarray] | None = field(default=None, repr=False)

    def items(self, modality: Literal["image", "text"]) -> Callable[[int], Image.Image | str]:
        """What a model of this modality takes, by row.

        Raises:
            DataError: the dataset has none of that kind.
        """
        found = self.image if modality == "image" else self.text
        if found is None:
            other = self.text if modality == "image" else self.image
            got = "neither images nor texts" if other is None else "no " + modality + "s"
            raise DataError(
                where=f"samples for a model of {modality}s",
                expected=f"a dataset with {modality}s",
                got=got,
                fix="Use the model's `datasets:` to name those that fit it.",
            )
        return found

    def subset(self, subset: Subset | None, seed: int) -> Samples:
        """The samples that `subset` draws with this seed, in their old order.

        Raises:
            DataError: a rule by class of a dataset without labels.

        Example:
            >>> labels = np.array([0] * 6 + [1] * 2)
            >>> whole = Samples(tuple("abcdefgh"), None, labels, ("x", "y"), revision="1f")
            >>> whole.subset(Subset(balanced=6), 0).labels.tolist()
            [0, 0, 0, 1, 1]
            >>> whole.subset(Subset(balanced=8), 0).sample_ids == whole.sample_ids
            True
        """
        if subset is None or subset.whole:
            return self
        ranks = self._ranks(seed)
        rows = np.sort(self._first(np.argsort(ranks), subset))
        rule = canonical({"seed": seed, **subset.model_dump(exclude_none=True)})
        return replace(replace(self, drawn=(seed, ranks)).rows(rows), rule=rule)

    def _ranks(self, seed: int) -> np.ndarray:
        """(n_samples,) places in the one random order of this seed."""
        if self.drawn is not None and self.drawn[0] == seed:
            return self.drawn[1]
        rng = np.random.default_rng([seed, int(self.revision, 16)])
        return np.argsort(rng.permutation(len(self.sample_ids)))

    def _first(self, order: np.ndarray, subset: Subset) -> np.ndarray:
        """The rows that begin the order, overall or in their class."""
        if subset.samples is not None:
            return order[: subset.samples]
        labels = self._labels()
        if subset.balanced is None:
            return _of_each_class(order, labels, subset.per_class or 0)
        if len(order) <= subset.balanced:
            return order
        return _of_each_class(order, labels, math.ceil(subset.balanced / len(np.unique(labels))))

    def rows(self, rows: np.ndarray) -> Samples:
        """The samples of these rows, in this order."""
        image, text = self.image, self.text
        return replace(
            self,
            sample_ids=tuple(self.sample_ids[i] for i in rows),
            image=image and (lambda row: image(int(rows[row]))),
            text=text and (lambda row: text(int(rows[row]))),
            labels=None if self.labels is None else self.labels[rows],
            drawn=self.drawn and (self.drawn[0], self.drawn[1][rows]),
        )

    def _labels(self) -> np.ndarray:
        if self.labels is None:
            raise DataError(
                where="subset of each class",
                expected="a dataset with labels",
                got="none",
                fix="Use `samples:` or give labels.",
            )
        return self.labels


def _of_each_class(order: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    """The first rows of each class in this order."""
    drawn = labels[order]
    by_class = np.argsort(drawn, kind="stable")
    starts = np.searchsorted(drawn[by_class], drawn[by_class], side="left")
    return order[by_class[np.arange(len(order)) - starts < count]]
