"""What `seealike import similarities` does and says."""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

from seealike.data.imports.found_matrix import FoundMatrix, common_models
from seealike.data.imports.similarities import find_matrices
from seealike.measures import MEASURES
from seealike.study.imported import Brought, bring

_SHOWN = 8


def import_similarities(source: Path, out: Path, dataset: str | None, measure: str | None) -> int:
    """Import, say what came; 3 if a matrix was refused, 2 if all were."""
    brought = bring(find_matrices(source, dataset=dataset, measure=measure), out)
    if brought.matrices:
        _say(brought)
        for path in brought.kept:
            sys.stdout.write(f"{path} was there and was left alone\n")
        ready = brought.file.suffix == ".yaml"
        sys.stdout.write(f"now: seealike run {brought.file}\n" if ready else f"written: {brought.file}\n")
    by_reason: dict[str, list[str]] = defaultdict(list)
    for one, reason in brought.refused:
        by_reason[reason].append(f"{one.measure} on {one.dataset}")
    for reason, names in by_reason.items():
        sys.stderr.write(f"refused {_some(names)}: {reason}\n")
    return 0 if not brought.refused else 3 if brought.matrices else 2


def _say(brought: Brought) -> None:
    read = list(brought.matrices)
    measures = {one.measure: one.said[1] for one in read}
    datasets = list(dict.fromkeys(one.dataset for one in read))
    models = list(dict.fromkeys(name for one in read for name in one.models))
    counts = (
        f"{len(read)} matrices of {len(datasets)} datasets, {len(measures)} measures and {len(models)} models"
    )
    sys.stdout.write(f"{counts}, read as {', '.join(dict.fromkeys(one.layout for one in read))}\n")
    for measure, theirs in measures.items():
        sys.stdout.write(f"  {_measure(measure, theirs)}\n")
    _say_lacking(read)


def _measure(measure: str, theirs: str) -> str:
    if measure.partition("-")[0] not in MEASURES:
        return f"{measure}: no measure of ours by name; whether it is a distance is told from its diagonal"
    return measure if theirs in ("", measure) else f"{theirs} is {measure}"


def _say_lacking(read: list[FoundMatrix]) -> None:
    common, lacking = common_models(read)
    if lacking:
        named = [f"{name} (not on {_some(where)})" for name, where in lacking.items()]
        sys.stdout.write(
            f"  {len(common)} models are in all matrices; a study leaves out {_some(named)}, "
            "unless it says `models: all`\n"
        )


def _some(names: list[str]) -> str:
    """Example: ``_some(["a", "b"])`` is ``a, b``."""
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
