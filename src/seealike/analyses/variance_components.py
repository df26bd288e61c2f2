"""Which fields does the variance of similarity belong to, and which that of consistency?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import numpy as np
import polars as pl
from pydantic import Field

from seealike.analyses.base import Tables, analysis
from seealike.analyses.consistency import known_or_none
from seealike.analyses.field_codes import FIELDS, Complete, each_dataset, field_codes
from seealike.data.tables import VARIANCE_COMPONENTS
from seealike.numerics.components import components
from seealike.numerics.pair_levels import upper


@analysis(needs=("similarities", "models"), groups_by="fields", version=2)
def variance_components(
    tables: Tables,
    *,
    fields: tuple[str, ...] = FIELDS,
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95,
) -> pl.DataFrame:
    """Divide the variance over pairs of models among all fields at once, the models themselves and the pairs.

    The value of a pair is the sum of what the categories of both its models bring to all their pairs, what sharing a
    category adds, what each of both models brings of its own, and what is the pair's own (see
    `numerics.components`). All fields stand beside each other, so that one that merely comes along with another is
    not taken for a cause; fields that always come together are one component, "a + b".

    The values are similarities on one dataset, mean similarities over datasets, or consistencies: with similarities
    standardized over the pairs of each dataset, 1 less the variance over datasets of the pair's. The mean of that over
    all pairs is exactly the mean, over pairs of datasets, of Pearson's consistency of all models.

    Args:
        tables: "similarities" (see `tables.SIMILARITIES`) and "models", which has the card fields.
        fields: which; all are held at once.
        level: of the intervals.

    Returns:
        A table with the columns of `tables.VARIANCE_COMPONENTS`: one row a measure, dataset (null for `of`
        "consistency" and for the similarities' mean over datasets) and component: a field, "same " and a field, "model"
        or "pair". `share` sums to 1; `low` to `high` is the interval of the share; `p_value` is that of no such
        component, and null for "pair". Only models that have a similarity with all others count.

    Raises:
        BadParameter: no fields.
        UnknownName: no such field.
        DataError: a model without a value for a field.

    Example:
        >>> import seealike
        >>> rng, models = np.random.default_rng(0), [f"m{k}" for k in range(10)]
        >>> seen = rng.standard_normal((2, 80, 4))
        >>> features = {m: seen[k // 5] + 0.5 * rng.standard_normal((80, 4)) for k, m in enumerate(models)}
        >>> kinds = pl.DataFrame({"model": models, "kind": ["a"] * 5 + ["b"] * 5})
        >>> tables = {"similarities": seealike.pairwise("cka", features, dataset="d").to_frame(), "models": kinds}
        >>> found = variance_components(tables, fields=("kind",))
        >>> found["component"].to_list(), bool(found["share"][1] > 0.9)
        (['kind', 'same kind', 'model', 'pair'], True)

    Source:
        Searle, Casella & McCulloch, «Variance Components», 1992; for pairs, Snijders & Kenny, «The social relations
        model for family data: a multilevel approach», Personal Relationships 1999.
    """
    codes = field_codes(tables["models"], fields, "variance_components")
    rows = []
    for one in each_dataset(tables["similarities"], tables["models"]["model"].to_list()):
        own = {name: numbers[one.kept] for name, numbers in codes.items()}
        for of, square in _values(one):
            same = {
                "measure": one.measure,
                "of": of,
                "dataset": one.datasets[0] if len(one.datasets) == 1 else None,
                "n_models": len(one.kept),
                "n_pairs": len(one.kept) * (len(one.kept) - 1) // 2,
            }
            rows += [{**same, **row} for row in _rows(square, own, level)]
    return pl.DataFrame(rows, schema=VARIANCE_COMPONENTS)


def _values(one: Complete) -> Iterator[tuple[str, np.ndarray]]:
    """What is divided: the similarities, and with several datasets the consistencies."""
    yield "similarity", one.square.mean(axis=0)
    if len(one.datasets) > 1:
        yield "consistency", consistencies(one.square)


def consistencies(square: np.ndarray) -> np.ndarray:
    """(n_models, n_models) how much alike a pair of models is on all datasets: 1 - var over datasets of its similarity.

    Similarities are standardized over the pairs of each dataset, so that the mean over all pairs is the mean over all
    pairs of datasets of Pearson's correlation: r = 1 - mean((z_A - z_B)²) / 2.

    Args:
        square: (n_datasets, n_models, n_models), two datasets or more.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> square = rng.random((2, 5, 5))
        >>> square += square.transpose(0, 2, 1)
        >>> means = upper(consistencies(square)).mean(), np.corrcoef(upper(square))[0, 1]
        >>> bool(np.isclose(*means))
        True
    """
    values = upper(square)
    spread = values.std(axis=1)[:, None, None]
    steady = spread <= 1e-12 * np.abs(values).max()
    centered = square - values.mean(axis=1)[:, None, None]
    standard = np.where(steady, np.nan, centered / np.where(steady, 1.0, spread))
    return 1 - standard.var(axis=0, ddof=1)


def _rows(square: np.ndarray, codes: dict[str, np.ndarray], level: float) -> list[dict[str, object]]:
    """A row a component, or as many rows without values that say why."""
    reason = None
    if len(square) < 4:
        reason = f"{len(square)} models have a similarity with all others; at least 4 are needed"
    elif np.isnan(square).any():
        reason = "all similarities are equal on one of the datasets"
    found = [] if reason else components(square, codes, level)
    if not found:
        reason = reason or f"{len(square)} models are too few for these fields, or all their values are equal"
        names = [*codes, *(f"same {name}" for name in codes), "model", "pair"]
        return [{"component": name, "reason": reason} for name in names]
    return [
        {
            "component": one.name,
            "variance": one.variance,
            "share": one.share,
            "low": one.low,
            "high": one.high,
            "p_value": known_or_none(one.p_value),
        }
        for one in found
    ] + _without_effect(codes, {one.name for one in found})


def _without_effect(codes: dict[str, np.ndarray], found: set[str]) -> list[dict[str, object]]:
    """Rows of what is no component, because nothing of it is left beside the models."""
    rows = []
    for prefix, why in (
        ("", "all models have the same value"),
        ("same ", "whether it is shared follows from the models' own levels"),
    ):
        known = {
            part
            for name in found
            for part in name.removeprefix(prefix).split(" + ")
            if name.startswith(prefix)
        }
        rows += [{"component": prefix + name, "reason": why} for name in codes if name not in known]
    return rows
