"""THINGS odd-one-out trials, and embeddings fitted to them, joined by the objects' ids.

The numbers in trial files count objects in the order of their *image files*, the rows of embeddings in that of
``unique_id.txt``; 21 of 1,854 objects stand elsewhere. So numbers become ids here, and nothing is joined by position.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from seealike.data.features import Features
from seealike.data.imports.reading import read_file, read_names
from seealike.data.judgements import Trials, odd_last
from seealike.errors import DataError, MisalignedSamples
from seealike.sources.datasets.columns import each_once
from seealike.sources.entry import LocalPath
from seealike.sources.judgements.card import JudgementCard, lines_of


class ThingsCard(JudgementCard):
    """THINGS odd-one-out trials.

    `path` is a file of one trial a line: i j k choice rater, with the place of the odd one (1, 2, 3) and perhaps no
    rater (raw files, a first line of names is passed over); or three numbers of which the last is the odd one
    (derived ``.txt`` and ``.npy`` files).

    Source: Hebart et al. 2023, "THINGS-data, a multimodal collection of large-scale datasets for investigating object
    representations in human brain and behavior".

    Attributes:
        ids: ``unique_id.txt``, one object's id a line.
        order: what the numbers count: objects in the order of their image files ("file"), or of `ids` ("unique_id").
        sortindex: the published list of that order, if it shall be checked.
        base: what the numbers start from, 0 or 1; found from their range where not given, and refused where the
            range does not tell.
        sample: turns an object's id into a sample id, such as ``{id}/{id}_01b.jpg`` for features of the images.
    """

    source_name: ClassVar[str] = "things"
    ids: LocalPath
    order: Literal["file", "unique_id"] = "file"
    sortindex: LocalPath | None = None
    base: Literal[0, 1] | None = None
    sample: str = "{id}"

    def read(self) -> Trials:
        """The trials, by id, the odd one last."""
        names = object_ids(self.ids)
        if self.order == "file":
            names = _checked(in_file_order(names), names, self.sortindex, self.name)
        rows = self._rows()
        numbers = rows[:, :3] - self._base(rows[:, :3], len(names))
        if rows.shape[1] > 3:
            numbers = odd_last(numbers, rows[:, 3], self.name)
        known = np.array([self.sample.format(id=name) for name in names])
        raters = rows[:, 4] if rows.shape[1] > 4 else None
        self._check_different(numbers, names)
        return Trials(known[numbers], raters=raters, name=self.name)

    def _check_different(self, numbers: np.ndarray, names: list[str]) -> None:
        """Refuse an object that stands twice in a trial, naming the line of the file."""
        a, b, c = numbers.T
        hit = np.flatnonzero((a == b) | (a == c) | (b == c))
        if len(hit):
            first = 0 if self.path.suffix == ".npy" else 1 + self._headed()
            raise DataError(
                where=f"{self.name}, {self.path.name} {'row' if not first else 'line'} {hit[0] + first}",
                expected="three different objects",
                got=", ".join(names[number] for number in numbers[hit[0]]),
                fix=f"Drop the trial ({len(hit)} such trials).",
            )

    def _headed(self) -> bool:
        """Whether the first line is one of names."""
        words = lines_of(self.path, self.name)
        return bool(words) and not words[0][0].lstrip("-").isdecimal()

    def _rows(self) -> np.ndarray:
        if self.path.suffix == ".npy":
            rows = np.asarray(read_file(self.path)[""].read())
        else:
            headed = self._headed()
            rows = _numbers(lines_of(self.path, self.name)[headed:], self.name, 1 + headed)
        if rows.ndim != 2 or rows.shape[1] not in (3, 4, 5) or rows.dtype.kind not in "iu":
            raise DataError(
                where=self.name,
                expected="three whole numbers a trial, or these with a choice and a rater",
                got=f"shape {rows.shape} of {rows.dtype}",
                fix="Give one of the published trial files.",
            )
        return rows.astype(np.int64)

    def _base(self, numbers: np.ndarray, n: int) -> int:
        low, high = int(numbers.min(initial=n)), int(numbers.max(initial=0))
        possible = [base for base in (0, 1) if base <= low and high < n + base]
        if self.base is not None and self.base in possible:
            return self.base
        if self.base is None and len(possible) == 1:
            return possible[0]
        raise DataError(
            where=f"{self.name}, {self.path.name}",
            expected=f"numbers of {n} objects" + (f" from {self.base}" if self.base is not None else ""),
            got=f"{low} to {high}" + (", which may count from 0 or from 1" if len(possible) == 2 else ""),
            fix="Say `base: 0` or `base: 1`." if len(possible) == 2 else "Give the ids of the same objects.",
        )


def object_ids(path: Path) -> list[str]:
    """The ids of ``unique_id.txt``.

    Raises:
        DataError: an id twice.
    """
    names = [name.strip() for name in read_names(path) if name.strip()]
    each_once(names, "object", path.name)
    return names


def in_file_order(names: list[str]) -> list[str]:
    """Objects in the order of their image files, ``<id>_01b.jpg``, byte by byte.

    Example:
        >>> in_file_order(["camera_lens", "camera1", "ice", "ice-cream_cone"])
        ['camera1', 'camera_lens', 'ice-cream_cone', 'ice']
    """
    return sorted(names, key=lambda name: f"{name}_01b.jpg")


def read_embedding(path: Path, ids: Path) -> Features:
    """An embedding of the objects, rows in the order of `ids`, as features that know their ids.

    Args:
        path: a ``.txt`` or ``.npy`` file such as ``spose_embedding_66d_sorted.txt``.
        ids: ``unique_id.txt``.

    Raises:
        MisalignedSamples: not one row an id.
        DataError: not a readable matrix.
    """
    names = object_ids(ids)
    values = np.asarray(read_file(path)[""].read())
    if len(values) != len(names):
        raise MisalignedSamples(
            where=path.name,
            expected=f"{len(names)} rows, one an id",
            got=str(len(values)),
            fix="Give its own ids.",
        )
    return Features(values, tuple(names))


def _checked(ordered: list[str], names: list[str], sortindex: Path | None, where: str) -> list[str]:
    """The order itself, if the published list says the same."""
    if sortindex is None:
        return ordered
    if sortindex.suffix == ".npy":
        listed = np.ravel(read_file(sortindex)[""].read()).tolist()
    else:
        listed = [int(words[0]) for words in lines_of(sortindex, where)]
    if sorted(listed) != list(range(len(names))):
        raise DataError(
            where=f"{where}, {sortindex.name}",
            expected=f"the numbers 0 to {len(names) - 1}, each once",
            got=f"{len(listed)} numbers",
            fix="Download it again.",
        )
    published = [names[unique] for unique in np.argsort(listed)]
    if published != ordered:
        row = next(k for k, (a, b) in enumerate(zip(published, ordered, strict=True)) if a != b)
        raise DataError(
            where=f"{where}, {sortindex.name}",
            expected=f"{ordered[row]} as object {row} of the image files",
            got=published[row],
            fix="Give the sortindex of these ids.",
        )
    return ordered


def _numbers(words: list[list[str]], where: str, first: int) -> np.ndarray:
    for row, line in enumerate(words):
        if len(line) != len(words[0]) or not all(word.lstrip("-").isdecimal() for word in line):
            raise DataError(
                where=f"{where} line {row + first}",
                expected=f"{len(words[0])} whole numbers",
                got=" ".join(line),
                fix="Mend the line.",
            )
    return np.array([[int(word) for word in line] for line in words])
