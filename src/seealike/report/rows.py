"""The rows that each figure draws, chosen and labelled from the tables; the page's script makes the same ones."""

from __future__ import annotations

from typing import Any

import polars as pl

from seealike.report.layout import distinct, set_pair

Rows = list[dict[str, Any]]

WITHIN, ACROSS = "within one set", "across two sets"
DIFFERENT = "different sets"
_GOLDEN = 0.6180339887498949


def consistency_rows(consistency: pl.DataFrame, measure: str, correlation: str, field: str) -> Rows:
    """One row a pair of model sets and pair of datasets, with `jitter` in [-1, 1] that keeps points apart.

    Example:
        >>> from seealike.data.tables import CONSISTENCY
        >>> row = {"measure": "cka", "correlation": "pearson", "field": "objective", "set_x": "text", "set_y": "text",
        ...        "dataset_x": "digits", "dataset_y": "faces", "consistency": 0.8, "low": 0.5, "high": 0.9}
        >>> frame = pl.DataFrame([row], schema=CONSISTENCY)
        >>> consistency_rows(frame, "cka", "pearson", "objective")[0]["pair"]
        'text × text'
    """
    chosen = consistency.filter(measure=measure, correlation=correlation, field=field)
    kept = (
        *(
            "dataset_x",
            "dataset_y",
            "consistency",
            "low",
            "high",
            "p_value",
            "q_value",
            "influential",
            "without_it",
        ),
        *("n_models", "n_pairs", "spread_x", "spread_y", "reason"),
    )
    return [
        {
            "pair": set_pair(row["set_x"], row["set_y"]),
            "kind": WITHIN if row["set_x"] == row["set_y"] else ACROSS,
            "jitter": round(((i * _GOLDEN) % 1) * 2 - 1, 4),
            **{name: row[name] for name in kept},
        }
        for i, row in enumerate(chosen.iter_rows(named=True))
    ]


def by_median(rows: Rows) -> list[str]:
    """The set pairs of `consistency_rows`, the most consistent (by median) first, those without a value last.

    Example:
        >>> by_median([{"pair": "a", "consistency": 0.1}, {"pair": "b", "consistency": 0.7}])
        ['b', 'a']
    """
    medians = (
        pl.DataFrame({"pair": [r["pair"] for r in rows], "r": [r["consistency"] for r in rows]})
        .with_columns(pl.col("r").cast(pl.Float64))
        .group_by("pair", maintain_order=True)
        .agg(pl.col("r").median())
        .sort("r", descending=True, nulls_last=True, maintain_order=True)
    )
    return medians["pair"].to_list()


def mirrored(rows: Rows) -> Rows:
    """Rows of one set pair in both orders of the two datasets, for a square heat map.

    Example:
        >>> [(r["dataset_x"], r["dataset_y"]) for r in mirrored([{"dataset_x": "a", "dataset_y": "b"}])]
        [('a', 'b'), ('b', 'a')]
    """
    cells = {}
    for row in rows:
        x, y = row["dataset_x"], row["dataset_y"]
        cells.setdefault((y, x), {**row, "dataset_x": y, "dataset_y": x})
        cells[x, y] = row
    return [cells[key] for key in sorted(cells)]


def similarity_rows(similarities: pl.DataFrame, cards: dict[str, str], groups: dict[str, str]) -> Rows:
    """Rows of the similarity table with each model's card in words and its group.

    Args:
        similarities: any rows of the table.
        cards: model -> its card's fields in one line (`card_lines`).
        groups: model -> its value of the chosen field.

    Example:
        >>> frame = pl.DataFrame({"model_x": ["a"], "model_y": ["b"], "similarity": [0.5]})
        >>> similarity_rows(frame, {"a": "objective: text"}, {"a": "text"})[0]["card_x"]
        'objective: text'
    """
    return [
        {
            **row,
            "card_x": cards.get(row["model_x"], ""),
            "card_y": cards.get(row["model_y"], ""),
            "group_x": groups.get(row["model_x"], ""),
            "group_y": groups.get(row["model_y"], ""),
        }
        for row in similarities.iter_rows(named=True)
    ]


def scatter_rows(rows_a: Rows, rows_b: Rows) -> Rows:
    """The pairs of different models that have a similarity on both datasets, each unordered pair once.

    Example:
        >>> row = {"model_x": "a", "model_y": "b", "similarity": 0.5, "group_x": "text", "group_y": "text"}
        >>> scatter_rows([row], [{**row, "similarity": 0.7}])[0]["sets"]
        'text × text'
    """
    on_b = {(row["model_x"], row["model_y"]): row["similarity"] for row in rows_b}
    both: dict[frozenset[str], dict[str, Any]] = {}
    for row in rows_a:
        x, y = row["model_x"], row["model_y"]
        a, b = row["similarity"], on_b.get((x, y))
        if x == y or a is None or b is None:
            continue
        same = row["group_x"] == row["group_y"]
        sets = set_pair(row["group_x"], row["group_y"]) if same else DIFFERENT
        both.setdefault(frozenset((x, y)), {**row, "a": a, "b": b, "sets": sets})
    return list(both.values())


def card_lines(models: pl.DataFrame, fields: list[str]) -> dict[str, str]:
    """Each model's chosen fields in one line, for tooltips.

    Example:
        >>> card_lines(pl.DataFrame({"model": ["a"], "objective": ["text"]}), ["objective"])
        {'a': 'objective: text'}
    """
    return {
        row["model"]: " · ".join(f"{f}: {row[f]}" for f in fields if row.get(f) is not None)
        for row in models.iter_rows(named=True)
    }


def groups_of(models: pl.DataFrame, field: str | None) -> dict[str, str]:
    """Each model's value of `field` as text; every model is in the set «all» where the field is not a card's.

    Example:
        >>> groups_of(pl.DataFrame({"model": ["a"]}), None)
        {'a': 'all'}
    """
    if field is None or field not in models.columns:
        return dict.fromkeys(models["model"].to_list(), "all")
    return {m: str(v) for m, v in models.select("model", field).iter_rows()}


def group_names(rows: Rows) -> list[str]:
    """The names in the legend of the scatter: the sets in alphabetical order, «different sets» last.

    Example:
        >>> group_names([{"sets": "different sets"}, {"sets": "b × b"}, {"sets": "a × a"}])
        ['a × a', 'b × b', 'different sets']
    """
    names = sorted(distinct([row["sets"] for row in rows]))
    return [n for n in names if n != DIFFERENT] + [n for n in names if n == DIFFERENT]
