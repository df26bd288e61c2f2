"""What the cards say of the models, as numbers, and the similarities of all pairs of models that miss nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from seealike.analyses.consistency import pair_values
from seealike.analyses.differences import complete_models, square_of
from seealike.data.tables import SIMILARITIES, checked
from seealike.errors import BadParameter, DataError, UnknownName, suggestion

#: The fields that the catalogue knows of every model.
FIELDS = ("objective", "architecture_class", "training_class", "size_class")
#: The name of the mean of all datasets, where one has to be given.
MEAN = "mean over datasets"


@dataclass(frozen=True)
class Complete:
    """Similarities of one measure, on one dataset or from several, without gaps.

    Attributes:
        measure: the measure.
        datasets: whose similarities these are.
        square: (n_datasets, n_models, n_models), symmetric.
        kept: (n_models,) places of these models in the table of models.
    """

    measure: str
    datasets: tuple[str, ...]
    square: np.ndarray
    kept: np.ndarray


def field_codes(models: pl.DataFrame, fields: tuple[str, ...], where: str) -> dict[str, np.ndarray]:
    """Field -> (n_models,) the number of each model's value, in the order of the values.

    Args:
        models: a table with the card fields.
        fields: which; at least one.
        where: the analysis, for the errors.

    Raises:
        BadParameter: no fields.
        UnknownName: no such field.
        DataError: a model without a value.

    Example:
        >>> models = pl.DataFrame({"model": ["a", "b", "c"], "objective": ["sup", "ssl", "sup"]})
        >>> field_codes(models, ("objective",), "here")["objective"].tolist()
        [1, 0, 1]
    """
    if not fields:
        raise BadParameter(
            where=where, expected="fields: at least one", got="none", fix=f"For example {list(FIELDS)}."
        )
    codes = {}
    for name in fields:
        if name not in models.columns:
            fix = suggestion(name, models.columns)
            raise UnknownName(where=where, expected="a field of the models", got=repr(name), fix=fix)
        without = models.filter(pl.col(name).is_null())["model"].to_list()
        if without:
            raise DataError(
                where=where,
                expected=f"every model to have the field {name!r}",
                got=f"none for {', '.join(without[:5])}",
                fix="Add it to `fields:` of these models.",
            )
        codes[name] = np.unique(models[name].to_numpy(), return_inverse=True)[1]
    return codes


def each_dataset(similarities: pl.DataFrame, models: list[str]) -> Iterator[Complete]:
    """The similarities of every measure, first of each dataset, then of all together if these are several.

    A dataset keeps the models that have a similarity with all others there; all datasets together keep those that have
    one on every dataset.

    Args:
        similarities: see `tables.SIMILARITIES`; both directions of a measure that is not symmetric count alike.
        models: their names, in the order of the table of models.
    """
    table = checked(similarities, SIMILARITIES, "similarities")
    for measure in table["measure"].unique(maintain_order=True):
        part = table.filter(pl.col("measure") == measure)
        datasets = part["dataset"].unique(maintain_order=True).to_list()
        whole = square_of(pair_values(part, datasets, models), len(models))
        for place, name in enumerate(datasets):
            yield _complete(measure, (name,), whole[place : place + 1])
        if len(datasets) > 1:
            yield _complete(measure, tuple(datasets), whole)


def _complete(measure: str, datasets: tuple[str, ...], whole: np.ndarray) -> Complete:
    kept = complete_models(whole)
    return Complete(measure, datasets, whole[:, kept][:, :, kept], kept)
