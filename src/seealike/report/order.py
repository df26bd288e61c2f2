"""The order of models in a heat map: similar ones stand side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from seealike.report.layout import Tables, distinct, table


def heat_map_order(tables: Tables, measure: str) -> list[str]:
    """The models as heat maps of a measure show them: the study's own `model_order` of the mean, else the same anew.

    Args:
        tables: with "models", and "similarities" and "model_order" where they exist.
        measure: a measure's id.

    Example:
        >>> order = {"measure": "cka", "dataset": "mean over datasets", "position": [1, 0], "model": ["a", "b"]}
        >>> heat_map_order({"models": pl.DataFrame({"model": ["a", "b"]}), "model_order": pl.DataFrame(order)}, "cka")
        ['b', 'a']
    """
    models = tables["models"]["model"].to_list()
    known, similarities = table(tables, "model_order"), table(tables, "similarities")
    own = (
        None
        if known is None
        else known.filter(measure=measure, dataset="mean over datasets").sort("position")
    )
    if own is not None and not own.is_empty():
        return distinct([*own["model"].to_list(), *models])
    return models if similarities is None else model_order(similarities.filter(measure=measure), models)


def model_order(similarities: pl.DataFrame, models: Sequence[str]) -> list[str]:
    """Models so that similar ones stand side by side: the leaves of average linkage on the mean similarities.

    The distance is the largest similarity minus the similarity, averaged over datasets and both directions
    (a measure with the smaller value on the diagonal is a distance already). Pairs without a value count as average.

    Args:
        similarities: rows of one measure, all datasets (`SIMILARITIES`).
        models: all models; those without similarities come last, in the given order.

    Example:
        >>> rows = [("a", "b", .1), ("a", "c", .9), ("b", "c", .2)]
        >>> frame = pl.DataFrame(rows, schema=["model_x", "model_y", "similarity"], orient="row")
        >>> model_order(frame, ["a", "b", "c"])
        ['b', 'c', 'a']
    """
    present = set(similarities["model_x"]) | set(similarities["model_y"])
    known = [model for model in models if model in present]
    rest = [model for model in models if model not in present]
    if len(known) < 3:
        return [*known, *rest]
    leaves = leaves_list(
        linkage(squareform(_distances(similarities, known)), "average", optimal_ordering=True)
    )
    return [*(known[leaf] for leaf in leaves), *rest]


def _distances(similarities: pl.DataFrame, models: list[str]) -> np.ndarray:
    place = {model: i for i, model in enumerate(models)}
    means = similarities.group_by("model_x", "model_y").agg(pl.col("similarity").mean())
    matrix = np.full((len(models), len(models)), np.nan)
    for x, y, value in means.iter_rows():
        if x in place and y in place and value is not None:
            matrix[place[x], place[y]] = value
    both = np.stack([matrix, matrix.T])
    counts = np.isfinite(both).sum(axis=0)
    known = counts > 0
    mean = np.where(known, np.nansum(both, axis=0) / np.maximum(counts, 1), 0.0)
    mean[~known] = mean[known].mean() if known.any() else 0.0
    off = mean[~np.eye(len(models), dtype=bool)].mean()
    distance = mean - mean.min() if np.diagonal(mean).mean() < off else mean.max() - mean
    np.fill_diagonal(distance, 0.0)
    return distance
