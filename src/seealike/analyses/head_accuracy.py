"""How often a network's own head is right on a dataset of the classes that it was trained for."""

from __future__ import annotations

import polars as pl

from seealike.analyses.base import Tables, analysis
from seealike.data.tables import HEAD_ACCURACY


@analysis(needs=("predictions", "models"))
def head_accuracy(tables: Tables) -> pl.DataFrame:
    """Top-1 accuracy of each model's own head, with its binomial standard error, beside the published value.

    A check that weights, preprocessing and labels are what they should be: a wrong normalisation or class
    order shows here at once.

    Args:
        tables: "predictions" (model, dataset, layer, label, predicted: one row a sample) and "models", which may
            have a column published_top1.

    Returns:
        A table with the columns of `tables.HEAD_ACCURACY`; accuracies between 0 and 1; the standard error is
        sqrt(p (1 - p) / n).

    Example:
        >>> import polars as pl
        >>> predictions = pl.DataFrame({"model": ["a"] * 4, "dataset": ["d"] * 4, "layer": ["logits"] * 4,
        ...                             "label": [0, 1, 2, 3], "predicted": [0, 1, 2, 0]})
        >>> head_accuracy({"predictions": predictions, "models": pl.DataFrame({"model": ["a"]})}).row(0)
        ('a', 'd', 'logits', 4, 0.75, 0.21..., None)
    """
    models = tables["models"]
    published = pl.col("published_top1") if "published_top1" in models.columns else pl.lit(None, pl.Float64)
    known = models.select(pl.col("model"), published.cast(pl.Float64).alias("published_top1"))
    right = (pl.col("label") == pl.col("predicted")).mean()
    table = (
        tables["predictions"]
        .group_by("model", "dataset", "layer", maintain_order=True)
        .agg(n_samples=pl.len().cast(pl.Int64), top1=right)
        .with_columns(standard_error=(pl.col("top1") * (1 - pl.col("top1")) / pl.col("n_samples")).sqrt())
        .join(known, on="model", how="left", maintain_order="left")
    )
    return table.select(*HEAD_ACCURACY)
