"""Is one pair of model sets more consistent than another? A test that respects that pairs share models."""

from __future__ import annotations

from itertools import combinations
from typing import Annotated, Literal

import numpy as np
import polars as pl
from pydantic import Field

from seealike.analyses.base import Tables, analysis
from seealike.analyses.consistency import adjusted, known_or_none, pair_values
from seealike.analyses.set_pairs import named_sets
from seealike.data.tables import CONSISTENCY_DIFFERENCES, SIMILARITIES, checked
from seealike.numerics.correlation import row_correlations
from seealike.numerics.pairs import Pairs

#: Differences nearer than this are equal.
_EQUAL = 1e-12


@analysis(needs=("similarities", "models"), groups_by="sets")
def consistency_differences(
    tables: Tables,
    *,
    sets: str | dict[str, str],
    correlations: tuple[Literal["pearson", "spearman"], ...] = ("pearson",),
    permutations: Annotated[int, Field(ge=1)] = 999,
    seed: Annotated[int, Field(ge=0)] = 0,
) -> pl.DataFrame:
    """Compare the median consistency, over all pairs of datasets, of every two pairs of model sets.

    The median of (Φ, Θ) less that of (Φ', Θ'), against what it is when the models of all sets involved are dealt to
    these sets anew at random: the null hypothesis is that for these models the sets say nothing. Models move as a
    whole, with all their pairs and on all datasets, so that neither shared models nor shared datasets make the
    test too sure of itself.

    Args:
        tables: "similarities" and "models", as for `consistency`.
        sets: a card field or name -> expression, as for `consistency`; sets that share models are refused, as
            nothing can be dealt to two sets at once.
        correlations: which correlations.
        permutations: random deals a comparison; the smallest p is 1 / (permutations + 1).
        seed: of the deals.

    Returns:
        A table with the columns of `tables.CONSISTENCY_DIFFERENCES`: one row a measure, correlation and unordered
        pair of set pairs; `difference` = `median` - `other_median`; `p_value`, two-sided; `p_value_familywise`
        (Holm) and `q_value` (Benjamini-Hochberg) over the comparisons of the measure and correlation. Only models
        that have a similarity with all others on every dataset count.

    Raises:
        UnknownName, SpecError, DataError: as for `consistency`.

    Example:
        >>> import numpy as np, polars as pl, seealike
        >>> rng, models = np.random.default_rng(0), [f"m{k}" for k in range(8)]
        >>> frames = []
        >>> for dataset in ("A", "B", "C"):
        ...     seen = rng.standard_normal((60, 4))
        ...     features = {m: seen * (1 + k % 4) ** np.arange(4) if k < 4 else rng.standard_normal((60, 4))
        ...                 for k, m in enumerate(models)}
        ...     frames.append(seealike.pairwise("cka", features, dataset=dataset).to_frame())
        >>> fields = pl.DataFrame({"model": models, "kind": ["alike"] * 4 + ["apart"] * 4})
        >>> found = consistency_differences({"similarities": pl.concat(frames), "models": fields}, sets="kind",
        ...                                 permutations=69)
        >>> found.select("set_x", "set_y", "other_x", "other_y").row(1)
        ('alike', 'alike', 'apart', 'apart')
        >>> bool(found["difference"][1] > 0)
        True

    Source:
        Good, «Permutation, Parametric and Bootstrap Tests of Hypotheses», 3rd ed. 2005, chapter 3.
    """
    similarities = checked(tables["similarities"], SIMILARITIES, "similarities")
    every = tables["models"]["model"].to_list()
    masks = named_sets(tables["models"], sets, apart=True)
    label = sets if isinstance(sets, str) else "sets"
    blocks = [pl.DataFrame(schema=CONSISTENCY_DIFFERENCES)]
    for measure in similarities["measure"].unique(maintain_order=True):
        table = similarities.filter(pl.col("measure") == measure)
        datasets = table["dataset"].unique(maintain_order=True).to_list()
        whole = square_of(pair_values(table, datasets, every), len(every))
        kept = complete_models(whole)
        stack = whole[:, kept][:, :, kept]
        sets_of = {name: mask[kept] for name, mask in masks.items()}
        for kind in correlations:
            same = {"measure": measure, "correlation": kind, "field": label, "permutations": permutations}
            rows = _comparisons(stack, sets_of, kind, (permutations, seed))
            block = pl.DataFrame([{**same, **row} for row in rows], schema=CONSISTENCY_DIFFERENCES)
            blocks.append(_corrected(block))
    return pl.concat(blocks)


