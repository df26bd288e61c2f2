"""Attribution of anyone's table of runs: taken as text, doubted, narrowed down, and analyzed a column at a time."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import polars as pl

from seealike.errors import DataError, UnknownName, suggestion
from seealike.overlap.attribution import attribute

#: Of so many parts one is left, where other workers' results are lost.
_LOST = 4
_CONDITION = re.compile(r"^\s*([^=!]+?)\s*(!=|=)\s*(.*?)\s*$")


@dataclass(frozen=True)
class Choices:
    """How a table is read.

    Attributes:
        where: conditions that a row has to fit, each "column=value" or "column!=value".
        maps: column -> value -> number, for columns that name levels.
        missing: a number that stands for no value, such as -1; None where there is none.
        reruns: whether header lines within the table are left out; refused otherwise.
        repair: whether the quarter that defective neighbor measures kept is scaled up.
    """

    where: tuple[str, ...] = ()
    maps: Mapping[str, Mapping[str, float]] | None = None
    missing: float | None = None
    reruns: bool = False
    repair: bool = False


def attribute_table(
    table: pl.DataFrame,
    x: str,
    ys: Sequence[str] = (),
    *,
    seed: str | None = None,
    choices: Choices | None = None,
    where: str = "table",
) -> pl.DataFrame:
    r"""What overlap says of similarity for every similarity column of a table of runs.

    Args:
        table: one row a run, of texts or numbers.
        x: the column of the overlap.
        ys: the columns of similarities; all that begin with "metric_" or end with "_metric" if none are named.
        seed: the column of seeds, whose runs are not independent.
        choices: which rows, and how doubtful values are read.
        where: the table's name, for errors.

    Returns:
        One row a similarity column: y, n and the attributes of `Attribution`.

    Raises:
        DataError: no rows left, text where numbers belong, -1 for missing values, headers within the table, or the
            values of defective neighbor measures, unless the choices say what to do.
        UnknownName: no such column.

    Example:
        >>> rows = [(seed, x, 0.3 + 0.2 * x + 0.01 * seed * x) for seed in range(4) for x in (0.0, 0.5, 1.0)]
        >>> table = pl.DataFrame(rows, schema=["seed", "frac_overlap", "metric_test"], orient="row")
        >>> attribute_table(table, "frac_overlap", seed="seed").select("y", "n", "verdict").row(0)
        ('metric_test', 12, 'supported')
    """
    choices = choices or Choices()
    table = _narrowed(_as_text(table, choices, where), choices, where)
    ys = tuple(ys) or tuple(
        name for name in table.columns if name.startswith("metric_") or name.endswith("_metric")
    )
    if not ys:
        raise DataError(
            where=where,
            expected="columns of similarities (metric_… or …_metric)",
            got=", ".join(table.columns),
            fix="Name them: --y COLUMN.",
        )
    overlap = _numbers(table, x, choices, where)
    if np.isnan(overlap).any():
        raise DataError(
            where=f"{where}, column {x}",
            expected="an overlap for every run",
            got=f"{int(np.isnan(overlap).sum())} rows without",
            fix="Leave them out with --where.",
        )
    seeds = None if seed is None else _column(table, seed, where).to_numpy()
    rows = []
    for y in ys:
        values = _doubted(_numbers(table, y, choices, where), table, choices, f"{where}, column {y}")
        found = attribute(overlap, values, seeds)
        rows.append({"y": y, **asdict(found), "reason": _remarks(found.reason, values, table)})
    return pl.DataFrame(rows, infer_schema_length=None)


def _remarks(reason: str | None, values: np.ndarray, table: pl.DataFrame) -> str | None:
    """Why numbers are missing, how many runs are, and whether several measures are taken together."""
    remarks = [reason] if reason else []
    lost = int(np.isnan(values).sum())
    if lost:
        remarks.append(f"{lost} of {len(values)} runs have no value and are left out")
    for column in {"metric", "measure"} & set(table.columns):
        names = table[column].drop_nulls().unique().sort().to_list()
        if len(names) > 1:
            remarks.append(
                f"several measures together ({', '.join(names)}): --where {column}={names[0]} takes one"
            )
    return ". ".join(remarks) or None


def _as_text(table: pl.DataFrame, choices: Choices, where: str) -> pl.DataFrame:
    """All columns as text, header lines within the table left out or refused."""
    table = table.cast(pl.String).rename({name: name.strip() for name in table.columns})
    again = table.select(pl.all_horizontal(*(pl.col(name) == name for name in table.columns))).to_series()
    found = np.flatnonzero(again.fill_null(False).to_numpy())
    if len(found) and not choices.reruns:
        times = "once" if len(found) == 1 else f"{len(found)} times"
        raise DataError(
            where=f"{where}, line {int(found[0]) + 2}",
            expected="one header",
            got=f"the header {times} more: the outputs of several runs, one after the other",
            fix="Say --reruns to read them as one table, if no run is in it twice.",
        )
    return table.filter(~again.fill_null(False))


def _narrowed(table: pl.DataFrame, choices: Choices, where: str) -> pl.DataFrame:
    for condition in choices.where:
        found = _CONDITION.match(condition)
        if found is None:
            raise DataError(
                where="--where",
                expected="COLUMN=VALUE or COLUMN!=VALUE",
                got=condition,
                fix="For example: --where metric=cka",
            )
        name, sign, wanted = found.groups()
        values = _column(table, name, where)
        same = _same(values, wanted)
        if not same.any():
            known = values.unique().drop_nulls().sort().to_list()
            raise DataError(
                where=f"{where}, column {name}",
                expected=f"a row with {wanted!r}",
                got=", ".join(known[:8]) or "no rows",
                fix=suggestion(wanted, known),
            )
        table = table.filter(same if sign == "=" else ~same)
    return table


def _same(values: pl.Series, wanted: str) -> pl.Series:
    """As text, or as numbers where both are."""
    as_text = values.fill_null("").str.strip_chars() == wanted
    try:
        number = float(wanted)
    except ValueError:
        return as_text
    return as_text | (values.cast(pl.Float64, strict=False) == number).fill_null(False)


def _column(table: pl.DataFrame, name: str, where: str) -> pl.Series:
    if name not in table.columns:
        raise UnknownName(
            where=where, expected="a column", got=repr(name), fix=suggestion(name, table.columns)
        )
    return table[name]


def _numbers(table: pl.DataFrame, name: str, choices: Choices, where: str) -> np.ndarray:
    """(n,) float64, NaN where nothing stands or what stands for missing."""
    column = _column(table, name, where).str.strip_chars()
    known = (choices.maps or {}).get(name)
    if known:
        unknown = sorted(set(column.drop_nulls().unique()) - set(known))
        if unknown:
            raise DataError(
                where=f"{where}, column {name}",
                expected=f"one of {', '.join(known)}",
                got=", ".join(unknown[:5]),
                fix=f"Give each a number: --map {name}:{unknown[0]}=….",
            )
        column = column.replace_strict(dict(known), default=None, return_dtype=pl.Float64)
    values = column.replace({"": None}).cast(pl.Float64, strict=False) if not known else column
    bad = (
        values.is_null()
        & column.is_not_null()
        & ~column.cast(pl.String).str.to_lowercase().is_in(["", "nan"])
    )
    if bad.any():
        raise DataError(
            where=f"{where}, column {name}",
            expected="numbers",
            got=repr(column.filter(bad)[0]),
            fix=f"Give words a number, --map {name}:VALUE=NUMBER,…, or choose rows with --where.",
        )
    found = values.to_numpy().astype(np.float64)
    return np.where(found == choices.missing, np.nan, found) if choices.missing is not None else found


def _doubted(values: np.ndarray, table: pl.DataFrame, choices: Choices, where: str) -> np.ndarray:
    """The values, unless they are what no run can have given."""
    known = values[~np.isnan(values)]
    if choices.missing is None and (known == -1).any() and (known > -1).any():
        raise DataError(
            where=where,
            expected="similarities",
            got=f"{int((known == -1).sum())} times exactly -1, which stands for missing values in some programs",
            fix="Say --missing=-1 to leave these runs out.",
        )
    names = table["metric"].str.to_lowercase().to_numpy() if "metric" in table.columns else None
    if names is None:
        return values
    for word, defective, repaired in _DEFECTS:
        mine = np.array([name is not None and word in name for name in names])
        of_mine = values[mine & ~np.isnan(values)]
        if not len(of_mine) or not defective(of_mine):
            continue
        if not choices.repair:
            raise DataError(
                where=where,
                expected=f"values of {word} over its whole range",
                got=f"{of_mine.min():.3g} to {of_mine.max():.3g}: what is left where three of four workers' results "
                "are lost (platonic-rep with pymp)",
                fix="Say --repair to scale up the quarter that is left, or leave them out: --where metric!=….",
            )
        values = np.where(mine, repaired(values), values)
    return values


_DEFECTS = (
    ("lcs", lambda v: len(v) > 3 and v.max() <= 2.5 and v.min() >= 0, lambda v: _LOST * v),
    ("edit", lambda v: len(v) > 3 and v.min() >= 0.75, lambda v: 1 - _LOST * (1 - v)),
)
