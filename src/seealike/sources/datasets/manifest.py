"""A CSV, Parquet or JSON-lines table that names image files and their labels."""

from __future__ import annotations

from typing import ClassVar

from seealike.data.digests import Progress
from seealike.sources.datasets.card import DatasetCard
from seealike.sources.datasets.columns import column, each_once, existing, read_rows
from seealike.sources.datasets.files import from_files
from seealike.sources.datasets.labels import labelled
from seealike.sources.datasets.samples import Samples
from seealike.sources.entry import LocalPath


class ManifestCard(DatasetCard):
    """One image a row of a table.

    Labels that are whole numbers are class numbers; others are class names, numbered in sorted order.

    Attributes:
        path: a ``.csv``, ``.tsv``, ``.parquet`` or ``.jsonl`` file.
        image: the column with the image's path, relative to `root`.
        label: the column with the class, if there is one.
        root: the folder that the paths start from; the table's own folder where not given.
    """

    source_name: ClassVar[str] = "manifest"
    path: LocalPath
    image: str = "file"
    label: str | None = None
    root: LocalPath | None = None

    def read(self, progress: Progress | None = None) -> Samples:
        """Read the table and digest the images it names."""
        where = f"dataset {self.name}, {self.path.name}"
        table = read_rows(self.path, where)
        labels = None if self.label is None else labelled(column(table, self.label, where), where)
        root = self.root or self.path.parent
        names = existing(root, column(table, self.image, where), where)
        each_once(names, "image", f"dataset {self.name}")
        return from_files(self, root, names, labels, progress)
