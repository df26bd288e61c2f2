"""Datasets of torchvision, by class name and arguments."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from PIL import Image
from pydantic import Field

from seealike.data.digests import Progress
from seealike.data.identity import digest
from seealike.errors import BadSample, DataError, SourceError, SpecError, UnknownName, suggestion
from seealike.sources.datasets.card import DatasetCard
from seealike.sources.datasets.columns import each_once
from seealike.sources.datasets.decoding import settled
from seealike.sources.datasets.files import from_files
from seealike.sources.datasets.ids import content_digest, distinct
from seealike.sources.datasets.labels import checked
from seealike.sources.datasets.samples import Samples
from seealike.sources.entry import LocalPath

#: Where torchvision's classes keep their files: paths, or pairs of a path and a class number.
_FILE_LISTS = ("_image_files", "_samples", "samples", "_images", "imgs")


class TorchvisionDatasetCard(DatasetCard):
    """A class of ``torchvision.datasets`` whose items are pairs of an image and a class number.

    Where the class keeps a list of files, ids are their paths and images are read by our rules; else every
    image is looked at once and ids come from its pixels.

    Attributes:
        dataset: the name of the class ("Food101", "MNIST").
        path: the folder that torchvision calls ``root``.
        arguments: its other arguments (``train``, ``split`` …).
    """

    source_name: ClassVar[str] = "torchvision"
    dataset: str
    path: LocalPath | None = None
    arguments: dict[str, Any] = Field(default_factory=dict)

    def read(self, progress: Progress | None = None) -> Samples:
        """Build the dataset and list its samples."""
        dataset = self._built()
        files = _files(dataset)
        if files is None:
            return self._by_pixels(dataset, progress)
        root = self.path or Path(files[0]).parent
        names = [p.relative_to(root).as_posix() if p.is_relative_to(root) else p.as_posix() for p in files]
        each_once(names, "image", f"dataset {self.name}")
        return from_files(self, root, names, self._labels(dataset, _targets(dataset)), progress)

    def _built(self) -> Any:
        from seealike.sources.models.vision import vision_library

        where = f"dataset {self.name}"
        known = vision_library("torchvision", where=where).datasets
        kind = getattr(known, self.dataset, None)
        if kind is None:
            raise UnknownName(
                where=where,
                expected="a class of torchvision.datasets",
                got=repr(self.dataset),
                fix=suggestion(self.dataset, known.__all__),
            )
        root = {} if self.path is None else {"root": str(self.path)}
        try:
            return kind(**root, **self.arguments)
        except (TypeError, ValueError) as error:
            raise SpecError(
                where=where,
                expected=f"arguments that fit {self.dataset}",
                got=str(error),
                fix="Check `path:` and `arguments:`.",
            ) from error
        except (RuntimeError, OSError, ImportError) as error:
            raise SourceError(
                where=where,
                expected=f"the files of {self.dataset}",
                got=str(error),
                fix=f"Download them first, with torchvision.datasets.{self.dataset}(…, download=True) or by hand.",
            ) from error

    def _by_pixels(self, dataset: Any, progress: Progress | None) -> Samples:
        """Ids from the pixels of every image, looked at one by one."""
        digests, targets = [], []
        for row in range(len(dataset)):
            image, target = self._item(dataset, row)
            digests.append(content_digest(f"{image.mode} {image.size} ".encode() + image.tobytes()))
            targets.append(target)
            if progress is not None and row % 1000 == 999:
                progress(row + 1, len(dataset))
        ids = distinct(digests)
        labels, classes = self._labels(dataset, targets) or (None, ())
        return Samples(
            sample_ids=tuple(ids),
            image=lambda row: settled(
                self._item(dataset, row)[0], f"dataset {self.name}, image {ids[row]}", self.decoding
            ),
            labels=labels,
            classes=classes,
            revision=digest([ids, None if labels is None else [labels.tolist(), classes]]),
        )

    def _item(self, dataset: Any, row: int) -> tuple[Image.Image, object]:
        where = f"dataset {self.name}, item {row}"
        try:
            item = dataset[row]
        except (OSError, ValueError, SyntaxError) as error:
            raise BadSample(
                where=where, expected="a readable image", got=str(error), fix="Replace its file."
            ) from error
        if isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], Image.Image):
            return item[0], item[1]
        raise DataError(
            where=where,
            expected="an image and a class number",
            got=f"a {type(item).__name__}" + (f" of {len(item)}" if isinstance(item, tuple) else ""),
            fix="Use a dataset of images for classification.",
        )

    def _labels(
        self, dataset: Any, targets: Sequence[object] | None
    ) -> tuple[np.ndarray, tuple[str, ...]] | None:
        """Class numbers with the class's own names; None where the targets are no whole numbers."""
        if not targets or not all(isinstance(t, int | np.integer) for t in targets):
            return None
        names = [c if isinstance(c, str) else ", ".join(c) for c in getattr(dataset, "classes", None) or ()]
        numbers = np.array([int(t) for t in targets])  # type: ignore[call-overload]
        return checked(numbers, names, f"dataset {self.name}")


def _files(dataset: Any) -> list[Path] | None:
    """The files of all items, in their order, where the dataset keeps such a list."""
    for name in _FILE_LISTS:
        kept = getattr(dataset, name, None)
        if not isinstance(kept, list) or not kept or len(kept) != len(dataset):
            continue
        paths = [entry[0] if isinstance(entry, tuple) else entry for entry in kept]
        if all(isinstance(path, str | Path) for path in paths) and Path(paths[0]).is_file():
            return [Path(path) for path in paths]
    return None


def _targets(dataset: Any) -> list[object] | None:
    for name in ("_samples", "samples", "imgs"):
        kept = getattr(dataset, name, None)
        if isinstance(kept, list) and kept and isinstance(kept[0], tuple):
            return [entry[1] for entry in kept]
    for name in ("_labels", "targets"):
        kept = getattr(dataset, name, None)
        if isinstance(kept, list) and len(kept) == len(dataset):
            return list(kept)
    return None
