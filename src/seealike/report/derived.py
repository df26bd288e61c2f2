"""The tables as the figures read them: similarities folded, set pairs named, and tables joined from others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from seealike.data.tables import of_experiments
from seealike.report.layout import Tables, set_pair, table

Chosen = Mapping[str, str]

_PAIR = ["dataset", "measure", "model_x", "model_y"]
_EQUAL = 1e-6
_OF_RUNS = ("overlap_runs", "attribution", "consequences", "consequence_slopes")


def prepared(tables: Tables) -> dict[str, pl.DataFrame]:
    """The tables that are there and not empty, with similarities `folded` and a column `pair` where there are two sets.

    Example:
        >>> frame = pl.DataFrame({"set_x": ["a"], "set_y": ["b"]})
        >>> prepared({"consistency": frame})["consistency"]["pair"].to_list()
        ['a × b']
    """
    always = ("models", "datasets")  # a study may have none of one kind; the page lists both
    found = {name: tables[name] for name in tables if name in always or table(tables, name) is not None}
    named = {name: _paired(frame) for name, frame in found.items()}
    named |= {name: of_experiments(named[name]) for name in _OF_RUNS if name in named}
    if "similarities" in named:
        named["similarities"] = folded(named["similarities"])
    if "performance_gap" in named and "datasets" in named:
        named["performance_gap"] = _placed(named["performance_gap"], named["datasets"])
    if "published_alignment" in named:
        named["published_beside"] = _beside(named["published_alignment"], named.get("alignment"))
    return named


def _beside(published: pl.DataFrame, alignment: pl.DataFrame | None) -> pl.DataFrame:
    """The published numbers in their order, each with the study's own of the same layer, where there is one."""
    key = ["model", "layer", "human", "distance", "score"]
    rows = published.with_row_index("place").with_columns(pl.col("place").cast(pl.Int64))
    if alignment is None:
        return rows.with_columns(pl.lit(None, pl.Float64).alias(name) for name in ("ours", "low", "high"))
    own = alignment.unique(key, keep="first", maintain_order=True)
    ours = own.select(*key, "low", "high", ours="value")
    return rows.join(ours, on=key, how="left", nulls_equal=True, maintain_order="left")


def _placed(frame: pl.DataFrame, datasets: pl.DataFrame) -> pl.DataFrame:
    """The rows with the field «domain» of their datasets' cards, null where the cards have none."""
    known = dict(datasets.select("dataset", "domain").iter_rows()) if "domain" in datasets.columns else {}
    domain = pl.col("dataset").replace_strict(known, default=None, return_dtype=pl.String)
    return frame.with_columns(domain=domain)


def _paired(frame: pl.DataFrame) -> pl.DataFrame:
    if not {"set_x", "set_y"} <= set(frame.columns):
        return frame
    return frame.with_columns(pair=pl.format(set_pair("{}", "{}"), "set_x", "set_y"))


def folded(similarities: pl.DataFrame) -> pl.DataFrame:
    """Each pair of models once where both its directions say the same, twice where they differ.

    Example:
        >>> rows = [("d", "cka", x, y, 0.5, None, None) for x, y in ("ab", "ba", "aa")]
        >>> names = [*_PAIR, "similarity", "standard_error", "reason"]
        >>> folded(pl.DataFrame(rows, schema=names, orient="row")).select("model_x", "model_y").rows()
        [('a', 'b'), ('a', 'a')]
    """
    order = {model: i for i, model in enumerate(dict.fromkeys(similarities["model_x"].to_list()))}
    place = {
        name: pl.col(name).replace_strict(order, default=-1, return_dtype=pl.Int64) for name in _PAIR[2:]
    }
    rows = similarities.with_row_index("row")
    values = ["similarity", "standard_error", "reason"]
    turned = rows.filter(place["model_x"] < place["model_y"]).select(
        "dataset",
        "measure",
        pl.col("model_y").alias("model_x"),
        pl.col("model_x").alias("model_y"),
        *(pl.col(name).alias(f"other_{name}") for name in values),
    )
    both = rows.filter(place["model_x"] > place["model_y"]).join(turned, on=_PAIR)
    close = [_same(name) for name in values[:2]]
    again = both.filter(*close, pl.col("reason").eq_missing(pl.col("other_reason")))
    return rows.join(again.select("row"), on="row", how="anti").drop("row")


