"""The named schemas of every table that a study writes: the only thing that analyses and the report read."""

from __future__ import annotations

import polars as pl

from seealike.errors import DamagedArtifact

#: One row a model: the card, flattened. Further columns are the card's own fields (objective, …).
MODELS = {"model": pl.String, "source": pl.String, "layer": pl.String, "weights": pl.String}

#: One row a dataset. Further columns are the card's own fields (domain, …).
DATASETS = {
    "dataset": pl.String,
    "source": pl.String,
    "n_samples": pl.Int64,
    "n_classes": pl.Int64,
    "revision": pl.String,
}

#: One row an ordered pair of models, dataset and measure; `reason` says why `similarity` is null.
SIMILARITIES = {
    "dataset": pl.String,
    "measure": pl.String,
    "model_x": pl.String,
    "model_y": pl.String,
    "similarity": pl.Float64,
    "standard_error": pl.Float64,
    "chance": pl.Float64,
    "above_chance": pl.Float64,
    "n_samples": pl.Int64,
    "reason": pl.String,
}

#: One row a pair of models: whether they are more alike than under random orders of the samples; `reason`
#: says why the numbers are null.
SIGNIFICANCE = {
    "dataset": pl.String,
    "measure": pl.String,
    "model_x": pl.String,
    "model_y": pl.String,
    "aggregate": pl.String,
    "similarity": pl.Float64,
    "p_value": pl.Float64,
    "p_value_familywise": pl.Float64,
    "q_value": pl.Float64,
    "threshold": pl.Float64,
    "threshold_familywise": pl.Float64,
    "calibrated": pl.Float64,
    "n_samples": pl.Int64,
    "permutations": pl.Int64,
    "alpha": pl.Float64,
    "seed": pl.Int64,
    "reason": pl.String,
}

#: One row a measure, correlation, pair of model sets and pair of datasets. `standard_error` is over models,
#: `standard_error_samples` over samples, `low` to `high` over both; `influential` is the model that changes the
#: value most when it is left out, to `without_it`.
CONSISTENCY = {
    "measure": pl.String,
    "correlation": pl.String,
    "field": pl.String,
    "set_x": pl.String,
    "set_y": pl.String,
    "dataset_x": pl.String,
    "dataset_y": pl.String,
    "consistency": pl.Float64,
    "standard_error": pl.Float64,
    "standard_error_samples": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "p_value": pl.Float64,
    "q_value": pl.Float64,
    "influential": pl.String,
    "without_it": pl.Float64,
    "n_models": pl.Int64,
    "n_pairs": pl.Int64,
    "spread_x": pl.Float64,
    "spread_y": pl.Float64,
    "reason": pl.String,
}

#: One row a measure, correlation and two pairs of model sets: (set_x, set_y) and (other_x, other_y).
CONSISTENCY_DIFFERENCES = {
    "measure": pl.String,
    "correlation": pl.String,
    "field": pl.String,
    "set_x": pl.String,
    "set_y": pl.String,
    "other_x": pl.String,
    "other_y": pl.String,
    "median": pl.Float64,
    "other_median": pl.Float64,
    "difference": pl.Float64,
    "p_value": pl.Float64,
    "p_value_familywise": pl.Float64,
    "q_value": pl.Float64,
    "n_models": pl.Int64,
    "permutations": pl.Int64,
    "reason": pl.String,
}

#: One row a model with a head and a dataset of the same classes.
HEAD_ACCURACY = {
    "model": pl.String,
    "dataset": pl.String,
    "layer": pl.String,
    "n_samples": pl.Int64,
    "top1": pl.Float64,
    "standard_error": pl.Float64,
    "published_top1": pl.Float64,
}

#: One row a cell of the plan: what was done, what failed and why.
OUTCOMES = {
    "stage": pl.String,
    "cell": pl.String,
    "status": pl.String,
    "reason": pl.String,
    "elapsed_s": pl.Float64,
    "digest": pl.String,
}


def checked(table: pl.DataFrame, schema: dict[str, type[pl.DataType]], where: str) -> pl.DataFrame:
    """The table itself, if it has the columns of `schema` with their types; further columns are kept.

    Args:
        table: any table.
        schema: column -> type, one of the schemas of this module.
        where: the file's or the table's name, for the error.

    Raises:
        DamagedArtifact: a column is missing or of another type.

    Example:
        >>> import polars as pl
        >>> checked(pl.DataFrame({"dataset": ["a"]}), {"dataset": pl.String}, "t").height
        1
    """
    wrong = [name for name, kind in schema.items() if table.schema.get(name) != kind]
    if wrong:
        raise DamagedArtifact(
            where=where,
            expected=f"columns {', '.join(f'{n} ({schema[n].__name__})' for n in wrong)}",
            got=f"columns {', '.join(f'{n} ({t})' for n, t in table.schema.items())}",
            fix="Redo the stage that writes this table.",
        )
    return table
