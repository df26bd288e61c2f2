"""What a study says of a dataset, and how it is opened."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import ImageOps
from pydantic import Field, ValidationInfo, field_validator, model_validator

from seealike.data.digests import Progress
from seealike.data.identity import digest
from seealike.errors import DataError, place
from seealike.sources.datasets.decoding import Decoding
from seealike.sources.datasets.grouping import GROUPINGS, grouped
from seealike.sources.datasets.samples import Samples, Sizes, Subset
from seealike.sources.datasets.selection import listed, of_classes
from seealike.sources.entry import LocalPath, SourcedEntry

__all__ = ["DatasetCard", "Samples", "Sizes", "Subset"]

#: The class lists that the groupings join, without hyphens.
_JOINED = {"imagenet1k", "cifar100"}


class DatasetCard(SourcedEntry):
    """One dataset of a study.

    The keys below are applied in this order: superclasses, only_classes, only_samples, invert, subset.

    Attributes:
        source: the kind of source, one of `DATASET_SOURCES`.
        name: its name in every table and figure; unique in the study.
        fields: what analyses group by (domain …), free text.
        classes: the name of the class list that the label numbers follow ("imagenet-1k"); a model with a head
            for the same list is scored on it. With `superclasses`, the name of their list.
        superclasses: classes are joined into superclasses and the samples of no superclass left out: one of
            `GROUPINGS` ("living17", "living17/source", "cifar100" …) or a CSV file with the columns class and
            superclass.
        only_classes: the classes to keep, by name.
        only_samples: a text file with the ids of the samples to keep, one a line, or a table with a column sample_id
            (such as a study keeps of the samples that it used).
        subset: the samples to use; the study's own rule where not given.
        sizes: nested subsets of these samples, from which the similarities are computed too.
        test: the keys of this entry that are different for the samples that probes are tested on (``{split: test}``,
            ``{path: …}``); a part of the dataset is held out where not given.
        invert: turn dark strokes on white into bright strokes on black (255 - value).
        decoding: how image files become pixels.
    """

    name: str = Field(min_length=1)
    fields: dict[str, str] = Field(default_factory=dict)
    classes: str | None = None
    superclasses: str | None = None
    only_classes: tuple[str, ...] | None = Field(default=None, min_length=1)
    only_samples: LocalPath | None = None
    subset: Subset | None = None
    sizes: Sizes | None = None
    test: dict[str, Any] | None = Field(default=None, min_length=1)
    invert: bool = False
    decoding: Decoding = Decoding()

    @field_validator("superclasses")
    @classmethod
    def _known_or_file(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None or value in GROUPINGS:
            return value
        path = ((info.context or {}).get("root", Path()) / Path(value).expanduser()).resolve()
        if not path.exists():
            raise ValueError(f"expected one of {', '.join(GROUPINGS)}, or a CSV file, got {value!r}")
        return str(path)

    @model_validator(mode="after")
    def _no_fine_heads(self) -> DatasetCard:
        fine = (self.classes or "").lower().replace("-", "") in _JOINED
        if fine and self.superclasses is not None:
            raise ValueError(
                f"expected the name of the superclasses' own list as `classes:`, or none, got {self.classes!r}: "
                "labels are superclasses here, and heads for the single classes would be scored against them"
            )
        return self

    @abstractmethod
    def read(self, progress: Progress | None = None) -> Samples:
        """List the samples and digest their contents.

        Args:
            progress: called with (files done, files in all) where it takes longer than two seconds.
        """

    def open(self, seed: int, default: Subset | None = None, progress: Progress | None = None) -> Samples:
        """The samples that the study uses.

        Args:
            seed: the study's seed, for the subset.
            default: the study's subset rule, used where the card has none.
            progress: called with (files done, files in all) where reading takes longer than two seconds.

        Raises:
            DataError: the dataset is empty, or an image or a label is not what it should be.
        """
        samples = self._derived(self.read(progress))
        if not samples.sample_ids:
            raise DataError(
                where=f"dataset {self.name}",
                expected="at least one sample",
                got="none",
                fix="Check its path.",
            )
        return samples.subset(self.subset or default, seed)

    def _derived(self, samples: Samples) -> Samples:
        with place(f"dataset {self.name}"):
            if self.superclasses is not None:
                samples = grouped(samples, self.superclasses)
            if self.only_classes is not None:
                samples = of_classes(samples, self.only_classes)
            if self.only_samples is not None:
                samples = listed(samples, self.only_samples)
        if samples.image is not None:
            rules = [samples.revision, self.decoding.model_dump(), "inverted" if self.invert else ""]
            samples = replace(samples, revision=digest(rules))
        if self.invert and samples.image is not None:
            image = samples.image
            samples = replace(samples, image=lambda row: ImageOps.invert(image(row).convert("RGB")))
        return samples
