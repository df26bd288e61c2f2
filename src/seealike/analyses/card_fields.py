"""Which columns of the table of models are card fields, and their values."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from seealike.data.tables import MODELS
from seealike.errors import UnknownName, suggestion

#: Columns of the table of models that the program fills, not the card's own fields.
_OWN = {*MODELS, "pooling", "published_top1"}


def card_fields(models: pl.DataFrame, chosen: Sequence[str] = ()) -> list[str]:
    """The card fields of a table of models, or those of them that are asked for.

    Args:
        models: the columns of `tables.MODELS`, and the card fields.
        chosen: names of fields; none for all.

    Raises:
        UnknownName: no model has such a field.

    Example:
        >>> card_fields(pl.DataFrame({"model": ["a"], "layer": ["pool"], "objective": ["ssl"], "size": ["small"]}))
        ['objective', 'size']
    """
    known = [name for name in models.columns if name not in _OWN]
    for name in chosen:
        if name not in known:
            raise UnknownName(
                where="fields", expected="a field of the models", got=repr(name), fix=suggestion(name, known)
            )
    return list(dict.fromkeys(chosen)) or known


def field_values(models: pl.DataFrame, field: str) -> dict[str, str]:
    """Model -> its value for a field, for those that have one.

    Example:
        >>> field_values(pl.DataFrame({"model": ["a", "b"], "size": ["small", None]}), "size")
        {'a': 'small'}
    """
    rows = models.select("model", pl.col(field).cast(pl.String)).drop_nulls().rows()
    return {model: value for model, value in rows if value}
