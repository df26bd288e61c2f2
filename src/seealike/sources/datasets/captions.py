"""Images paired with captions: a folder and a table."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from seealike.data.digests import Progress
from seealike.data.identity import digest
from seealike.errors import DataError
from seealike.sources.datasets.card import DatasetCard
from seealike.sources.datasets.columns import column, existing, read_rows
from seealike.sources.datasets.files import from_files
from seealike.sources.datasets.labels import labelled
from seealike.sources.datasets.samples import Samples
from seealike.sources.datasets.text import checked_texts
from seealike.sources.entry import LocalPath


class CaptionsCard(DatasetCard):
    """Images with captions, row by row the same sample: for models of images and models of text alike.

    An image may have several captions: rows of the same image (Flickr30k, COCO), or a list in its row. One of
    them is used.

    Attributes:
        path: a ``.csv``, ``.tsv``, ``.parquet`` or ``.jsonl`` file.
        image: the column with the image's path, relative to `root`.
        text: the column with the caption, or a list of captions.
        caption: which caption of every image is used, counted from 0 in the table's order.
        label: the column with the class, if there is one.
        root: the folder that the paths start from; the table's own folder where not given.
    """

    source_name: ClassVar[str] = "captions"
    path: LocalPath
    image: str = "file"
    text: str = "caption"
    caption: int = Field(default=0, ge=0)
    label: str | None = None
    root: LocalPath | None = None

    def read(self, progress: Progress | None = None) -> Samples:
        """Read the table and digest the images it names."""
        where = f"dataset {self.name}, {self.path.name}"
        table = read_rows(self.path, where)
        root = self.root or self.path.parent
        names = [str(name or "") for name in column(table, self.image, where)]
        captions: dict[str, list] = {}
        rows: dict[str, int] = {}
        for row, (name, given) in enumerate(zip(names, column(table, self.text, where), strict=True)):
            captions.setdefault(name, []).extend(given if isinstance(given, list) else [given])
            rows.setdefault(name, row)
        texts = checked_texts([nth(of, self.caption, f"{where}, {n}") for n, of in captions.items()], where)
        labels = None
        if self.label is not None:
            values = column(table, self.label, where)
            labels = labelled([values[row] for row in rows.values()], where)
        samples = from_files(self, root, existing(root, list(captions), where), labels, progress)
        return replace(samples, text=lambda row: texts[row], revision=digest([samples.revision, texts]))


def nth(captions: list, number: int, where: str) -> object:
    """One of an image's captions.

    Raises:
        DataError: it has fewer.

    Example:
        >>> nth(["a cat", "a pet"], 1, "d")
        'a pet'
    """
    if number >= len(captions):
        raise DataError(
            where=where,
            expected=f"at least {number + 1} captions",
            got=str(len(captions)),
            fix="Set `caption:` to a smaller number.",
        )
    return captions[number]
