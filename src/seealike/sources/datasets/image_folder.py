"""A folder of images, one sub-folder (however deep) a class."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from seealike.data.identity import digest, file_digest
from seealike.errors import DataError
from seealike.sources.datasets.card import DatasetCard, Samples, numbered, open_image
from seealike.sources.entry import LocalPath

SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm"}


class ImageFolderCard(DatasetCard):
    """All images below a folder; an image's class is the folder it lies in, relative to `path`.

    Class numbers follow the sorted class names; sample ids are relative paths. Files that are no images
    (by their ending) and hidden files are passed over.

    Attributes:
        path: the folder.
    """

    source_name: ClassVar[str] = "image_folder"
    path: LocalPath

    def read(self) -> Samples:
        """List the images, sorted by path, and digest their contents."""
        if not self.path.is_dir():
            raise DataError(
                where=f"dataset {self.name}", expected="a folder", got=str(self.path), fix="Check `path:`."
            )
        files = sorted(p for p in self.path.rglob("*") if p.suffix.lower() in SUFFIXES and p.name[0] != ".")
        return from_files(
            self.name, self.path, files, [p.parent.relative_to(self.path).as_posix() for p in files]
        )


def from_files(name: str, root: Path, files: list[Path], class_names: list[str] | None) -> Samples:
    """Samples from image files: ids are paths relative to `root`, contents go into the revision."""
    ids = tuple(p.relative_to(root).as_posix() if p.is_relative_to(root) else p.as_posix() for p in files)
    labels, classes = numbered(class_names) if class_names is not None else (None, ())
    revision = digest([[i, file_digest(p)] for i, p in zip(ids, files, strict=True)] + [class_names])
    return Samples(
        sample_ids=ids,
        image=lambda row: open_image(files[row], f"dataset {name}, image {ids[row]}"),
        labels=labels,
        classes=classes,
        revision=revision,
    )
