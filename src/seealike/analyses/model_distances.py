"""How far apart models are: one number a pair, whatever the measure's direction."""

from __future__ import annotations

import numpy as np
import polars as pl


def is_distance(table: pl.DataFrame) -> bool:
    """Whether smaller values mean more alike.

    The measure says so, if it is one of ours; of others the values tell: models are nearest to themselves.

    Args:
        table: similarities of one measure.

    Example:
        >>> rows = [("a", "a", 0.0), ("a", "b", 2.0), ("b", "b", 0.0)]
        >>> table = pl.DataFrame(rows, schema=["model_x", "model_y", "similarity"], orient="row")
        >>> is_distance(table.with_columns(measure=pl.lit("somebody's"))), is_distance(table.with_columns(
        ...     measure=pl.lit("cka-kernel=linear-unbiased=true")))
        (True, False)
    """
    from seealike.measures import MEASURES

    name = str(table["measure"][0]).partition("-")[0] if table.height else ""
    if name in MEASURES:
        return MEASURES[name].claims.direction == "distance"
    same = pl.col("model_x") == pl.col("model_y")
    own, others = (table.filter(which)["similarity"].drop_nulls().to_numpy() for which in (same, ~same))
    return bool(len(own) and len(others) and own.mean() < others.mean())


def pair_distances(similarities: np.ndarray, distance: bool) -> np.ndarray:
    """1 - s of similarities s, distances as they are; never below zero, the mean where a pair has no value.

    Args:
        similarities: (n_pairs,) in the order of `numpy.triu_indices` (that of scipy's condensed matrices), NaN where
            missing; where one exceeds 1, the largest stands for the 1.
        distance: whether they are distances.

    Returns:
        (n_pairs,) ≥ 0 and finite; zeros if no pair has a value.

    Example:
        >>> pair_distances(np.array([0.75, np.nan, 0.25]), distance=False).tolist()
        [0.25, 0.5, 0.75]
        >>> pair_distances(np.array([3.0, 1.0]), distance=True).tolist()
        [3.0, 1.0]
    """
    known = ~np.isnan(similarities)
    if not known.any():
        return np.zeros(len(similarities))
    apart = similarities if distance else max(1.0, float(similarities[known].max())) - similarities
    apart = np.where(known, np.maximum(apart, 0.0), 0.0)
    return np.where(known, apart, apart[known].mean())
