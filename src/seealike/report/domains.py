"""The fixed ends of axes and colour scales, the same for all datasets so that figures can be compared."""

from __future__ import annotations

import math

import polars as pl


def full_domain(values: pl.Series) -> list[float]:
    """From zero (or below, to a tenth) to one (or above): the range that the measure could have used.

    Example:
        >>> full_domain(pl.Series([0.2, 0.7]))
        [0.0, 1.0]
        >>> full_domain(pl.Series([-0.12, 0.7]))
        [-0.2, 1.0]
    """
    low, high = _ends(values)
    return [min(0.0, _floor(low)), max(1.0, -_floor(-high))]


def data_domain(similarities: pl.DataFrame) -> list[float]:
    """The range of the similarities of different models, to a tenth: more contrast, less to compare with.

    Args:
        similarities: rows of one measure (`SIMILARITIES`).

    Example:
        >>> data_domain(pl.DataFrame({"model_x": ["a", "a"], "model_y": ["a", "b"], "similarity": [1.0, 0.33]}))
        [0.3, 0.4]
    """
    low, high = _ends(similarities.filter(pl.col("model_x") != pl.col("model_y"))["similarity"])
    low, high = _floor(low), -_floor(-high)
    return [low, high if high > low else round(low + 0.1, 1)]


def _ends(values: pl.Series) -> tuple[float, float]:
    finite = values.cast(pl.Float64).drop_nulls().drop_nans().to_list()
    return (min(finite), max(finite)) if finite else (0.0, 1.0)


def _floor(value: float) -> float:
    """Down to a tenth; a value that is a tenth but for rounding errors stays there."""
    return math.floor(round(value * 10, 6)) / 10 + 0.0
