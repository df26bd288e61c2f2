"""Parameters (``${name}``) and families of entries (``each:``) of a study file, written out."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from seealike.errors import suggestion
from seealike.study.document import Document, Place

_NAMES = {"parameter": re.compile(r"\$\{(\w+)\}"), "column": re.compile(r"(?<!\$)\{(\w+)\}")}


def with_parameters(documents: list[Document], overrides: Mapping[str, str]) -> None:
    """Replace every ``${name}`` in each document by the value under its ``parameters:``, or by the override.

    An override that names an existing file or folder is taken relative to the current folder, as typed on a
    command line; values in the file are relative to the file. An override is of all documents that have the parameter,
    and a mistake where none has.
    """
    whole = [document for document in documents if isinstance(document.data, dict)]
    declared = [_declared(document) for document in whole]
    known = {name for one in declared for name in one}
    for name in overrides.keys() - known:
        said = f"--set {name}=…: the study has no parameter {name!r}. {suggestion(name, known)}"
        for document in whole[:1]:
            document.mistake((), said)
    for document, own in zip(whole, declared, strict=True):
        values = {name: overrides.get(name, value) for name, value in own.items()}
        for name in overrides.keys() & values.keys():
            typed = Path(values[name]).expanduser()
            values[name] = str(typed.resolve()) if typed.exists() else values[name]
        document.data = substituted(document.data, (), "parameter", values, document)


def _declared(document: Document) -> dict[str, str]:
    """What stands under ``parameters:``, which is taken out."""
    declared = document.data.pop("parameters", None) or {}
    if not isinstance(declared, dict):
        document.mistake(("parameters",), "expected `name: value` lines")
        return {}
    return {str(name): str(value) for name, value in declared.items()}


def substituted(value: Any, place: Place, kind: str, values: Mapping[str, str], document: Document) -> Any:
    """`value` with every name of this kind, in every text inside it, replaced by its value.

    Args:
        value: whatever stands in the file.
        place: where, for mistakes.
        kind: "parameter" (``${name}``) or "column" (``{name}``).
        values: by name.
        document: takes the mistakes.
    """
    if isinstance(value, dict):
        return {k: substituted(v, (*place, k), kind, values, document) for k, v in value.items()}
    if isinstance(value, list):
        return [substituted(v, (*place, i), kind, values, document) for i, v in enumerate(value)]
    if not isinstance(value, str):
        return value

    def substitute(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in values:
            document.mistake(place, f"no {kind} {name!r}. {suggestion(name, values)}")
        return values.get(name, match.group(0))

    return _NAMES[kind].sub(substitute, value)


def entries(document: Document, section: str) -> Iterator[tuple[Place, dict[str, Any]]]:
    """The entries of ``models:`` or ``datasets:`` with their places; one with ``each:`` stands for many.

    ``each: table.csv`` makes one entry for every row of the table, ``each: [{a: 1, b: 2}, {a: 3, b: 4}]`` one for
    every row written out, ``each: {a: [1, 2], b: [3]}`` one for every combination;
    ``where: {column: value}`` (or a list of values) keeps some rows; ``{column}`` in a text takes the row's value.
    """
    listed = document.data.get(section)
    if not isinstance(listed, list):
        document.mistake((section,), f"expected a list of {section}, each beginning with `- source: …`")
        return
    for number, entry in enumerate(listed):
        place = (section, number)
        if not isinstance(entry, dict):
            document.mistake(place, f"expected `source: …` and further keys, got {entry!r}")
        elif "each" in entry:
            yield from _family(entry, place, document)
        else:
            yield place, entry


def _family(
    entry: dict[str, Any], place: Place, document: Document
) -> Iterator[tuple[Place, dict[str, Any]]]:
    rows = _rows(entry["each"], (*place, "each"), document)
    where = entry.get("where") or {}
    if not isinstance(where, dict):
        document.mistake((*place, "where"), "expected `column: value` lines")
        return
    columns = list(rows[0]) if rows else []
    for column in where:
        if rows and column not in columns:
            document.mistake(
                (*place, "where", column), f"no column {column!r}. {suggestion(column, columns)}"
            )
            return
    template = {k: v for k, v in entry.items() if k not in ("each", "where")}
    kept = [row for row in rows if all(row[c] in texts(wanted) for c, wanted in where.items())]
    if rows and not kept:
        document.mistake(
            (*place, "where"), f"no row of {entry['each']} fits; {len(rows)} rows were looked at"
        )
    for row in kept:
        yield place, substituted(template, place, "column", row, document)


def texts(wanted: Any) -> list[str]:
    """What a table's column may be: one value or a list of values, as text.

    Example:
        >>> texts(224), texts(["a", "b"])
        (['224'], ['a', 'b'])
    """
    return [str(w) for w in (wanted if isinstance(wanted, list) else [wanted])]


def _rows(each: Any, place: Place, document: Document) -> list[dict[str, str]]:
    if isinstance(each, list) and each and all(isinstance(row, dict) for row in each):
        return [{str(k): "" if v is None else str(v) for k, v in row.items()} for row in each]
    if isinstance(each, dict):
        lists = [texts(v) for v in each.values()]
        return [dict(zip(map(str, each), values, strict=True)) for values in itertools.product(*lists)]
    path = (document.file.parent / Path(str(each)).expanduser()).resolve()
    if not path.is_file():
        document.mistake(place, f"expected a CSV file or lists of values, got {path}, which does not exist")
        return []
    with path.open(newline="", encoding="utf-8-sig") as stream:
        rows = list(csv.DictReader(stream))
    if not rows:
        document.mistake(place, f"{path} has no rows")
    return [{k: v or "" for k, v in row.items() if k} for row in rows]
