"""Consistency: do the similarities of the same model pairs agree from one dataset to another?"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Annotated, Literal

import numpy as np
import polars as pl
from pydantic import Field

from seealike.analyses.base import Tables, analysis
from seealike.analyses.set_pairs import ALL, SetPair, set_pairs
from seealike.data.tables import CONSISTENCY, SIMILARITIES, checked
from seealike.numerics.over_models import OverModels, correlations_over_models, mantel
from seealike.numerics.over_samples import OverSamples, over_samples
from seealike.numerics.significance import q_values


@dataclass(frozen=True)
class _How:
    """The options of the analysis that every set pair needs."""

    permutations: int
    level: float
    seed: int


@analysis(needs=("similarities", "models"), groups_by="sets", version=3)
def consistency(
    tables: Tables,
    *,
    sets: str | dict[str, str] = ALL,
    anchors: tuple[str, ...] = (),
    correlations: tuple[Literal["pearson", "spearman", "kendall"], ...] = ("pearson", "spearman"),
    permutations: Annotated[int, Field(ge=0)] = 999,
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95,
    seed: Annotated[int, Field(ge=0)] = 0,
) -> pl.DataFrame:
    """Correlate, across two datasets, the similarities of the same model pairs, for all pairs of model sets.

    For model sets Φ and Θ and a dataset A, s(A, Φ, Θ) holds the similarities of all unordered pairs of two
    different models, one from each set. The consistency of (Φ, Θ) across A and B is the correlation of
    s(A, Φ, Θ) with s(B, Φ, Θ). A set whose similarities spread more widely reaches a higher correlation for that
    reason alone, so both spreads stand beside it. A measure that is not symmetric contributes the mean of its two
    directions.

    Pairs that share a model are not independent. Intervals therefore leave out one model after the other (Fisher's
    z, Student's t) and say how the value would vary with other models of the same kind; where the similarities come
    with deviations over samples, how it would vary with other samples is added in squares. The p-value is
    Mantel's: how often chance agrees as well, when the models of each set are exchanged among themselves on one
    of the datasets. Kendall's tau-b comes without either, which would take hours.

    Args:
        tables: "similarities" (see `tables.SIMILARITIES`) and "models", which has the card fields.
        sets: the card field whose values are the model sets (objective, say), or name -> expression
            (see `model_sets`) for sets of any kind; "all" for one set of all models.
        anchors: models (by name) that are sets of one, each compared with every set.
        correlations: which correlations.
        permutations: of the Mantel test; 0 for none.
        level: of the intervals.
        seed: of the permutations.

    Returns:
        A table with the columns of `tables.CONSISTENCY`: one row a measure, correlation, unordered pair of sets
        (and all models against all) and unordered pair of datasets; `consistency` in [-1, 1], or null with a
        reason; `standard_error` over models, `standard_error_samples` over samples, and the interval `low` to `high` of
        both; `p_value`, one-sided, and its `q_value` over all rows of
        the measure and correlation (Benjamini-Hochberg); `influential`, the model that matters most, and the value
        `without_it`; `spread_x` and `spread_y`, the standard deviations of the similarities on either side.

    Raises:
        UnknownName: no such field, value or anchor.
        SpecError: an expression that cannot be read, or a set without models.
        DataError: a model without a value for the field.

    Example:
        >>> import polars as pl
        >>> rows = [(d, "cka", x, y, s) for d, sims in {"A": (0.1, 0.5, 0.9), "B": (0.2, 0.4, 0.9)}.items()
        ...         for (x, y), s in zip([("a", "b"), ("a", "c"), ("b", "c")], sims)]
        >>> similarities = pl.DataFrame(rows, orient="row", schema=["dataset", "measure", "model_x", "model_y",
        ...     "similarity"]).with_columns(*(pl.lit(None, pl.Float64).alias(name) for name in ("standard_error",
        ...     "chance", "above_chance")), n_samples=pl.lit(9, pl.Int64), reason=pl.lit(None, pl.String))
        >>> tables = {"similarities": similarities, "models": pl.DataFrame({"model": ["a", "b", "c"]})}
        >>> consistency(tables, correlations=("pearson",)).select("dataset_x", "consistency", "n_pairs").row(0)
        ('A', 0.970..., 3)

    Source:
        Ciernik et al., «Objective drives the consistency of representational similarity across datasets»,
        ICML 2025, section 3.
    """
    similarities = checked(tables["similarities"], SIMILARITIES, "similarities")
    named = set_pairs(tables["models"], sets, anchors)
    how = _How(permutations, level, seed)
    field = sets if isinstance(sets, str) else "sets"
    models = tables["models"]["model"].to_list()
    blocks = [pl.DataFrame(schema=CONSISTENCY)]
    for measure in similarities["measure"].unique(maintain_order=True):
        table = similarities.filter(pl.col("measure") == measure)
        datasets = table["dataset"].unique(maintain_order=True).to_list()
        stack = pair_values(table, datasets, models)
        moved = pair_deviations(table, datasets, models)
        for kind in correlations:
            rows = [
                row for pair in named for row in _rows((stack, moved), pair, (datasets, models), kind, how)
            ]
            same = {"measure": measure, "correlation": kind, "field": field}
            block = pl.DataFrame([{**same, **row} for row in rows], schema=CONSISTENCY)
            blocks.append(block.with_columns(q_value=adjusted(block["p_value"])))
    return pl.concat(blocks)


def adjusted(p_values: pl.Series) -> pl.Series:
    """Benjamini-Hochberg over the tests that there are."""
    q = np.full(len(p_values), np.nan)
    known = p_values.is_not_null().to_numpy()
    if known.any():
        q[known] = q_values(p_values.drop_nulls().to_numpy())
    return pl.Series(q).fill_nan(None)


def _rows(
    values: tuple[np.ndarray, list[np.ndarray | None]],
    pair: SetPair,
    names: tuple[list[str], list[str]],
    kind: str,
    how: _How,
) -> list[dict[str, object]]:
    """What is found for one pair of sets: a row a pair of datasets."""
    (stack, moved), (datasets, models) = values, names
    part = stack[:, pair.chosen]
    found = correlations_over_models(part, pair.pairs, kind)
    unknown = np.full_like(found.correlations, np.nan)
    samples = OverSamples(unknown, unknown)
    if kind != "kendall":
        some = [None if one is None else one[:, pair.chosen] for one in moved]
        samples = over_samples(part, some, kind)
    low, high = found.interval(how.level, samples.errors, samples.biases)
    p = np.full_like(low, np.nan)
    if how.permutations and kind != "kendall":
        p, _ = mantel(part, pair.pairs, kind, permutations=how.permutations, seed=how.seed)
    rows = []
    for a, b in combinations(range(len(datasets)), 2):
        both = ~np.isnan(part[a]) & ~np.isnan(part[b])
        spreads = [float(part[k][both].std(ddof=1)) if both.sum() > 1 else None for k in (a, b)]
        r = found.correlations[a, b]
        rows.append(
            {
                "set_x": pair.set_x,
                "set_y": pair.set_y,
                "dataset_x": datasets[a],
                "dataset_y": datasets[b],
                "consistency": known_or_none(r),
                "standard_error": known_or_none(found.standard_errors[a, b] * (1 - r * r)),
                "standard_error_samples": known_or_none(samples.errors[a, b] * (1 - r * r)),
                "low": known_or_none(low[a, b]),
                "high": known_or_none(high[a, b]),
                "p_value": known_or_none(p[a, b]),
                "influential": models[found.influence[a, b]] if found.influence[a, b] >= 0 else None,
                "without_it": known_or_none(found.without[a, b]),
                "n_models": len(pair.pairs.members),
                "n_pairs": int(found.counts[a, b]),
                "spread_x": spreads[0],
                "spread_y": spreads[1],
                "reason": _reason(found, (a, b)),
            }
        )
    return rows


def known_or_none(value: float) -> float | None:
    """The number, or None for NaN."""
    return None if np.isnan(value) else float(value)


def _reason(found: OverModels, place: tuple[int, int]) -> str | None:
    if not np.isnan(found.correlations[place]):
        return None
    if found.counts[place] < 3:
        return f"{found.counts[place]} model pairs have a similarity on both datasets; a correlation needs 3"
    return "all similarities are equal on one of the datasets"


def pair_values(table: pl.DataFrame, datasets: list[str], models: list[str]) -> np.ndarray:
    """(n_datasets, n_pairs) similarities of all unordered model pairs (upper triangle), NaN where missing.

    Args:
        table: similarities of one measure.
        datasets: the rows.
        models: whose pairs the columns are, in the order of `numpy.triu_indices`.
    """
    place = {name: i for i, name in enumerate(models)}
    stack = np.full((len(datasets), 2, len(models), len(models)), np.nan)
    for d, x, y, s in table.select("dataset", "model_x", "model_y", "similarity").iter_rows():
        if s is not None and x in place and y in place:
            i, j = place[x], place[y]
            stack[datasets.index(d), int(i > j), min(i, j), max(i, j)] = s
    left, right = np.triu_indices(len(models), 1)
    both = stack[:, :, left, right]
    counts = (~np.isnan(both)).sum(axis=1)
    return np.where(counts > 0, np.nansum(both, axis=1) / np.maximum(counts, 1), np.nan)


def pair_deviations(table: pl.DataFrame, datasets: list[str], models: list[str]) -> list[np.ndarray | None]:
    """For each dataset (n_groups, n_pairs): how the similarities of `pair_values` move with groups of samples.

    None where the table knows of none; NaN for pairs without.
    """
    if "deviations" not in table.columns:
        return [None] * len(datasets)
    place = {name: i for i, name in enumerate(models)}
    column = np.full((len(models), len(models)), -1)
    left, right = np.triu_indices(len(models), 1)
    column[left, right] = column[right, left] = np.arange(len(left))
    found: list[np.ndarray | None] = []
    for dataset in datasets:
        rows = table.filter(pl.col("dataset") == dataset).drop_nulls("deviations")
        rows = rows.filter(pl.col("model_x") != pl.col("model_y"))
        rows = rows.filter(pl.col("model_x").is_in(models) & pl.col("model_y").is_in(models))
        if rows.is_empty():
            found.append(None)
            continue
        values = np.array(rows["deviations"].to_list(), dtype=np.float64)
        x, y = ([place[name] for name in rows[side]] for side in ("model_x", "model_y"))
        moved = np.full((values.shape[1], len(left)), np.nan)
        moved[:, column[x, y]] = values.T
        found.append(moved)
    return found
