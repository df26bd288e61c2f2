"""Which field goes with similarity, at equal others?"""

from __future__ import annotations

from typing import Annotated

import numpy as np
import polars as pl
from pydantic import Field

from seealike.analyses.base import Tables, analysis
from seealike.analyses.consistency import adjusted
from seealike.analyses.field_codes import FIELDS, MEAN, Complete, each_dataset, field_codes
from seealike.data.tables import PARTIAL_MANTEL
from seealike.numerics import partial_mantel as numbers
from seealike.numerics.pair_levels import same_value


@analysis(needs=("similarities", "models"), groups_by="fields")
def partial_mantel(
    tables: Tables,
    *,
    fields: tuple[str, ...] = FIELDS,
    permutations: Annotated[int, Field(ge=1)] = 999,
    seed: Annotated[int, Field(ge=0)] = 0,
) -> pl.DataFrame:
    """Correlate the similarity of two models with whether they share a field's value, at equal other fields.

    For every field: the correlation over all pairs of models of their similarity with 1 (shared) or 0 (not); the same
    when what sharing one other field says is taken out of both, for each other field; and when all others are. Fields
    that come together, as objective and training data do, are both associated with similarity; what remains of one
    when the other is held is its own.

    Args:
        tables: "similarities" (see `tables.SIMILARITIES`) and "models", which has the card fields.
        fields: which, against each other.
        permutations: of the models; the smallest p is 1 / (permutations + 1).
        seed: of the permutations.

    Returns:
        A table with the columns of `tables.PARTIAL_MANTEL`: one row a measure, dataset (with several also "mean over
        datasets"), field and held fields (`given`, joined by ", "; empty for none). `association` is the (partial)
        Pearson correlation, in [-1, 1], negative if sharing goes with *less* (so it is for distances);
        `standard_error` over models; `p_value`, two-sided (see `numerics.partial_mantel`); `q_value`
        (Benjamini-Hochberg) over the rows of the measure and dataset. Only models that have a similarity with all
        others count.

    Raises:
        BadParameter: no fields.
        UnknownName: no such field.
        DataError: a model without a value for a field.

    Example:
        >>> import seealike
        >>> rng, models = np.random.default_rng(0), [f"m{k}" for k in range(10)]
        >>> seen = rng.standard_normal((2, 80, 4))
        >>> features = {m: seen[k // 5] + 0.5 * rng.standard_normal((80, 4)) for k, m in enumerate(models)}
        >>> fields = {"model": models, "kind": ["a"] * 5 + ["b"] * 5, "size": ["s", "l"] * 5}
        >>> tables = {"similarities": seealike.pairwise("cka", features, dataset="d").to_frame()}
        >>> tables["models"] = pl.DataFrame(fields)
        >>> found = partial_mantel(tables, fields=("kind", "size"), permutations=99)
        >>> found.select("field", "given").rows()
        [('kind', ''), ('kind', 'size'), ('size', ''), ('size', 'kind')]
        >>> found["p_value"][1]
        0.01

    Source:
        Smouse, Long & Sokal, «Multiple regression and correlation extensions of the Mantel test of matrix
        correspondence», Syst. Zool. 1986; Dekker, Krackhardt & Snijders, Psychometrika 2007, for the permutations.
    """
    codes = field_codes(tables["models"], fields, "partial_mantel")
    each = list(each_dataset(tables["similarities"], tables["models"]["model"].to_list()))
    blocks: list[list[dict[str, object]]] = [[] for _ in each]
    for places in _of_same_models(each):
        some = [each[place] for place in places]
        for place, rows in zip(places, _rows(some, codes, permutations, seed), strict=True):
            blocks[place] = [_same(each[place], permutations) | row for row in rows]
    made = [pl.DataFrame(rows, schema=PARTIAL_MANTEL) for rows in blocks]
    done = [block.with_columns(q_value=adjusted(block["p_value"])) for block in made]
    return pl.concat([pl.DataFrame(schema=PARTIAL_MANTEL), *done])


def _of_same_models(each: list[Complete]) -> list[list[int]]:
    """Places of those that keep the same models: these are permuted together."""
    places: dict[bytes, list[int]] = {}
    for place, one in enumerate(each):
        places.setdefault(one.kept.tobytes(), []).append(place)
    return list(places.values())


def _same(one: Complete, permutations: int) -> dict[str, object]:
    """What all rows of a measure and dataset have."""
    return {
        "measure": one.measure,
        "dataset": one.datasets[0] if len(one.datasets) == 1 else MEAN,
        "correlation": "pearson",
        "n_models": len(one.kept),
        "n_pairs": len(one.kept) * (len(one.kept) - 1) // 2,
        "permutations": permutations,
    }


def _held(fields: list[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Every field with none, each and all of the others."""
    found = []
    for name in fields:
        others = tuple(other for other in fields if other != name)
        held = [(), *((other,) for other in others), others]
        found += [(name, given) for given in dict.fromkeys(held)]
    return found


def _rows(
    some: list[Complete], codes: dict[str, np.ndarray], permutations: int, seed: int
) -> list[list[dict[str, object]]]:
    """For each of those that keep the same models, a row a field and what is held."""
    kept = some[0].kept
    shared = {name: same_value(values[kept]) for name, values in codes.items()}
    squares = np.stack([one.square.mean(axis=0) for one in some])
    rows: list[list[dict[str, object]]] = [[] for _ in some]
    for name, given in _held(list(codes)):
        row: dict[str, object] = {"field": name, "given": ", ".join(given)}
        if len(kept) < 4:
            row["reason"] = f"{len(kept)} models have a similarity with all others; at least 4 are needed"
            found = [row] * len(some)
        else:
            others = [shared[other] for other in given]
            made = numbers.partial_mantel(squares, shared[name], others, permutations=permutations, seed=seed)
            found = [row | _row(made, place, bool(given)) for place in range(len(some))]
        for block, one in zip(rows, found, strict=True):
            block.append(one)
    return rows


def _row(found: numbers.Association, place: int, given: bool) -> dict[str, object]:
    if np.isnan(found.partial[place]):
        beside = (
            "sharing this field follows from the others"
            if given
            else "all models share this field, or none do"
        )
        return {"reason": f"all similarities are equal, or {beside}"}
    return {
        "association": float(found.partial[place]),
        "standard_error": float(found.standard_errors[place]),
        "p_value": float(found.p_values[place]),
    }
