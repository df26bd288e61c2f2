"""The stage «analyse»: tables in, one table an analysis out."""

from __future__ import annotations

import polars as pl

from seealike.data.store import read_table, write_table
from seealike.data.tables import SIMILARITIES
from seealike.study import tables
from seealike.study.cells import Observer, attempt, still_to_do
from seealike.study.judging_tables import judging_tables
from seealike.study.plan import OpenedStudy
from seealike.study.run_tables import consequences_table, overlap_runs_table
from seealike.study.training import trained_table
from seealike.study.units import AnalyseCell

_MAKERS = {
    "models": tables.models_table,
    "datasets": tables.datasets_table,
    "similarities": tables.similarities_table,
    "similarities_by_size": tables.similarities_by_size_table,
    "performance": tables.performance_table,
    "predictions": tables.predictions_table,
    "overlap_runs": overlap_runs_table,
    "consequences": consequences_table,
}

#: Tables that are not made here, and stay: what became of the cells, and what `seealike align evaluate` writes.
_OTHERS = ("outcomes", "proof")


def analyse_stage(opened: OpenedStudy, watch: Observer) -> None:
    """Do the analyses that are not done."""
    made: dict[str, pl.DataFrame] = {}
    for cell in still_to_do(opened, "analyse", opened.analyse_cells(present_only=True), watch):
        watch.cell(cell.name)
        attempt(opened, cell, lambda cell=cell: _analyse(opened, cell, made), watch)


def _analyse(opened: OpenedStudy, cell: AnalyseCell, made: dict[str, pl.DataFrame]) -> None:
    """One analysis; the tables that it needs are made for all of them once."""
    for name in cell.bound.analysis.needs:
        if name not in made:
            made[name] = _MAKERS[name](opened)
    needed = {name: made[name] for name in cell.bound.analysis.needs}
    write_table(cell.paths[0], cell.bound(needed), made_from=cell.digest)


def write_tables(opened: OpenedStudy) -> None:
    """Write ``tables/``: cards, what the stages made and the analyses that are done; no others stay."""
    made: dict[str, list[pl.DataFrame]] = {
        "models": [tables.models_table(opened)],
        "datasets": [tables.datasets_table(opened)],
        "similarities": [tables.similarities_table(opened).select(*SIMILARITIES)],
    }
    if any(card.sizes for card in opened.study.datasets):
        made["similarities_by_size"] = [tables.similarities_by_size_table(opened)]
    if opened.study.probes or opened.study.published:
        made["performance"] = [tables.performance_table(opened)]
    if opened.causes:
        made["overlap_runs"] = [overlap_runs_table(opened)]
        made["trained"] = [trained_table(opened)]
    if any(cause.cause.entry.consequences for cause in opened.causes):
        made["consequences"] = [consequences_table(opened)]
    made |= {name: [table] for name, table in judging_tables(opened).items()}
    for cell in opened.analyse_cells(present_only=True):
        if cell.paths[0].exists():
            made.setdefault(cell.bound.analysis.name, []).append(read_table(cell.paths[0]))
    for name, parts in made.items():
        write_table(opened.results.table(name), pl.concat(parts).unique(maintain_order=True))
    for path in (opened.results.root / "tables").glob("*.parquet"):
        if path.stem not in made and path.stem not in _OTHERS:
            path.unlink()
