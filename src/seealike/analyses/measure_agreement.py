"""Do two measures say the same of the same models?"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Annotated, Literal, TypeAlias

import numpy as np
import polars as pl
from pydantic import Field

from seealike.analyses.base import Tables, analysis
from seealike.analyses.consistency import known_or_none, pair_values
from seealike.analyses.model_distances import is_distance
from seealike.analyses.set_pairs import ALL, SetPair, set_pairs
from seealike.analyses.similarity_spread import spread
from seealike.data.tables import MEASURE_AGREEMENT, SIMILARITIES, checked
from seealike.numerics.correlation import row_correlations
from seealike.numerics.leaving_out import leaving_out_models
from seealike.numerics.over_models import Pairs, correlations_over_models, fisher

#: Places of two measures, and what is found for them.
Row: TypeAlias = tuple[int, int, dict[str, object]]


@analysis(needs=("similarities", "models"), groups_by="sets", version=2)
def measure_agreement(
    tables: Tables,
    *,
    sets: str | tuple[str, ...] | dict[str, str] = ALL,
    correlations: tuple[Literal["pearson", "spearman"], ...] = ("pearson", "spearman"),
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95,
) -> pl.DataFrame:
    """Correlate what two measures say of the same models: local against global kernels, CKA against RSA.

    Three things are compared: the similarities of all pairs of models on each dataset; their means over the datasets
    on which both measures have one; and the consistencies (Pearson), a point for every pair of sets and
    pair of datasets. All errors leave out one model after the other, with all that it is part of: points
    that share models are not independent, and there are far fewer models than points. Distances count with the
    opposite sign, so that agreement is positive whatever the directions.

    Consistencies of few models are noisy, which lowers their agreement: it and its interval are for as many models
    as there are, and more of the same kind would agree better.

    Args:
        tables: "similarities" and "models", as for `consistency`.
        sets: whose consistencies are compared: a card field, several (the set pairs of each), or name ->
            expression; "all" for the consistencies of all models alone.
        correlations: of the two measures.
        level: of the intervals (Fisher's z, Student's t).

    Returns:
        A table with the columns of `tables.MEASURE_AGREEMENT`: one row two measures, correlation and `of`
        ("similarities", with their dataset; "mean similarities"; "consistencies", with their `field`); `agreement` in
        [-1, 1], or null with a reason; `n_pairs` is the number of points. No rows for a single measure.

    Raises:
        UnknownName, SpecError, DataError: as for `consistency`.

    Example:
        >>> import numpy as np, polars as pl, seealike
        >>> rng = np.random.default_rng(0)
        >>> seen, frames = rng.standard_normal((60, 4)), []
        >>> features = {f"m{k}": seen + 0.3 * k * rng.standard_normal((60, 4)) for k in range(6)}
        >>> for measure in ("cka", "procrustes"):
        ...     frames.append(seealike.pairwise(measure, features, dataset="A").to_frame())
        >>> tables = {"similarities": pl.concat(frames, how="diagonal"),
        ...           "models": pl.DataFrame({"model": list(features)})}
        >>> row = measure_agreement(tables, correlations=("spearman",)).row(0, named=True)
        >>> row["of"], row["dataset"], row["n_pairs"], row["agreement"] > 0.9
        ('similarities', 'A', 15, True)

    Source:
        The question: Ciernik et al., «Objective drives the consistency of representational similarity across datasets»,
        ICML 2025, section 4.2 and appendix E.
    """
    similarities = checked(tables["similarities"], SIMILARITIES, "similarities")
    models = tables["models"]
    measures = similarities["measure"].unique(maintain_order=True).to_list()
    if len(measures) < 2:
        return pl.DataFrame(schema=MEASURE_AGREEMENT)
    datasets = similarities["dataset"].unique(maintain_order=True).to_list()
    values = _values(similarities, measures, datasets, models["model"].to_list())
    named = _compared_sets(models, sets)
    label = sets if isinstance(sets, str) else ", ".join(sets) if isinstance(sets, tuple) else "sets"
    parts: list[tuple[dict[str, str], Iterator[Row]]] = []
    for kind in correlations:
        for place, dataset in enumerate(datasets):
            same = {"of": "similarities", "dataset": dataset, "correlation": kind}
            parts.append((same, _of_similarities(values[:, place], models.height, kind, level)))
        same = {"of": "mean similarities", "correlation": kind}
        parts.append((same, _of_means(values, models.height, kind, level)))
        same = {"of": "consistencies", "field": label, "correlation": kind}
        parts.append((same, _of_consistencies(values, named, kind, level)))
    rows = [
        {**same, "measure_x": measures[x], "measure_y": measures[y], **row}
        for same, found in parts
        for x, y, row in found
    ]
    return pl.DataFrame(rows, schema=MEASURE_AGREEMENT)


def _compared_sets(models: pl.DataFrame, sets: str | tuple[str, ...] | dict[str, str]) -> list[SetPair]:
    """All pairs of sets that are compared; all models against all only where there are no others."""
    fields = sets if isinstance(sets, tuple) else (sets,)
    named = [pair for one in fields for pair in set_pairs(models, one)[1:]]
    return named or set_pairs(models)


def _values(
    similarities: pl.DataFrame, measures: list[str], datasets: list[str], models: list[str]
) -> np.ndarray:
    """(n_measures, n_datasets, n_pairs), larger for more alike; NaN where missing."""
    found = []
    for measure in measures:
        table = similarities.filter(pl.col("measure") == measure)
        found.append(pair_values(table, datasets, models) * (-1 if is_distance(table) else 1))
    return np.stack(found)


def _of_similarities(rows: np.ndarray, n_models: int, kind: str, level: float) -> Iterator[Row]:
    """What is found for every two rows of (n_measures, n_pairs)."""
    left, right = np.triu_indices(n_models, 1)
    known = ~np.isnan(rows)
    used = known.any(axis=0)
    pairs = Pairs(left[used], right[used], np.zeros(n_models, dtype=np.int64))
    found = correlations_over_models(rows[:, used], pairs, kind)
    low, high = found.interval(level)
    for x, y in combinations(range(len(rows)), 2):
        both = known[x] & known[y]
        r = float(found.correlations[x, y])
        yield (
            x,
            y,
            {
                "agreement": known_or_none(r),
                "standard_error": known_or_none(found.standard_errors[x, y] * (1 - r * r)),
                "low": known_or_none(low[x, y]),
                "high": known_or_none(high[x, y]),
                "n_models": len(np.union1d(left[both], right[both])),
                "n_pairs": int(both.sum()),
                "reason": _reason(r, int(both.sum()), "model pairs", "similarities"),
            },
        )


def _of_means(values: np.ndarray, n_models: int, kind: str, level: float) -> Iterator[Row]:
    """What is found for every two measures' means over the datasets on which both know a pair."""
    for x, y in combinations(range(len(values)), 2):
        known = ~np.isnan(values[[x, y]]).any(axis=0)
        means = np.stack([spread(np.where(known, values[one], np.nan))[0] for one in (x, y)])
        for *_, row in _of_similarities(means, n_models, kind, level):
            yield x, y, row


