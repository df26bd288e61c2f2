"""The stage «extract»: every model is loaded once and run over the datasets that still need it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

from seealike.extract import extract
from seealike.sources.models import ModelCard
from seealike.sources.models.card import LoadedModel
from seealike.study.cells import Observer, attempt, still_to_do
from seealike.study.plan import ExtractCell, OpenedStudy
from seealike.study.record import versions


def extract_stage(opened: OpenedStudy, watch: Observer) -> None:
    """Do the extraction cells that are not done."""
    todo = still_to_do(opened, "extract", opened.extract_cells, watch)
    for card, cells in groupby(todo, key=lambda cell: cell.card):
        load = _once(card, opened.study.settings.device)
        for cell in cells:
            attempt(opened, cell, lambda cell=cell, load=load: _extract(opened, cell, load, watch), watch)


def _once(card: ModelCard, device: str) -> Callable[[], LoadedModel]:
    """Load when first asked for; a model that cannot be loaded fails each of its cells with the reason."""
    loaded: list[LoadedModel] = []

    def load() -> LoadedModel:
        if not loaded:
            loaded.append(card.load(_device(device)))
        return loaded[0]

    return load


def _device(wanted: str) -> str:
    if wanted != "auto":
        return wanted
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _extract(
    opened: OpenedStudy, cell: ExtractCell, load: Callable[[], LoadedModel], watch: Observer
) -> None:
    progress = watch.cell(cell.name)
    extract(
        load(),
        opened.samples[cell.dataset],
        cell.outputs,
        batch_size=opened.study.settings.batch_size,
        progress=progress,
        notes=versions(),
    )
