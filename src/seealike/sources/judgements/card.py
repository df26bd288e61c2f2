"""What all files of human judgements share: a card that says where they lie, and images found without letter case."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from pydantic import Field

from seealike.data.judgements import Choices, HumanRdm, Ratings, SamePairs, Trials
from seealike.errors import DataError
from seealike.sources.datasets.files import image_files
from seealike.sources.entry import LocalPath, SourcedEntry

#: What a file of judgements can hold.
Judgements: TypeAlias = Trials | Choices | Ratings | SamePairs | HumanRdm


class JudgementCard(SourcedEntry):
    """One set of human judgements.

    Sample ids are the images' paths below `path`, with ``/``, as an image folder of the same path gives them.

    Attributes:
        source: the kind of source, one of `JUDGEMENT_SOURCES`.
        name: its name in every message and table.
        path: its folder or file.
    """

    name: str = Field(min_length=1)
    path: LocalPath

    @abstractmethod
    def read(self) -> Judgements:
        """The judgements, checked.

        Raises:
            DataError: a row that cannot be, or an image that is not there; says which row of which file.
        """


class Images:
    """The images of a folder by name, whatever their letter case.

    Args:
        root: the folder; ids are paths below it.
        where: for errors.
    """

    def __init__(self, root: Path, where: str) -> None:
        self.where = where
        self.names = image_files(root)
        self._by_path = {name.lower(): name for name in self.names}
        self._by_file = {name.lower().rpartition("/")[2]: name for name in self.names}

    def id(self, name: str, row: int, file: str) -> str:
        """The id of an image that a row names by its path, or by its file name alone.

        Raises:
            DataError: there is none; says which row of which file wants it.
        """
        wanted = name.lower().replace("\\", "/")
        found = self._by_path.get(wanted) if "/" in wanted else self._by_file.get(wanted)
        if found is None:
            raise DataError(
                where=f"{self.where}, {file} row {row + 1}",
                expected=f"the image {name}",
                got="no such file",
                fix="Download it again, or drop the row.",
            )
        return found

    def ids(self, names: Sequence[str], file: str) -> list[str]:
        """The ids of the images that the rows of a file name."""
        return [self.id(name, row, file) for row, name in enumerate(names)]


def numbers(texts: Sequence[object], what: str, where: str) -> list[float]:
    """Numbers of a column.

    Raises:
        DataError: a cell that is none; says in which row.

    Example:
        >>> numbers(["1.5", "2"], "dmos", "dmos.csv")
        [1.5, 2.0]
    """
    made = []
    for row, text in enumerate(texts):
        try:
            made.append(float(str(text)))
        except ValueError as error:
            raise DataError(
                where=f"{where} row {row + 1}",
                expected=f"a number as {what}",
                got=repr(text),
                fix="Mend the row.",
            ) from error
    return made


def lines_of(path: Path, where: str) -> list[list[str]]:
    """The words of every line that has any, split at blanks and commas.

    Raises:
        DataError: not a text file.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            where=where, expected=f"the text file {path.name}", got=str(error), fix="Download it again."
        ) from error
    return [words for line in text.splitlines() if (words := line.replace(",", " ").split())]


def two_columns(path: Path, where: str) -> list[list[str]]:
    """The lines of a file of two columns.

    Raises:
        DataError: a line with more or fewer.
    """
    rows = lines_of(path, where)
    for row, words in enumerate(rows):
        if len(words) != 2:
            raise DataError(
                where=f"{where} row {row + 1}",
                expected="two columns",
                got=f"{len(words)}",
                fix="Mend the row.",
            )
    return rows
