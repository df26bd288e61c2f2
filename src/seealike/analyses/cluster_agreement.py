"""Are the clusters of models the sets that a card field makes?"""

from __future__ import annotations

from typing import Annotated

import numpy as np
import polars as pl
from pydantic import Field

from seealike.analyses.base import Tables, analysis
from seealike.analyses.card_fields import card_fields, field_values
from seealike.analyses.clusters import COUNTS, METHODS, Clustering, Counts, Method, clusterings
from seealike.analyses.consistency import adjusted
from seealike.data.tables import CLUSTER_AGREEMENT, SIMILARITIES, checked
from seealike.numerics.partitions import agreement_by_luck


@analysis(needs=("similarities", "models"))
def cluster_agreement(
    tables: Tables,
    *,
    fields: tuple[str, ...] = (),
    methods: tuple[Method, ...] = METHODS,
    n_clusters: Counts = COUNTS,
    permutations: Annotated[int, Field(ge=1)] = 999,
    seed: Annotated[int, Field(ge=0)] = 0,
) -> pl.DataFrame:
    """Compare the clusters of models (see `clusters`) with the sets that each card field makes.

    The adjusted Rand index counts pairs of models that both join, the adjusted mutual information what one partition
    says of the other; both are 1 for the same sets and 0 on average for random ones of these sizes. The p-value is
    one-sided: how often the field's values, dealt to the models anew at random, agree as much. It takes the models
    as exchangeable: families of nearly the same network make it too small. Fields are confounded with each
    other (see `category_counts`): agreement with one is no proof that it is the cause.

    Args:
        tables: "similarities" and "models", which has the card fields.
        fields: card fields; all where not given.
        methods: as for `clusters`.
        n_clusters: as for `clusters`.
        permutations: random deals; the smallest p is 1 / (permutations + 1).
        seed: of the deals, and as for `clusters`.

    Returns:
        A table with the columns of `tables.CLUSTER_AGREEMENT`: one row a clustering and field; `q_value` over all rows
        of the measure (Benjamini-Hochberg); `n_models` with a cluster and a value; null with a reason where the field
        has one value only, or every model its own.

    Raises:
        UnknownName: no model has such a field.

    Example:
        >>> import numpy as np, seealike
        >>> rng = np.random.default_rng(0)
        >>> seen = rng.standard_normal((2, 60, 4))
        >>> features = {f"m{k}": seen[k % 2] + rng.standard_normal((60, 4)) for k in range(12)}
        >>> cards = pl.DataFrame({"model": list(features), "kind": ["even", "odd"] * 6})
        >>> table = seealike.pairwise("cka", features, dataset="A").to_frame()
        >>> found = cluster_agreement({"similarities": table, "models": cards}, methods=("linkage",), n_clusters=(2,))
        >>> found.select("field", "adjusted_rand", "p_value", "n_models").row(0)
        ('kind', 1.0, 0.004, 12)

    Source:
        Hubert & Arabie, Journal of Classification 1985; Vinh, Epps & Bailey, JMLR 2010.
    """
    similarities = checked(tables["similarities"], SIMILARITIES, "similarities")
    models = tables["models"]
    values = {name: field_values(models, name) for name in card_fields(models, fields)}
    rows = [
        {**one.names, "field": name, **_compared(one, values[name], permutations, seed)}
        for one in clusterings(similarities, methods, n_clusters, seed)
        for name in values
    ]
    table = pl.DataFrame([{"q_value": None, **row} for row in rows], schema=CLUSTER_AGREEMENT)
    parts = table.partition_by("measure", maintain_order=True)
    blocks = [part.with_columns(q_value=adjusted(part["p_value"])) for part in parts]
    return pl.concat([pl.DataFrame(schema=CLUSTER_AGREEMENT), *blocks])


def _compared(one: Clustering, values: dict[str, str], permutations: int, seed: int) -> dict[str, object]:
    """The numbers of one row, or why there are none."""
    if one.clusters is None:
        return {"n_models": 0, "reason": one.reason}
    valued = [place for place, name in enumerate(one.square.models) if name in values]
    named = [values[one.square.models[place]] for place in valued]
    n, n_values = len(named), len(set(named))
    if n_values < 2 or n_values == n:
        said = "its own value" if n_values > 1 else "the same value" if n else "no value"
        return {"n_models": n, "reason": f"every model has {said}"}
    from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

    found = one.clusters[valued]
    given = np.unique(named, return_inverse=True)[1].ravel()
    return {
        "adjusted_rand": float(adjusted_rand_score(given, found)),
        "adjusted_mutual_information": float(adjusted_mutual_info_score(given, found)),
        "p_value": agreement_by_luck(found, given, permutations, np.random.default_rng(seed)),
        "n_models": n,
        "reason": None,
    }
