"""ImageNet's training images as they are handed out: one tar that holds a tar a class."""

from __future__ import annotations

from typing import ClassVar

from seealike.data.digests import Progress
from seealike.data.identity import digest
from seealike.errors import DataError
from seealike.sources.datasets.card import DatasetCard
from seealike.sources.datasets.decoding import open_image
from seealike.sources.datasets.files import SUFFIXES
from seealike.sources.datasets.labels import numbered
from seealike.sources.datasets.samples import Samples
from seealike.sources.datasets.tars import content, nested_members
from seealike.sources.entry import LocalPath


class ImageNetTarCard(DatasetCard):
    """A tar of tars, one a class, read in place: ``ILSVRC2012_img_train.tar`` with ``n01440764.tar`` and so on.

    The tar is read through once; where its images lie is remembered, and any image is one read. Ids, labels and the
    revision are those of an `image_folder` with the tars unpacked (``n01440764/n01440764_10026.JPEG``): features of
    the one are those of the other.

    Attributes:
        path: the outer tar.
    """

    source_name: ClassVar[str] = "imagenet_tar"
    path: LocalPath

    def read(self, progress: Progress | None = None) -> Samples:
        """Index the tar and sort its images by class and name."""
        where = f"dataset {self.name}"
        if not self.path.is_file():
            raise DataError(where=where, expected="a tar", got=str(self.path), fix="Check `path:`.")
        found = [one for one in nested_members(self.path, where, progress) if _is_image(one.name)]
        found.sort(key=lambda one: one.name.split("/"))
        ids = tuple(one.name for one in found)
        labels, classes = numbered([name.rpartition("/")[0] for name in ids])
        contents = [(one.name, one.digest) for one in found]
        return Samples(
            sample_ids=ids,
            image=lambda row: open_image(
                content(self.path, found[row]), f"{where}, image {ids[row]}", self.decoding
            ),
            labels=labels,
            classes=classes,
            revision=digest([contents, [classes, labels.tolist()]]),
        )


def _is_image(name: str) -> bool:
    return name.lower().endswith(SUFFIXES) and "/." not in name