def _same(name: str) -> pl.Expr:
    here, there = pl.col(name).cast(pl.Float64), pl.col(f"other_{name}").cast(pl.Float64)
    near = ((here - there).abs() <= _EQUAL * pl.max_horizontal(here.abs(), pl.lit(1e-3))).fill_null(False)
    return near | (here.is_null() & there.is_null())


@dataclass(frozen=True)
class Derived:
    """A table that is joined for the present choices only: it would be too long for all of them.

    Attributes:
        combinations: the choices that have rows, one a row, wider ones first.
        rows: the rows for one of them.
        made_of: the tables that it is joined from.
    """

    combinations: Callable[[Tables], pl.DataFrame]
    rows: Callable[[Tables, Chosen], pl.DataFrame]
    made_of: tuple[str, ...]


def none_of(*choices: str) -> pl.DataFrame:
    """No combination of these choices.

    Example:
        >>> none_of("measure").is_empty()
        True
    """
    return pl.DataFrame(schema=dict.fromkeys(choices, pl.String))


def _scatter_combinations(tables: Tables) -> pl.DataFrame:
    found = table(tables, "similarities")
    if found is None:
        return none_of("measure", "a", "b")
    each = found.select("measure", "dataset").unique(maintain_order=True)
    both = each.join(each, on="measure", suffix="_b", maintain_order="left_right")
    return both.filter(pl.col("dataset") != pl.col("dataset_b")).select("measure", a="dataset", b="dataset_b")


def pairs_on(tables: Tables, measure: str, dataset: str) -> pl.DataFrame:
    """Unordered pairs of different models that have a similarity; the mean of both directions where they differ.

    Args:
        tables: with "similarities", `folded`.
        measure: one of its measures.
        dataset: one of its datasets.
    """
    of = tables["similarities"].filter(
        pl.col("model_x") != pl.col("model_y"), measure=measure, dataset=dataset
    )
    ends = pl.min_horizontal("model_x", "model_y"), pl.max_horizontal("model_x", "model_y")
    sorted_ends = of.drop_nulls("similarity").with_columns(model_x=ends[0], model_y=ends[1])
    return sorted_ends.group_by("model_x", "model_y", maintain_order=True).agg(
        pl.col("similarity").mean(), pl.col("standard_error").mean()
    )


def _scatter(tables: Tables, chosen: Chosen) -> pl.DataFrame:
    """Similarities of different models on dataset `a` beside those on `b`."""
    a, b = (
        pairs_on(tables, chosen["measure"], chosen[axis]).rename(
            {"similarity": axis, "standard_error": f"{axis}_error"}
        )
        for axis in "ab"
    )
    return a.join(b, on=["model_x", "model_y"], maintain_order="left")


def _tested(tables: Tables) -> pl.DataFrame | None:
    found = table(tables, "performance")
    kept = None if found is None else found.filter(split="test").drop_nulls("value")
    return None if kept is None or kept.is_empty() else kept


def _gap_combinations(tables: Tables) -> pl.DataFrame:
    choices = ("measure", "dataset", "method", "metric")
    similarities, tested = table(tables, "similarities"), _tested(tables)
    if similarities is None or tested is None:
        return none_of(*choices)
    each = similarities.select("measure", "dataset").unique(maintain_order=True)
    how = tested.select("dataset", "method", "metric").unique(maintain_order=True)
    return each.join(how, on="dataset", maintain_order="left_right").select(choices)


def _gap(tables: Tables, chosen: Chosen) -> pl.DataFrame:
    """Similarities of different models beside the difference of their test performances, and the better one."""
    tested = _tested(tables)
    same = {name: chosen[name] for name in ("dataset", "method", "metric")}
    scores = {} if tested is None else dict(tested.filter(**same).select("model", "value").iter_rows())
    values = {
        f"value_{side}": pl.col(f"model_{side}").replace_strict(scores, default=None, return_dtype=pl.Float64)
        for side in "xy"
    }
    pairs = (
        pairs_on(tables, chosen["measure"], chosen["dataset"]).with_columns(**values).drop_nulls(list(values))
    )
    first = pl.col("value_x") >= pl.col("value_y")
    return pairs.with_columns(
        gap=(pl.col("value_x") - pl.col("value_y")).abs(),
        better=pl.when(first).then("model_x").otherwise("model_y"),
    )


#: Tables of pairs of models (see `joined.DERIVED`).
PAIRS_DERIVED = {
    "scatter": Derived(_scatter_combinations, _scatter, ("similarities",)),
    "gap": Derived(_gap_combinations, _gap, ("similarities", "performance")),
}
