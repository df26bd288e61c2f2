"""What similarity leads to: the two networks of every run of `causes:` on the same samples, one cell a run."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from seealike.consequences.between import Kind
from seealike.data.store import write_table
from seealike.data.tables import CONSEQUENCES
from seealike.errors import place
from seealike.study.cause_entries import ClassifierEntry
from seealike.study.cells import Observer, attempt, still_to_do
from seealike.study.devices import device
from seealike.study.overlap_runs import OpenedCause, OverlapRun
from seealike.study.plan import OpenedStudy
from seealike.study.units import ConsequenceCell

#: What can be said of samples whose labels are no classes of the experiment.
_WITHOUT_LABELS = ("agreement", "kappa")


def consequence_stage(opened: OpenedStudy, watch: Observer) -> None:
    """Try the pairs of networks that are not tried; a part of the stage «compare»."""
    cells = opened.consequence_cells(present_only=True)
    if not cells:
        return
    pools: dict[tuple[str, str], np.ndarray] = {}
    for cell in still_to_do(opened, "compare", cells, watch):
        watch.cell(cell.name)
        attempt(opened, cell, lambda cell=cell: _try(opened, cell, pools), watch)


def _try(opened: OpenedStudy, cell: ConsequenceCell, pools: dict[tuple[str, str], np.ndarray]) -> None:
    with place(cell.name):
        rows = _rows(opened, cell, pools)
    write_table(cell.paths[0], pl.DataFrame(rows, schema=CONSEQUENCES), made_from=cell.digest)


def _rows(
    opened: OpenedStudy, cell: ConsequenceCell, pools: dict[tuple[str, str], np.ndarray]
) -> list[dict[str, Any]]:
    from seealike.consequences import TestSamples, consequences_between

    run, entry, cause = cell.run, cell.entry, _cause(opened, cell.run)
    first, second = _classifiers(opened, run, cause)
    attacks = [one.attack for one in entry.attacks]
    said, rows = {**run.columns, "detail": ""}, []
    for name, (dataset, chosen) in run.evaluation.items():
        kinds = kinds_on(opened, cell, name)
        if not kinds:
            continue
        if dataset not in opened.samples:
            reason = opened.broken.get(dataset, "the dataset could not be opened")
            rows += [{**said, "dataset": name, "kind": kind, "reason": reason} for kind in kinds]
            continue
        images = _images(opened, cause, dataset, pools)
        labels = opened.samples[dataset].labels if dataset == cause.cause.tested else None
        which = _drawn(len(images), chosen, entry.samples, (opened.study.settings.seed, run.seed))
        known = np.full(len(which), -1) if labels is None else labels[which]
        test = TestSamples(name, images[which].astype(np.float32) / 255, known)
        found = consequences_between(first, second, test, kinds=kinds, attacks=attacks, seed=run.seed)
        rows += [{**said, **row} for row in found]
    return rows


def kinds_on(opened: OpenedStudy, cell: ConsequenceCell, name: str) -> list[Kind]:
    """What the networks of a run are tried for on one of its evaluation sets.

    Args:
        opened: the study.
        cell: of the run.
        name: of the evaluation set.
    """
    of_the_experiment = cell.run.evaluation[name][0] == _cause(opened, cell.run).cause.tested
    return [kind for kind in cell.entry.kinds if of_the_experiment or kind in _WITHOUT_LABELS]


def _drawn(n: int, chosen: np.ndarray | None, most: int, seed: tuple[int, int]) -> np.ndarray:
    """The rows to use, ascending: the chosen ones, or so many of them at random.

    Example:
        >>> _drawn(9, np.array([1, 3, 5, 7]), 2, (0, 0)).tolist(), _drawn(3, None, 5, (0, 0)).tolist()
        ([5, 7], [0, 1, 2])
    """
    rows = np.arange(n) if chosen is None else chosen
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


def _images(
    opened: OpenedStudy, cause: OpenedCause, dataset: str, pools: dict[tuple[str, str], np.ndarray]
) -> np.ndarray:
    """(n, C, H, W) bytes, decoded once for all runs of an experiment."""
    from seealike.training.classification import ImagePool

    key = (cause.cause.entry.name, dataset)
    if key not in pools:
        for other in [one for one in pools if one[0] != key[0]]:
            del pools[other]  # one experiment's images in memory at a time
        assert isinstance(cause.cause.entry, ClassifierEntry)
        pools[key] = ImagePool.of(opened.samples[dataset], cause.cause.entry.input).pixels.numpy()
    return pools[key]


def _classifiers(opened: OpenedStudy, run: OverlapRun, cause: OpenedCause) -> list[Any]:
    """The two networks; outputs that stand for the same have the same number."""
    from seealike.consequences.networks import classifier_of
    from seealike.sources.models.hooks import TorchModel

    sides = {one.card.training: one.side for one in cause.trainings}
    number = {name: k for k, name in enumerate(dict.fromkeys([*run.classes[0], *run.classes[1]]))}
    wanted = device(opened.study.settings.device)
    where = wanted if wanted.startswith("cuda") else "cpu"  # the attacks know no others
    found = []
    for card, names in zip(run.cards, run.classes, strict=True):
        model = card.load(where)
        assert isinstance(model, TorchModel)
        assert card.input is not None
        assert card.head is not None
        found.append(
            classifier_of(
                card.name,
                model.module,
                card.head,
                np.array([number[name] for name in names]),
                learned=sides[card.training].numbers,
                mean=card.input.mean,
                std=card.input.std,
                device=where,
            )
        )
    return found


def _cause(opened: OpenedStudy, run: OverlapRun) -> OpenedCause:
    return next(one for one in opened.causes if one.cause.entry.name == run.cause)
