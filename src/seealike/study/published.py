"""Published accuracies: tables that a study names, joined with its models and datasets by name."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, model_validator

from seealike.errors import suggestion
from seealike.sources.datasets import DatasetCard
from seealike.sources.entry import Entry, LocalPath
from seealike.sources.models import ModelCard
from seealike.study.document import Document, Place
from seealike.study.expand import substituted, texts

#: The metrics that a table may have, in the words of `tables.PERFORMANCE`.
METRICS = ("top1", "top5", "mean_class_recall")
_NAMED = 3


class PublishedTable(Entry):
    """A table of accuracies that were measured elsewhere: one row a model, or a model and dataset.

    Attributes:
        table: a CSV file.
        model: which model a row is about; ``{column}`` takes the row's value.
        match: the key or field of the study's models that must be the same text: "name", "model" ….
        dataset: which dataset of the study a row is about; ``{column}`` takes the row's value.
        where: column -> value, or a list of values: only these rows.
        top1: the column with the share of samples that are right.
        top5: the column with the share whose class is among the five likeliest.
        mean_class_recall: the column with the mean over classes of the share that is right.
        unit: "fraction" (0 to 1) or "percent".
        n_test: how many samples it was measured on, for standard errors.
    """

    table: LocalPath
    model: str = "{model}"
    match: str = "name"
    dataset: str
    where: dict[str, Any] = Field(default_factory=dict)
    top1: str | None = None
    top5: str | None = None
    mean_class_recall: str | None = None
    unit: Literal["fraction", "percent"] = "fraction"
    n_test: int | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _some_metric(self) -> PublishedTable:
        if not self.columns:
            raise ValueError(f"expected the column of at least one of {', '.join(METRICS)}")
        return self

    @property
    def columns(self) -> dict[str, str]:
        """Metric -> column."""
        named = {metric: getattr(self, metric) for metric in METRICS}
        return {metric: column for metric, column in named.items() if column is not None}


@dataclass(frozen=True)
class PublishedValue:
    """One published number.

    Attributes:
        model: the name of a model of the study.
        dataset: the name of a dataset of the study.
        metric: one of `METRICS`.
        value: 0 to 1; None where the table has none for this model.
        n_test: samples that it was measured on, where known.
        file: the table's name.
    """

    model: str
    dataset: str
    metric: str
    value: float | None
    n_test: int | None
    file: str


def published_values(
    entry: PublishedTable,
    place: Place,
    cards: tuple[list[ModelCard], list[DatasetCard]],
    document: Document,
) -> list[PublishedValue]:
    """What a table says of the models and datasets of a study; mistakes are noted in the document.

    A model that the table does not know of has values without a number, on the datasets that it knows of.
    """
    models, datasets = cards
    rows, called = _rows(entry, place, document), _called(entry.match, models, place, document)
    if not rows or not called:
        return []
    found: dict[tuple[str, str], Mapping[str, str]] = {}
    about: set[str] = set()
    seen: tuple[set[str], set[str]] = (set(), set())
    for row in rows:
        model = substituted(entry.model, (*place, "model"), "column", row, document)
        dataset = substituted(entry.dataset, (*place, "dataset"), "column", row, document)
        seen[0].add(model)
        seen[1].add(dataset)
        if dataset not in {card.name for card in datasets}:
            continue
        about.add(dataset)
        for name in called.get(model, ()):
            if (name, dataset) in found:
                message = f"two rows are about {name} on {dataset}. Choose some with `where:`."
                document.mistake((*place, "table"), message)
                return []
            found[name, dataset] = row
    if not about:
        _nothing_fits("dataset", seen[1], [card.name for card in datasets], (*place, "dataset"), document)
    elif not found:
        _nothing_fits("model", seen[0], list(called), (*place, "model"), document)
    return [
        PublishedValue(card.name, dataset, metric, value, entry.n_test, entry.table.name)
        for dataset in sorted(about)
        for card in models
        for metric, value in _numbers(found.get((card.name, dataset)), entry, place, document).items()
    ]


def _rows(entry: PublishedTable, place: Place, document: Document) -> list[dict[str, str]]:
    """The rows that are meant; a column that is not there leaves its mistake."""
    try:
        with entry.table.open(newline="", encoding="utf-8-sig") as stream:
            rows = [{k: v or "" for k, v in row.items() if k} for row in csv.DictReader(stream)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        document.mistake((*place, "table"), f"expected a CSV file, got {error}")
        return []
    columns = list(rows[0]) if rows else []
    if not rows:
        document.mistake((*place, "table"), f"{entry.table} has no rows")
    named = {(*place, "where", column): column for column in entry.where}
    named |= {(*place, metric): column for metric, column in entry.columns.items()}
    for where, column in named.items():
        if rows and column not in columns:
            document.mistake(where, f"no column {column!r}. {suggestion(column, columns)}")
            return []
    kept = [row for row in rows if all(row[c] in texts(wanted) for c, wanted in entry.where.items())]
    if rows and not kept:
        document.mistake((*place, "where"), f"no row fits; {len(rows)} rows were looked at")
    return kept


def _called(match: str, models: list[ModelCard], place: Place, document: Document) -> dict[str, list[str]]:
    """Text of the matched key -> names of the models that have it."""
    called: dict[str, list[str]] = {}
    for card in models:
        text = card.fields.get(
            match, getattr(card, match, None) if match in type(card).model_fields else None
        )
        if isinstance(text, str):
            called.setdefault(text, []).append(card.name)
    if models and not called:
        known = {key for card in models for key in (*type(card).model_fields, *card.fields)}
        document.mistake((*place, "match"), f"no model has the key {match!r}. {suggestion(match, known)}")
    return called


def _nothing_fits(
    what: str, theirs: Iterable[str], ours: list[str], place: Place, document: Document
) -> None:
    some = ", ".join(sorted(theirs)[:_NAMED])
    message = f"the table is about no {what} of this study: it has {some} …; the study has {', '.join(ours[:_NAMED])} …"
    document.mistake(place, message)


def _numbers(
    row: Mapping[str, str] | None, entry: PublishedTable, place: Place, document: Document
) -> dict[str, float | None]:
    """The metrics of one row, between 0 and 1."""
    if row is None:
        return dict.fromkeys(entry.columns)
    numbers: dict[str, float | None] = {}
    for metric, column in entry.columns.items():
        text = row[column].strip()
        try:
            value = float(text) / (100 if entry.unit == "percent" else 1) if text else None
        except ValueError:
            document.mistake((*place, metric), f"column {column!r}: expected numbers, got {text!r}")
            return {}
        if value is not None and not 0 <= value <= 1:
            hint = "Set `unit: percent`." if entry.unit == "fraction" and value <= 100 else "Mend the table."
            document.mistake((*place, metric), f"column {column!r}: expected shares of 1, got {text}. {hint}")
            return {}
        numbers[metric] = value
    return numbers
