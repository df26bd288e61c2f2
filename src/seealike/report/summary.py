"""What the tables say, in a sentence or two, and what the reader must know before believing it."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from seealike.report.layout import Tables, distinct, measure_label, table


def summary(tables: Tables) -> list[str]:
    """One sentence on the size of the study and one on who is most and who is least consistent.

    Example:
        >>> import polars as pl
        >>> summary({"models": pl.DataFrame({"model": ["a"]}), "datasets": pl.DataFrame({"dataset": ["d", "e"]})})
        ['1 model, 2 datasets.']
    """
    counts = [_counted(tables[name].height, name) for name in ("models", "datasets")]
    measured = [table(tables, name) for name in ("similarities", "consistency")]
    measures = distinct([m for t in measured if t is not None for m in t["measure"].to_list()])
    if measures:
        counts.append(_counted(len(measures), "measures"))
    sentences = [", ".join(counts) + "."]
    consistency = table(tables, "consistency")
    return sentences if consistency is None else [*sentences, *_extremes(consistency)]


def _counted(count: int, plural: str) -> str:
    return f"{count} {plural if count != 1 else plural.removesuffix('s')}"


def _extremes(consistency: pl.DataFrame) -> list[str]:
    """The most and the least consistent set pairs under the first measure, correlation and field with several."""
    key = ["measure", "correlation", "field"]
    medians = (
        consistency.drop_nulls("consistency")
        .group_by([*key, "set_x", "set_y"], maintain_order=True)
        .agg(pl.col("consistency").median(), pl.len().alias("n"))
    )
    for (measure, correlation, field), sets in medians.group_by(key, maintain_order=True):
        if field != "all":  # the set of all models holds the others: it cannot be compared with them
            sets = sets.filter(~((pl.col("set_x") == "all") & (pl.col("set_y") == "all")))
        ranked = sets.sort("consistency", descending=True, maintain_order=True)
        if ranked.height > 1:
            best, worst = ranked.row(0, named=True), ranked.row(-1, named=True)
            return [
                f"Under {measure_label(str(measure))} the similarities of {_pairs(best)} are the most consistent "
                f"across datasets (median {_kind(str(correlation))} {_short(best['consistency'])} over "
                f"{_counted(best['n'], 'dataset pairs')}), those of {_pairs(worst)} the least "
                f"({_short(worst['consistency'])}); models are grouped by {field}."
            ]
    if medians.is_empty():
        return ["No consistency has a value; the figure below says why."]
    only = medians.row(0, named=True)
    return [
        f"Under {measure_label(only['measure'])} the median consistency across datasets is "
        f"{_short(only['consistency'])} ({_kind(only['correlation'])}, {_counted(only['n'], 'dataset pairs')})."
    ]


def _pairs(row: Mapping[str, str]) -> str:
    if row["set_x"] == row["set_y"]:
        return f"{row['set_x']} pairs"
    return f"pairs of {row['set_x']} with {row['set_y']} models"


def _kind(correlation: str) -> str:
    return {"pearson": "Pearson r", "spearman": "Spearman ρ", "kendall": "Kendall τ"}.get(
        correlation, correlation
    )


def _short(value: float) -> str:
    """Two decimals without the leading zero, as papers print correlations."""
    return f"{value:.2f}".replace("0.", ".", 1) if abs(value) < 0.995 else f"{value:.2f}"


def warnings(tables: Tables, record: Mapping[str, object]) -> list[str]:
    """What the reader must know first: failed cells, and what the run itself warned of.

    Example:
        >>> import polars as pl
        >>> warnings({"models": pl.DataFrame({"model": ["a"]})}, {"cells": {"failed": 1}, "warnings": ["a is b"]})
        ['1 cell failed; what depends on it is missing from the figures.', 'a is b']
    """
    outcomes = table(tables, "outcomes")
    cells = record.get("cells")
    failed = cells.get("failed", 0) if isinstance(cells, Mapping) else 0
    listed = 0 if outcomes is None else outcomes.filter(status="failed").height
    failed = max(int(failed or 0), listed)
    found = []
    if failed:
        where = " The reasons stand under «Cells that failed»." if listed else ""
        it = "it" if failed == 1 else "them"
        found.append(
            f"{_counted(failed, 'cells')} failed; what depends on {it} is missing from the figures.{where}"
        )
    noted = record.get("warnings")
    return [*found, *(str(text) for text in noted)] if isinstance(noted, list) else found
