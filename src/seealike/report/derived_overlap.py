"""Tables for the figures on shared data and tasks: one overlap a row, and consequences beside similarity."""

from __future__ import annotations

import polars as pl

from seealike.report.derived import Chosen, Derived, none_of
from seealike.report.layout import Tables, table

FACTORIAL = "factorial"
_RUN = ["design", "data_overlap", "task_overlap", "seed"]


def _line_combinations(tables: Tables) -> pl.DataFrame:
    runs = table(tables, "overlap_runs")
    if runs is None:
        return none_of("measure", "design")
    return runs.filter(pl.col("design") != FACTORIAL).select("measure", "design").unique(maintain_order=True)


def _lines(tables: Tables, chosen: Chosen) -> pl.DataFrame:
    """The runs of one design with the overlap that it varies; both are equal where it varies both."""
    runs = tables["overlap_runs"].filter(measure=chosen["measure"], design=chosen["design"])
    own, other = ("task", "data") if chosen["design"] == "task" else ("data", "task")
    overlap = pl.coalesce(f"{own}_overlap", f"{other}_overlap")
    return runs.with_columns(overlap=overlap)


def _surface_combinations(tables: Tables) -> pl.DataFrame:
    runs = table(tables, "overlap_runs")
    if runs is None:
        return none_of("measure")
    return runs.filter(pl.col("design") == FACTORIAL).select("measure").unique(maintain_order=True)


def _surface(tables: Tables, chosen: Chosen) -> pl.DataFrame:
    return tables["overlap_runs"].filter(measure=chosen["measure"], design=FACTORIAL)


def _consequence_combinations(tables: Tables) -> pl.DataFrame:
    runs, found = table(tables, "overlap_runs"), table(tables, "consequences")
    choices = ("measure", "kind", "detail", "dataset")
    if runs is None or found is None:
        return none_of(*choices)
    measures = runs.drop_nulls("similarity").select("measure").unique(maintain_order=True)
    kinds = found.drop_nulls("value").select(choices[1:]).unique(maintain_order=True)
    return measures.join(kinds, how="cross", maintain_order="left_right").select(choices)


def _sorted_pair(rows: pl.DataFrame) -> pl.DataFrame:
    """With the two models of each row in alphabetical order, as `one` and `other`."""
    ends = pl.min_horizontal("model_x", "model_y"), pl.max_horizontal("model_x", "model_y")
    return rows.with_columns(one=ends[0], other=ends[1])


def _consequence(tables: Tables, chosen: Chosen) -> pl.DataFrame:
    """Each run's consequence beside the similarity of its two models: on the same samples, else on all on average."""
    key = [*_RUN, "one", "other"]
    runs = _sorted_pair(tables["overlap_runs"].filter(measure=chosen["measure"]).drop_nulls("similarity"))
    mean = pl.col("similarity").mean()
    everywhere = runs.group_by(key, maintain_order=True).agg(mean.alias("everywhere"))
    here = runs.filter(dataset=chosen["dataset"]).group_by(key, maintain_order=True).agg(mean)
    detail = pl.col("detail").fill_null("") == chosen["detail"]
    rows = _sorted_pair(tables["consequences"].filter(detail, kind=chosen["kind"], dataset=chosen["dataset"]))
    how = {"on": key, "how": "left", "nulls_equal": True, "maintain_order": "left"}
    found = rows.join(here, **how).join(everywhere, **how)
    both = pl.coalesce("similarity", "everywhere")
    return found.with_columns(similarity=both).drop("one", "other", "everywhere").drop_nulls("similarity")


#: Joined to those of `derived.DERIVED`.
OVERLAP_DERIVED = {
    "overlap_lines": Derived(_line_combinations, _lines, ("overlap_runs",)),
    "overlap_surface": Derived(_surface_combinations, _surface, ("overlap_runs",)),
    "consequence": Derived(_consequence_combinations, _consequence, ("overlap_runs", "consequences")),
}
