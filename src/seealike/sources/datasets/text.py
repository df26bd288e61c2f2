"""Texts: a line each, or a column of a table."""

from __future__ import annotations

from typing import ClassVar

from seealike.data.digests import Progress
from seealike.data.identity import content_ids, digest
from seealike.errors import BadSample, DataError, SpecError
from seealike.sources.datasets.card import DatasetCard
from seealike.sources.datasets.columns import SUFFIXES, column, each_once, read_rows
from seealike.sources.datasets.labels import labelled
from seealike.sources.datasets.samples import Samples
from seealike.sources.entry import LocalPath


class TextCard(DatasetCard):
    """Texts in UTF-8: the lines of a file, or a column of a CSV, TSV, Parquet or JSON-lines table.

    Sample ids come from the content, or from a column of ids.

    Attributes:
        path: ``.csv``, ``.tsv``, ``.parquet``, ``.jsonl``; anything else is read line by line.
        text: the column or key with the text.
        label: the column with the class, if there is one.
        id: the column with the sample ids, if there is one.
    """

    source_name: ClassVar[str] = "text"
    path: LocalPath
    text: str = "text"
    label: str | None = None
    id: str | None = None

    def read(self, progress: Progress | None = None) -> Samples:
        """Read all texts."""
        where = f"dataset {self.name}, {self.path.name}"
        columns = self._columns(where)
        texts = checked_texts(columns[self.text], where)
        ids = [str(name) for name in columns[self.id]] if self.id else content_ids(t.encode() for t in texts)
        each_once(ids, "id", where)
        labels, classes = labelled(columns[self.label], where) if self.label else (None, ())
        listed = None if labels is None else [labels.tolist(), classes]
        return Samples(
            sample_ids=tuple(ids),
            image=None,
            labels=labels,
            classes=classes,
            revision=digest([ids, texts, listed]),
            text=lambda row: texts[row],
        )

    def _columns(self, where: str) -> dict[str, list]:
        wanted = [name for name in (self.text, self.label, self.id) if name]
        if self.path.suffix in SUFFIXES:
            table = read_rows(self.path, where)
            return {name: column(table, name, where) for name in wanted}
        if len(wanted) > 1:
            raise SpecError(
                where=where,
                expected="a table for `label:` or `id:`",
                got="lines of text",
                fix=f"Give a file that ends in {', '.join(SUFFIXES)}.",
            )
        try:
            return {self.text: self.path.read_text(encoding="utf-8").rstrip("\n").split("\n")}
        except UnicodeDecodeError as error:
            raise DataError(
                where=where, expected="UTF-8 text", got=str(error), fix="Save it as UTF-8."
            ) from error


def checked_texts(values: list, where: str) -> list[str]:
    """The texts of a column.

    Raises:
        BadSample: the first row that is empty or no text.

    Example:
        >>> checked_texts(["a", None], "t.csv")
        Traceback (most recent call last):
        ...
        seealike.errors.BadSample: t.csv, row 2: expected a text, got nothing. Fill it in, or drop the row.
    """
    for row, value in enumerate(values):
        if not isinstance(value, str) or not value.strip():
            got = "nothing" if value is None or value == "" else repr(value)
            raise BadSample(
                where=f"{where}, row {row + 1}",
                expected="a text",
                got=got,
                fix="Fill it in, or drop the row.",
            )
    return values
