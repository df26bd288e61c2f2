"""Corpora: texts in files, a folder, a table or an installed Python package each, cut into passages."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from seealike.data.digests import Progress
from seealike.data.identity import content_ids, digest
from seealike.errors import DataError
from seealike.sources.datasets.card import DatasetCard
from seealike.sources.datasets.columns import SUFFIXES, column, read_rows
from seealike.sources.datasets.samples import Samples
from seealike.sources.datasets.text import checked_texts

_PACKAGE = "python:"


class CorporaCard(DatasetCard):
    """Several corpora; every sample is a passage, and its class is its corpus.

    Attributes:
        files: corpus -> a text file in UTF-8, a folder of them, a pattern (``plays/*.txt``), a table (``.parquet``,
            ``.jsonl``, ``.csv`` …) with a column `text`, or ``python:NAME``: the source code of an installed Python
            package, always at hand (and another with another version).
        text: that column.
        passage: characters of a passage: texts are cut at the first end of a line, or of a word, from there on.
    """

    source_name: ClassVar[str] = "corpora"
    files: dict[str, str] = Field(min_length=1)
    text: str = "text"
    passage: int = Field(default=1000, gt=0)

    @field_validator("files")
    @classmethod
    def _from_the_study_file(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        root = Path((info.context or {}).get("root", Path()))
        return {
            name: place if place.startswith(_PACKAGE) else str((root / Path(place).expanduser()).resolve())
            for name, place in value.items()
        }

    def read(self, progress: Progress | None = None) -> Samples:
        """Read and cut all texts."""
        del progress
        cut = [self._passages(name, place) for name, place in self.files.items()]
        passages = [passage for corpus in cut for passage in corpus]
        labels = np.repeat(np.arange(len(cut)), [len(corpus) for corpus in cut])
        ids = content_ids(passage.encode() for passage in passages)
        return Samples(
            sample_ids=tuple(ids),
            image=None,
            labels=labels,
            classes=tuple(self.files),
            revision=digest([ids, labels.tolist(), list(self.files)]),
            text=lambda row: passages[row],
        )

    def _passages(self, name: str, place: str) -> list[str]:
        where = f"dataset {self.name}, corpus {name}"
        found = [passage for text in self._texts(place, where) for passage in passages_of(text, self.passage)]
        if not found:
            raise DataError(where=where, expected="some text", got=f"none in {place}", fix="Mend `files:`.")
        return found

    def _texts(self, place: str, where: str) -> Iterator[str]:
        for file in _files(place, where):
            if file.suffix in SUFFIXES:
                yield from checked_texts(column(read_rows(file, where), self.text, where), where)
                continue
            try:
                yield file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise DataError(
                    where=where, expected=f"UTF-8 text in {file}", got=str(error), fix="Save it as UTF-8."
                ) from error


def _files(place: str, where: str) -> list[Path]:
    """The files of a corpus, in the order of their paths."""
    if place.startswith(_PACKAGE):
        name = place.removeprefix(_PACKAGE)
        package = find_spec(name.partition(".")[0]) and find_spec(name)
        if package is None or not package.origin:
            raise DataError(
                where=where, expected=f"an installed package {name}", got="none", fix="Name another one."
            )
        folders = package.submodule_search_locations
        return sorted(Path(folders[0]).rglob("*.py")) if folders else [Path(package.origin)]
    path = Path(place)
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file())
    return [path] if path.is_file() else sorted(path.parent.glob(path.name))


def passages_of(text: str, length: int) -> list[str]:
    r"""A text in passages of at least so many characters, but for the last; those of blanks alone are left out.

    Example:
        >>> passages_of("One line.\nAnother line.\nEnd.", 5)
        ['One line.\n', 'Another line.\n', 'End.']
        >>> passages_of("nothing but words here", 10)
        ['nothing but ', 'words here']
    """
    passages, start = [], 0
    while start < len(text):
        stop = _end(text, start + length)
        passages.append(text[start:stop])
        start = stop
    return [passage for passage in passages if passage.strip()]


def _end(text: str, place: int) -> int:
    """Behind the first end of a line at or after a place, if it is near; else behind the first blank; else the end."""
    for mark, reach in (("\n", 200), (" ", 200)):
        found = text.find(mark, place - 1, place + reach)
        if found >= 0:
            return found + 1
    return min(place, len(text)) if place < len(text) else len(text)
