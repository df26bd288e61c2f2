"""Do the cells of a study that are not done yet; a cell that fails is noted and the study goes on."""

from __future__ import annotations

import time
from collections.abc import Sequence

from seealike.data.store import write_json, write_table
from seealike.errors import SpecError
from seealike.study import tables
from seealike.study.analysis import analyse_stage, write_tables
from seealike.study.cautions import cautions
from seealike.study.cells import Observer, Silent
from seealike.study.comparison import compare_stage
from seealike.study.extraction import extract_stage
from seealike.study.judging import judge_stage
from seealike.study.opening import open_study
from seealike.study.plan import OpenedStudy
from seealike.study.probing import probe_stage
from seealike.study.record import run_record
from seealike.study.results import Outcome
from seealike.study.spec import Study
from seealike.study.training import train_stage

STAGES = {
    "train": train_stage,
    "extract": extract_stage,
    "compare": compare_stage,
    "probe": probe_stage,
    "judge": judge_stage,
    "analyse": analyse_stage,
}


def run(
    study: Study, stages: Sequence[str] = tuple(STAGES), observer: Observer | None = None
) -> list[Outcome]:
    """Do the cells of these stages that are not done yet.

    Args:
        study: parsed (see `read_studies`).
        stages: some of train, extract, compare, probe, judge, analyse, always done in this order; each reads only
            what the ones before it wrote.
        observer: told of every step.

    Returns:
        What became of every cell of the study, of all stages; those with status "failed" say why.

    Raises:
        SpecError: it is no study but a file, say.

    Example:
        >>> import numpy as np, polars as pl, tempfile
        >>> from pathlib import Path
        >>> from seealike.study.parse import read_studies
        >>> folder = Path(tempfile.mkdtemp())
        >>> pixels = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3), dtype=np.uint8)
        >>> np.savez(folder / "noise.npz", images=pixels)
        >>> _ = (folder / "study.yaml").write_text('''
        ... name: two untrained transformers
        ... models:
        ...   - each: {seed: [0, 1]}
        ...     source: timm
        ...     name: "seed-{seed}"
        ...     model: test_vit
        ...     pretrained: false
        ...     init_seed: "{seed}"
        ...     layer: norm
        ...     pooling: cls
        ... datasets: [{source: arrays, name: noise, images: noise.npz}]
        ... ''')
        >>> (study,) = read_studies(folder / "study.yaml")
        >>> [(outcome.cell, outcome.status) for outcome in run(study)]
        [('seed-0 × noise', 'done'), ('seed-1 × noise', 'done'), ('noise, cka-kernel=linear-unbiased=true', 'done')]
        >>> pl.read_parquet(folder / "results" / "tables" / "similarities.parquet").height
        4
    """
    if not isinstance(study, Study):
        fix, got = "Read it first: seealike.read_studies(file).", type(study).__name__
        raise SpecError(where="run", expected="a study", got=got, fix=fix)
    began = time.perf_counter()
    watch = observer or Silent()
    opened = open_study(study, watch)
    for name, stage in STAGES.items():
        if name in stages:
            stage(opened, watch)
    outcomes = [cell.outcome(opened.results) for cell in opened.cells(present_only=True)]
    write_tables(opened)
    _write_record(opened, outcomes, time.perf_counter() - began)
    return outcomes


def _write_record(opened: OpenedStudy, outcomes: list[Outcome], elapsed_s: float) -> None:
    results = opened.results
    record = run_record(opened.study, outcomes, elapsed_s, cautions(opened))
    write_json(results.last_run, record)
    stamp = str(record["finished"]).replace(":", "")
    write_json(results.last_run.with_name(f"run-{stamp}.json"), record)
    write_table(results.table("outcomes"), tables.outcomes_table(outcomes))
