"""One panel of runs: the slope of one overlap, or of data, task and both together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

from seealike.analyses.overlap_runs import cell_numbers
from seealike.errors import TooFewSamples
from seealike.overlap.attribution import NO_INTERVAL, attribute, rank_correlation, verdict
from seealike.overlap.information import discrete_information, published_information
from seealike.overlap.mixed import MixedSlopes, mixed_slopes


@dataclass(frozen=True)
class At:
    """Where slopes hold ("none" or "mean" of the other overlap), and the level of their intervals."""

    where: Literal["none", "mean"]
    level: float


def one_slope(overlap: np.ndarray, alike: np.ndarray, seeds: np.ndarray, how: At) -> dict[str, Any]:
    """What one overlap explains, as a row of `tables.ATTRIBUTION` but for what names the panel.

    Args:
        overlap: (n,) of the runs.
        alike: (n,) how alike they are, larger for more.
        seeds: (n,) of the runs.
        how: the level of the interval.
    """
    try:
        found = attribute(overlap, alike, seeds, level=how.level)
    except TooFewSamples:
        return _too_few(len(alike), seeds, 3)
    return {
        "slope": found.slope,
        "low": found.slope_low,
        "high": found.slope_high,
        "p_value": found.p_value,
        "head_room": found.head_room,
        "r_squared": found.r_squared,
        "spearman": found.spearman,
        "mutual_information": found.mutual_information,
        "mutual_information_published": found.mutual_information_published,
        "n": found.n,
        "n_seeds": len(np.unique(seeds)),
        "verdict": found.verdict,
        "reason": found.reason,
    }


def three_slopes(runs: pl.DataFrame, alike: np.ndarray, how: At) -> list[dict[str, Any]]:
    """What data, task and their product explain in one mixed model; rows as those of `one_slope`.

    Args:
        runs: data_overlap, task_overlap and seed of the n runs.
        alike: (n,) how alike they are, larger for more.
        how: where the slopes hold, and the level of their intervals.
    """
    data, task = (runs[name].to_numpy().astype(np.float64) for name in ("data_overlap", "task_overlap"))
    seeds = runs["seed"].to_numpy()
    middle = np.array([data.mean(), task.mean()]) if how.where == "mean" and len(data) else np.zeros(2)
    terms = np.column_stack([data, task, (data - middle[0]) * (task - middle[1])])
    try:
        model, apart = _fitted(terms, alike, seeds, how.level)
    except TooFewSamples:
        return [_too_few(len(alike), seeds, 5)] * 3
    none = {"n": len(alike), "n_seeds": len(np.unique(seeds)), "verdict": "not supported", "reason": apart}
    if model is None:
        return [none] * 3
    fitted = len(model.slopes)
    start = model.start + (model.slopes[2] * middle.prod() if fitted == 3 else 0)
    levels = cell_numbers(data, task)
    rows = [
        {
            **_of_term(model, k, 1 - start),
            "spearman": rank_correlation((data, task, data * task)[k], alike),
            "mutual_information": discrete_information(levels[k], alike),
            "n": len(alike),
        }
        for k in range(fitted)
    ]
    for row, overlap in zip(rows, (data, task), strict=False):  # none was published of both together
        row["mutual_information_published"] = published_information(overlap, alike)
    if fitted < 3:
        rows = [{**row, "reason": ". ".join(part for part in (apart, row["reason"]) if part)} for row in rows]
    return [*rows, *[none] * (3 - fitted)]


def _fitted(
    terms: np.ndarray, alike: np.ndarray, seeds: np.ndarray, level: float
) -> tuple[MixedSlopes | None, str | None]:
    """The model of all terms, or without their product where that does not vary apart; and why it is not the first."""
    model = mixed_slopes(terms, alike, seeds, level=level)
    if model is not None:
        return model, None
    model = mixed_slopes(terms[:, :2], alike, seeds, level=level)
    if model is None:
        return None, "the overlaps of data and of task do not vary apart from each other in these runs"
    return model, "their product does not vary apart from data and task in these runs: a model without it"


def _of_term(model: MixedSlopes, k: int, left: float) -> dict[str, Any]:
    low, high, p = (_known(one[k]) for one in (model.low, model.high, model.p_values))
    slope = float(model.slopes[k])
    return {
        "slope": slope,
        "low": low,
        "high": high,
        "p_value": p,
        "head_room": slope / left if left > 0 else None,
        "r_squared": _known(model.r_squared),
        "n_seeds": model.n_seeds,
        "verdict": verdict(low, high),
        "reason": NO_INTERVAL if low is None else None,
    }


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _too_few(n: int, seeds: np.ndarray, needed: int) -> dict[str, Any]:
    reason = f"{n} runs have a value; {needed} are needed" if n else "no run has a value"
    return {"n": n, "n_seeds": len(np.unique(seeds)), "verdict": "not supported", "reason": reason}
