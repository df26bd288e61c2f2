"""Every arm on every task: the table of the proof."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl

from seealike.data.tables import PROOF
from seealike.errors import SeealikeError
from seealike.proof.card import Arm, Task
from seealike.proof.value import Look, Value, mean_of


def evaluate(
    arms: Sequence[tuple[Arm, Look]],
    tasks: Sequence[Task],
    progress: Callable[[int, int], object] | None = None,
) -> pl.DataFrame:
    """Ask every arm every task.

    Where an arm of a model has several seeds, a row without a seed has their mean, with Student's interval over seeds.
    Ceilings and chance are rows of arms of these names, without a model. What cannot be asked is a row with the reason.

    Args:
        arms: what is compared, and where its features are.
        tasks: what is asked.
        progress: is told (questions done, questions in all).

    Returns:
        A table with the columns of `seealike.data.tables.PROOF`.
    """
    bases = {arm.model: look for arm, look in arms if arm.arm == "base"}
    rows: list[dict[str, Any]] = []
    total, done = len(tasks) * len(arms), 0
    for task in tasks:
        mine: list[dict[str, Any]] = []
        for arm, look in arms:
            base = bases.get(arm.model) if arm.arm != "base" else None
            mine += _asked(arm, task, look, base)
            done += 1
            if progress is not None:
                progress(done, total)
        rows += [*mine, *_pooled(mine), *_lines(task, arms[0][1])]
    return pl.DataFrame(rows, schema=PROOF)


def _asked(arm: Arm, task: Task, look: Look, base: Look | None) -> Iterator[dict[str, Any]]:
    who = {"arm": arm.arm, "model": arm.model, "seed": arm.seed}
    try:
        for value in task.values(look, base):
            yield who | _row(value, task)
    except SeealikeError as error:
        yield who | _failed(task, error)


def _row(value: Value, task: Task) -> dict[str, Any]:
    return {
        "task": value.task,
        "dataset": task.dataset,
        "value": value.value,
        "standard_error": value.standard_error,
        "low": value.low,
        "high": value.high,
        "n": value.n,
        "reason": None,
    }


def _pooled(rows: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Means over seeds, of what was asked of one arm of one model more than once."""
    known = [row for row in rows if row.get("value") is not None and row["seed"] is not None]
    for key in dict.fromkeys((row["arm"], row["model"], row["task"]) for row in known):
        values = [row["value"] for row in known if (row["arm"], row["model"], row["task"]) == key]
        if len(values) > 1:
            arm, model, name = key
            pooled = mean_of(name, np.array(values))
            yield known[0] | vars(pooled) | {"arm": arm, "model": model, "seed": None}


def _lines(task: Task, look: Look) -> Iterator[dict[str, Any]]:
    try:
        for arm, value in task.lines(look):
            yield {"arm": arm, "model": None, "seed": None} | _row(value, task)
    except SeealikeError as error:
        yield {"arm": "ceiling"} | _failed(task, error)


def _failed(task: Task, error: SeealikeError) -> dict[str, Any]:
    name = {"answered": "odd_one_out"}.get(task.task, task.task)
    return {"task": name, "dataset": task.dataset, "reason": str(error)}
