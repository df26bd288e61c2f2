"""The stage «train»: the networks of the study's `causes:`, one cell a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from seealike.data.store import read_table, write_table
from seealike.data.tables import TRAINED
from seealike.errors import place
from seealike.study.cells import Observer, Progress, attempt, still_to_do
from seealike.study.devices import device
from seealike.study.overlap_runs import TESTED, OpenedCause, Training
from seealike.study.plan import OpenedStudy
from seealike.study.units import TrainCell

if TYPE_CHECKING:
    from seealike.study.learning import Learning, Tested


def train_stage(opened: OpenedStudy, watch: Observer) -> None:
    """Train what is not trained; a training that fails is noted and the others go on."""
    if not opened.causes:
        return
    todo = still_to_do(opened, "train", opened.train_cells, watch)
    shelf: dict[str, Learning] = {}
    for cell in todo:
        progress = watch.cell(cell.name)
        attempt(opened, cell, lambda cell=cell, told=progress: _train(opened, cell, shelf, told), watch)


def _train(opened: OpenedStudy, cell: TrainCell, shelf: dict[str, Learning], progress: Progress) -> None:
    from seealike.study.learning import learning_of
    from seealike.training import train

    one, cause = cell.training, _cause(opened, cell)
    assert one is not None
    with place(cell.name):
        if cell.cause not in shelf:
            shelf.clear()  # one experiment's data in memory at a time
            shelf[cell.cause] = learning_of(cause, opened.samples[cause.cause.tested])
        learning, where = shelf[cell.cause], device(opened.study.settings.device)
        module = one.card.module()
        task = learning.task(one, module)
        record = train(task, one.recipe, one.card.weights.parent, device=where, progress=progress)
        tested = learning.tested(one, module, where)
    _write(cause, one, record.final_loss, tested)


def _write(cause: OpenedCause, one: Training, final_loss: float, tested: list[Tested]) -> None:
    """How a network does, beside its weights."""
    name = cause.cause.entry.name
    said = {"experiment": name, "model": one.card.name, "task": cause.cause.entry.task}
    rows: list[dict[str, object]] = [
        {
            **said,
            "dataset": f"{name}: training",
            "metric": "loss",
            "value": final_loss,
            "n": len(one.side.rows),
        }
    ]
    test = {**said, "dataset": f"{name}: test"}
    rows += [{**test, "metric": metric, "value": value, "n": n} for metric, value, n in tested]
    if not tested:
        reason = "there is no test sample of what it has learned"
        rows.append({**test, "metric": "loss", "reason": reason})
    table = pl.DataFrame(rows, schema=TRAINED)
    write_table(one.card.weights.with_name(TESTED), table, made_from=one.card.training)


def trained_table(opened: OpenedStudy) -> pl.DataFrame:
    """How the networks do that are trained; one that is not is a row with the reason."""
    parts = [pl.DataFrame(schema=TRAINED)]
    for cell in opened.train_cells:
        cause = _cause(opened, cell)
        if cell.training is None:
            continue
        file = cell.training.card.weights.with_name(TESTED)
        if file.exists():
            # Equal networks of another study with the same results are trained once: the name is this study's.
            parts.append(read_table(file).with_columns(model=pl.lit(cell.training.card.name)))
            continue
        same = {"experiment": cell.cause, "model": cell.training.card.name, "task": cause.cause.entry.task}
        name, reason = f"{cell.cause}: test", cell.outcome(opened.results).reason
        parts.append(
            pl.DataFrame([{**same, "dataset": name, "metric": "loss", "reason": reason}], schema=TRAINED)
        )
    return pl.concat(parts)


def _cause(opened: OpenedStudy, cell: TrainCell) -> OpenedCause:
    return next(one for one in opened.causes if one.cause.entry.name == cell.cause)
