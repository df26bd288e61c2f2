"""The commands ``list models`` and ``list datasets`` without a study: what the catalogue knows."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import yaml
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from seealike.catalogue import DATASETS, MODELS, Catalogue, DatasetEntry, ModelEntry
from seealike.cli.show import tabs
from seealike.errors import UnknownName, suggestion

E = TypeVar("E", ModelEntry, DatasetEntry)
_WIDE = 110
_NUMBERS = ("width", "parameters", "classes", "samples", "used")
_HOW = (
    "One in full: seealike list {kind} NAME. In a study: {{source: catalogue, {one}: NAME}}, or {kind}: LIST."
)


def models(pattern: str | None, wanted: Mapping[str, Sequence[str]]) -> int:
    """The models of a pattern, list or name that have all the labels wanted."""
    return _listed(MODELS, pattern, wanted, _model_row, _model_tabs)


def datasets(pattern: str | None, wanted: Mapping[str, Sequence[str]]) -> int:
    """The datasets of a pattern, list or name that have all the labels wanted."""
    return _listed(DATASETS, pattern, wanted, _dataset_row, _dataset_tabs)


def _listed(
    catalogue: Catalogue[E],
    pattern: str | None,
    wanted: Mapping[str, Sequence[str]],
    row: Callable[[E], dict[str, str]],
    tabbed: Callable[[E], dict[str, str]],
) -> int:
    """One entry in full, or a row an entry: `row` for people, `tabbed` for programs."""
    known = catalogue.entries()
    if pattern is not None and any(entry.id == pattern for entry in known):
        return _in_full(catalogue.entry(pattern))
    entries = _chosen(catalogue, pattern, wanted)
    out = Console(highlight=False)
    if not out.is_terminal:
        return tabs(list(tabbed(known[0])), [list(tabbed(entry).values()) for entry in entries])
    _show(out, [row(entry) for entry in entries], entries)
    _end(out, catalogue, len(entries))
    return 0


def _model_row(entry: ModelEntry) -> dict[str, str]:
    return {
        "model": entry.id,
        "source": entry.source,
        "objective": entry.objective,
        "trained on": entry.training_data,
        "width": str(entry.width),
        "parameters": _count(entry.parameters),
    }


def _model_tabs(entry: ModelEntry) -> dict[str, str]:
    return {
        "model": entry.id,
        **entry.columns,
        "width": str(entry.width),
        "parameters": str(entry.parameters),
        "layer": str(entry.card["layer"]),
        "pooling": str(entry.card.get("pooling", "none")),
        "licence": entry.licence or "",
        "lists": ", ".join(entry.lists),
    }


def _dataset_row(entry: DatasetEntry) -> dict[str, str]:
    return {
        "dataset": entry.id,
        "title": entry.title,
        "domain": entry.domain,
        "classes": str(entry.n_classes),
        "samples": _n(entry.n_samples),
        "used": _n(entry.n_used),
    }


def _dataset_tabs(entry: DatasetEntry) -> dict[str, str]:
    return {
        "dataset": entry.id,
        "title": entry.title,
        **entry.columns,
        "classes": str(entry.n_classes),
        "samples": str(entry.n_samples or ""),
        "used": str(entry.n_used or ""),
        "folder": entry.folder,
        "lists": ", ".join(entry.lists),
    }


def _chosen(catalogue: Catalogue[E], pattern: str | None, wanted: Mapping[str, Sequence[str]]) -> list[E]:
    """Every option keeps the entries one of whose labels of that kind contains the words, in any case."""
    kept = _named(catalogue, pattern)
    for option, words in wanted.items():
        fitting = [e for e in catalogue.entries() if any(_fits(e, option, word) for word in words)]
        if words and not fitting:
            known = {label for e in catalogue.entries() for label in _labels(e, option)}
            raise UnknownName(
                where=f"--{option}",
                expected="a label of the catalogue",
                got=" ".join(words),
                fix=suggestion(words[0], known),
            )
        kept = [entry for entry in kept if entry in fitting] if words else kept
    return kept


def _named(catalogue: Catalogue[E], pattern: str | None) -> list[E]:
    """By name, list or pattern as in a study; else whatever has the word in its name or family."""
    if pattern is None:
        return list(catalogue.entries())
    try:
        return catalogue.select([pattern])
    except UnknownName:
        word = pattern.lower()
        found = [e for e in catalogue.entries() if word in e.id.lower() or word in e.family]
        if not found:
            raise
        return found


def _fits(entry: ModelEntry | DatasetEntry, option: str, word: str) -> bool:
    return any(fnmatch.fnmatchcase(label.lower(), f"*{word.lower()}*") for label in _labels(entry, option))


def _labels(entry: ModelEntry | DatasetEntry, option: str) -> list[str]:
    """The labels that an option looks at."""
    columns = {
        "data": ("training_data", "training_class"),
        "architecture": ("architecture", "architecture_class"),
    }.get(option, (option,))
    known = entry.columns
    return list(entry.lists) if option == "list" else [known[c] for c in columns if known.get(c)]


def _show(
    out: Console, rows: Sequence[Mapping[str, str]], entries: Sequence[ModelEntry | DatasetEntry]
) -> None:
    """A table that fits: on a narrow terminal it has fewer columns, and long names are folded."""
    wide = out.width >= _WIDE
    kept = [h for h in rows[0] if wide or h not in ("source", "width", "title")] if rows else []
    whole = {*_NUMBERS, "objective", *(kept[:1] if wide else ())}
    table = Table(box=None, pad_edge=False)
    for heading in kept:
        table.add_column(
            heading,
            overflow="fold",
            no_wrap=heading in whole,
            justify="right" if heading in _NUMBERS else "left",
        )
    for row, entry in zip(rows, entries, strict=True):
        first, *others = (row[heading] for heading in kept)
        table.add_row(Text(first + ("" if entry.verified else " ?")), *map(Text, others))
    out.print(table)


def _end(out: Console, catalogue: Catalogue[E], count: int) -> None:
    lists = ", ".join(f"{name} ({n})" for name, n in catalogue.lists().items())
    one = catalogue.kind.removesuffix("s")
    out.print(
        Text(
            f"{count} {catalogue.kind}; ? could not be checked offline, its entry says what. Lists: {lists}."
        )
    )
    out.print(Text(_HOW.format(kind=catalogue.kind, one=one)))


def _in_full(entry: ModelEntry | DatasetEntry) -> int:
    """Everything that the catalogue says of one entry, and the study entry that it stands for."""
    out = Console(highlight=False)
    about = {name: value for name, value in entry if name not in ("id", "card", "published", "verified")}
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in about.items():
        text = ", ".join(value) if isinstance(value, tuple) else "" if value is None else str(value)
        if text:
            table.add_row(Text(name.replace("_", " ")), Text(text))
    for name, value in _published(entry).items():
        table.add_row(Text(f"published {name.replace('_', ' ')}"), Text(str(value)))
    out.print(Text(entry.id, style="bold"))
    out.print(Padding(table, (0, 0, 1, 2)))
    card = {"name": entry.id, **entry.card, "fields": entry.fields}
    out.print(Text(yaml.safe_dump([card], sort_keys=False, allow_unicode=True)), soft_wrap=True)
    return 0


def _published(entry: ModelEntry | DatasetEntry) -> dict[str, object]:
    if isinstance(entry, DatasetEntry) or entry.published is None:
        return {}
    return {name: value for name, value in entry.published if value}


def _count(parameters: int) -> str:
    return f"{parameters / 1e9:.1f}B" if parameters >= 1e9 else f"{parameters / 1e6:.1f}M"


def _n(value: int | None) -> str:
    return "" if value is None else f"{value:,}"
