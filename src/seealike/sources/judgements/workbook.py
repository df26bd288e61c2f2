"""The cells of an Excel workbook (``.xlsx``), which is a zip archive of XML: no more is read of it than that."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

from seealike.errors import DataError

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_LINK = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def read_sheet(path: Path, sheet: str) -> list[dict[str, str]]:
    """The rows of a sheet, each column letter -> text; empty cells are left out.

    Args:
        path: of the workbook.
        sheet: its name.

    Raises:
        DataError: not a workbook, or without that sheet.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            texts = _shared(archive)
            root = _parsed(archive, _sheet_file(archive, sheet, path))
    except (OSError, zipfile.BadZipFile, KeyError, ElementTree.ParseError) as error:
        raise DataError(
            where=str(path),
            expected="an Excel workbook",
            got=str(error) or type(error).__name__,
            fix="Download it again.",
        ) from error
    return [
        {
            re.sub(r"\d", "", cell.get("r", "")): _text(cell, texts)
            for cell in row.iter(f"{_MAIN}c")
            if _text(cell, texts)
        }
        for row in root.iter(f"{_MAIN}row")
    ]


def _sheet_file(archive: zipfile.ZipFile, sheet: str, path: Path) -> str:
    sheets = {s.get("name"): s.get(_LINK) for s in _parsed(archive, "xl/workbook.xml").iter(f"{_MAIN}sheet")}
    if sheet not in sheets:
        raise DataError(
            where=str(path),
            expected=f"a sheet {sheet!r}",
            got=", ".join(str(name) for name in sheets),
            fix="Download the original workbook.",
        )
    links = {
        link.get("Id"): link.get("Target", "") for link in _parsed(archive, "xl/_rels/workbook.xml.rels")
    }
    target = links[sheets[sheet]]
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _shared(archive: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in archive.namelist():
        return []
    items = _parsed(archive, "xl/sharedStrings.xml").iter(f"{_MAIN}si")
    return ["".join(part.text or "" for part in item.iter(f"{_MAIN}t")) for item in items]


def _parsed(archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    # No entities are expanded beyond expat's own limits, and nothing outside the archive is read.
    return ElementTree.fromstring(archive.read(name))  # noqa: S314


def _text(cell: ElementTree.Element, texts: list[str]) -> str:
    value = cell.find(f"{_MAIN}v")
    if cell.get("t") == "inlineStr":
        return "".join(part.text or "" for part in cell.iter(f"{_MAIN}t"))
    if value is None or value.text is None:
        return ""
    return texts[int(value.text)] if cell.get("t") == "s" else value.text
