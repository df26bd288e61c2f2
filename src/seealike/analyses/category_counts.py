"""How the card fields of the models go together: what a study can tell apart, and what it cannot."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl

from seealike.analyses.base import Tables, analysis
from seealike.analyses.card_fields import card_fields, field_values
from seealike.analyses.consistency import known_or_none
from seealike.data.tables import CATEGORY_COUNTS
from seealike.numerics.contingency import cramers_v


@analysis(needs=("models",))
def category_counts(tables: Tables, *, fields: tuple[str, ...] = ()) -> pl.DataFrame:
    """Count the models with each pair of values, for every two card fields, and say how far one tells the other.

    Where Cramér's V of two fields is near 1, the models of one value of the first have one value of the second: no
    analysis can then say which of the two is the cause.

    Args:
        tables: "models", which has the card fields.
        fields: card fields; all where not given.

    Returns:
        A table with the columns of `tables.CATEGORY_COUNTS`: one row two fields and a value of each, those without any
        model too; `cramers_v` in [0, 1], corrected for chance (0 on average for fields that have nothing to do with
        each other), the same in all rows of two fields; null with a reason where a field has one value only, or
        every model its own.

    Raises:
        UnknownName: no model has such a field.

    Example:
        >>> models = pl.DataFrame({"model": list("abcd"), "objective": ["ssl", "ssl", "sup", "sup"],
        ...                        "size": ["small", "large", "small", "large"]})
        >>> category_counts({"models": models}).select("value_x", "value_y", "n_models", "cramers_v").row(0)
        ('ssl', 'small', 1, 0.0)

    Source:
        Bergsma, «A bias-correction for Cramér's V and Tschuprow's T», Journal of the Korean Statistical Society 2013.
    """
    models = tables["models"]
    rows: list[dict[str, object]] = []
    for field_x, field_y in combinations(card_fields(models, fields), 2):
        x, y = field_values(models, field_x), field_values(models, field_y)
        both = [name for name in models["model"] if name in x and name in y]
        names_x, names_y = (list(dict.fromkeys(of[name] for name in both)) for of in (x, y))
        counts = np.zeros((len(names_x), len(names_y)), dtype=np.int64)
        for name in both:
            counts[names_x.index(x[name]), names_y.index(y[name])] += 1
        reason = _unfit(field_x, counts.shape[0], len(both)) or _unfit(field_y, counts.shape[1], len(both))
        v = None if reason else known_or_none(cramers_v(counts))
        reason = reason or ("too few models for so many values" if v is None else None)
        same = {"field_x": field_x, "field_y": field_y, "cramers_v": v, "reason": reason}
        rows += [
            {**same, "value_x": value_x, "value_y": value_y, "n_models": int(counts[i, j])}
            for i, value_x in enumerate(names_x)
            for j, value_y in enumerate(names_y)
        ]
    return pl.DataFrame(rows, schema=CATEGORY_COUNTS)


def _unfit(field: str, n_values: int, n_models: int) -> str | None:
    if n_values < 2:
        return f"all models have the same {field}"
    return f"every model has its own {field}" if n_values == n_models else None
