"""An order of the models in which those that are alike stand side by side."""

from __future__ import annotations

import numpy as np
import polars as pl
from scipy.cluster.hierarchy import leaves_list, linkage

from seealike.analyses.base import Tables, analysis
from seealike.analyses.model_distances import is_distance, pair_distances
from seealike.analyses.similarity_spread import by_dataset, spread
from seealike.data.tables import MODEL_ORDER, SIMILARITIES, checked

#: What the rows of the mean over all datasets have for a dataset.
MEAN = "mean over datasets"


@analysis(needs=("similarities",))
def model_order(tables: Tables) -> pl.DataFrame:
    """Order the models by clustering: the leaves of average linkage on 1 - similarity.

    Of the orders that the tree allows it is the one in which neighbors are nearest to each other. A measure that
    is a distance is taken as it is, one that is not symmetric with the mean of its directions; a pair without a
    value counts as average.

    Args:
        tables: "similarities" (see `tables.SIMILARITIES`).

    Returns:
        A table with the columns of `tables.MODEL_ORDER`: for every measure, every dataset and the mean of the
        similarities over the datasets ("mean over datasets"), each model's `position` from 0. Models without any
        similarity come last.

    Example:
        >>> import numpy as np, polars as pl, seealike
        >>> rng = np.random.default_rng(0)
        >>> one, other = rng.standard_normal((2, 60, 4))
        >>> features = {"a": one, "b": other, "c": one + 0.1 * rng.standard_normal((60, 4)), "d": -other}
        >>> table = seealike.pairwise("cka", features, dataset="A").to_frame()
        >>> sorted(model_order({"similarities": table}).filter(dataset="A")["model"][:2])
        ['b', 'd']

    Source:
        Bar-Joseph, Gifford & Jaakkola, «Fast optimal leaf ordering for hierarchical clustering»,
        Bioinformatics 2001.
    """
    similarities = checked(tables["similarities"], SIMILARITIES, "similarities")
    blocks = [pl.DataFrame(schema=MODEL_ORDER)]
    for measure in similarities["measure"].unique(maintain_order=True):
        table = similarities.filter(pl.col("measure") == measure)
        datasets, models, values = by_dataset(table)
        distance = is_distance(table)
        for dataset, row in zip([*datasets, MEAN], [*values, spread(values)[0]], strict=True):
            columns = {"measure": measure, "dataset": dataset, "position": range(len(models))}
            names = [models[place] for place in leaf_order(row, len(models), distance)]
            blocks.append(pl.DataFrame({**columns, "model": names}, schema=MODEL_ORDER))
    return pl.concat(blocks)


def leaf_order(similarities: np.ndarray, n_models: int, distance: bool = False) -> list[int]:
    """The models' numbers, alike ones side by side; those that have no similarity come last.

    Args:
        similarities: (n_pairs,) in the order of `numpy.triu_indices`; NaN where missing.
        n_models: how many models these are the pairs of.
        distance: whether they are distances.

    Example:
        >>> leaf_order(np.array([0.1, 0.9, 0.2]), 3)  # pairs 0-1, 0-2, 1-2
        [1, 2, 0]
    """
    left, right = np.triu_indices(n_models, 1)
    known = ~np.isnan(similarities)
    present = np.union1d(left[known], right[known])
    rest = [place for place in range(n_models) if place not in present]
    if len(present) < 3:
        return [*map(int, present), *rest]
    among = np.isin(left, present) & np.isin(right, present)
    tree = linkage(pair_distances(similarities[among], distance), "average", optimal_ordering=True)
    return [*(int(present[leaf]) for leaf in leaves_list(tree)), *rest]
