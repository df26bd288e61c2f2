"""The stage «compare»: for every dataset, one pass over all models' features gives all measures."""

from __future__ import annotations

import time
import warnings
from itertools import groupby

from seealike.compare import expected_cost, similarities
from seealike.data.similarity import SimilarityMatrix
from seealike.data.store import read_features, write_table
from seealike.errors import SeealikeError, place
from seealike.measures import IdenticalFeatures
from seealike.study.cells import Observer, attempt, finish, still_to_do
from seealike.study.consequences import consequence_stage
from seealike.study.overlapping import overlap_stage
from seealike.study.plan import OpenedStudy
from seealike.study.reading import read_matrix
from seealike.study.rows import common_ids, seen
from seealike.study.units import CompareCell


def compare_stage(opened: OpenedStudy, watch: Observer) -> None:
    """Do the comparison cells that are not done; where similarities are imported, read these instead."""
    if opened.study.imported:
        _read(opened, watch)
        return
    overlap_stage(opened, watch)
    consequence_stage(opened, watch)
    todo = still_to_do(opened, "compare", opened.compare_cells(present_only=True), watch)
    for _, group in groupby(todo, key=lambda cell: (cell.dataset, cell.samples.rule)):
        cells = list(group)
        if not _all_at_once(opened, cells, watch):
            for cell in cells:  # each measure alone, so that only the one that cannot be fails
                attempt(opened, cell, lambda cell=cell: _alone(opened, cell, watch), watch)


def _read(opened: OpenedStudy, watch: Observer) -> None:
    """Read the similarities of other programs that have not been read."""
    for cell in still_to_do(opened, "compare", opened.read_cells, watch):
        watch.cell(cell.name)
        attempt(opened, cell, lambda cell=cell: read_matrix(cell), watch)


def _all_at_once(opened: OpenedStudy, cells: list[CompareCell], watch: Observer) -> bool:
    began = time.perf_counter()
    try:
        matrices = _matrices(opened, cells, watch)
    except SeealikeError:
        return False
    each = (time.perf_counter() - began) / len(cells)
    for cell, matrix in zip(cells, matrices, strict=True):
        _write(cell, matrix)
        finish(opened, cell, watch, each)
    return True


def _alone(opened: OpenedStudy, cell: CompareCell, watch: Observer) -> None:
    _write(cell, _matrices(opened, [cell], watch)[0])


def _matrices(opened: OpenedStudy, cells: list[CompareCell], watch: Observer) -> list[SimilarityMatrix]:
    dataset, settings = cells[0].dataset, opened.study.settings
    stored = {}
    for label, path in cells[0].features.items():
        with place(f"{label} on {dataset}"):
            stored[label] = read_features(path)
    ids = common_ids(stored, cells[0].samples, dataset)
    features = {}
    for label, one in stored.items():
        with place(f"{label} on {dataset}"):
            features[label] = seen(one, ids, cells[0].views.get(label), settings.normalize).values
    measures = [cell.measure for cell in cells]
    how = {
        "standard_error": settings.standard_errors,
        "device": None if settings.device == "auto" else settings.device,
    }
    with place(f"dataset {dataset}"), warnings.catch_warnings():
        warnings.simplefilter("ignore", IdenticalFeatures)  # the record names them
        said = f"{dataset}: {len(ids)} samples, {len(features)} models, {len(cells)} measures"
        progress = watch.cell(f"{said} ({expected_cost(measures, features, **how)})" if features else said)
        return similarities(measures, features, dataset=dataset, seed=settings.seed, progress=progress, **how)


def _write(cell: CompareCell, matrix: SimilarityMatrix) -> None:
    write_table(cell.paths[0], matrix.extended(cell.missing).to_frame(), made_from=cell.digest)
