"""The tables of a study: cards and artifacts flattened into what analyses and the report read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from seealike.data.store import read_features, read_table
from seealike.data.tables import DATASETS, MODELS, OUTCOMES, PERFORMANCE, SIMILARITIES
from seealike.errors import DataError
from seealike.sources.datasets.card import Samples
from seealike.study.plan import OpenedStudy
from seealike.study.results import Outcome
from seealike.study.sizes import sized
from seealike.study.units import Cell

PREDICTIONS = {
    "model": pl.String,
    "dataset": pl.String,
    "layer": pl.String,
    "sample_id": pl.String,
    "label": pl.Int64,
    "predicted": pl.Int64,
}


def models_table(opened: OpenedStudy) -> pl.DataFrame:
    """One row a model and layer that is compared or trained, with the card's own fields as further columns."""
    cards = [*opened.study.models, *(one.card for cause in opened.causes for one in cause.trainings)]
    names = list(dict.fromkeys(name for card in cards for name in card.fields))
    rows = []
    for card in cards:
        fields = {name: card.fields.get(name) for name in names if name not in MODELS}
        for layer, label in card.labels.items():
            weights = opened.weights[card.name]
            fixed = {"model": label, "source": card.source, "layer": layer, "weights": weights}
            rows.append({**fixed, "pooling": card.pooling, "published_top1": card.published_top1, **fields})
    schema = {**MODELS, "pooling": pl.String, "published_top1": pl.Float64}
    schema |= {name: pl.String for name in names if name not in schema}
    return pl.DataFrame(rows, schema=schema)


def datasets_table(opened: OpenedStudy) -> pl.DataFrame:
    """One row a dataset that could be opened, or is imported; the card's own fields are further columns."""
    names = list(dict.fromkeys(name for card in opened.study.datasets for name in card.fields))
    rows = []
    for card in opened.study.datasets:
        samples = opened.samples.get(card.name)
        if samples is None and not opened.study.imported:
            continue
        fixed = {"dataset": card.name, "source": card.source, **_counted(samples)}
        rows.append({**fixed, **{n: card.fields.get(n) for n in names if n not in fixed}})
    schema = {**DATASETS, "subset": pl.String}
    schema |= {name: pl.String for name in names if name not in schema}
    return pl.DataFrame(rows, schema=schema)


def _counted(samples: Samples | None) -> dict[str, object]:
    """What is known of the samples of a dataset; nothing where only its name is."""
    if samples is None:
        return {"n_samples": None, "n_classes": None, "revision": None, "subset": None}
    return {
        "n_samples": len(samples.sample_ids),
        "n_classes": len(np.unique(samples.labels)) if samples.labels is not None else None,
        "revision": samples.revision,
        "subset": samples.rule,
    }


def similarities_table(opened: OpenedStudy) -> pl.DataFrame:
    """All similarities that are on disk, with deviations over samples where these are known.

    Those of smaller sizes of a dataset stand in a table of their own (`similarities_by_size_table`): for all
    other analyses a dataset counts once.
    """
    compared = [cell for cell in opened.compare_cells(present_only=True) if not cell.smaller]
    return _similarities([*compared, *opened.read_cells])


def similarities_by_size_table(opened: OpenedStudy) -> pl.DataFrame:
    """The similarities on all sizes of the datasets that have several; n_samples says which is which."""
    return _similarities(sized(opened.compare_cells(present_only=True))).select(*SIMILARITIES)


def _similarities(cells: Sequence[Cell]) -> pl.DataFrame:
    tables = [read_table(cell.paths[0]) for cell in cells if cell.paths[0].exists()]
    return pl.concat(tables, how="diagonal") if tables else pl.DataFrame(schema=SIMILARITIES)


def performance_table(opened: OpenedStudy) -> pl.DataFrame:
    """What probes reached and what tables have published; a cell that has reached nothing is a row with its reason."""
    parts = [pl.DataFrame(schema=PERFORMANCE)]
    for cell in opened.probe_cells(present_only=True):
        if cell.paths[0].exists():
            parts.append(read_table(cell.paths[0]))
        else:
            same = {"model": cell.label, "dataset": cell.dataset, "method": cell.probe.method}
            reason = cell.outcome(opened.results).reason
            row = {**same, "metric": "top1", "split": "test", "reason": reason}
            parts.append(pl.DataFrame([row], schema=PERFORMANCE))
    return pl.concat([*parts, _published(opened)])


def _published(opened: OpenedStudy) -> pl.DataFrame:
    """A row a published number and label of its model; the standard error of a share is binomial."""
    labels = {card.name: tuple(card.labels.values()) for card in opened.study.models}
    rows = []
    for one in opened.study.published:
        value, error = one.value, None
        if value is not None and one.n_test is not None and one.metric != "mean_class_recall":
            error = (value * (1 - value) / one.n_test) ** 0.5
        row = {
            "dataset": one.dataset,
            "method": "published",
            "metric": one.metric,
            "split": "test",
            "value": value,
            "standard_error": error,
            "n_test": one.n_test,
            "tested_on": one.file,
            "reason": None if value is not None else f"{one.file} has no value for this model",
        }
        rows += [{"model": label, **row} for label in labels[one.model]]
    return pl.DataFrame(rows, schema=PERFORMANCE)


def predictions_table(opened: OpenedStudy) -> pl.DataFrame:
    """What the models' own heads say of the datasets of their classes; one row a sample.

    Raises:
        DataError: a label beyond the head's outputs, or a dataset without labels.
    """
    parts = [pl.DataFrame(schema=PREDICTIONS)]
    for card, dataset, path in opened.scored():
        if not path.exists():
            continue
        samples, logits = opened.samples[dataset], read_features(path)
        labels = samples.labels
        if labels is None or labels.max() >= logits.values.shape[1]:
            raise DataError(
                where=f"model {card.name} on {dataset}",
                expected=f"labels below {logits.values.shape[1]}, the outputs of {card.head}",
                got="no labels" if labels is None else f"label {labels.max()}",
                fix="Check `classes:` of the model and of the dataset.",
            )
        there = set(logits.sample_ids)
        rows = [row for row, name in enumerate(samples.sample_ids) if name in there]
        ids = [samples.sample_ids[row] for row in rows]
        predicted = logits.select(ids).values.argmax(axis=1)
        same = {"model": card.name, "dataset": dataset, "layer": card.head}
        columns = {"sample_id": ids, "label": labels[rows], "predicted": predicted}
        parts.append(pl.DataFrame({**same, **columns}, schema=PREDICTIONS))
    return pl.concat(parts)


def outcomes_table(outcomes: list[Outcome]) -> pl.DataFrame:
    """One row a cell."""
    rows = [(o.stage, o.cell, o.status, o.reason, o.elapsed_s, o.digest) for o in outcomes]
    return pl.DataFrame(rows, schema=OUTCOMES, orient="row")
