"""The stage «extract»: a few models at a time share each decoded sample of every dataset that lacks them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Protocol, runtime_checkable

from seealike.errors import SeealikeError, SpecError
from seealike.extract import Pass, Reader, Reading, extract_together
from seealike.sources.models import ModelCard
from seealike.sources.models.card import LoadedModel
from seealike.study.cells import Observer, finish, still_to_do
from seealike.study.devices import device
from seealike.study.labels import write_labels
from seealike.study.plan import OpenedStudy
from seealike.study.record import versions
from seealike.study.units import ExtractCell


def extract_stage(opened: OpenedStudy, watch: Observer) -> None:
    """Do the extraction cells that are not done."""
    todo = still_to_do(opened, "extract", [*opened.extract_cells, *opened.trained_cells], watch)
    for group in _groups(todo, opened.study.settings.models_per_pass):
        models = Models(opened, watch)
        for dataset in opened.samples:
            cells = [cell for cell in group if cell.dataset == dataset]
            if cells:
                write_labels(opened, dataset)
                _extract(opened, cells, models, watch)


def _groups(todo: Sequence[ExtractCell], size: int) -> Iterator[list[ExtractCell]]:
    """The cells of so many models at a time; models that prepare samples alike stand together."""
    first: dict[str, int] = {}
    by_card = [list(cells) for _, cells in groupby(todo, key=lambda cell: cell.card.name)]
    alike = [next(iter(cells[0].outputs.values())).preprocessing for cells in by_card]
    for number, text in enumerate(alike):
        first.setdefault(text, number)
    order = sorted(range(len(by_card)), key=lambda number: (first[alike[number]], number))
    for start in range(0, len(order), size):
        yield [cell for number in order[start : start + size] for cell in by_card[number]]


@runtime_checkable
class _MixedPrecision(Protocol):
    autocast: str | None


class Models:
    """The models of a pass: each loaded when first needed, with why not for those that cannot be."""

    def __init__(self, opened: OpenedStudy, watch: Observer) -> None:
        self._settings, self._watch = opened.study.settings, watch
        self._readers: dict[str, Reader | SeealikeError] = {}

    def reader(self, card: ModelCard) -> Reader:
        """The loaded model.

        Raises:
            SeealikeError: it cannot be loaded (again each time that it is asked for).
        """
        if card.name not in self._readers:
            self._readers[card.name] = self._loaded(card)
        found = self._readers[card.name]
        if isinstance(found, SeealikeError):
            raise found
        return found

    def _loaded(self, card: ModelCard) -> Reader | SeealikeError:
        with self._watch.doing(f"loading {card.name}"):
            try:
                model = card.load(device(self._settings.device))
                self._set_precision(card, model)
            except SeealikeError as error:
                return error
        return Reader(model, card.name)

    def _set_precision(self, card: ModelCard, model: LoadedModel) -> None:
        wanted = self._settings.autocast
        if wanted == "none":
            return
        if not isinstance(model, _MixedPrecision):
            raise SpecError(
                where=f"model {card.name}",
                expected=f"a network that can run in {wanted}",
                got=f"one of the source {card.source}, which runs as it was saved",
                fix="Set autocast: none, or put this model into a study of its own.",
            )
        model.autocast = wanted


def _extract(opened: OpenedStudy, cells: list[ExtractCell], models: Models, watch: Observer) -> None:
    """One pass over a dataset for these cells; what cannot be loaded is noted and left out."""
    settings, dataset = opened.study.settings, cells[0].dataset
    ready: list[tuple[ExtractCell, Reading, float]] = []
    for cell in cells:
        began = time.perf_counter()
        try:
            reading = Reading(models.reader(cell.card), cell.outputs, versions())
            ready.append((cell, reading, time.perf_counter() - began))
        except SeealikeError as error:
            finish(opened, cell, watch, time.perf_counter() - began, ("failed", str(error)))
    if not ready:
        return
    how = Pass(settings.batch_size, settings.on_bad_image, device(settings.device))
    named = f"{len(ready)} models" if len(ready) > 1 else ready[0][0].card.name
    ended = extract_together(
        [reading for _, reading, _ in ready],
        opened.samples[dataset],
        how,
        progress=watch.cell(f"{dataset}: {named}"),
    )
    for (cell, _, loading_s), end in zip(ready, ended, strict=True):
        state = ("failed", str(end.error)) if end.error else ("done", "")
        finish(opened, cell, watch, loading_s + end.elapsed_s, state)