def _comparisons(
    stack: np.ndarray, sets: dict[str, np.ndarray], kind: str, how: tuple[int, int]
) -> list[dict[str, object]]:
    """A row for every two set pairs with at least three model pairs each."""
    names = list(sets)
    number = np.full(stack.shape[1], -1)
    for place, mask in enumerate(sets.values()):
        number[mask] = place
    found = [(x, y) for x in range(len(names)) for y in range(x, len(names))]
    rows = []
    for first, other in combinations(found, 2):
        involved = np.isin(number, [*first, *other])
        medians, p = _test(stack[:, involved][:, :, involved], number[involved], (first, other), kind, how)
        difference = medians[0] - medians[1]
        pairs = [(names[x], names[y]) for x, y in (first, other)]
        unknown = None if np.isfinite(difference) else "a set pair has fewer than 3 model pairs that vary"
        rows.append(
            {
                "set_x": pairs[0][0],
                "set_y": pairs[0][1],
                "other_x": pairs[1][0],
                "other_y": pairs[1][1],
                "median": known_or_none(medians[0]),
                "other_median": known_or_none(medians[1]),
                "difference": known_or_none(difference),
                "p_value": known_or_none(p),
                "n_models": int(involved.sum()),
                "reason": unknown,
            }
        )
    return rows


def _test(
    stack: np.ndarray,
    number: np.ndarray,
    compared: tuple[tuple[int, int], tuple[int, int]],
    kind: str,
    how: tuple[int, int],
) -> tuple[list[float], float]:
    """The medians of both set pairs, and the share of random deals that part them as far."""
    permutations, seed = how
    left, right = np.triu_indices(len(number), 1)
    values = stack[:, left, right]

    def medians(dealt: np.ndarray) -> list[float]:
        x, y = dealt[left], dealt[right]
        chosen = [((x == one) & (y == other)) | ((x == other) & (y == one)) for one, other in compared]
        return [_median(values[:, some], kind) for some in chosen]

    seen = medians(number)
    observed = abs(seen[0] - seen[1])
    if not np.isfinite(observed):
        return seen, np.nan
    rng, as_far = np.random.default_rng(seed), 0
    for _ in range(permutations):
        apart = medians(rng.permutation(number))
        as_far += not abs(apart[0] - apart[1]) < observed - _EQUAL
    return seen, (1 + as_far) / (1 + permutations)


def _median(values: np.ndarray, kind: str) -> float:
    """The median, over pairs of datasets, of the consistency of (n_datasets, n_pairs) similarities."""
    r, _ = row_correlations(values, kind)
    between = r[np.triu_indices(len(values), 1)]
    between = between[~np.isnan(between)]
    return float(np.median(between)) if len(between) else np.nan


def square_of(values: np.ndarray, n_models: int) -> np.ndarray:
    """(n_datasets, n_models, n_models) from the upper triangles, with ones on the diagonals.

    Example:
        >>> square_of(np.array([[0.5]]), 2).tolist()
        [[[1.0, 0.5], [0.5, 1.0]]]
    """
    square = np.ones((len(values), n_models, n_models))
    left, right = np.triu_indices(n_models, 1)
    square[:, left, right] = square[:, right, left] = values
    return square


def complete_models(square: np.ndarray) -> np.ndarray:
    """The models that miss nothing with one another on any dataset; the one that misses most goes first.

    Example:
        >>> one = np.ones((1, 3, 3))
        >>> one[0, 0, 1] = one[0, 1, 0] = np.nan
        >>> complete_models(one).tolist()
        [1, 2]
    """
    left, right = np.triu_indices(square.shape[-1], 1)
    missing = np.asarray(np.isnan(square[:, left, right]).any(axis=0))
    everyone = Pairs(left, right, np.zeros(square.shape[-1], dtype=np.int64))
    return np.flatnonzero(everyone.complete(missing))


def _corrected(block: pl.DataFrame) -> pl.DataFrame:
    known = block["p_value"].is_not_null().to_numpy()
    p = block["p_value"].drop_nulls().to_numpy()
    holm = np.full(len(known), np.nan)
    if len(p):
        order = np.argsort(p)
        steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
        corrected = np.empty(len(p))
        corrected[order] = np.minimum(steps, 1.0)
        holm[known] = corrected
    return block.with_columns(
        p_value_familywise=pl.Series(holm).fill_nan(None), q_value=adjusted(block["p_value"])
    )
