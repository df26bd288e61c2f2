"""The command list, for what a study or the program itself has."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from seealike.registry import Registry
from seealike.sources.datasets import DATASET_SOURCES
from seealike.sources.models import MODEL_SOURCES
from seealike.study.parse import read_studies


def models(study: Path | None, values: Mapping[str, str], timm: str | None) -> int:
    """The models of a study, timm's models of a pattern, or the sources."""
    if timm is not None:
        from seealike.sources.models.vision import vision_library

        for name in vision_library("timm", where="list models").list_models(timm, pretrained=True):
            sys.stdout.write(f"{name}\n")
        return 0
    if study is None:
        return _sources(MODEL_SOURCES)
    cards = [card for one in read_studies(study, values) for card in one.models]
    fields = list(dict.fromkeys(name for card in cards for name in card.fields))
    rows = [
        [card.name, card.source, ", ".join(map(str, card.layer)), *(card.fields.get(f, "") for f in fields)]
        for card in cards
    ]
    return show_table(["model", "source", "layer", *fields], rows)


def datasets(study: Path | None, values: Mapping[str, str]) -> int:
    """The datasets of a study with their sizes, or the sources."""
    if study is None:
        return _sources(DATASET_SOURCES)
    studies = read_studies(study, values)
    fields = list(dict.fromkeys(name for one in studies for card in one.datasets for name in card.fields))
    rows = []
    for one in studies:
        for card in one.datasets:
            samples = card.open(one.settings.seed, one.settings.subset)
            count, classes = len(samples.sample_ids), len(samples.classes)
            rows.append(
                [card.name, card.source, str(count), str(classes), *(card.fields.get(f, "") for f in fields)]
            )
    return show_table(["dataset", "source", "samples", "classes", *fields], rows)


def _sources(registry: Registry[Any]) -> int:
    rows = []
    for name in registry:
        card = registry[name]
        own = [
            f"{field}{'' if info.is_required() else '?'}"
            for field, info in card.model_fields.items()
            if field not in ("source", "name", "fields")
        ]
        rows.append([name, (inspect.getdoc(card) or "").splitlines()[0], ", ".join(own)])
    return show_table(["source", "what it is", "keys of an entry (? = may be left out)"], rows)


def tabs(headings: list[str], rows: list[list[str]]) -> int:
    """Whole cells, tab by tab, for other programs."""
    for row in (headings, *rows):
        sys.stdout.write("\t".join(row) + "\n")
    return 0


def show_table(headings: list[str], rows: list[list[str]]) -> int:
    """Print a table that fits the terminal; tab-separated lines where there is none. The exit code 0."""
    out = Console(highlight=False)
    if not out.is_terminal:
        return tabs(headings, rows)
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    out.print(table, markup=False)
    return 0
