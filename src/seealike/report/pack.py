"""Tables as one compressed block of numbers and a short description: the page's script reads them back."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

#: Significant digits that the page keeps; the Parquet tables keep all. The page computes with similarities, and the
#: last bits of a standard error say nothing.
DIGITS = {"other": 4, "similarity": 5, "interval": 3, "error": 2}

_INTERVALS = ("standard_deviation", "p_value", "q_value", "spread", "without_it", "elapsed", "low", "high")
_TYPES = {"String": pl.String, "Int64": pl.Int64, "Float64": pl.Float64, "Boolean": pl.Boolean}
_NO_INTEGER = -(2**31)


def pack(tables: Mapping[str, pl.DataFrame]) -> tuple[dict[str, Any], str]:
    """The tables' description, for JSON, and their numbers as base64 of a deflated block.

    A column is an array of small numbers: text is codes into `levels`, floats are float32 whose last bits are
    cleared to the digits that are kept. Bytes of equal weight stand together, so that what repeats is short.
    NaN and infinity become null.

    Args:
        tables: by name; columns of other types than text, integer, float and truth are written as text.

    Returns:
        name -> {"height", "columns"} and the block.

    Example:
        >>> import polars as pl
        >>> described, block = pack({"models": pl.DataFrame({"model": ["a", "a", "b"]})})
        >>> described["models"]["columns"][0]["levels"]
        ['a', 'b']
    """
    described: dict[str, Any] = {}
    arrays: list[np.ndarray] = []
    for name, table in tables.items():
        columns = [_pack_column(column) for column in table.get_columns()]
        described[name] = {"height": table.height, "columns": [words for words, _ in columns]}
        arrays += [array for _, array in columns]
    block = zlib.compressobj(6, zlib.DEFLATED, -15)
    parts = [block.compress(_planes(array)) for array in arrays]
    return described, base64.b64encode(b"".join([*parts, block.flush()])).decode()


def unpack(described: Mapping[str, Any], block: str) -> dict[str, pl.DataFrame]:
    """The tables back from what `pack` made of them (floats with the digits that were kept).

    Example:
        >>> import polars as pl
        >>> table = pl.DataFrame({"model": ["a", None], "top1": [0.25, 0.5]})
        >>> unpack(*pack({"head_accuracy": table}))["head_accuracy"].equals(table)
        True
    """
    raw, place, tables = zlib.decompress(base64.b64decode(block), -15), 0, {}
    for name, table in described.items():
        columns = []
        for column in table["columns"]:
            kind = np.dtype(column["kind"])
            size = kind.itemsize * table["height"]
            planes = np.frombuffer(raw[place : place + size], np.uint8).reshape(kind.itemsize, -1)
            columns.append(_unpack_column(column, np.ascontiguousarray(planes.T).view(kind).ravel()))
            place += size
        tables[name] = pl.DataFrame(columns)
    return tables


def digits_of(name: str) -> int:
    """How many significant digits the page keeps of a column of that name.

    Example:
        >>> digits_of("similarity"), digits_of("standard_error"), digits_of("top1")
        (5, 2, 4)
    """
    if name.startswith("standard_error"):
        return DIGITS["error"]
    if name.startswith(_INTERVALS):
        return DIGITS["interval"]
    return DIGITS["similarity" if name == "similarity" else "other"]


def _planes(array: np.ndarray) -> bytes:
    return np.ascontiguousarray(array.view(np.uint8).reshape(-1, array.itemsize).T).tobytes()


def _pack_column(column: pl.Series) -> tuple[dict[str, Any], np.ndarray]:
    if column.dtype.is_integer():
        return _numbers(column, "Int64", *_integers(column))
    if column.dtype.is_float():
        digits = digits_of(column.name)
        words, array = _numbers(column, "Float64", "<f4", _shortened(column, digits))
        return words | {"digits": digits}, array
    if column.dtype == pl.Boolean:
        return _numbers(column, "Boolean", "|u1", column.cast(pl.Int64).fill_null(2).to_numpy())
    texts = (
        column
        if column.dtype == pl.String
        else pl.Series(column.name, map(_text, column.to_list()), pl.String)
    )
    levels = texts.drop_nulls().unique(maintain_order=True)
    codes = texts.cast(pl.Enum(levels)).to_physical().cast(pl.Int64).fill_null(-1).to_numpy()
    kind = "|i1" if len(levels) < 2**7 else "<i2" if len(levels) < 2**15 else "<i4"
    words, array = _numbers(column, "String", kind, codes)
    return words | {"levels": levels.to_list()}, array


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _numbers(
    column: pl.Series, kind: str, code: str, values: np.ndarray
) -> tuple[dict[str, Any], np.ndarray]:
    return {"name": column.name, "type": kind, "kind": code}, np.ascontiguousarray(values).astype(code)


def _integers(column: pl.Series) -> tuple[str, np.ndarray]:
    """Four bytes where they suffice, else a double, which holds every count below 2**53."""
    known = column.drop_nulls()
    small = known.is_empty() or max(abs(known.min()), abs(known.max())) < 2**31  # pyright: ignore
    if small:
        return "<i4", column.cast(pl.Int64).fill_null(_NO_INTEGER).to_numpy()
    return "<f8", column.cast(pl.Float64).fill_null(np.nan).to_numpy()


def _shortened(column: pl.Series, digits: int) -> np.ndarray:
    """float32, rounded to the bits that `digits` decimal digits need; unknown values are NaN."""
    values = column.cast(pl.Float64).fill_null(np.nan).to_numpy().copy()
    values[~(np.abs(values) < np.finfo(np.float32).max)] = np.nan
    dropped = 23 - int(np.ceil(digits * np.log2(10)))
    bits = values.astype(np.float32).view(np.uint32)
    rounded = (bits + np.uint32(1 << (dropped - 1))) & np.uint32(0xFFFFFFFF << dropped & 0xFFFFFFFF)
    return np.where(np.isnan(values), np.float32(np.nan), rounded.view(np.float32))


def _unpack_column(column: Mapping[str, Any], values: np.ndarray) -> pl.Series:
    name, kind = column["name"], _TYPES[column["type"]]
    if "levels" in column:
        levels = [*column["levels"], None]
        return pl.Series(name, [levels[code] for code in values.tolist()], dtype=kind)
    if kind == pl.Boolean:
        return pl.Series(name, [None if v == 2 else bool(v) for v in values.tolist()], dtype=kind)
    if column["kind"] == "<i4":
        return pl.Series(name, [None if v == _NO_INTEGER else v for v in values.tolist()], dtype=kind)
    if "digits" in column:
        values = np.array([float(f"{v:.{column['digits']}g}") for v in values.tolist()])
    return pl.Series(name, values, dtype=pl.Float64).fill_nan(None).cast(kind)
