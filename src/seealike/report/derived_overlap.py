"""Tables for the figures on shared data and tasks: one overlap a row, and consequences beside similarity."""

from __future__ import annotations

import polars as pl

from seealike.report.derived import Chosen, Derived, none_of
from seealike.report.layout import Tables, table

FACTORIAL = "factorial"
_RUN = ["experiment", "design", "data_overlap", "task_overlap", "seed"]


def _not(name: str, first: str) -> pl.Expr:
    """Sorts the rows with one value of a column before the others."""
    return pl.col(name) != first


def _line_combinations(tables: Tables) -> pl.DataFrame:
    runs = table(tables, "overlap_runs")
    if runs is None:
        return none_of("measure", "experiment", "design")
    lines = runs.filter(pl.col("design") != FACTORIAL)
    return lines.select("measure", "experiment", "design").unique(maintain_order=True)


def _lines(tables: Tables, chosen: Chosen) -> pl.DataFrame:
    """The runs of one design with the overlap that it varies."""
    runs = tables["overlap_runs"].filter(**chosen)
    return runs.with_columns(overlap=_varied(chosen["design"]))


def _varied(design: str) -> pl.Expr:
    """The overlap that a design varies; both are equal where it varies both."""
    own, other = ("task", "data") if design == "task" else ("data", "task")
    return pl.coalesce(f"{own}_overlap", f"{other}_overlap")


def _surface_combinations(tables: Tables) -> pl.DataFrame:
    runs = table(tables, "overlap_runs")
    if runs is None:
        return none_of("measure", "experiment")
    return runs.filter(design=FACTORIAL).select("measure", "experiment").unique(maintain_order=True)


def _surface(tables: Tables, chosen: Chosen) -> pl.DataFrame:
    return tables["overlap_runs"].filter(**chosen, design=FACTORIAL)


def _consequence_combinations(tables: Tables) -> pl.DataFrame:
    runs, found = table(tables, "overlap_runs"), table(tables, "consequences")
    choices = ("measure", "experiment", "kind", "detail", "dataset")
    if runs is None or found is None:
        return none_of(*choices)
    measures = runs.drop_nulls("similarity").select("measure", "experiment").unique(maintain_order=True)
    kinds = found.drop_nulls("value").select(choices[1:]).unique(maintain_order=True)
    kinds = kinds.sort(_not("kind", "transfer"), maintain_order=True)
    return measures.join(kinds, on="experiment", maintain_order="left_right").select(choices)


def _sorted_pair(rows: pl.DataFrame) -> pl.DataFrame:
    """With the two models of each row in alphabetical order, as `one` and `other`."""
    ends = pl.min_horizontal("model_x", "model_y"), pl.max_horizontal("model_x", "model_y")
    return rows.with_columns(one=ends[0], other=ends[1])


def _consequence(tables: Tables, chosen: Chosen) -> pl.DataFrame:
    """Each run's consequence beside the similarity of its two models: on the same samples, else on all on average."""
    key = [*_RUN, "one", "other"]
    same = {name: chosen[name] for name in ("experiment", "measure")}
    runs = _sorted_pair(tables["overlap_runs"].filter(**same).drop_nulls("similarity"))
    mean = pl.col("similarity").mean()
    everywhere = runs.group_by(key, maintain_order=True).agg(mean.alias("everywhere"))
    here = runs.filter(dataset=chosen["dataset"]).group_by(key, maintain_order=True).agg(mean)
    detail = pl.col("detail").fill_null("") == chosen["detail"]
    same = {name: chosen[name] for name in ("experiment", "kind", "dataset")}
    rows = _sorted_pair(tables["consequences"].filter(detail, **same))
    how = {"on": key, "how": "left", "nulls_equal": True, "maintain_order": "left"}
    found = rows.join(here, **how).join(everywhere, **how)
    both = pl.coalesce("similarity", "everywhere")
    return found.with_columns(similarity=both).drop("one", "other", "everywhere").drop_nulls("similarity")


def _networks(runs: pl.DataFrame) -> pl.DataFrame:
    """Every network of every run."""
    return pl.concat(runs.select(*_RUN, model=f"model_{side}") for side in "xy").unique(maintain_order=True)


def _trained_combinations(tables: Tables) -> pl.DataFrame:
    runs, trained = table(tables, "overlap_runs"), table(tables, "trained")
    choices = ("experiment", "design", "metric", "dataset")
    if runs is None or trained is None:
        return none_of(*choices)
    known = trained.drop_nulls("value").select("model", *choices[2:])
    found = _networks(runs).join(known, on="model", maintain_order="left_right")
    return (
        found.select(choices)
        .unique(maintain_order=True)
        .sort(_not("metric", "accuracy"), maintain_order=True)
    )


def _trained_runs(tables: Tables, chosen: Chosen) -> pl.DataFrame:
    """What the networks of one design reached, with the overlap that it varies and the share of the task."""
    same = {name: chosen[name] for name in ("experiment", "design")}
    networks = _networks(tables["overlap_runs"].filter(**same))
    of = tables["trained"].filter(dataset=chosen["dataset"], metric=chosen["metric"]).drop("experiment")
    rows = networks.join(of, on="model", maintain_order="left_right")
    return rows.with_columns(overlap=_varied(chosen["design"]), other=pl.col("task_overlap").round(2))


#: Joined to those of `derived.DERIVED`.
OVERLAP_DERIVED = {
    "overlap_lines": Derived(_line_combinations, _lines, ("overlap_runs",)),
    "overlap_surface": Derived(_surface_combinations, _surface, ("overlap_runs",)),
    "trained_runs": Derived(_trained_combinations, _trained_runs, ("overlap_runs", "trained")),
    "consequence": Derived(_consequence_combinations, _consequence, ("overlap_runs", "consequences")),
}
