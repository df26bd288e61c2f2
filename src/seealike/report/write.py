"""Read a study's tables and record from disk and write its report beside them."""

from __future__ import annotations

import json
from pathlib import Path

from seealike.data.store import read_table, write_atomically
from seealike.errors import MissingArtifact
from seealike.report.page import render


def write_report(root: Path) -> Path:
    """Write ``report.html`` from ``tables/*.parquet`` and ``record/last-run.json``.

    Args:
        root: the folder of a study's results.

    Returns:
        The report's path.

    Raises:
        MissingArtifact: nothing was run there yet.
    """
    record_path = root / "record" / "last-run.json"
    if not record_path.exists():
        raise MissingArtifact(
            where=str(root),
            expected="the results of a study",
            got="no record",
            fix="First: seealike run STUDY",
        )
    record = json.loads(record_path.read_text(encoding="utf-8"))
    tables = {path.stem: read_table(path) for path in sorted((root / "tables").glob("*.parquet"))}
    page = render(record["name"], tables, record)
    report = root / "report.html"
    write_atomically(report, lambda path: path.write_text(page, encoding="utf-8"))
    return report
