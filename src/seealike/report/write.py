"""Read a study's tables and record from disk and write its report beside them, or its figures as files."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

import polars as pl

from seealike.data.store import read_table, write_atomically
from seealike.errors import MissingArtifact
from seealike.report.figures import all_figures
from seealike.report.page import render
from seealike.report.thumbnails import BUDGET, thumbnails
from seealike.sources.datasets.samples import Samples

#: Kinds of files that figures are saved as, all without a browser.
Format = Literal["png", "pdf", "svg"]
_LONGEST = 120
#: Pictures are added to a page as long as it stays below so many bytes.
_LARGEST = 4_900_000


def write_report(root: Path, pictures: Mapping[str, Samples] | None = None) -> Path:
    """Write ``report.html`` from ``tables/*.parquet`` and ``record/last-run.json``.

    Args:
        root: the folder of a study's results.
        pictures: set of people's judgements -> its samples, where the page is to show small pictures of them.

    Returns:
        The report's path.

    Raises:
        MissingArtifact: nothing was run there yet.
    """
    tables, record = _results(root)
    page = render(record["name"], tables, record)
    if pictures and "judged" in tables:
        room = min(BUDGET, _LARGEST - len(page.encode()))
        pictured = {**tables, "thumbnails": thumbnails(tables["judged"], pictures, room)}
        page = render(record["name"], pictured, record)
    report = root / "report.html"
    write_atomically(report, lambda path: path.write_text(page, encoding="utf-8"))
    return report


def write_figures(
    root: Path,
    folder: Path,
    kind: Format = "png",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Path]:
    """Write every figure of the report, for every choice worth a file, in the colours of paper.

    Args:
        root: the folder of a study's results.
        folder: where the files go; made if it is not there. Files are named by the figure and its choices.
        kind: "png" (twice the size of the screen), "pdf" or "svg".
        progress: is told how many files are written, of how many.

    Returns:
        The files' paths.

    Raises:
        MissingArtifact: nothing was run there yet.
    """
    tables, _ = _results(root)
    folder.mkdir(parents=True, exist_ok=True)
    scale = 2 if kind == "png" else 1
    written = []
    planned = all_figures(tables)
    for done, (name, draw) in enumerate(planned, start=1):
        path = folder / f"{file_name(name)}.{kind}"
        chart = draw()
        write_atomically(
            path, lambda part, chart=chart: chart.save(str(part), format=kind, scale_factor=scale)
        )
        progress(done, len(planned))
        written.append(path)
    return written


def file_name(name: str) -> str:
    """A figure's name as a file's: without characters that file systems dislike, and not too long.

    Example:
        >>> file_name("similarity_cka(kernel=linear)_image net")
        'similarity_cka-kernel=linear-_image-net'
        >>> len(file_name("x" * 500))
        129
    """
    plain = re.sub(r"[^\w.=-]+", "-", name)
    if len(plain) <= _LONGEST:
        return plain
    return f"{plain[:_LONGEST]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _results(root: Path) -> tuple[dict[str, pl.DataFrame], dict[str, Any]]:
    record_path = root / "record" / "last-run.json"
    if not record_path.exists():
        raise MissingArtifact(
            where=str(root),
            expected="the results of a study",
            got="no record",
            fix="First: seealike run STUDY",
        )
    tables = {path.stem: read_table(path) for path in sorted((root / "tables").glob("*.parquet"))}
    return tables, json.loads(record_path.read_text(encoding="utf-8"))
