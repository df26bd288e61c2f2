"""Which models fall together, and are these the sets that a card field makes?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

import numpy as np
import polars as pl
from pydantic import Field

from seealike.analyses.base import Tables, analysis
from seealike.analyses.squares import Square, squares
from seealike.data.tables import CLUSTERS, SIMILARITIES, checked
from seealike.numerics.clustering import affinity_clusters, linkage_clusters, spectral_clusters

Method: TypeAlias = Literal["linkage", "spectral", "affinity"]
Counts: TypeAlias = tuple[Annotated[int, Field(ge=2)], ...]
METHODS: tuple[Method, ...] = ("linkage", "spectral", "affinity")
COUNTS = (3, 4, 5, 6, 7)


@dataclass(frozen=True)
class Clustering:
    """One way to part the models of one square.

    Attributes:
        square: the models and their distances.
        method: how.
        n_clusters: so many; for affinity as many as it found, None where it found none.
        clusters: (n_models,) from 1, or None with a reason.
        reason: why not.
    """

    square: Square
    method: Method
    n_clusters: int | None
    clusters: np.ndarray | None
    reason: str | None

    @property
    def names(self) -> dict[str, object]:
        """What rows of this clustering share."""
        measure, dataset = self.square.measure, self.square.dataset
        return {
            "measure": measure,
            "dataset": dataset,
            "method": self.method,
            "n_clusters": self.n_clusters,
        }


@analysis(needs=("similarities",))
def clusters(
    tables: Tables,
    *,
    methods: tuple[Method, ...] = METHODS,
    n_clusters: Counts = COUNTS,
    seed: Annotated[int, Field(ge=0)] = 0,
) -> pl.DataFrame:
    """Part the models of each dataset into clusters of models that are alike.

    linkage cuts the tree of average linkage on the distances (1 - similarity), the one that orders the heat maps.
    spectral parts the graph whose edges are the similarities (a negative one counts 0; of a distance d it is
    exp(-d² / 2m²), m the median) and assigns by pivoted QR, so that nothing is random. affinity finds by itself how
    many there are (damping 0.75, the median similarity as preference).

    Args:
        tables: "similarities" (see `tables.SIMILARITIES`).
        methods: which.
        n_clusters: how many clusters, for linkage and spectral; each number in turn.
        seed: of the noise in the sixteenth digit that affinity needs.

    Returns:
        A table with the columns of `tables.CLUSTERS`: for every measure, dataset, the mean over datasets, method and
        number of clusters a row a model; `cluster` 1 is the largest; null with a reason where there is none.

    Example:
        >>> import numpy as np, seealike
        >>> rng = np.random.default_rng(0)
        >>> one, other = rng.standard_normal((2, 60, 4))
        >>> features = {"a": one, "b": other, "c": one + rng.standard_normal((60, 4)), "d": -other}
        >>> table = seealike.pairwise("cka", features, dataset="A").to_frame()
        >>> found = clusters({"similarities": table}, n_clusters=(2,), methods=("linkage", "spectral"))
        >>> found.filter(dataset="A").select("method", "model", "cluster").rows()[:4]
        [('linkage', 'a', 1), ('linkage', 'b', 2), ('linkage', 'c', 1), ('linkage', 'd', 2)]

    Source:
        Sokal & Michener 1958; Shi & Malik 2000 with Damle, Minden & Ying 2019; Frey & Dueck, Science 2007.
    """
    similarities = checked(tables["similarities"], SIMILARITIES, "similarities")
    blocks = [pl.DataFrame(schema=CLUSTERS)]
    for one in clusterings(similarities, methods, n_clusters, seed):
        square = one.square
        found = [None] * len(square.models) if one.clusters is None else one.clusters.tolist()
        columns = {
            **one.names,
            "model": [*square.models, *square.left_out],
            "cluster": [*found, *[None] * len(square.left_out)],
            "reason": [*[one.reason] * len(square.models), *square.left_out.values()],
        }
        blocks.append(pl.DataFrame(columns, schema=CLUSTERS))
    return pl.concat(blocks)


def clusterings(
    similarities: pl.DataFrame, methods: tuple[Method, ...], counts: tuple[int, ...], seed: int
) -> Iterator[Clustering]:
    """Every clustering of every square of these similarities."""
    for square in squares(similarities):
        for method in methods:
            if method == "affinity":
                yield _by_affinity(square, seed)
            else:
                yield from (_into(square, method, k) for k in dict.fromkeys(counts))


def _into(square: Square, method: Method, k: int) -> Clustering:
    n, reason = len(square.models), square.unfit
    if reason is None and k >= n:
        reason = f"{k} clusters need more than {k} models; there are {n}"
    if reason is not None:
        return Clustering(square, method, k, None, reason)
    if method == "linkage":
        return Clustering(square, method, k, linkage_clusters(square.distances, k), None)
    return Clustering(square, method, k, spectral_clusters(_affinities(square), k), None)


def _by_affinity(square: Square, seed: int) -> Clustering:
    if square.unfit is not None:
        return Clustering(square, "affinity", None, None, square.unfit)
    found = affinity_clusters(-square.distances, seed)
    if found is None:
        return Clustering(
            square, "affinity", None, None, "the messages of affinity propagation did not settle"
        )
    return Clustering(square, "affinity", int(found.max()), found, None)


def _affinities(square: Square) -> np.ndarray:
    """(n, n) ≥ 0, larger for models that are more alike."""
    if not square.distance:
        return np.maximum(1 - square.distances, 0.0)
    apart = square.distances[np.triu_indices(len(square.models), 1)]
    return np.exp(-((square.distances / np.median(apart)) ** 2) / 2)
