"""The square matrix of distances between models, on each dataset and on the mean of all, for maps and clusters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from scipy.spatial.distance import squareform

from seealike.analyses.differences import complete_models
from seealike.analyses.model_distances import is_distance, pair_distances
from seealike.analyses.similarity_spread import by_dataset, spread

#: What stands for a dataset where similarities are averaged over all of them.
MEAN = "mean over datasets"

#: Distances that differ by less, relative to the largest, are equal.
_EQUAL = 1e-12


@dataclass(frozen=True)
class Square:
    """All distances between those models of one dataset that miss none with one another.

    Attributes:
        measure: the id of the measure.
        dataset: its name, or "mean over datasets".
        models: of rows and columns.
        distances: (n_models, n_models) float64, symmetric, zero diagonal (see `model_distances.pair_distances`).
        left_out: model -> why it is not among them.
        distance: whether the measure itself is a distance.
    """

    measure: str
    dataset: str
    models: tuple[str, ...]
    distances: np.ndarray = field(repr=False)
    left_out: dict[str, str]
    distance: bool

    @property
    def unfit(self) -> str | None:
        """Why nothing can be said of these models, if so: fewer than three, or all equally far apart."""
        n = len(self.models)
        if n < 3:
            return f"{n} models have similarities with one another; three are needed"
        apart = self.distances[np.triu_indices(n, 1)]
        if np.ptp(apart) <= _EQUAL * max(1.0, float(np.abs(apart).max())):
            return "all models are equally far from one another"
        return None


def squares(similarities: pl.DataFrame) -> Iterator[Square]:
    """For every measure one square a dataset, and that of the mean similarities over the datasets.

    A measure that is not symmetric contributes the mean of its two directions. Models that miss similarities with
    others are left out, the one that misses most first.

    Args:
        similarities: the columns of `tables.SIMILARITIES`.

    Example:
        >>> from seealike.data.similarity import SimilarityMatrix
        >>> values = np.array([[1, 0.2, 0.9], [0.2, 1, 0.3], [0.9, 0.3, 1]])
        >>> table = SimilarityMatrix(values, ("a", "b", "c"), "cka", 9, "A").to_frame()
        >>> [(s.dataset, s.distances[0].round(3).tolist()) for s in squares(table)]
        [('A', [0.0, 0.8, 0.1]), ('mean over datasets', [0.0, 0.8, 0.1])]
    """
    for measure in similarities["measure"].unique(maintain_order=True):
        table = similarities.filter(pl.col("measure") == measure)
        datasets, models, values = by_dataset(table)
        distance = is_distance(table)
        for dataset, row in zip([*datasets, MEAN], [*values, spread(values)[0]], strict=True):
            yield _square((measure, dataset), models, row, distance)


def _square(names: tuple[str, str], models: list[str], values: np.ndarray, distance: bool) -> Square:
    n = len(models)
    missing = np.zeros((n, n))
    missing[np.triu_indices(n, 1)] = values
    kept = complete_models((missing + missing.T)[None])
    left, right = np.triu_indices(n, 1)
    apart = pair_distances(values[np.isin(left, kept) & np.isin(right, kept)], distance)
    where = "every dataset" if names[1] == MEAN else "this dataset"
    left_out = {models[k]: f"misses similarities on {where}" for k in range(n) if k not in kept}
    square = squareform(apart) if len(kept) > 1 else np.zeros((len(kept), len(kept)))
    return Square(*names, tuple(models[k] for k in kept), square, left_out, distance)
