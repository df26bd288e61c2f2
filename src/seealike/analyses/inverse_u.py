"""Do pairs of middling similarity vary most from dataset to dataset?"""

from __future__ import annotations

from typing import Annotated

import numpy as np
import polars as pl
from pydantic import Field

from seealike.analyses.base import Tables, analysis
from seealike.analyses.consistency import known_or_none
from seealike.analyses.similarity_spread import Transform, by_dataset, spread, transformed
from seealike.data.tables import INVERSE_U, SIMILARITIES, checked
from seealike.numerics.curves import parabola, slope
from seealike.numerics.leaving_out import Jackknifed, leaving_out_models
from seealike.numerics.pairs import Pairs

#: Leaving one of them out must leave more pairs than a parabola has coefficients.
_FEWEST_MODELS = 5


@analysis(needs=("similarities",), version=2)
def inverse_u(
    tables: Tables,
    *,
    transforms: tuple[Transform, ...] = ("none", "tan", "arccos"),
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95,
) -> pl.DataFrame:
    """Test for an inverse U of the standard deviation of similarities over their mean, both over datasets.

    Curvature is the coefficient c of the parabola sd = a + b mean + c mean² through all pairs of models. A
    parabola bends downward for a curve that rises and then stays, too; so at its peak the pairs are parted, and
    the two straight lines through either part must rise and fall (the two-lines test): the p-value is the larger
    one of both slopes, each one-sided. All errors leave out one model after the other, as pairs that share a model are
    not independent; t's degrees of freedom are estimated (see `leaving_out_models`).

    Args:
        tables: "similarities" (see `tables.SIMILARITIES`).
        transforms: as for `similarity_spread`; an inverse U under all three is no artefact of the ceiling.
        level: of the interval.

    Returns:
        A table with the columns of `tables.INVERSE_U`: one row a measure and transform. `curvature` in units of
        1 / similarity, negative for an inverse U, with its interval; `peak`, `rises_before`, `falls_after` (the
        slope, negative where it falls) and `p_value` are null, with a reason, where the parabola has no peak
        within the data.

    Example:
        >>> import numpy as np, polars as pl
        >>> from seealike.data.similarity import SimilarityMatrix
        >>> rng, models = np.random.default_rng(0), tuple("abcdefghij")
        >>> mean, frames = rng.random((10, 10)), []
        >>> for dataset in "ABCDEFGH":
        ...     values = np.triu(mean + mean * (1 - mean) * rng.uniform(-1, 1, (10, 10)), 1)
        ...     frames.append(SimilarityMatrix(values + values.T, models, "cka", 9, dataset).to_frame())
        >>> row = inverse_u({"similarities": pl.concat(frames)}, transforms=("none",)).row(0, named=True)
        >>> bool(row["high"] < 0), round(row["peak"], 1), bool(row["p_value"] < 0.05)
        (True, 0.5, True)

    Source:
        Simonsohn, «Two lines: A valid alternative to the invalid testing of U-shaped relationships with quadratic
        regressions», AMPPS 2018 (there the lines part elsewhere); the question, Ciernik et al., ICML 2025, section 4.2.
    """
    similarities = checked(tables["similarities"], SIMILARITIES, "similarities")
    rows = []
    for measure in similarities["measure"].unique(maintain_order=True):
        _, models, values = by_dataset(similarities.filter(pl.col("measure") == measure))
        for transform in transforms:
            means, deviations, _ = spread(transformed(values, transform))
            found = _row(means, deviations, len(models), level)
            rows.append({"measure": measure, "transform": transform, **found})
    return pl.DataFrame(rows, schema=INVERSE_U)


def _row(means: np.ndarray, deviations: np.ndarray, n_models: int, level: float) -> dict[str, object]:
    """What is found for one measure and transform; columns without a value are left to be null."""
    known = ~np.isnan(deviations)
    left, right = (side[known] for side in np.triu_indices(n_models, 1))
    pairs = Pairs(left, right, np.zeros(n_models, dtype=np.int64))
    x, y = means[known], deviations[known]
    counts = {"n_pairs": len(x), "n_models": len(pairs.members)}
    if len(pairs.members) < _FEWEST_MODELS:
        reason = (
            f"{len(pairs.members)} models have a deviation over datasets; a parabola with an interval needs 5"
        )
        return {**counts, "reason": reason}
    found = leaving_out_models(lambda kept: np.array(parabola(x[kept], y[kept])[0]), pairs)
    if np.isnan(found.values):
        return {**counts, "reason": "the means of all pairs are equal, or nearly"}
    low, high = found.interval(level)
    curve = {
        "curvature": float(found.values),
        "standard_error": known_or_none(float(found.standard_errors)),
        "low": known_or_none(float(low)),
        "high": known_or_none(float(high)),
    }
    return {**counts, **curve, **_two_lines(x, y, pairs)}


def _two_lines(x: np.ndarray, y: np.ndarray, pairs: Pairs) -> dict[str, object]:
    """The slopes before and after the parabola's peak, and whether they rise and fall."""
    curvature, peak = parabola(x, y)
    if not (curvature < 0 and x.min() < peak < x.max()):
        return {"reason": "the parabola has no peak within the data"}
    before, after = _slope(x, y, pairs, x <= peak), _slope(x, -y, pairs, x > peak)
    p = max(float(before.above_zero()), float(after.above_zero()), key=lambda one: (np.isnan(one), one))
    few = "fewer than 3 pairs, or models, on one side of the peak"
    return {
        "peak": peak,
        "rises_before": known_or_none(float(before.values)),
        "falls_after": known_or_none(-float(after.values)),
        "p_value": known_or_none(p),
        "reason": few if np.isnan(p) else None,
    }


def _slope(x: np.ndarray, y: np.ndarray, pairs: Pairs, side: np.ndarray) -> Jackknifed:
    """The slope through the pairs on one side, with its error over the models that are in them."""
    there = Pairs(pairs.left[side], pairs.right[side], pairs.strata)
    return leaving_out_models(lambda kept: np.array(slope(x[side][kept], y[side][kept])), there)
