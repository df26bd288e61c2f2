"""The tables of people's judgements: what the cells of the stage «judge» made, in one table each."""

from __future__ import annotations

import polars as pl

from seealike.data.store import read_table
from seealike.data.tables import (
    ALIGNMENT,
    ALIGNMENT_DIFFERENCES,
    ALIGNMENT_LAYERS,
    CEILINGS,
    JUDGED,
    PUBLISHED_ALIGNMENT,
)
from seealike.human.scoring import main_score
from seealike.study.plan import OpenedStudy
from seealike.study.units import CeilingCell, Cell, DifferenceCell, JudgeCell

_SCHEMAS = {
    "alignment": ALIGNMENT,
    "alignment_layers": ALIGNMENT_LAYERS,
    "ceilings": CEILINGS,
    "alignment_differences": ALIGNMENT_DIFFERENCES,
    "judged": JUDGED,
}


def judging_tables(opened: OpenedStudy) -> dict[str, pl.DataFrame]:
    """The tables of a study with `human:`, those of published numbers among them; none of another.

    A cell that has reached nothing is a row with its reason.
    """
    if not opened.study.human:
        return {}
    parts = {name: [pl.DataFrame(schema=schema)] for name, schema in _SCHEMAS.items()}
    for cell in opened.judge_cells(present_only=True):
        for name, table in _made(opened, cell).items():
            parts[name].append(table)
    made = {name: pl.concat(some) for name, some in parts.items()}
    if opened.study.published_alignment:
        made["published_alignment"] = pl.DataFrame(
            opened.study.published_alignment, schema=PUBLISHED_ALIGNMENT
        )
    return made


def _made(opened: OpenedStudy, cell: Cell) -> dict[str, pl.DataFrame]:
    """Table -> what a cell adds to it."""
    if isinstance(cell, DifferenceCell):
        named = zip(("alignment_differences", "judged"), cell.paths, strict=True)
        return {name: read_table(path) for name, path in named if path.exists()}
    names = ("ceilings",) if isinstance(cell, CeilingCell) else ("alignment_layers", "alignment")
    if all(path.exists() for path in cell.paths):
        files = cell.paths[-len(names) :]
        return {name: read_table(path) for name, path in zip(names, files, strict=True)}
    name = names[-1]
    return {name: pl.DataFrame([_reason(opened, cell)], schema=_SCHEMAS[name])}


def _reason(opened: OpenedStudy, cell: Cell) -> dict[str, object]:
    assert isinstance(cell, JudgeCell | CeilingCell)
    judged = opened.judged.get(cell.human.name)
    same = {
        "human": cell.human.name,
        "level": cell.human.level,
        "score": main_score(judged) if judged else None,
        "reason": cell.outcome(opened.results).reason,
    }
    if isinstance(cell, CeilingCell):
        return same
    return {**same, "model": cell.model, "layer": None if cell.card else ""}
