"""Do one cell: time it, note what became of it, tell whoever watches."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, TypeVar

from seealike.errors import SeealikeError
from seealike.study.plan import OpenedStudy
from seealike.study.results import Outcome
from seealike.study.units import Cell

Progress = Callable[[int, int], None]
AnyCell = TypeVar("AnyCell", bound=Cell)


class Observer(Protocol):
    """Whoever wants to see the work go on (the command line's progress bars, a notebook)."""

    def stage(self, name: str, cells: int, todo: int) -> None:
        """A stage begins: so many cells, so many of them still to do."""
        ...

    def doing(self, what: str) -> AbstractContextManager[Progress]:
        """Something begins that is no cell and may take long (a model is loaded); told (done, total) if known."""
        ...

    def cell(self, name: str) -> Progress:
        """A cell begins, or several at once; what comes back is called with (done, total)."""
        ...

    def finished(self, outcome: Outcome) -> None:
        """A cell has ended, well or not."""
        ...


class Silent:
    """An observer that says nothing."""

    def stage(self, name: str, cells: int, todo: int) -> None:
        """Nothing."""

    def doing(self, what: str) -> AbstractContextManager[Progress]:
        """Nothing."""
        return nullcontext(lambda done, total: None)

    def cell(self, name: str) -> Progress:
        """Nothing."""
        return lambda done, total: None

    def finished(self, outcome: Outcome) -> None:
        """Nothing."""


def still_to_do(opened: OpenedStudy, stage: str, cells: Sequence[AnyCell], watch: Observer) -> list[AnyCell]:
    """The cells of a stage that are not done, failed ones again; the observer hears of those that cannot be."""
    outcomes = [cell.outcome(opened.results) for cell in cells]
    todo = [
        cell
        for cell, outcome in zip(cells, outcomes, strict=True)
        if outcome.status in ("todo", "failed") and not cell.failed
    ]
    watch.stage(stage, len(cells), len(todo))
    for cell, outcome in zip(cells, outcomes, strict=True):
        if cell.failed:
            watch.finished(outcome)
    return todo


def attempt(opened: OpenedStudy, cell: Cell, work: Callable[[], object], watch: Observer) -> None:
    """Do one cell's work; an error of ours is noted as the cell's reason, any other is a bug and goes up."""
    began = time.perf_counter()
    status, reason = "done", ""
    try:
        work()
    except SeealikeError as error:
        status, reason = "failed", str(error)
    finish(opened, cell, watch, time.perf_counter() - began, (status, reason))


def finish(
    opened: OpenedStudy, cell: Cell, watch: Observer, elapsed_s: float, end: tuple[str, str] = ("done", "")
) -> None:
    """Note that a cell has ended with (status, reason)."""
    outcome = Outcome(cell.stage, cell.name, *end, round(elapsed_s, 4), cell.digest)
    opened.results.note(outcome)
    watch.finished(outcome)
