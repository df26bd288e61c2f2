"""Superclasses: BREEDS from ImageNet's classes, the coarse classes of CIFAR-100, or a table of one's own."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from seealike.data.identity import digest
from seealike.errors import DataError
from seealike.sources.datasets.samples import Samples
from seealike.sources.datasets.selection import part

_TABLES = Path(__file__).parent / "tables"
_BREEDS = ("entity13", "entity30", "living17", "nonliving26")

#: Groupings that come with the package. The BREEDS ones are the random splits with seed 2 that the benchmark's
#: own library makes (Santurkar, Tsipras & Madry, "BREEDS: Benchmarks for Subpopulation Shift", ICLR 2021;
#: github.com/MadryLab/BREEDS-Benchmarks, MIT): source and target are disjoint halves of each superclass.
GROUPINGS = (
    *(name for breeds in _BREEDS for name in (breeds, f"{breeds}/source", f"{breeds}/target")),
    "cifar100",
)


@dataclass(frozen=True)
class Grouping:
    """Which classes form which superclass.

    Attributes:
        known: the class list that it is made for: its names by number; empty where names alone count.
        superclasses: names by number.
        members: superclass number by class name.
    """

    known: tuple[str, ...]
    superclasses: tuple[str, ...]
    members: dict[str, int]


def grouped(samples: Samples, which: str) -> Samples:
    """The samples of the classes that belong to a superclass, labelled by superclass.

    Args:
        samples: a dataset with labels. For BREEDS its classes are named by WordNet ids ("n01440764"), or there
            are a thousand in the usual order; for CIFAR-100 they have their names, or there are a hundred.
        which: one of `GROUPINGS`, or the path of a CSV file.

    Raises:
        DataError: no labels, other classes, or classes that are missing.
    """
    where = f"superclasses {Path(which).name if which not in GROUPINGS else which}"
    if samples.labels is None:
        raise DataError(where=where, expected="a dataset with labels", got="none", fix="Give it labels.")
    grouping = _own(Path(which), where) if which not in GROUPINGS else _public(which)
    names = _named(samples.classes, grouping)
    missing = [name for name in grouping.members if name not in set(names)]
    if missing:
        raise DataError(
            where=where,
            expected=f"a dataset with the {len(grouping.members)} classes that it joins",
            got=f"one without {len(missing)} of them ({', '.join(missing[:3])} …)",
            fix="Use it with the whole dataset, whose classes have their usual names or order.",
        )
    table = np.array([grouping.members.get(name, -1) for name in names], dtype=np.int64)
    labels = table[samples.labels]
    made_from = ["superclasses", sorted(grouping.members.items()), list(grouping.superclasses)]
    renamed = replace(samples, labels=labels, classes=grouping.superclasses)
    return part(renamed, labels >= 0, [digest(made_from)])


def _named(classes: Sequence[str], grouping: Grouping) -> list[str]:
    """The classes as the grouping calls them: by their names, or by number where the list is as long."""
    plain = [re.sub(r"[\s-]+", "_", name.strip().lower()) for name in classes]
    if grouping.known and set(plain).isdisjoint(grouping.known) and len(plain) == len(grouping.known):
        return list(grouping.known)
    return plain if grouping.known else list(classes)


@cache
def _public(name: str) -> Grouping:
    if name == "cifar100":
        rows = _rows(_TABLES / "cifar100.csv")
        superclasses = tuple(sorted({row["superclass"] for row in rows}))
        members = {row["class"]: superclasses.index(row["superclass"]) for row in rows}
        return Grouping(tuple(members), superclasses, members)
    breeds, _, half = name.partition("/")
    wnids = tuple((_TABLES / "imagenet1k_wnids.txt").read_text(encoding="ascii").split())
    rows = [row for row in _rows(_TABLES / "breeds.csv") if row["table"] == breeds]
    members = {
        wnids[int(number)]: k
        for k, row in enumerate(rows)
        for part_name in ([half] if half else ["source", "target"])
        for number in row[part_name].split()
    }
    return Grouping(wnids, tuple(row["superclass"] for row in rows), members)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _own(path: Path, where: str) -> Grouping:
    rows = _rows(path)
    if not rows or not {"class", "superclass"} <= set(rows[0]):
        raise DataError(
            where=where,
            expected="a CSV file with the columns class and superclass",
            got=", ".join(rows[0]) if rows else "no rows",
            fix="Write one line a class.",
        )
    superclasses = tuple(dict.fromkeys(row["superclass"] for row in rows))
    members: dict[str, int] = {}
    for row in rows:
        if row["class"] in members:
            raise DataError(
                where=where, expected="every class once", got=f"{row['class']} twice", fix="Drop one."
            )
        members[row["class"]] = superclasses.index(row["superclass"])
    return Grouping((), superclasses, members)
