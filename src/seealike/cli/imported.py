"""What `seealike import features` does and says."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seealike.cli.progress import Bars
from seealike.data.imports.finding import find
from seealike.data.imports.loading import ROWS, Choices
from seealike.data.imports.study_file import write_study
from seealike.data.imports.writing import Imported, Report
from seealike.data.imports.writing import import_features as import_found
from seealike.errors import MissingArtifact

_SHOWN = 8


def import_features(source: Path, out: Path, where: Mapping[str, Any], how: Mapping[str, Any]) -> int:
    """Import, write the study file, say what came; 3 if a file was refused, 2 if all were."""
    for name in ("ids", "labels"):
        if how[name] is not None and how[name] != ROWS and not Path(how[name]).exists():
            raise MissingArtifact(
                where=f"--{name}", expected="a file", got=f"no file {how[name]}", fix="Check the path."
            )
    found = find(source, **where)
    with Bars() as bars:
        report = import_found(found, out, Choices(**how), bars.cell(f"importing {len(found)} files"))
    if report.imported:
        study, kept = write_study(out)
        _say(report)
        if kept:
            sys.stdout.write(
                f"{out / 'study.yaml'} is yours and was left alone; the new one is {study.name}\n"
            )
        sys.stdout.write(f"now: seealike run {study}\n")
    _say_refused(report)
    return 0 if not report.refused else 3 if report.imported else 2


def _say(report: Report) -> None:
    by_dataset: dict[str, list[Imported]] = defaultdict(list)
    for one in report.imported:
        by_dataset[one.found.dataset].append(one)
    for dataset, several in by_dataset.items():
        models = list(dict.fromkeys(one.found.model for one in several))
        layers = f", {len(several)} layers" if len(several) > len(models) else ""
        layouts = ", ".join(dict.fromkeys(one.found.layout for one in several))
        count = f"{several[0].n_samples} samples"
        sys.stdout.write(f"{dataset}: {count}, {_some(models)}{layers}\n")
        sys.stdout.write(f"  read as {layouts}; stored as {_dtypes(several)}\n")
        for said in dict.fromkeys(one.said for one in several):
            sys.stdout.write(f"  sample ids: {said}\n")


def _dtypes(several: list[Imported]) -> str:
    kinds = list(dict.fromkeys(one.dtype for one in several))
    hint = " (--dtype float32 halves their size)" if "float64" in kinds else ""
    return ", ".join(kinds) + hint


def _say_refused(report: Report) -> None:
    """Every reason once, with the files that it is true of."""
    by_reason: dict[str, list[str]] = defaultdict(list)
    for one, reason in report.refused:
        by_reason[reason].append(f"{one.model} on {one.dataset}")
    for reason, names in by_reason.items():
        sys.stderr.write(f"refused {_some(names)}: {reason}\n")


def _some(names: list[str]) -> str:
    """Example: ``_some(["a", "b"])`` is ``a, b``."""
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
