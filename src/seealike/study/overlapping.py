"""Similarities of the two networks of every run of `causes:`, on each of its evaluation sets."""

from __future__ import annotations

import math
import warnings

import polars as pl

from seealike.compare import similarities
from seealike.data.similarity import SimilarityMatrix
from seealike.data.store import read_features, write_table
from seealike.data.tables import OVERLAP_RUNS
from seealike.errors import SeealikeError, place
from seealike.measures import IdenticalFeatures
from seealike.study.cells import Observer, attempt, still_to_do
from seealike.study.overlap_runs import OverlapRun
from seealike.study.plan import OpenedStudy
from seealike.study.rows import seen
from seealike.study.units import OverlapCell

#: Fewer samples say nothing of two networks.
_FEWEST = 8


def overlap_stage(opened: OpenedStudy, watch: Observer) -> None:
    """Compare the networks of the runs that are not compared; a part of the stage «compare»."""
    if not opened.causes:
        return
    for cell in still_to_do(opened, "compare", opened.overlap_cells(present_only=True), watch):
        watch.cell(cell.name)
        attempt(opened, cell, lambda cell=cell: _compare(opened, cell), watch)


def _compare(opened: OpenedStudy, cell: OverlapCell) -> None:
    with place(cell.name):
        rows = [row for name in cell.run.evaluation for row in _on(opened, cell, name)]
    write_table(cell.paths[0], pl.DataFrame(rows, schema=OVERLAP_RUNS), made_from=cell.digest)


def _on(opened: OpenedStudy, cell: OverlapCell, name: str) -> list[dict[str, object]]:
    """The rows of one evaluation set, one a measure; what cannot be compared says why."""
    run, measures = cell.run, opened.study.measures
    said = {**run.columns, "dataset": name}
    if run.evaluation[name][0] not in cell.features:
        reason = opened.broken.get(run.evaluation[name][0], "the dataset could not be opened")
        return [{**said, "measure": measure.id, "reason": reason} for measure in measures]
    ids = _ids(opened, run, name)
    if len(ids) < _FEWEST:
        reason = f"only {len(ids)} samples" if ids else "at this overlap there is no such class"
        return [{**said, "measure": measure.id, "reason": reason} for measure in measures]
    try:
        matrices = _matrices(opened, cell, name, ids)
    except SeealikeError as error:
        return [{**said, "measure": measure.id, "reason": str(error)} for measure in measures]
    pairs = zip(measures, matrices, strict=True)
    return [{**said, "measure": measure.id, **_pair(matrix)} for measure, matrix in pairs]


def _ids(opened: OpenedStudy, run: OverlapRun, name: str) -> list[str]:
    dataset, rows = run.evaluation[name]
    samples = opened.samples[dataset]
    chosen = range(len(samples.sample_ids)) if rows is None else rows
    return [samples.sample_ids[row] for row in chosen]


def _matrices(opened: OpenedStudy, cell: OverlapCell, name: str, ids: list[str]) -> list[SimilarityMatrix]:
    """The two networks under all measures, on the samples that both have."""
    settings = opened.study.settings
    read = [read_features(path) for path in cell.features[cell.run.evaluation[name][0]]]
    there = set(read[0].sample_ids) & set(read[1].sample_ids)
    both = [one for one in ids if one in there]
    features = {
        card.name: seen(one, both, None, settings.normalize).values
        for card, one in zip(cell.run.cards, read, strict=True)
    }
    with place(name), warnings.catch_warnings():
        warnings.simplefilter("ignore", IdenticalFeatures)  # two networks may have learned the same
        return similarities(
            opened.study.measures,
            features,
            dataset=name,
            standard_error=settings.standard_errors,
            device=None if settings.device == "auto" else settings.device,
            seed=settings.seed,
        )


def _pair(matrix: SimilarityMatrix) -> dict[str, object]:
    value, errors = float(matrix.values[0, 1]), matrix.standard_errors
    error = None if errors is None else float(errors[0, 1])
    return {
        "similarity": None if math.isnan(value) else value,
        "standard_error": None if error is None or math.isnan(error) else error,
        "reason": matrix.missing.get((matrix.models[0], matrix.models[1])),
    }
