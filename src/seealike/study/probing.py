"""The stage «probe»: how well each model's features tell the classes of a dataset, one cell a model and method."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from seealike.data.store import read_features, write_table
from seealike.data.tables import PERFORMANCE
from seealike.errors import DataError, place
from seealike.sources.datasets.card import Samples
from seealike.study.cells import Observer, attempt, still_to_do
from seealike.study.plan import OpenedStudy
from seealike.study.probes import BoundProbe
from seealike.study.rows import common_ids, seen
from seealike.study.tested import held_out
from seealike.study.units import ProbeCell

if TYPE_CHECKING:
    from seealike.compare.cost import Cost
    from seealike.probes import ProbeResult, Split


def probe_stage(opened: OpenedStudy, watch: Observer) -> None:
    """Do the probe cells that are not done."""
    if not opened.study.probes:
        return
    for cell in still_to_do(opened, "probe", opened.probe_cells(present_only=True), watch):
        attempt(opened, cell, lambda cell=cell: _probe(opened, cell, watch), watch)


def _probe(opened: OpenedStudy, cell: ProbeCell, watch: Observer) -> None:
    with place(cell.name):
        train, test, tested_on = _splits(opened, cell)
        progress = watch.cell(f"{cell.label} × {cell.dataset} ({expected_cost(cell.probe, train, test)})")
        results = cell.probe(train, test, progress)
        rows = performance_rows(results, test.labels)
    same = {"model": cell.label, "dataset": cell.dataset, "tested_on": tested_on}
    table = pl.DataFrame([{**same, **row} for row in rows], schema=PERFORMANCE)
    write_table(cell.paths[0], table, made_from=cell.digest)


def expected_cost(probe: BoundProbe, train: Split, test: Split) -> Cost:
    """What a probe of these samples will cost: the method, operations, memory, seconds.

    Example:
        >>> from seealike.probes import Split
        >>> from seealike.study.probes import bind_probe
        >>> split = Split(np.eye(50, dtype=np.float32), np.arange(50) % 2)
        >>> str(expected_cost(bind_probe("knn", {}), split, split))
        'knn, 6e+05 flop, 0 MiB'
    """
    from seealike.compare.cost import Cost, flops_a_second
    from seealike.probes.work import expected_work

    work = expected_work(probe.method, train, test, probe.options)
    seconds = None if work.slower is None else work.slower * work.flops / flops_a_second("cpu")
    return Cost(probe.method, work.flops, int(work.n_bytes), seconds)


def _splits(opened: OpenedStudy, cell: ProbeCell) -> tuple[Split, Split, str]:
    """What is trained on, what is tested on, and what the latter is called."""
    from seealike.probes import Split

    samples, seed = opened.samples[cell.dataset], opened.study.settings.seed
    assert cell.train is not None
    values, labels = _read(opened, cell, cell.train, samples)
    classes = np.unique(labels)
    if cell.test is None:
        names = _names(cell.train, samples, cell.label, cell.dataset)
        tested = dict(zip(samples.sample_ids, held_out(samples, seed), strict=True))
        chosen = np.array([tested[name] for name in names])
        classes = np.unique(labels[~chosen])
        chosen &= np.isin(labels, classes)
        numbers = np.searchsorted(classes, labels)
        return Split(values[~chosen], numbers[~chosen]), Split(values[chosen], numbers[chosen]), "holdout"
    other = opened.samples[opened.study.tests[cell.dataset].name]
    others, theirs = _read(opened, cell, cell.test, other)
    theirs = _renumbered(theirs, other.classes, samples.classes)
    unknown = ~np.isin(theirs, classes)
    if unknown.any():
        raise DataError(
            where="test samples",
            expected="classes that the probe was trained on",
            got=f"{unknown.sum()} samples of other classes",
            fix="Name the classes of the test samples as those of the dataset, or choose them with `only_classes:`.",
        )
    train = Split(values, np.searchsorted(classes, labels))
    return train, Split(others, np.searchsorted(classes, theirs)), "test"


def _names(path: Path, samples: Samples, label: str, dataset: str) -> tuple[str, ...]:
    return common_ids({label: read_features(path)}, samples, dataset)


def _read(
    opened: OpenedStudy, cell: ProbeCell, path: Path, samples: Samples
) -> tuple[np.ndarray, np.ndarray]:
    """Features as they are compared, and the labels of their samples."""
    names = _names(path, samples, cell.label, cell.dataset)
    values = seen(read_features(path), names, cell.view, opened.study.settings.normalize).values
    if samples.labels is None:
        raise DataError(
            where="test samples", expected="labels", got="none", fix="Give the dataset of `test:` labels."
        )
    label = dict(zip(samples.sample_ids, samples.labels.tolist(), strict=True))
    return np.asarray(values, dtype=np.float32), np.array([label[name] for name in names], dtype=np.int64)


def _renumbered(labels: np.ndarray, theirs: Sequence[str], ours: Sequence[str]) -> np.ndarray:
    """Class numbers of the test samples in the numbering of the dataset: joined by name, where all have one.

    Example:
        >>> _renumbered(np.array([0, 1]), ("cat", "dog"), ("bird", "cat", "dog")).tolist()
        [1, 2]
    """
    if not (theirs and ours and len(theirs) > labels.max()):
        return labels
    number = {name: k for k, name in enumerate(ours)}
    return np.array([number.get(name, -1) for name in theirs])[labels]


def performance_rows(results: Sequence[ProbeResult], labels: np.ndarray) -> list[dict[str, object]]:
    """The rows of `tables.PERFORMANCE` for the seeds of one probe: metrics of the test and of the training samples.

    Values are means over the seeds. The standard error of the test metrics is over test samples and seeds:
    se² = Var_samples + s² / seeds, where s² is the variance between seeds and Var_samples is p (1 - p) / n for a share
    p of n samples; for the mean class recall it is the mean of this over the classes, divided by their number. How
    it would vary with other training samples is not in it.

    Args:
        results: one a seed.
        labels: (n_test,) classes of the test samples.
    """
    first = results[0]
    same = {
        "method": first.method,
        "n_seeds": len(results),
        "n_train": first.n_train,
        "n_test": len(labels),
        "n_classes": first.n_classes,
        "settings": json.dumps({str(one.seed): dict(one.settings) for one in results}),
    }
    rows = []
    for split in ("test", "train"):
        for metric in ("top1", "top5", "mean_class_recall"):
            values = [getattr(getattr(one, split), metric) for one in results]
            row = {**same, "metric": metric, "split": split}
            if None in values:
                rows.append({**row, "reason": "five classes or fewer: the best five are all"})
                continue
            value = float(np.mean(values))
            error = _error(values, results, labels, metric) if split == "test" else None
            rows.append({**row, "value": value, "standard_error": error})
    return rows


def _error(values: Sequence[float], results: Sequence[ProbeResult], labels: np.ndarray, metric: str) -> float:
    """Over test samples and seeds."""
    between = float(np.var(values, ddof=1)) / len(values) if len(values) > 1 else 0.0
    if metric != "mean_class_recall":
        p = float(np.mean(values))
        return (p * (1 - p) / len(labels) + between) ** 0.5
    right = np.mean([one.predicted == labels for one in results], axis=0)
    counts = np.bincount(labels)
    present = counts > 0
    recall = np.bincount(labels, weights=right)[present] / counts[present]
    over_samples = (recall * (1 - recall) / counts[present]).sum() / present.sum() ** 2
    return float((over_samples + between) ** 0.5)
