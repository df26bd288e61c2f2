"""What similarity leads to: how transfer, agreement and the like grow with it, over controlled runs."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import polars as pl
from pydantic import Field

from seealike.analyses.base import Tables, analysis
from seealike.analyses.model_distances import is_distance
from seealike.analyses.overlap_runs import RUN, one_value_a_run
from seealike.data.tables import CONSEQUENCE_SLOPES, CONSEQUENCES, OVERLAP_RUNS, checked, of_experiments
from seealike.errors import TooFewSamples
from seealike.overlap.attribution import NO_INTERVAL, rank_correlation, verdict
from seealike.overlap.mixed import mixed_slopes


@analysis(needs=("consequences", "overlap_runs"), version=2)
def consequence_slopes(tables: Tables, *, level: Annotated[float, Field(gt=0, lt=1)] = 0.95) -> pl.DataFrame:
    """Regress each consequence on similarity over the runs of all designs of an experiment.

    v = a + b s + c_design + u_seed: every design has a level of its own, since its models see other amounts of data,
    and every seed a random one. The interval leaves out one seed after the other, with its runs of all designs. The
    similarity is measured, and its noise makes b nearer to zero than it would be without.

    Args:
        tables: "consequences" and "overlap_runs" (see `tables`), joined by run and set of samples; the ordered pairs of
            a run are averaged.
        level: of the intervals.

    Returns:
        A table with the columns of `tables.CONSEQUENCE_SLOPES`: one row an experiment, consequence, its details, set of
        samples and measure, but for consequences that no run has a value of on these samples. `slope` is the change of
        the consequence a unit of the measure, in the measure's direction; the verdict says whether the consequence
        grows ("supported") or falls ("reversed") as models are more alike. `spearman` is of the runs, over all designs.

    Example:
        >>> runs = [("digits", "data", x, 1.0, s, "d", "cka", "a", "b", 0.4 + 0.3 * x + 0.02 * s, None, None)
        ...         for s in range(3) for x in (0.0, 0.5, 1.0)]
        >>> last = (50, 0.9, 0.9, None)
        >>> shown = [("agreement", "", *row[:5], "a", "b", "d", 0.5 * row[9] + 0.01 * row[2] * row[4], *last)
        ...         for row in runs]
        >>> found = consequence_slopes({
        ...     "overlap_runs": pl.DataFrame(runs, schema=OVERLAP_RUNS, orient="row"),
        ...     "consequences": pl.DataFrame(shown, schema=CONSEQUENCES, orient="row")})
        >>> found.select(pl.col("slope").round(2), "n", "n_seeds", "verdict").row(0)
        (0.53, 9, 3, 'supported')
    """
    consequences = checked(of_experiments(tables["consequences"]), CONSEQUENCES, "consequences")
    runs = checked(of_experiments(tables["overlap_runs"]), OVERLAP_RUNS, "overlap_runs")
    led_to = one_value_a_run(consequences, "value", ("experiment", "kind", "detail", "design", "dataset"))
    alike = one_value_a_run(runs, "similarity", ("measure", "experiment", "design", "dataset"))
    rows: list[dict[str, Any]] = []
    for panel in led_to.partition_by("experiment", "kind", "detail", "dataset", maintain_order=True):
        if panel["value"].null_count() == panel.height:
            continue
        same = {name: panel[name][0] for name in ("experiment", "kind", "detail", "dataset")}
        for measure in alike["measure"].unique(maintain_order=True):
            mine = alike.filter(measure=measure).drop("measure")
            same_run = ["experiment", "design", "dataset", *RUN]
            joined = panel.join(mine, on=same_run, how="left", maintain_order="left")
            distance = is_distance(runs.filter(measure=measure))
            rows.append({**same, "measure": measure, **_slope(joined, distance, level)})
    return pl.DataFrame(rows, schema=CONSEQUENCE_SLOPES)


def _slope(joined: pl.DataFrame, distance: bool, level: float) -> dict[str, Any]:
    """What is found of one consequence and measure, without what names them."""
    known = joined.drop_nulls(["value", "similarity", "seed"])
    counted = {"n": known.height, "n_seeds": known["seed"].n_unique(), "verdict": "not supported"}
    lacks = _lacking(joined, known.height)
    similarity, value = known["similarity"].to_numpy(), known["value"].to_numpy()
    seeds = known["seed"].to_numpy()
    try:
        model = mixed_slopes(_terms(similarity, known["design"]), value, seeds, level=level)
    except TooFewSamples:
        few = f"only {known.height} runs have a value and a similarity"
        return {**counted, "reason": ". ".join(part for part in (few, lacks) if part)}
    if model is None:
        return {**counted, "reason": "similarity does not vary within the designs"}
    low, high, p = (
        None if np.isnan(one[0]) else float(one[0]) for one in (model.low, model.high, model.p_values)
    )
    said = verdict(low, high)
    turned = {"supported": "reversed", "reversed": "supported"}
    reason = ". ".join(part for part in (NO_INTERVAL if low is None else None, lacks) if part)
    return {
        **counted,
        "slope": float(model.slopes[0]) + 0.0,  # no minus zero
        "low": low,
        "high": high,
        "p_value": p,
        "spearman": rank_correlation(similarity, value),
        "verdict": turned.get(said, said) if distance else said,
        "reason": reason or None,
    }


def _terms(similarity: np.ndarray, designs: pl.Series) -> np.ndarray:
    """Similarity, and for all designs but the first whether a run is of it."""
    others = designs.unique(maintain_order=True).to_list()[1:]
    return np.column_stack([similarity, *((designs == one).to_numpy().astype(np.float64) for one in others)])


def _lacking(joined: pl.DataFrame, known: int) -> str | None:
    lacking = joined.height - known
    if not lacking:
        return None
    what = "value" if joined["value"].null_count() >= lacking else "value or similarity"
    return f"{lacking} of {joined.height} runs have no {what} and are left out"
