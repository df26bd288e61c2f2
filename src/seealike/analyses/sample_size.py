"""How many samples are enough? Similarities from nested subsets of the same samples."""

from __future__ import annotations

import numpy as np
import polars as pl

from seealike.analyses.base import Tables, analysis
from seealike.analyses.consistency import known_or_none, pair_values
from seealike.data.tables import SAMPLE_SIZE, SIMILARITIES, checked
from seealike.numerics.correlation import row_correlations


@analysis(needs=("similarities_by_size",))
def sample_size(tables: Tables) -> pl.DataFrame:
    """How far the similarities move from one size of a dataset to the next larger one.

    |s_n(i, j) - s_m(i, j)| over all pairs of models, for consecutive sizes n < m. The subsets are nested (`sizes:` of
    a dataset): every sample of a smaller one is in the larger, so that a change is what the further samples
    bring, not the luck of a wholly new draw.

    Args:
        tables: "similarities_by_size", with the columns of `tables.SIMILARITIES`: the rows of one dataset and measure
            that differ in n_samples are its sizes.

    Returns:
        A table with the columns of `tables.SAMPLE_SIZE`: one row a measure, dataset and size, with the median, mean,
        largest and quartiles of the change to the next size (`n_next`; null for the largest), and `agreement`, the
        Pearson correlation over pairs of models with the largest size; where there is no value, the reason.

    Example:
        >>> import polars as pl
        >>> rows = [("d", "cka", x, y, s, n) for n, values in {10: (0.5, 0.2, 0.1), 90: (0.6, 0.1, 0.1)}.items()
        ...         for (x, y), s in zip(("ab", "ac", "bc"), values)]
        >>> table = pl.DataFrame(rows, orient="row", schema=["dataset", "measure", "model_x", "model_y",
        ...     "similarity", "n_samples"]).with_columns(*(pl.lit(None, pl.Float64).alias(name) for name in
        ...     ("standard_error", "chance", "above_chance")), reason=pl.lit(None, pl.String))
        >>> found = sample_size({"similarities_by_size": table})
        >>> found.select("n_samples", "n_next", pl.col("median_change").round(6), pl.col("agreement").round(3)).rows()
        [(10, 90, 0.1, 0.971), (90, None, None, 1.0)]

    Source:
        Ciernik et al., «Objective drives the consistency of representational similarity across datasets»,
        ICML 2025, appendix C (there the subsets are independent draws).
    """
    table = checked(tables["similarities_by_size"], SIMILARITIES, "similarities_by_size")
    blocks = [pl.DataFrame(schema=SAMPLE_SIZE)]
    for measure, dataset in table.select("measure", "dataset").unique(maintain_order=True).iter_rows():
        part = table.filter((pl.col("measure") == measure) & (pl.col("dataset") == dataset))
        same = {"measure": measure, "dataset": dataset}
        rows = [{**same, **row} for row in _sizes(part, dataset)]
        blocks.append(pl.DataFrame(rows, schema=SAMPLE_SIZE))
    return pl.concat(blocks)


def _sizes(table: pl.DataFrame, dataset: str) -> list[dict[str, object]]:
    """A row a size, the smallest first."""
    models = pl.concat([table["model_x"], table["model_y"]]).unique(maintain_order=True).to_list()
    sizes = table["n_samples"].unique().sort().to_list()
    values = [pair_values(table.filter(pl.col("n_samples") == n), [dataset], models)[0] for n in sizes]
    rows = [_change(values[k], values[k + 1], sizes[k + 1]) for k in range(len(sizes) - 1)]
    rows.append({"n_next": None, "n_pairs": int((~np.isnan(values[-1])).sum())})
    agreements = row_correlations(np.stack(values), "pearson")[0][:, -1]
    return [
        {**row, "n_samples": n, "agreement": known_or_none(r)}
        for row, n, r in zip(rows, sizes, agreements, strict=True)
    ]


def _change(values: np.ndarray, larger: np.ndarray, n_next: int) -> dict[str, object]:
    changes = np.abs(larger - values)
    changes = changes[~np.isnan(changes)]
    same = {"n_next": n_next, "n_pairs": len(changes)}
    if not len(changes):
        return {**same, "reason": f"no model pair has a similarity at this size and at {n_next}"}
    lower, upper = np.quantile(changes, [0.25, 0.75])
    return {
        **same,
        "median_change": float(np.median(changes)),
        "mean_change": float(changes.mean()),
        "largest_change": float(changes.max()),
        "lower_quartile": float(lower),
        "upper_quartile": float(upper),
    }
