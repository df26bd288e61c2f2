"""Tables of samples: CSV, TSV, Parquet or JSON lines, read column by column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from seealike.errors import DataError, UnknownName, suggestion

SUFFIXES = (".csv", ".tsv", ".parquet", ".jsonl", ".ndjson")


def read_rows(path: Path, where: str) -> pl.DataFrame:
    """A table; the cells of CSV and TSV are texts.

    Args:
        path: ``.csv``, ``.tsv``, ``.parquet``, ``.jsonl`` or ``.ndjson``.
        where: for the error.

    Raises:
        DataError: not such a file, or a damaged one.
    """
    if not path.is_file():
        raise DataError(where=where, expected="a table", got=f"no file {path}", fix="Check the path.")
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path)
        if path.suffix in (".jsonl", ".ndjson"):
            return pl.read_ndjson(path, infer_schema_length=None)
        return pl.read_csv(path, separator="\t" if path.suffix == ".tsv" else ",", infer_schema=False)
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        raise DataError(
            where=where,
            expected="a table with a header",
            got=str(error).splitlines()[0],
            fix="Save it as UTF-8 CSV.",
        ) from error


def column(table: pl.DataFrame, name: str, where: str) -> list:
    """The values of one column.

    Raises:
        UnknownName: there is none of that name.
    """
    if name not in table.columns:
        raise UnknownName(
            where=where,
            expected=f"a column {name!r}",
            got=", ".join(table.columns),
            fix=suggestion(name, table.columns),
        )
    return table[name].to_list()


def each_once(names: Sequence[str], what: str, where: str, fix: str = "Drop a row.") -> None:
    """Refuse names that come twice.

    Raises:
        DataError: the first that does.
    """
    if len(set(names)) == len(names):
        return
    twice, count = Counter(names).most_common(1)[0]
    times = "twice" if count == 2 else f"{count} times"
    raise DataError(where=where, expected=f"every {what} once", got=f"{twice} {times}", fix=fix)


def existing(root: Path, names: Sequence[object], where: str) -> list[str]:
    """Paths of a table, relative to `root` where they lie below it, after a look whether the files are there.

    Raises:
        DataError: a row without a path, or whose file is missing.
    """
    found = []
    for row, name in enumerate(names):
        file = root / str(name or "")
        if not file.is_file():
            raise DataError(
                where=f"{where} row {row + 1}",
                expected="an image file",
                got=f"no file {file}" if name else "nothing",
                fix="Mend the row, or set `root:`.",
            )
        inside = file.is_absolute() and str(name).startswith("/") and file.is_relative_to(root)
        found.append(file.relative_to(root).as_posix() if inside else str(name))
    return found
