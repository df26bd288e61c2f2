"""A folder of images, one sub-folder (however deep) a class."""

from __future__ import annotations

from typing import ClassVar

from seealike.data.digests import Progress
from seealike.errors import DataError
from seealike.sources.datasets.card import DatasetCard
from seealike.sources.datasets.files import from_files, image_files
from seealike.sources.datasets.labels import numbered
from seealike.sources.datasets.samples import Samples
from seealike.sources.entry import LocalPath


class ImageFolderCard(DatasetCard):
    """All images below a folder; an image's class is the folder it lies in, relative to `path`.

    Class numbers follow the sorted class names; sample ids are relative paths. Files that are no images
    (by their ending) and hidden files are passed over.

    Attributes:
        path: the folder.
    """

    source_name: ClassVar[str] = "image_folder"
    path: LocalPath

    def read(self, progress: Progress | None = None) -> Samples:
        """List the images, sorted by path, and digest their contents."""
        if not self.path.is_dir():
            raise DataError(
                where=f"dataset {self.name}", expected="a folder", got=str(self.path), fix="Check `path:`."
            )
        names = image_files(self.path)
        labels = numbered([name.rpartition("/")[0] or "." for name in names])
        return from_files(self, self.path, names, labels, progress)
