"""Numbers in text: ``.csv``, ``.tsv``, ``.txt``; and Parquet tables, which are columns too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from seealike.data.imports.entry import Entry, unreadable
from seealike.data.imports.names import IDS, LABELS

#: The name of the matrix made of all columns that hold features.
COLUMNS = "columns"
_SEPARATORS = {".csv": ",", ".tsv": "\t"}


def read_table_file(path: Path) -> dict[str, Entry]:
    """Every column of whole numbers or text by its name, and all columns of numbers together as `COLUMNS`.

    A column whose name says that it is an id or a label is not among the features.
    """
    table = _table(path)
    apart = {c for c in table.columns if not table[c].dtype.is_numeric() or c.lower() in (*IDS, *LABELS)}
    entries = {name: _column(table[name]) for name in apart}
    numbers = [name for name in table.columns if name not in apart]
    if numbers:
        matrix = table.select(pl.col(numbers).cast(pl.Float64)).to_numpy(order="c")
        entries[COLUMNS] = Entry.of(matrix)
    return entries


def _column(column: pl.Series) -> Entry:
    if column.dtype.is_numeric():
        return Entry.of(column.to_numpy())
    return Entry.of(np.array(["" if v is None else str(v) for v in column.to_list()]))


def _table(path: Path) -> pl.DataFrame:
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path)
        with path.open(encoding="utf-8-sig") as stream:
            first = stream.readline().strip().split(_SEPARATORS[path.suffix])
        headed = not all(_is_number(cell) for cell in first)
        return pl.read_csv(
            path, separator=_SEPARATORS[path.suffix], has_header=headed, infer_schema_length=None
        )
    except (OSError, UnicodeDecodeError, pl.exceptions.PolarsError) as error:
        raise unreadable(
            path, "a table", str(error).splitlines()[0], "Save it as UTF-8 CSV, one sample a row."
        ) from error


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def read_text_matrix(path: Path) -> dict[str, Entry]:
    """A matrix as ``numpy.savetxt`` writes it, one sample a line, blanks or commas between numbers."""
    try:
        with path.open(encoding="utf-8") as stream:
            comma = "," in stream.readline()
        return {"": Entry.of(np.loadtxt(path, delimiter="," if comma else None, ndmin=2))}
    except (OSError, ValueError, UnicodeDecodeError) as error:
        raise unreadable(path, "lines of numbers", str(error).splitlines()[0]) from error


def read_lines(path: Path) -> list[str]:
    """The lines of a text file; an empty last one is none."""
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise unreadable(path, "lines of UTF-8 text", str(error)) from error
