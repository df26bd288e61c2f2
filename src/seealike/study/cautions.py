"""What the record of a run warns of: samples left out, small batches, features that are the same twice."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from seealike.data.arrays import mapped, read_header
from seealike.human.ratings import WrongDirection, warn_if_reversed
from seealike.sources.datasets.card import Samples
from seealike.study.judging_tables import judging_tables
from seealike.study.plan import OpenedStudy
from seealike.study.rows import rows_mark

_NAMED = 5


def cautions(opened: OpenedStudy) -> list[str]:
    """Sentences for the record: of imported similarities what is not used, and what the feature files note."""
    unused = opened.study.imported.notes if opened.study.imported else ()
    return [
        *unused,
        *_samples_left_out(opened),
        *_small_batches(opened),
        *_identical_features(opened),
        *_reversed(opened),
    ]


def _reversed(opened: OpenedStudy) -> list[str]:
    """Sentences on ratings that all baselines contradict (all models too, where there are fewer than two)."""
    table = judging_tables(opened).get("alignment")
    if table is None:
        return []
    rated = table.filter(pl.col("score") == "spearman", pl.col("value").is_not_null())
    said: list[str] = []
    for (human,), rows in rated.group_by("human", maintain_order=True):
        baselines = rows.filter(pl.col("layer") == "")
        some = baselines if baselines.height > 1 else rows
        names = some["model"] + "/" + some["layer"] + " " + some["distance"]
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", WrongDirection)
            warn_if_reversed(dict(zip(names, some["value"], strict=True)), str(human))
        said += [str(one.message) for one in caught]
    return said


def _samples_left_out(opened: OpenedStudy) -> list[str]:
    """Sentences naming the samples that some model has no features of, and why, dataset by dataset."""
    said: list[str] = []
    for dataset, samples in opened.samples.items():
        lacking: dict[tuple[str, ...], list[str]] = {}
        why: dict[str, str] = {}
        for cell in opened.extract_cells:
            if cell.dataset != dataset or cell.skipped or cell.failed:
                continue
            missing = _missing(next(iter(cell.paths)), samples, why)
            if missing:
                lacking.setdefault(missing, []).append(cell.card.name)
        said += [_sentence(dataset, samples, ids, models, why) for ids, models in lacking.items()]
    return said


def _missing(path: Path, samples: Samples, why: dict[str, str]) -> tuple[str, ...]:
    if not rows_mark(path, samples):
        return ()
    header = read_header(path)
    why.update(json.loads(header.notes.get("skipped", "[]")))
    there = set(bytes(mapped(header, "sample_ids")).decode().split("\n"))
    return tuple(name for name in samples.sample_ids if name not in there)


def _sentence(
    dataset: str, samples: Samples, ids: tuple[str, ...], models: list[str], why: Mapping[str, str]
) -> str:
    listed = "; ".join(why.get(name, name) for name in ids[:_NAMED]) + "; …" * (len(ids) > _NAMED)
    who = ", ".join(models[:_NAMED]) + (f" and {len(models) - _NAMED} more" if len(models) > _NAMED else "")
    return f"{dataset}: {len(ids)} of {len(samples.sample_ids)} samples are left out of {who} ({listed})"


def _small_batches(opened: OpenedStudy) -> list[str]:
    """Sentences naming the models for which memory ran out until the batches were small enough."""
    found: dict[tuple[str, str], list[str]] = {}
    for cell in opened.extract_cells:
        path = next(iter(cell.paths), None)
        if path and path.exists():
            largest = read_header(path).notes.get("largest_batch")
            if largest:
                found.setdefault((cell.card.name, largest), []).append(cell.dataset)
    return [
        f"{model} ran out of memory and went on in batches of {largest} on {', '.join(where)}"
        for (model, largest), where in found.items()
    ]


def _identical_features(opened: OpenedStudy) -> list[str]:
    """Sentences naming the models whose features are the same to the last bit (a mixed-up checkpoint?)."""
    owners: dict[tuple[str, str], list[str]] = {}
    for cell in opened.extract_cells:
        for path, key in cell.outputs.items():
            label = cell.card.labels.get(key.layer)
            if label and path.exists():
                content = read_header(path).notes.get("values_sha256", label)
                owners.setdefault((cell.dataset, content), []).append(label)
    found: dict[str, list[str]] = {}
    for (dataset, _), labels in owners.items():
        if len(labels) > 1:
            found.setdefault(" and ".join(labels), []).append(dataset)
    return [
        f"{names} have identical features on {', '.join(where)}: are they the same checkpoint?"
        for names, where in found.items()
    ]
