"""Why models see alike: what of their similarity shared data and a shared task explain, over controlled runs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
import polars as pl
from pydantic import Field

from seealike.analyses.base import Tables, analysis
from seealike.analyses.model_distances import is_distance
from seealike.analyses.overlap_runs import RUN, missing_runs, one_value_a_run
from seealike.analyses.overlap_terms import At, one_slope, three_slopes
from seealike.data.tables import ATTRIBUTION, OVERLAP_RUNS, checked, of_experiments


@analysis(needs=("overlap_runs",), version=2)
def attribution(
    tables: Tables,
    *,
    at: Literal["none", "mean"] = "mean",
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95,
) -> pl.DataFrame:
    """Regress similarity on overlap, for each experiment, design, set of samples and measure.

    Of designs with one overlap: s = a + b x, with one row, term "overlap". Of the factorial design the mixed model
    s = a + b data + c task + d data·task + u_seed, with one row a term. All intervals leave out one seed after the
    other (see `overlap.mixed_slopes` and `overlap.attribute`).

    Slopes are the change of the measure from no overlap to all of it, in its own direction; the verdict says whether
    models become more alike ("supported") or less ("reversed"), so for a distance a falling slope supports. Head-room
    is the slope relative to what is left at no overlap: 1 - s of a similarity, d of a distance.

    Args:
        tables: "overlap_runs" (see `tables`); several ordered pairs of one run are averaged.
        at: where the slopes of data and task of the factorial design hold: at the other's mean ("mean"), or where the
            other is not shared at all ("none"), which is beyond the runs where models without a common class cannot
            share data of one. The slope of their product is the same.
        level: of the intervals.

    Returns:
        A table with the columns of `tables.ATTRIBUTION`. All sets of samples that a design was evaluated on stand
        side by side, those without a value with the reason; runs that are missing are counted in `reason`, too. Of the
        factorial design `r_squared` is that of the whole model, `mutual_information` that of the term's levels (of
        the cells for "data x task").

    Example:
        >>> rows = [("digits", "data", x, 1.0, seed, "d", "cka", "a", "b", 0.4 + 0.3 * x + 0.01 * seed * x, None, None)
        ...         for seed in range(3) for x in (0.0, 0.5, 1.0)]
        >>> runs = pl.DataFrame(rows, schema=OVERLAP_RUNS, orient="row")
        >>> found = attribution({"overlap_runs": runs})
        >>> found.select("term", pl.col("slope", "head_room").round(3), "n_seeds", "verdict").row(0)
        ('overlap', 0.31, 0.517, 3, 'supported')

    Source:
        Li et al., «Causes and consequences of representational similarity in machine learning models», 2025, who fit
        the designs one by one.
    """
    table = checked(of_experiments(tables["overlap_runs"]), OVERLAP_RUNS, "overlap_runs")
    runs = one_value_a_run(table, "similarity", ("experiment", "design", "dataset", "measure"))
    rows: list[dict[str, Any]] = []
    for (experiment, design), mine in runs.group_by("experiment", "design", maintain_order=True):
        for measure in mine["measure"].unique(maintain_order=True):
            distance = is_distance(table.filter(measure=measure))
            for dataset in mine["dataset"].unique(maintain_order=True):
                same = {"experiment": experiment, "design": design, "dataset": dataset, "measure": measure}
                panel = mine.filter(measure=measure, dataset=dataset)
                rows += [{**same, **row} for row in _panel(panel, mine, distance, At(at, level))]
    return pl.DataFrame(rows, schema=ATTRIBUTION)


def _panel(panel: pl.DataFrame, design: pl.DataFrame, distance: bool, how: At) -> list[dict[str, Any]]:
    """The rows of one design, set of samples and measure."""
    known = panel.drop_nulls(["similarity", *RUN])
    lacks = missing_runs(panel, design, "similarity") if known.height else None
    factorial = design["design"][0] == "factorial"
    names = ("data", "task", "data x task") if factorial else ("overlap",)
    values = known["similarity"].to_numpy()
    alike = 1 - values if distance else values
    if factorial:
        found = three_slopes(known, alike, how)
    else:
        found = [one_slope(known[_varied(design)].to_numpy(), alike, known["seed"].to_numpy(), how)]
    rows = []
    for term, row in zip(names, found, strict=True):
        reason = ". ".join(part for part in (row.get("reason"), lacks) if part) or None
        rows.append({**(_turned(row) if distance else row), "term": term, "reason": reason})
    return rows


def _varied(design: pl.DataFrame) -> str:
    """The column of the overlap: of tasks where the design varies it alone, else of data."""
    varies = design["data_overlap"].drop_nulls().n_unique() > 1
    task = design["design"][0] == "task" or not varies
    return "task_overlap" if task else "data_overlap"


def _turned(row: dict[str, Any]) -> dict[str, Any]:
    """Of distances, what was found of 1 - d."""
    slope, low, high, rank = (row.get(name) for name in ("slope", "low", "high", "spearman"))

    def minus(value: float | None) -> float | None:
        return None if value is None else float(np.negative(value))

    return {**row, "slope": minus(slope), "low": minus(high), "high": minus(low), "spearman": minus(rank)}
