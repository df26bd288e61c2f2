"""Tables as small JSON: every table stands in the page once, and the page's script reads it back."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

import polars as pl

#: Numbers in the page keep this many significant digits; the Parquet tables keep all.
DIGITS = 6

_TYPES = {"String": pl.String, "Int64": pl.Int64, "Float64": pl.Float64, "Boolean": pl.Boolean}
_MAX_PERIODS = 64


def pack(table: pl.DataFrame) -> dict[str, Any]:
    """The table as plain JSON values, short where columns repeat themselves.

    Text becomes codes into `levels`. Values are then written as a ``list``, as ``runs`` (values and how often each)
    or as one ``cycle`` that repeats to the table's height: whichever is shortest. Floats keep six significant
    digits; NaN and infinity become null, for JSON has neither.

    Args:
        table: any table; columns of other types than text, integer, float and truth are written as text.

    Example:
        >>> import polars as pl
        >>> pack(pl.DataFrame({"model": ["a", "a", "b"]}))["columns"][0]["levels"]
        ['a', 'b']
    """
    return {"height": table.height, "columns": [_pack_column(column) for column in table.get_columns()]}


def unpack(packed: Mapping[str, Any]) -> pl.DataFrame:
    """The table back from what `pack` made of it (floats with six significant digits).

    Example:
        >>> import polars as pl
        >>> table = pl.DataFrame({"model": ["a", None], "top1": [0.25, 0.5]})
        >>> unpack(pack(table)).equals(table)
        True
    """
    height = packed["height"]
    columns = []
    for column in packed["columns"]:
        values = _expand(column["values"], height)
        if "levels" in column:
            values = [None if code is None else column["levels"][code] for code in values]
        columns.append(pl.Series(column["name"], values, dtype=_TYPES[column["type"]]))
    return pl.DataFrame(columns)


def _pack_column(column: pl.Series) -> dict[str, Any]:
    kind = column.dtype
    if kind == pl.Boolean:
        return {"name": column.name, "type": "Boolean", "values": _compress(column.to_list())}
    if kind.is_integer():
        return {"name": column.name, "type": "Int64", "values": _compress(column.to_list())}
    if kind.is_float():
        finite = column.cast(pl.Float64).to_frame("x").select(pl.when(pl.col("x").is_finite()).then("x"))
        rounded = finite.to_series().round_sig_figs(DIGITS).to_list()
        return {"name": column.name, "type": "Float64", "values": _compress(rounded)}
    texts = [None if value is None else str(value) for value in column.to_list()]
    codes: dict[str, int] = {}
    coded = [None if text is None else codes.setdefault(text, len(codes)) for text in texts]
    return {"name": column.name, "type": "String", "levels": list(codes), "values": _compress(coded)}


def _compress(values: list[Any]) -> dict[str, list[Any]]:
    period = _period(values)
    runs = [(value, len(list(group))) for value, group in groupby(values)]
    if min(period, 2 * len(runs)) >= len(values):
        return {"list": values}
    if period <= 2 * len(runs):
        return {"cycle": values[:period]}
    return {"runs": [value for value, _ in runs], "counts": [count for _, count in runs]}


def _period(values: list[Any]) -> int:
    """The length of the shortest beginning whose repetition gives all values (their number if none is shorter)."""
    starts = (p for p in range(1, len(values) // 2 + 1) if values[p] == values[0])
    for tried, p in enumerate(starts):
        if values[p:] == values[:-p]:
            return p
        if tried == _MAX_PERIODS:
            break
    return len(values)


def _expand(packed: Mapping[str, list[Any]], height: int) -> list[Any]:
    if "list" in packed:
        return packed["list"]
    if "cycle" in packed:
        cycle = packed["cycle"]
        return (cycle * (height // len(cycle) + 1))[:height]
    return [v for v, count in zip(packed["runs"], packed["counts"], strict=True) for _ in range(count)]
