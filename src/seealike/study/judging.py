"""The stage «judge»: models and baselines against people's judgements, the judgements' ceilings, models compared."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

import polars as pl

from seealike.data.asked import Judged
from seealike.data.judgements import Choices, Trials
from seealike.data.store import write_table
from seealike.data.tables import ALIGNMENT, CEILINGS
from seealike.errors import UndefinedMeasure, place
from seealike.human.ceilings import noise_ceiling
from seealike.human.crowds import crowd_divergences
from seealike.human.scoring import Score, chance, main_score, scores
from seealike.human.tally import numbered, tallied
from seealike.study.cells import Observer, Progress, attempt, still_to_do
from seealike.study.extraction import Models
from seealike.study.judged_distances import JudgedDistances, Which, keep, kept, named, of_features
from seealike.study.judged_streams import SharedPasses, of_images
from seealike.study.layer_gains import layer_gains
from seealike.study.model_differences import differences_and_judged
from seealike.study.plan import OpenedStudy
from seealike.study.units import CeilingCell, Cell, DifferenceCell, JudgeCell

_CEILINGS = ("majority", "leave_one_out", "leave_one_rater_out", "agreement", "split_half")


def judge_stage(opened: OpenedStudy, watch: Observer) -> None:
    """Do the cells of people's judgements that are not done."""
    if not opened.study.human:
        return
    todo = still_to_do(opened, "judge", opened.judge_cells(present_only=True), watch)
    for _, group in groupby(sorted(todo, key=_turn), key=_turn):
        cells = list(group)  # the cells of one model stand together: it is loaded once, and let go
        passes = SharedPasses(opened, cells, Models(opened, watch))
        for cell in cells:
            progress = watch.cell(cell.name)
            attempt(opened, cell, _work(opened, cell, passes, progress), watch)


def _turn(cell: Cell) -> tuple[int, str]:
    """What is read from features first, then model by model what runs them, then what reads all of these."""
    if isinstance(cell, JudgeCell):
        return (1, cell.model) if cell.streamed else (0, "")
    return (0 if isinstance(cell, CeilingCell) else 2, "")


def _work(opened: OpenedStudy, cell: Cell, passes: SharedPasses, progress: Progress) -> Callable[[], None]:
    if isinstance(cell, CeilingCell):
        return lambda: _ceilings(opened, cell)
    if isinstance(cell, DifferenceCell):
        return lambda: _differences(opened, cell)
    assert isinstance(cell, JudgeCell)
    return lambda: _judge(opened, cell, passes, progress)


def _judge(opened: OpenedStudy, cell: JudgeCell, passes: SharedPasses, progress: Progress) -> None:
    """Distances, unless they are there, and what they are worth."""
    judged = opened.judged[cell.human.name]
    if not cell.paths[0].exists():
        with place(cell.name):
            keep(cell.paths[0], _distances(opened, cell, passes, progress))
    seed = opened.study.settings.seed
    write_table(cell.paths[1], layer_gains(cell, judged, kept(cell.paths[0]), seed), made_from=cell.digest)
    rows = _rows(cell, judged, seed)
    write_table(cell.paths[2], pl.DataFrame(rows, schema=ALIGNMENT), made_from=cell.digest)


def _distances(
    opened: OpenedStudy, cell: JudgeCell, passes: SharedPasses, progress: Progress
) -> JudgedDistances:
    judged = opened.judged[cell.human.name]
    if cell.card is None:
        return of_images(opened, cell, judged, progress)
    stored = JudgedDistances({}, {})
    if "features" in cell.human.how.readouts:
        stored = of_features(cell, judged, opened.study.settings.normalize)
    if not cell.streamed:
        return stored
    read = passes.of(cell, cell.card, progress)
    return JudgedDistances({**stored.values, **read.values}, {**stored.reasons, **read.reasons})


def _differences(opened: OpenedStudy, cell: DifferenceCell) -> None:
    judged, seed = opened.judged[cell.human.name], opened.study.settings.seed
    for path, table in zip(cell.paths, differences_and_judged(cell, judged, seed), strict=True):
        write_table(path, table, made_from=cell.digest)


def _rows(cell: JudgeCell, judged: Judged, seed: int) -> list[dict[str, object]]:
    found, how, made = kept(cell.paths[0]), cell.human.how, []
    for which, far in found.values.items():
        with place(f"{cell.name}, layer {which.layer}"):
            try:
                some = scores(judged, far, how.ties, draws=how.draws, seed=seed)
            except UndefinedMeasure as error:
                some = [_without(judged, str(error))]
        made += [_row(cell, which, one) for one in some]
    made += [_row(cell, which, _without(judged, why)) for which, why in found.reasons.items()]
    return made


def _without(judged: Judged, why: str) -> Score:
    return Score(main_score(judged), None, None, None, None, 0, why)


def _row(cell: JudgeCell, which: Which, one: Score) -> dict[str, object]:
    return {
        **named(cell, which),
        "score": one.name,
        "value": one.value,
        "standard_error": one.standard_error,
        "low": one.low,
        "high": one.high,
        "n": one.n or None,
        "reason": one.reason,
    }


def _ceilings(opened: OpenedStudy, cell: CeilingCell) -> None:
    judged = opened.judged[cell.human.name]
    same = {"human": cell.human.name, "level": cell.human.level}
    rows = [
        {**same, "score": name, "kind": "chance", "value": value} for name, value in chance(judged).items()
    ]
    if isinstance(judged, Trials | Choices):
        rows += [{**same, **row} for row in _reachable(judged, opened.study.settings.seed)]
    write_table(cell.paths[0], pl.DataFrame(rows, schema=CEILINGS), made_from=cell.digest)


def _reachable(judged: Trials | Choices, seed: int) -> list[dict[str, object]]:
    """What people reach of one another, where judgements are repeated."""
    score = main_score(judged)
    if isinstance(judged, Choices) and judged.votes is None:
        return [{"score": score, "kind": "majority", "reason": "the numbers of votes are not known"}]
    try:
        found = noise_ceiling(judged, seed=seed)
    except UndefinedMeasure as error:
        return [{"score": score, "kind": "majority", "reason": str(error)}]
    named = [(score, kind) for kind in _CEILINGS]
    named += [("cross_entropy", "entropy")] if isinstance(judged, Trials) else []
    made = []
    for name, kind in named:
        value = getattr(found, kind)
        if value is not None:
            low, high = found.intervals.get(kind, (None, None))
            made.append({"score": name, "kind": kind, "value": value, "low": low, "high": high, "n": found.n})
    if isinstance(judged, Trials):
        missed = crowd_divergences(tallied(numbered(judged.triplets)).counts)
        row = {
            "score": "kl_divergence",
            "kind": "sampling_noise",
            "value": float(missed.mean()),
            "n": len(missed),
        }
        made.append(row)
    return made
