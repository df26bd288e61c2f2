"""The commands that do work: demo, run and its stages, plan."""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table

from seealike.cli.pictures import judged_pictures
from seealike.cli.progress import Bars
from seealike.errors import UnknownName, suggestion
from seealike.study.needs import StudyLeftOut
from seealike.study.opening import open_study
from seealike.study.parse import read_studies
from seealike.study.results import Outcome, Results
from seealike.study.run import STAGES as _STAGES
from seealike.study.run import run as run_study
from seealike.study.spec import Study
from seealike.study.units import JudgeCell

_SHOWN = 12
#: What a study says to have cells of a stage that it may lack.
_MADE_BY = {"train": "`causes:`", "probe": "`probes:`", "judge": "`human:`", "analyse": "`analyses:`"}
#: In the order in which they are done.
STAGES = tuple(_STAGES)


def demo(folder: Path, seed: int) -> int:
    """Make the demo's folder, then run its study like any other."""
    from seealike.demo.make import make

    with Bars() as bars:
        tasks = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.cell(what)
            tasks[what](done, total)

        bars.say(f"making datasets and training networks in {folder} (kept for the next time)")
        study = make(folder, seed=seed, progress=progress)
    return run(study, {}, None, STAGES, report=True)


def run(
    file: Path,
    values: dict[str, str],
    only: str | None,
    stages: Sequence[str],
    *,
    report: bool = False,
    images: bool = False,
) -> int:
    """Do these stages of every study in the file, then its report; 3 if a cell failed."""
    code = 0
    for study in chosen_studies(file, values, only):
        began = time.monotonic()
        with Bars() as bars:
            plural = "s" * (len(study.datasets) != 1)
            bars.say(f"{study.name}: reading {len(study.datasets)} dataset{plural}")
            outcomes = run_study(study, stages, bars)
            for stage in [s for s in stages if len(stages) == 1 and s in _MADE_BY]:
                if not any(outcome.stage == stage for outcome in outcomes):
                    bars.say(f"{stage}: nothing to do; the study has no {_MADE_BY[stage]}")
        if report:
            from seealike.report import write_report

            bars.say("report: drawing the figures")
            write_report(study.output, judged_pictures(study) if images else None)
        _summary(study, outcomes, time.monotonic() - began, report)
        failed = any(outcome.status == "failed" for outcome in outcomes)
        code = 3 if failed else code
    return code


def save_figures(
    file: Path, values: dict[str, str], only: str | None, folder: Path, kind: Literal["png", "pdf", "svg"]
) -> None:
    """Write the figures of every study in the file; with several studies, each in a folder of its own."""
    from seealike.report import write_figures

    studies = chosen_studies(file, values, only)
    for study in studies:
        place = folder if len(studies) == 1 else folder / study.name
        with Bars() as bars:
            written = write_figures(study.output, place, kind, bars.cell(f"{study.name}: figures"))
        Console(highlight=False, soft_wrap=True).print(f"  figures: {len(written)} in {place}", markup=False)


def chosen_studies(file: Path, values: dict[str, str], only: str | None) -> list[Study]:
    """The studies of a file, or the one of this name.

    Raises:
        UnknownName: there is none of this name.
        StudyMistakes: as `read_studies`.
    """
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", StudyLeftOut)
        studies = read_studies(file, values)
    for one in told:
        Console(stderr=True, highlight=False, soft_wrap=True).print(str(one.message), markup=False)
    if only is None:
        return studies
    chosen = [study for study in studies if study.name == only]
    if not chosen:
        names = [study.name for study in studies]
        raise UnknownName(
            where=str(file), expected="the name of a study in it", got=only, fix=suggestion(only, names)
        )
    return chosen


def _summary(study: Study, outcomes: list[Outcome], elapsed_s: float, report: bool) -> None:
    counts = Counter(outcome.status for outcome in outcomes)
    parts = [
        f"{counts[s]} {w}"
        for s, w in (("done", "done"), ("failed", "failed"), ("skipped", "skipped"), ("todo", "to do"))
    ]
    known = ", ".join(part for part in parts if not part.startswith("0 "))
    out = Console(highlight=False, soft_wrap=True)
    out.print(f"{study.name}: {known} in {elapsed_s:.1f} s", markup=False)
    for outcome in [o for o in outcomes if o.status == "failed"][:_SHOWN]:
        out.print(f"  failed: {outcome.cell}: {outcome.reason}", markup=False)
    for text in _warned(study.output):
        out.print(f"  note: {text}", markup=False)
    out.print(f"  tables: {study.output / 'tables'}", markup=False)
    if report:
        out.print(f"  report: {study.output / 'report.html'}", markup=False)


def _warned(output: Path) -> list[str]:
    """What the record of the last run of a study warns of."""
    record = Results(output).last_run
    return json.loads(record.read_text(encoding="utf-8"))["warnings"] if record.exists() else []


def plan(file: Path, values: dict[str, str], only: str | None, *, all_cells: bool) -> int:
    """Print the cells of every study in the file."""
    out = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
    for study in chosen_studies(file, values, only):
        with Bars() as bars:
            opened = open_study(study, bars)
        cells = opened.cells(present_only=False)
        outcomes = [cell.outcome(opened.results) for cell in cells]
        out.print(_counts(study.name, outcomes))
        samples = sum(
            len(opened.samples[cell.dataset].sample_ids)
            for cell in (*opened.extract_cells, *opened.trained_cells)
            if cell.outcome(opened.results).status in ("todo", "failed") and cell.dataset in opened.samples
        )
        samples += sum(
            len(opened.samples[cell.human.dataset].sample_ids)
            for cell in cells
            if isinstance(cell, JudgeCell)
            and cell.streamed
            and not cell.paths[0].exists()
            and not cell.failed
        )
        out.print(
            f"{samples:,} forward passes of one sample to do; results go to {study.output}", markup=False
        )
        for status in ("todo", "failed", "skipped", *(("done",) if all_cells else ())):
            _print_cells([o for o in outcomes if o.status == status], status, all_cells, out)
    return 0


def _counts(name: str, outcomes: list[Outcome]) -> Table:
    table = Table(title=name, title_justify="left", box=None, pad_edge=False)
    statuses = ("done", "todo", "skipped", "failed")
    for heading in ("stage", *statuses):
        table.add_column(heading, justify="left" if heading == "stage" else "right")
    for stage in STAGES:
        counts = Counter(o.status for o in outcomes if o.stage == stage)
        table.add_row(stage, *(str(counts[s]) for s in statuses))
    return table


def _print_cells(outcomes: list[Outcome], status: str, all_cells: bool, out: Console) -> None:
    shown = outcomes if all_cells else outcomes[:_SHOWN]
    for outcome in shown:
        reason = f" ({outcome.reason})" if outcome.reason else ""
        again = "; it will be tried again" if status == "failed" else ""
        out.print(f"  {status}: {outcome.stage} {outcome.cell}{reason}{again}", markup=False)
    if len(outcomes) > len(shown):
        out.print(f"  {status}: … and {len(outcomes) - len(shown)} more; --cells lists all", markup=False)
