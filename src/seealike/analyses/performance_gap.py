"""Are models that perform alike more similar? Similarity against the difference of accuracies."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import polars as pl
from pydantic import Field

from seealike.analyses.base import Tables, analysis
from seealike.analyses.consistency import adjusted, known_or_none, pair_values
from seealike.analyses.differences import complete_models
from seealike.data.tables import PERFORMANCE, PERFORMANCE_GAP, SIMILARITIES, checked
from seealike.numerics.over_models import correlations_over_models, mantel
from seealike.numerics.pairs import Pairs

#: Correlations nearer than this are equal.
_EQUAL = 1e-12


@analysis(needs=("similarities", "performance"), version=2)
def performance_gap(
    tables: Tables,
    *,
    metrics: tuple[Literal["top1", "top5", "mean_class_recall"], ...] = ("top1",),
    correlations: tuple[Literal["pearson", "spearman"], ...] = ("pearson", "spearman"),
    permutations: Annotated[int, Field(ge=0)] = 999,
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95,
    seed: Annotated[int, Field(ge=0)] = 0,
) -> pl.DataFrame:
    """Correlate, over pairs of models, the similarity on a dataset with the difference of performance on it.

    r = corr over pairs {i, j} of (s_ij, |a_i - a_j|). Where models that perform alike are more similar, r is negative
    for similarities and positive for distances. Differences are of measured performances: the noise of these makes r
    nearer to zero than it would be without.

    Pairs that share a model are not independent: the interval leaves out one model after the other (Fisher's z,
    Student's t), the test exchanges models, each with its performance (Mantel, two-sided).

    Args:
        tables: "similarities" and "performance" (see `tables`), of which the values of the test split are used.
        metrics: which metrics of performance.
        correlations: which correlations.
        permutations: of the test; 0 for none.
        level: of the intervals.
        seed: of the permutations.

    Returns:
        A table with the columns of `tables.PERFORMANCE_GAP`: one row a measure, correlation, method and metric of
        performance, and dataset with both; `association` is r, with `standard_error`, `low` and `high` over the models;
        `q_value` by Benjamini-Hochberg over the datasets; where there is no value, the reason. Models without a
        performance or without a similarity with all the others do not count.

    Example:
        >>> import numpy as np, polars as pl
        >>> accuracy = np.array([0.2, 0.5, 0.6, 0.9])
        >>> rows = [("d", "cka", f"m{i}", f"m{j}", 1 - abs(accuracy[i] - accuracy[j])) for i in range(4)
        ...         for j in range(i)]
        >>> blank = {name: pl.lit(None, kind).alias(name) for name, kind in (SIMILARITIES | PERFORMANCE).items()}
        >>> similarities = pl.DataFrame(rows, orient="row", schema=list(SIMILARITIES)[:5])
        >>> performance = pl.DataFrame({"model": [f"m{i}" for i in range(4)], "value": accuracy})
        >>> tables = {"similarities": similarities.with_columns(blank[name] for name in list(SIMILARITIES)[5:]),
        ...     "performance": performance.with_columns(dataset=pl.lit("d"), method=pl.lit("ridge"),
        ...     metric=pl.lit("top1"), split=pl.lit("test")).with_columns(blank[name] for name in (
        ...     "standard_error", "n_seeds", "n_train", "n_test", "n_classes", "tested_on", "settings", "reason"))}
        >>> performance_gap(tables).select("correlation", pl.col("association").round(3), "n_models").rows()
        [('pearson', -1.0, 4), ('spearman', -0.986, 4)]

    Source:
        Ciernik et al., «Objective drives the consistency of representational similarity across datasets»,
        ICML 2025, section 4.7.
    """
    similarities = checked(tables["similarities"], SIMILARITIES, "similarities")
    performance = checked(tables["performance"], PERFORMANCE, "performance")
    tested = performance.filter(pl.col("split") == "test")
    methods = tested["method"].unique(maintain_order=True).to_list()
    blocks = [pl.DataFrame(schema=PERFORMANCE_GAP)]
    for measure in similarities["measure"].unique(maintain_order=True):
        alike = similarities.filter(pl.col("measure") == measure)
        for method in methods:
            for metric in metrics:
                reached = tested.filter((pl.col("method") == method) & (pl.col("metric") == metric))
                known = set(reached["dataset"])
                datasets = [d for d in alike["dataset"].unique(maintain_order=True) if d in known]
                for kind in correlations:
                    same = {"measure": measure, "correlation": kind, "method": method, "metric": metric}
                    how = (kind, permutations, level, seed)
                    rows = [{**same, "dataset": d, **_association(alike, reached, d, how)} for d in datasets]
                    block = pl.DataFrame(rows, schema=PERFORMANCE_GAP)
                    blocks.append(block.with_columns(q_value=adjusted(block["p_value"])))
    return pl.concat(blocks)


def _association(
    similarities: pl.DataFrame, performance: pl.DataFrame, dataset: str, how: tuple[str, int, float, int]
) -> dict[str, object]:
    """What is found on one dataset."""
    kind, permutations, level, seed = how
    here = performance.filter(pl.col("dataset") == dataset).drop_nulls("value")
    alike, reached = _complete(similarities.filter(pl.col("dataset") == dataset), here, dataset)
    left, right = np.triu_indices(len(reached), 1)
    values = np.stack([alike[left, right], np.abs(reached[left] - reached[right])])
    pairs = Pairs(left, right, np.zeros(len(reached), dtype=np.int64))
    found: dict[str, object] = {"n_models": len(reached), "n_pairs": len(left)}
    if len(left) < 3:
        reason = f"{len(reached)} models have both similarities and a performance; a correlation needs 3"
        return {**found, "reason": reason}
    over = correlations_over_models(values, pairs, kind)
    r = float(over.correlations[0, 1])
    if np.isnan(r):
        side = "similarities" if np.ptp(values[0]) <= np.ptp(values[1]) else "performances"
        return {**found, "reason": f"all {side} are equal"}
    low, high = over.interval(level)
    return {
        **found,
        "association": r,
        "standard_error": known_or_none(over.standard_errors[0, 1] * (1 - r * r)),
        "low": known_or_none(low[0, 1]),
        "high": known_or_none(high[0, 1]),
        "p_value": _two_sided(values, pairs, kind, (permutations, seed)),
    }


def _complete(
    similarities: pl.DataFrame, performance: pl.DataFrame, dataset: str
) -> tuple[np.ndarray, np.ndarray]:
    """Similarities (n_models, n_models) and performances of the models that miss none with one another."""
    models, reached = performance["model"].to_list(), performance["value"].to_numpy()
    left, right = np.triu_indices(len(models), 1)
    square = np.zeros((len(models), len(models)))
    square[left, right] = square[right, left] = pair_values(similarities, [dataset], models)[0]
    kept = complete_models(square[None])
    return square[np.ix_(kept, kept)], reached[kept]


def _two_sided(values: np.ndarray, pairs: Pairs, kind: str, how: tuple[int, int]) -> float | None:
    """The share of permutations (the identity counted) that correlate as strongly, with either sign."""
    permutations, seed = how
    if not permutations:
        return None
    observed = abs(correlations_over_models(values, pairs, kind).correlations[0, 1])
    _, null = mantel(values, pairs, kind, permutations=permutations, seed=seed)
    as_strong = (np.abs(null[:, 0, 1]) >= observed - _EQUAL).sum()
    return float((1 + as_strong) / (1 + permutations))
