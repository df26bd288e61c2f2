"""The samples of a dataset, whatever they came from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from PIL import Image
from pydantic import Field, model_validator

from seealike.data.identity import canonical
from seealike.errors import DataError
from seealike.sources.entry import Entry


class Subset(Entry):
    """Which samples of a dataset are used: a seeded draw without replacement.

    The draw depends on the study's seed and the dataset's samples alone, never on the models or on other
    datasets; a smaller subset of the same kind is contained in a larger one.

    Attributes:
        samples: so many of all.
        per_class: so many of each class; smaller classes are kept whole.
    """

    samples: int | None = Field(default=None, gt=0)
    per_class: int | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _one_rule(self) -> Subset:
        if (self.samples is None) == (self.per_class is None):
            raise ValueError("expected either `samples` or `per_class`")
        return self


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
    """

    sample_ids: tuple[str, ...]
    image: Callable[[int], Image.Image] | None
    labels: np.ndarray | None
    classes: tuple[str, ...]
    revision: str
    rule: str = "all"
    text: Callable[[int], str] | None = None

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
            DataError: `per_class` of a dataset without labels.
        """
        if subset is None:
            return self
        rng = np.random.default_rng([seed, int(self.revision, 16)])
        order = rng.permutation(len(self.sample_ids))
        if subset.samples is not None:
            rows = np.sort(order[: subset.samples])
        else:
            rows = np.sort(self._of_each_class(order, subset.per_class or 0))
        rule = canonical({"seed": seed, **subset.model_dump(exclude_none=True)})
        return replace(self.rows(rows), rule=rule)

    def rows(self, rows: np.ndarray) -> Samples:
        """The samples of these rows, in this order."""
        image, text = self.image, self.text
        return replace(
            self,
            sample_ids=tuple(self.sample_ids[i] for i in rows),
            image=image and (lambda row: image(int(rows[row]))),
            text=text and (lambda row: text(int(rows[row]))),
            labels=None if self.labels is None else self.labels[rows],
        )

    def _of_each_class(self, order: np.ndarray, count: int) -> np.ndarray:
        if self.labels is None:
            raise DataError(
                where="subset per_class",
                expected="a dataset with labels",
                got="none",
                fix="Use `samples:` or give labels.",
            )
        drawn = self.labels[order]
        by_class = np.argsort(drawn, kind="stable")
        starts = np.searchsorted(drawn[by_class], drawn[by_class], side="left")
        return order[by_class[np.arange(len(order)) - starts < count]]
