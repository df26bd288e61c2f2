"""The tables of the runs of `causes:`: what was found of each, or why there is nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from seealike.data.store import read_table
from seealike.data.tables import CONSEQUENCES, OVERLAP_RUNS
from seealike.study.consequences import kinds_on
from seealike.study.plan import OpenedStudy
from seealike.study.units import ConsequenceCell, OverlapCell

#: A run's cell, and what its rows say when it is not done: one a row, beside what names the run.
_Cell = tuple[OverlapCell | ConsequenceCell, Iterable[Mapping[str, Any]]]


def overlap_runs_table(opened: OpenedStudy) -> pl.DataFrame:
    """All runs that are compared; one that is not is rows with the reason."""
    measures = opened.study.measures
    cells = [
        (cell, [{"dataset": name, "measure": one.id} for name in cell.run.evaluation for one in measures])
        for cell in opened.overlap_cells(present_only=True)
    ]
    return _table(opened, cells, OVERLAP_RUNS)


def consequences_table(opened: OpenedStudy) -> pl.DataFrame:
    """What became of all runs; one that is not tried is rows with the reason."""
    cells = [
        (
            cell,
            [
                {"dataset": name, "kind": kind, "detail": ""}
                for name in cell.run.evaluation
                for kind in kinds_on(opened, cell, name)
            ],
        )
        for cell in opened.consequence_cells(present_only=True)
    ]
    return _table(opened, cells, CONSEQUENCES)


def _table(
    opened: OpenedStudy, cells: Sequence[_Cell], schema: Mapping[str, type[pl.DataType]]
) -> pl.DataFrame:
    """The rows of all cells; files of before there were several experiments learn theirs."""
    parts = [pl.DataFrame(schema=schema)]
    for cell, absent in cells:
        if cell.paths[0].exists():
            named = pl.lit(cell.run.cause).alias("experiment")
            parts.append(read_table(cell.paths[0]).with_columns(named).select(*schema))
            continue
        said = {**cell.run.columns, "reason": cell.outcome(opened.results).reason}
        parts.append(pl.DataFrame([{**said, **row} for row in absent], schema=schema))
    return pl.concat(parts)
