"""Similarities as a table with one row a pair of models: ours, or anybody's with the same columns."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import polars as pl

from seealike.data.imports.entry import unreadable
from seealike.data.tables import SIMILARITIES

_PAIR = ("model_x", "model_y", "similarity")
_SEPARATORS = {".csv": ",", ".tsv": "\t"}


def tidy_names(path: Path) -> dict[tuple[str, str], tuple[str, ...]]:
    r"""(dataset, measure) -> the models, for a table of pairs ("" where it has no such column); empty for others.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "pairs.csv"
        >>> _ = path.write_text("dataset,model_x,model_y,similarity\nA,a,b,0.5\n")
        >>> tidy_names(path)
        {('A', ''): ('a', 'b')}
    """
    table = _table(path)
    if table is None:
        return {}
    found = {}
    for (dataset, measure), part in table.group_by("dataset", "measure", maintain_order=True):
        models = dict.fromkeys([*part["model_x"], *part["model_y"]])
        found[str(dataset), str(measure)] = tuple(map(str, models))
    return found


def tidy_table(path: Path, dataset: str, measure: str) -> pl.DataFrame:
    """The rows of one dataset and measure, with the columns of `tables.SIMILARITIES`.

    A pair that stands there in one order only counts for both; a number that is none is null with a reason.

    Raises:
        DataError: not a readable table, infinite values, or a pair twice.
    """
    table = _table(path)
    if table is None:
        raise unreadable(path, f"columns {', '.join(_PAIR)}", "others", "Rename the columns.")
    table = table.filter(dataset=dataset, measure=measure).with_columns(pl.col("similarity").fill_nan(None))
    if table["similarity"].is_infinite().any():
        raise unreadable(path, "finite numbers", "infinity", "Mend the table.")
    if table.select("model_x", "model_y").is_duplicated().any():
        x, y = (
            table.filter(table.select("model_x", "model_y").is_duplicated())
            .select("model_x", "model_y")
            .row(0)
        )
        raise unreadable(path, "every pair once", f"{x} with {y} twice on {dataset!r}", "Remove one.")
    turned = table.rename({"model_x": "model_y", "model_y": "model_x"}).select(table.columns)
    if "deviations" in table.columns:
        turned = turned.with_columns(deviations=pl.lit(None, table.schema["deviations"]))
    both = pl.concat([table, turned.join(table, on=["model_x", "model_y"], how="anti")])
    why = pl.when(pl.col("similarity").is_null()).then(
        pl.coalesce("reason", pl.lit(f"not a number in {path.name}"))
    )
    return both.with_columns(reason=why)


def _table(path: Path) -> pl.DataFrame | None:
    """The whole table with all columns of the schema; None where it is no table of pairs."""
    state = path.stat()
    return _read(path, (state.st_mtime_ns, state.st_size))


@lru_cache(maxsize=2)
def _read(path: Path, state: tuple[int, int]) -> pl.DataFrame | None:
    """As `_table`; kept, since a table holds the matrices of many datasets, and each is read by itself."""
    del state
    try:
        if path.suffix.lower() == ".parquet":
            table = pl.read_parquet(path)
        else:
            table = pl.read_csv(path, separator=_SEPARATORS[path.suffix.lower()], infer_schema_length=None)
    except (OSError, UnicodeDecodeError, pl.exceptions.PolarsError) as error:
        raise unreadable(path, "a table", str(error).splitlines()[0]) from error
    if not set(_PAIR) <= set(table.columns):
        return None
    absent = {name: "" if name in ("dataset", "measure") else None for name in SIMILARITIES}
    added = [pl.lit(value).alias(name) for name, value in absent.items() if name not in table.columns]
    try:
        whole = table.with_columns(added).with_columns(pl.col(n).cast(t) for n, t in SIMILARITIES.items())
    except pl.exceptions.PolarsError as error:
        raise unreadable(path, "similarities that are numbers", str(error).splitlines()[0]) from error
    return whole.select(*SIMILARITIES, *(["deviations"] if "deviations" in table.columns else []))
