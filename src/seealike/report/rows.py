"""The rows that each figure draws, chosen and labelled from the tables; the page's script makes the same ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from seealike.report.derived import Chosen
from seealike.report.joined import DERIVED
from seealike.report.layout import Tables, distinct, grouping_fields, measure_label, set_pair
from seealike.report.sections import Section

Rows = list[dict[str, Any]]

WITHIN, ACROSS = "within one set", "across two sets"
DIFFERENT = "different sets"
_GOLDEN = 0.6180339887498949


def section_rows(section: Section, tables: Tables, chosen: Chosen, field: str | None = None) -> Rows:
    """The rows of the section's table that fit the choices, labelled (see `sections`).

    Args:
        section: any section.
        tables: what `derived.prepared` makes of the study's tables.
        chosen: choice -> value as text; "" where the column is null.
        field: the card field by which models are grouped; None for the first one that sorts them.

    Example:
        >>> from seealike.report.contents import SECTIONS
        >>> (section,) = [section for section in SECTIONS if section.name == "head_accuracy"]
        >>> models, accuracy = pl.DataFrame({"model": ["a"]}), pl.DataFrame({"model": ["a"], "top1": [0.5]})
        >>> tables = {"models": models, "head_accuracy": accuracy}
        >>> section_rows(section, tables, {})
        [{'model': 'a', 'top1': 0.5, 'group': 'all', 'card': '', 'jitter': -1.0}]
    """
    rows = _labelled(_fitting(section, tables, chosen).rows(named=True), tables, field)
    return mirrored(rows) if section.mirror else rows


def _fitting(section: Section, tables: Tables, chosen: Chosen) -> pl.DataFrame:
    if section.table in DERIVED:
        return DERIVED[section.table].rows(tables, chosen)
    fits = [pl.col(name).cast(pl.String).fill_null("") == chosen[name] for name in section.choices]
    return tables[section.table].filter(*fits) if fits else tables[section.table]


def _labelled(rows: Rows, tables: Tables, field: str | None) -> Rows:
    fields = grouping_fields(tables)
    cards = card_lines(tables["models"], fields)
    groups = groups_of(tables["models"], field or (fields[0] if fields else None))
    labels = [label for names, label in _labels(cards, groups).items() if rows and names <= rows[0].keys()]
    jitter = ({"jitter": round(((i * _GOLDEN) % 1) * 2 - 1, 4)} for i in range(len(rows)))
    return [
        {**row, **_merged(label(row) for label in labels), **j} for row, j in zip(rows, jitter, strict=True)
    ]


def _merged(parts: Any) -> dict[str, Any]:
    return {name: value for part in parts for name, value in part.items()}


Label = Callable[[Mapping[str, Any]], dict[str, Any]]


def _labels(cards: Mapping[str, str], groups: Mapping[str, str]) -> dict[frozenset[str], Label]:
    """What is added to rows that have certain columns."""

    def pair_of_models(row: Mapping[str, Any]) -> dict[str, Any]:
        sides = {side: row[f"model_{side}"] for side in "xy"}
        own = {f"group_{side}": groups.get(model, "") for side, model in sides.items()}
        same = own["group_x"] == own["group_y"]
        sets = set_pair(own["group_x"], own["group_y"]) if same else DIFFERENT
        return {
            **own,
            **{f"card_{side}": cards.get(model, "") for side, model in sides.items()},
            "sets": sets,
        }

    def pair_of_sets(row: Mapping[str, Any]) -> dict[str, Any]:
        x, y = row["set_x"], row["set_y"]
        return {"pair": set_pair(x, y), "kind": WITHIN if x == y else ACROSS}

    def one_model(row: Mapping[str, Any]) -> dict[str, Any]:
        return {"group": groups.get(row["model"], ""), "card": cards.get(row["model"], "")}

    def measure(side: str) -> Label:
        return lambda row: {f"measure_label{side}": measure_label(row[f"measure{side}"])}

    return {
        frozenset({"model"}): one_model,
        frozenset({"better"}): lambda row: {"group": groups.get(row["better"], "")},
        frozenset({"model_x", "model_y"}): pair_of_models,
        frozenset({"set_x", "set_y"}): pair_of_sets,
        **{frozenset({f"measure{side}"}): measure(side) for side in ("", "_x", "_y")},
    }


def mirrored(rows: Rows) -> Rows:
    """The rows, and each with its columns of x and y exchanged unless that one is there already.

    Example:
        >>> [(r["dataset_x"], r["dataset_y"]) for r in mirrored([{"dataset_x": "a", "dataset_y": "b"}])]
        [('a', 'b'), ('b', 'a')]
    """
    sides = [name for name in (rows[0] if rows else ()) if name.endswith("_x")]
    turn = {name: f"{name[:-2]}_y" for name in sides} | {f"{name[:-2]}_y": name for name in sides}
    keys = [
        name
        for name in turn
        if name.rpartition("_")[0] in ("model", "dataset", "measure", "domain", "set", "value")
    ]
    present = {tuple(row[name] for name in keys) for row in rows}
    turned = [{name: row[turn.get(name, name)] for name in row} for row in rows]
    return [*rows, *(row for row in turned if tuple(row[name] for name in keys) not in present)]


def card_lines(models: pl.DataFrame, fields: list[str]) -> dict[str, str]:
    """Each model's chosen fields in one line, for tooltips.

    Example:
        >>> card_lines(pl.DataFrame({"model": ["a"], "objective": ["text"]}), ["objective"])
        {'a': 'objective: text'}
    """
    lines = {
        row["model"]: " · ".join(f"{f}: {row[f]}" for f in fields if row.get(f) is not None)
        for row in models.iter_rows(named=True)
    }
    return _with_bare_names(lines, models)


def _with_bare_names(of: dict[str, str], models: pl.DataFrame) -> dict[str, str]:
    """Also by the names of models without their layers, as alignment with people names them."""
    if "layer" not in models.columns:
        return of
    bare = {m.removesuffix(f"/{layer}"): of[m] for m, layer in models.select("model", "layer").iter_rows()}
    return bare | of


def groups_of(models: pl.DataFrame, field: str | None) -> dict[str, str]:
    """Each model's value of `field` as text; every model is in the set «all» where the field is not a card's.

    Example:
        >>> groups_of(pl.DataFrame({"model": ["a"]}), None)
        {'a': 'all'}
    """
    if field is None or field not in models.columns:
        return dict.fromkeys(models["model"].to_list(), "all")
    values = {m: "–" if v is None else str(v) for m, v in models.select("model", field).iter_rows()}
    return _with_bare_names(values, models)


def group_names(rows: Rows) -> list[str]:
    """The names in the legend: groups of models, else of pairs, in alphabetical order, «different sets» last.

    Example:
        >>> group_names([{"sets": "different sets"}, {"sets": "b × b"}, {"sets": "a × a"}])
        ['a × a', 'b × b', 'different sets']
    """
    by = next((name for name in ("group", "sets") if rows and name in rows[0]), None)
    names = sorted(name for name in distinct([row[by] for row in rows]) if name) if by else []
    return [n for n in names if n != DIFFERENT] + [n for n in names if n == DIFFERENT]
