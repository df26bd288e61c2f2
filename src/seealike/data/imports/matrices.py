"""One square matrix of similarities, in any format that features may have, as a table of pairs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from seealike.data.imports.entry import TEXT, Entry, unreadable
from seealike.data.imports.reading import read_file
from seealike.data.similarity import SimilarityMatrix

_TABLES = {".csv": ",", ".tsv": "\t"}


def matrix_table(path: Path, models: tuple[str, ...]) -> pl.DataFrame:
    """The matrix of a file as `SimilarityMatrix.to_frame` gives it; how many samples is not known.

    Args:
        path: a file with one square matrix.
        models: the labels of rows and columns.

    Raises:
        DataError: no such matrix, infinite values, or a file that cannot be read safely.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "cka.npy"
        >>> np.save(path, np.array([[1, np.nan], [np.nan, 1]]))
        >>> matrix_table(path, ("a", "b")).select("model_x", "model_y", "similarity", "reason").row(1)
        ('a', 'b', None, 'not a number in cka.npy')
    """
    values = _values(path, len(models))
    if np.isinf(values).any():
        raise unreadable(path, "finite numbers", "infinity", "Mend the matrix.")
    missing = {
        (models[x], models[y]): f"not a number in {path.name}"
        for x, y in zip(*np.nonzero(np.isnan(values)), strict=True)
    }
    table = SimilarityMatrix(values, models, "", n_samples=0, missing=missing).to_frame()
    return table.with_columns(n_samples=pl.lit(None, pl.Int64))


def names_in(path: Path) -> tuple[str, ...]:
    r"""The labels that stand in the file of a matrix itself: a column of text, a header, an array of text.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "cka.csv"
        >>> _ = path.write_text(",a,b\na,1,0.5\nb,0.5,1\n")
        >>> names_in(path)
        ('a', 'b')
    """
    if path.suffix.lower() in _TABLES:
        return _framed(path)[0]
    texts = [entry for entry in read_file(path).values() if entry.kind == TEXT]
    return tuple(map(str, texts[0].read().ravel().tolist())) if len(texts) == 1 else ()


def _values(path: Path, n: int) -> np.ndarray:
    values = _framed(path)[1] if path.suffix.lower() in _TABLES else _numbers(path)
    if values.shape != (n, n):
        raise unreadable(
            path,
            f"a matrix of {n} × {n}, as there are labels",
            " × ".join(map(str, values.shape)),
            "Give one label a row, in the order of the rows.",
        )
    return np.asarray(values, dtype=np.float64)


def _numbers(path: Path) -> np.ndarray:
    entries = read_file(path)
    square = {name: entry for name, entry in entries.items() if _is_square(entry)}
    if len(square) != 1:
        listed = "; ".join(f"{name or 'array'} {entry.kind} {entry.shape}" for name, entry in entries.items())
        raise unreadable(path, "one square matrix", listed or "nothing", "Save the matrix alone.")
    return next(iter(square.values())).read()


def _is_square(entry: Entry) -> bool:
    return entry.numeric and len(entry.shape) == 2 and entry.shape[0] == entry.shape[1]


def _framed(path: Path) -> tuple[tuple[str, ...], np.ndarray]:
    """Labels (none where there are none) and numbers of a matrix in a text table."""
    rows = _cells(path)
    header = rows[0] if any(_number(cell) is None for cell in rows[0][1:]) else None
    body = rows[1:] if header else rows
    beside = bool(body) and all(_number(row[0]) is None for row in body)
    columns = tuple(header[len(header) - len(body) :]) if header else ()
    labels = tuple(row[0] for row in body) if beside else columns
    if columns and labels != columns:
        raise unreadable(
            path, "columns in the order of the rows", f"{labels[:3]} and {columns[:3]} …", "Sort them."
        )
    numbers = [[_number(cell) for cell in row[int(beside) :]] for row in body]
    if any(value is None for row in numbers for value in row) or len({len(row) for row in numbers}) > 1:
        raise unreadable(
            path, "rows of numbers of one length", "others", "Leave nothing but the matrix and its labels."
        )
    return labels, np.array(numbers, dtype=np.float64)


def _cells(path: Path) -> list[list[str]]:
    import csv

    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            rows = [row for row in csv.reader(stream, delimiter=_TABLES[path.suffix.lower()]) if any(row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise unreadable(path, "a table", str(error), "Save it as UTF-8 CSV.") from error
    if not rows:
        raise unreadable(path, "a matrix", "an empty file")
    return rows


def _number(text: str) -> float | None:
    """The number; NaN for an empty cell; None for other text."""
    try:
        return float(text) if text.strip() else np.nan
    except ValueError:
        return None
