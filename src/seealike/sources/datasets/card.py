"""What every dataset source gives: a card (what the study says) and the samples."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from pydantic import Field, model_validator

from seealike.data.identity import canonical, digest
from seealike.errors import DataError
from seealike.sources.entry import Entry, SourcedEntry
from seealike.sources.images import plain


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
    """The samples of a dataset: ids, labels and a way to get each image.

    Attributes:
        sample_ids: unique, stable, from path or content; never from position.
        image: row -> PIL image.
        labels: (n_samples,) class numbers, or None.
        classes: the names of the classes, by number.
        revision: digest of everything above (contents included).
        rule: canonical text of the subset rule; "all" for the whole dataset.
    """

    sample_ids: tuple[str, ...]
    image: Callable[[int], Image.Image]
    labels: np.ndarray | None
    classes: tuple[str, ...]
    revision: str
    rule: str = "all"

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
        image = self.image
        return replace(
            self,
            sample_ids=tuple(self.sample_ids[i] for i in rows),
            image=lambda row: image(int(rows[row])),
            labels=None if self.labels is None else self.labels[rows],
            rule=canonical({"seed": seed, **subset.model_dump(exclude_none=True)}),
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
        return np.concatenate([order[drawn == label][:count] for label in np.unique(drawn)])


class DatasetCard(SourcedEntry):
    """One dataset of a study.

    Attributes:
        source: the kind of source, one of `DATASET_SOURCES`.
        name: its name in every table and figure; unique in the study.
        fields: what analyses group by (domain …), free text.
        classes: the name of the class list that the label numbers follow ("imagenet-1k"); a model with a head
            for the same list is scored on it.
        subset: the samples to use; the study's own rule where not given.
        invert: turn dark strokes on white into bright strokes on black (255 - value).
    """

    name: str = Field(min_length=1)
    fields: dict[str, str] = Field(default_factory=dict)
    classes: str | None = None
    subset: Subset | None = None
    invert: bool = False

    @abstractmethod
    def read(self) -> Samples:
        """List the samples and digest their contents."""

    def open(self, seed: int, default: Subset | None = None) -> Samples:
        """The samples that the study uses.

        Args:
            seed: the study's seed, for the subset.
            default: the study's subset rule, used where the card has none.

        Raises:
            DataError: the dataset is empty, or an image or a label is not what it should be.
        """
        samples = self.read()
        if not samples.sample_ids:
            raise DataError(
                where=f"dataset {self.name}",
                expected="at least one sample",
                got="none",
                fix="Check its path.",
            )
        if self.invert:
            image = samples.image
            samples = replace(
                samples,
                image=lambda row: ImageOps.invert(plain(image(row)).convert("RGB")),
                revision=digest([samples.revision, "inverted"]),
            )
        return samples.subset(self.subset or default, seed)


def open_image(path: Path, where: str) -> Image.Image:
    """Open and decode an image file completely.

    Args:
        path: a file.
        where: for the error.

    Raises:
        DataError: no image, a damaged one, or an empty file.
    """
    try:
        with Image.open(path) as image:
            image.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(
            where=where,
            expected="a readable image",
            got=str(error) or type(error).__name__,
            fix="Replace or remove the file, then run the same command again.",
        ) from error
    return image


def numbered(names: list[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Class names -> class numbers in sorted order, and the names.

    Example:
        >>> labels, classes = numbered(["b", "a", "b"])
        >>> labels.tolist(), classes
        ([1, 0, 1], ('a', 'b'))
    """
    classes, labels = np.unique(np.array(names, dtype=str), return_inverse=True)
    return labels.astype(np.int64), tuple(str(c) for c in classes)
