"""Progress on a terminal (bars with time left) or, where there is none, as plain lines."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from seealike.study.results import Outcome

_EVERY_S = 5.0
_SILENT_S = 2.0


class Bars:
    """An observer of a study (see `seealike.study.cells.Observer`) that shows it on standard error."""

    def __init__(self) -> None:
        self.console = Console(stderr=True, highlight=False)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
            console=self.console,
            disable=not self.console.is_terminal,
        )
        self._stage: TaskID | None = None
        self._cell: TaskID | None = None
        self._spoke = time.monotonic()

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_cell()
        self._progress.stop()

    def say(self, text: str) -> None:
        """A line of its own."""
        self.console.print(escape(text), soft_wrap=True)

    def stage(self, name: str, cells: int, todo: int) -> None:
        """Begin a stage's bar."""
        self._end_cell()
        if not self.console.is_terminal or not todo:
            self.say(f"{name}: {cells} cells, {todo} to do")
        self._stage = self._progress.add_task(f"[bold]{name}[/]", total=todo, speed="") if todo else None

    @contextmanager
    def doing(self, what: str) -> Iterator[Callable[[int, int], None]]:
        """Say what is being done while it is; without a terminal, once it has taken two seconds."""
        task = self._progress.add_task(f"  {escape(what)}", total=None, speed="")
        timer = threading.Timer(_SILENT_S, self.say, [f"  {what} …"])
        timer.daemon = True
        if not self.console.is_terminal:
            timer.start()
        try:
            yield _Task(self, what, task)
        finally:
            timer.cancel()
            self._progress.remove_task(task)

    def cell(self, name: str) -> _Task:
        """Begin a cell's bar."""
        self._end_cell()
        self._cell = self._progress.add_task(f"  {escape(name)}", total=None, speed="")
        return _Task(self, name, self._cell)

    def finished(self, outcome: Outcome) -> None:
        """Count the cell; say why if it failed."""
        self._end_cell()
        if self._stage is not None:
            self._progress.advance(self._stage)
        if outcome.status == "failed":
            self.console.print(
                f"[red]failed[/] {escape(outcome.cell)}: {escape(outcome.reason)}", soft_wrap=True
            )

    def update(self, task: TaskID, name: str, done: int, total: int, speed: float) -> None:
        """Move a cell's bar; without a terminal, say so every few seconds."""
        rate = _rate(speed)
        self._progress.update(task, completed=done, total=total, speed=rate)
        if not self.console.is_terminal and time.monotonic() - self._spoke > _EVERY_S:
            self._spoke = time.monotonic()
            left = f", {rate}, {_duration((total - done) / speed)} left" if speed else ""
            self.say(f"  {name}: {done}/{total}{left}")

    def _end_cell(self) -> None:
        if self._cell is not None:
            self._progress.remove_task(self._cell)
            self._cell = None


def _rate(speed: float) -> str:
    """So many a second, or where that is less than one, seconds for each.

    Example:
        >>> _rate(1234.5), _rate(2.53), _rate(0.05), _rate(0)
        ('1,234/s', '2.5/s', '20 s each', '')
    """
    if speed >= 1:
        return f"{speed:,.0f}/s" if speed >= 10 else f"{speed:.1f}/s"
    return f"{_duration(1 / speed)} each" if speed else ""


def _duration(seconds: float) -> str:
    """Seconds as people say them.

    Example:
        >>> _duration(42), _duration(200), _duration(9000)
        ('42 s', '3 min', '2 h 30 min')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


class _Task:
    """Called with (done, total) while a cell is at work."""

    def __init__(self, bars: Bars, name: str, task: TaskID) -> None:
        self._bars, self._name, self._task = bars, name, task
        self._first: tuple[float, int] | None = None

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        began, before = self._first = self._first or (
            now,
            done,
        )  # what was done before says nothing of the speed
        speed = (done - before) / (now - began) if now > began else 0.0
        self._bars.update(self._task, self._name, done, total, speed)