def _of_consistencies(values: np.ndarray, named: list[SetPair], kind: str, level: float) -> Iterator[Row]:
    """What is found for every two measures' consistencies: a point a pair of sets and pair of datasets."""
    n_models = len(named[0].pairs.strata)
    left, right = np.triu_indices(n_models, 1)
    everyone = Pairs(left, right, np.zeros(n_models, dtype=np.int64))
    known = ~np.isnan(_consistencies(values, named, np.ones(len(left), dtype=bool)))

    def agreement(kept: np.ndarray) -> np.ndarray:
        points = np.where(known, _consistencies(values, named, kept), np.nan)
        return fisher(row_correlations(points, kind)[0])

    found = leaving_out_models(agreement, everyone)
    low, high = np.tanh(found.interval(level))
    for x, y in combinations(range(len(values)), 2):
        n_points = int((known[x] & known[y]).sum())
        r = float(np.tanh(found.values[x, y]))
        yield (
            x,
            y,
            {
                "agreement": known_or_none(r),
                "standard_error": known_or_none(found.standard_errors[x, y] * (1 - r * r)),
                "low": known_or_none(low[x, y]),
                "high": known_or_none(high[x, y]),
                "n_models": n_models,
                "n_pairs": n_points,
                "reason": _reason(r, n_points, "pairs of sets and datasets", "consistencies"),
            },
        )


def _consistencies(values: np.ndarray, named: list[SetPair], kept: np.ndarray) -> np.ndarray:
    """(n_measures, set pairs × dataset pairs): what each measure finds with the pairs of models that are kept."""
    upper = np.triu_indices(values.shape[1], 1)
    return np.stack(
        [
            np.concatenate(
                [row_correlations(one[:, pair.chosen & kept], "pearson")[0][upper] for pair in named]
            )
            for one in values
        ]
    )


def _reason(agreement: float, n_points: int, points: str, what: str) -> str | None:
    if not np.isnan(agreement):
        return None
    if n_points < 3:
        return f"{n_points} {points} have a value of both measures; a correlation needs 3"
    return f"all {what} of one of the measures are equal"
