"""Maps of models in the plane: near means alike."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import polars as pl
from pydantic import Field

from seealike.analyses.base import Tables, analysis
from seealike.analyses.squares import Square, squares
from seealike.data.tables import MODEL_MAP, SIMILARITIES, checked
from seealike.numerics.maps import mds, tsne


@analysis(needs=("similarities",))
def model_map(
    tables: Tables,
    *,
    methods: tuple[Literal["tsne", "mds"], ...] = ("tsne", "mds"),
    perplexity: Annotated[float, Field(gt=0)] = 5.0,
    seed: Annotated[int, Field(ge=0)] = 0,
) -> pl.DataFrame:
    """Place the models of each dataset in the plane by their distances, 1 - similarity.

    mds keeps all distances as well as a plane can (metric scaling; `stress` is Kruskal's stress-1, above 0.2 a poor
    map). tsne keeps neighbors together and says nothing of what is far apart (as published: perplexity 5, random
    starts, here the best of three; `stress` is its Kullback-Leibler divergence). Neither has axes with a meaning: each
    map is turned to its principal axes. Look at two seeds of tsne before you believe one.

    Args:
        tables: "similarities" (see `tables.SIMILARITIES`).
        methods: which maps.
        perplexity: about how many neighbors of each model tsne keeps; less than the number of models.
        seed: of the random starts.

    Returns:
        A table with the columns of `tables.MODEL_MAP`: for every measure, dataset, the mean over datasets, and method
        a row a model: its place `x`, `y`, in units of the measure's distance for mds; or null with a reason.

    Example:
        >>> import numpy as np, seealike
        >>> rng = np.random.default_rng(0)
        >>> one, other = rng.standard_normal((2, 60, 4))
        >>> features = {"a": one, "b": other, "c": one + rng.standard_normal((60, 4)), "d": -other}
        >>> table = seealike.pairwise("cka", features, dataset="A").to_frame()
        >>> found = model_map({"similarities": table}, methods=("mds",)).filter(dataset="A")
        >>> found.select("model", pl.col("x").round(2)).rows()
        [('a', 0.52), ('b', -0.5), ('c', 0.47), ('d', -0.5)]

    Source:
        van der Maaten & Hinton, JMLR 2008 (tsne); Kruskal, Psychometrika 1964, and de Leeuw 1977 (mds).
        Differs from scikit-learn's TSNE in that all pairs count, not the 16 nearest.
    """
    similarities = checked(tables["similarities"], SIMILARITIES, "similarities")
    blocks = [pl.DataFrame(schema=MODEL_MAP)]
    for square in squares(similarities):
        blocks += [_mapped(square, method, perplexity, seed) for method in methods]
    return pl.concat(blocks)


def _mapped(square: Square, method: str, perplexity: float, seed: int) -> pl.DataFrame:
    """One map; each has its own random numbers, so that none depends on what else is in the study."""
    n = len(square.models)
    reason = square.unfit
    if reason is None and method == "tsne" and perplexity >= n:
        reason = f"a perplexity of {perplexity:g} needs more than {perplexity:g} models; there are {n}"
    places, stress = np.full((n, 2), np.nan), np.nan
    if reason is None:
        apart = square.distances
        places, stress = mds(apart, seed) if method == "mds" else tsne(apart, perplexity, seed)
    columns = {
        "measure": square.measure,
        "dataset": square.dataset,
        "method": method,
        "model": [*square.models, *square.left_out],
        "x": [*places[:, 0], *[np.nan] * len(square.left_out)],
        "y": [*places[:, 1], *[np.nan] * len(square.left_out)],
        "stress": stress,
        "seed": seed,
        "reason": [*[reason] * n, *square.left_out.values()],
    }
    table = pl.DataFrame(columns, schema=MODEL_MAP)
    return table.with_columns(pl.col("x", "y", "stress").fill_nan(None))
