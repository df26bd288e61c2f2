"""Mean and standard deviation, over datasets, of the similarity of each pair of models."""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl

from seealike.analyses.base import Tables, analysis
from seealike.analyses.consistency import known_or_none, pair_values
from seealike.data.tables import SIMILARITIES, SIMILARITY_SPREAD, checked

#: What may be done to a similarity before its mean and deviation are taken.
Transform = Literal["none", "tan", "arccos"]

#: Beyond which size of a value a transform is not one-to-one (with room for rounding).
_MOST = {"none": np.inf, "tan": np.pi / 2 - 1e-9, "arccos": 1 + 1e-9}


@analysis(needs=("similarities",))
def similarity_spread(
    tables: Tables, *, transforms: tuple[Transform, ...] = ("none", "tan", "arccos")
) -> pl.DataFrame:
    """The mean of each model pair's similarity over the datasets, and its standard deviation.

    Similarities have a ceiling, near which nothing can vary. The tangent stretches the upper end of the scale, and
    the arc cosine turns a similarity (a cosine, for CKA) into an angle: what is seen under all three is no
    artefact of the ceiling. A measure that is not symmetric contributes the mean of its two directions.

    Args:
        tables: "similarities" (see `tables.SIMILARITIES`).
        transforms: of every similarity, before mean and deviation are taken.

    Returns:
        A table with the columns of `tables.SIMILARITY_SPREAD`: one row a measure, transform and unordered pair of
        models; `standard_deviation` (that of a sample, n - 1) where `n_datasets` is two at least, else a `reason`.
        A transform is refused where it is not one-to-one: tan beyond ±π/2, arccos beyond ±1.

    Example:
        >>> import numpy as np, polars as pl, seealike
        >>> rng = np.random.default_rng(0)
        >>> frames = []
        >>> for dataset in ("A", "B"):
        ...     x = rng.standard_normal((60, 4))
        ...     features = {"a": x, "b": 2 * x, "c": rng.standard_normal((60, 4))}
        ...     frames.append(seealike.pairwise("cka", features, dataset=dataset).to_frame())
        >>> found = similarity_spread({"similarities": pl.concat(frames)}, transforms=("none",))
        >>> found.select("model_x", "model_y", "n_datasets", pl.col("mean").round(6)).row(0)
        ('a', 'b', 2, 1.0)

    Source:
        Ciernik et al., «Objective drives the consistency of representational similarity across datasets»,
        ICML 2025, section 4.2 and appendix D.
    """
    similarities = checked(tables["similarities"], SIMILARITIES, "similarities")
    blocks = [pl.DataFrame(schema=SIMILARITY_SPREAD)]
    for measure in similarities["measure"].unique(maintain_order=True):
        table = similarities.filter(pl.col("measure") == measure)
        _, models, values = by_dataset(table)
        left, right = np.triu_indices(len(models), 1)
        for transform in transforms:
            means, deviations, counts = spread(transformed(values, transform))
            refused = np.any(np.abs(values) > _MOST[transform], axis=0)
            why = [_reason(int(n), bool(bad), transform) for n, bad in zip(counts, refused, strict=True)]
            columns = {
                "measure": [measure] * len(left),
                "transform": [transform] * len(left),
                "model_x": [models[k] for k in left],
                "model_y": [models[k] for k in right],
                "mean": [known_or_none(one) for one in means],
                "standard_deviation": [known_or_none(one) for one in deviations],
                "n_datasets": counts,
                "reason": why,
            }
            blocks.append(pl.DataFrame(columns, schema=SIMILARITY_SPREAD))
    return pl.concat(blocks)


def by_dataset(table: pl.DataFrame) -> tuple[list[str], list[str], np.ndarray]:
    """The datasets and models of one measure's similarities, and (n_datasets, n_pairs) their values, NaN for none."""
    datasets = table["dataset"].unique(maintain_order=True).to_list()
    models = list(dict.fromkeys([*table["model_x"], *table["model_y"]]))
    return datasets, models, pair_values(table, datasets, models)


def transformed(values: np.ndarray, transform: Transform) -> np.ndarray:
    """The values after a transform; columns with a value that it is not one-to-one for become NaN.

    Example:
        >>> transformed(np.array([[0.0, 1.0], [0.5, 2.0]]), "arccos").round(4).tolist()
        [[1.5708, nan], [1.0472, nan]]
    """
    good = np.where((np.abs(values) > _MOST[transform]).any(axis=0), np.nan, values)
    if transform == "tan":
        return np.tan(good)
    return np.arccos(np.clip(good, -1, 1)) if transform == "arccos" else good


def spread(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, standard deviation (n - 1) and number of the values of every column, NaN left out.

    Example:
        >>> [x.tolist() for x in spread(np.array([[1.0, 5.0], [3.0, np.nan]]))]
        [[2.0, 5.0], [1.4142..., nan], [2, 1]]
    """
    known = ~np.isnan(values)
    counts = known.sum(axis=0)
    means = np.where(counts > 0, np.nansum(values, axis=0) / np.maximum(counts, 1), np.nan)
    squares = (np.where(known, values - means, 0) ** 2).sum(axis=0)
    return means, np.where(counts > 1, np.sqrt(squares / np.maximum(counts - 1, 1)), np.nan), counts


def _reason(n_datasets: int, refused: bool, transform: str) -> str | None:
    if refused:
        return f"{transform} is not one-to-one for all of its similarities"
    if n_datasets < 2:
        return f"datasets on which it has a similarity: {n_datasets}; a deviation needs 2"
    return None
