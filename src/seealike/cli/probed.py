"""What `seealike align probe` does and says."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import polars as pl

from seealike.cli.aligned import Asked
from seealike.cli.judged import read_values
from seealike.cli.progress import Bars
from seealike.data.atomic import write_atomically
from seealike.data.features import Features
from seealike.data.tables import ALIGNMENT
from seealike.errors import SpecError
from seealike.human.intervals import clustered_error
from seealike.human.triplets import OddOneOut
from seealike.proof import ProbedAlignment, Recovery, cross_recovery, probe_alignment
from seealike.transforms import Grid

#: How the two kinds of scores are told apart in the table of alignment.
UNFITTED, FITTED = "features", "features, fitted"


def probe(
    asked: tuple[Path, str | None, tuple[str, ...], Path | None],
    files: tuple[Path, ...],
    regularization: list[float] | None,
    how: tuple[int, int, int],
    out: Path | None,
) -> int:
    """Score every model, simulate, print and write."""
    folds, draws, seed = how
    judgements = Asked(*asked)
    trials, _ = judgements.read()
    models = _models(files, judgements.ids)
    tried = Grid(tuple(regularization)) if regularization else Grid()
    rows: list[dict[str, Any]] = []
    with Bars() as bars:
        for name, features in models.items():
            found = probe_alignment(
                features, trials, tried, folds=folds, seed=seed, progress=bars.cell(f"fitting {name}")
            )
            rows += alignment_rows(name, features, trials.name, found)
            sys.stdout.write(_said(name, found))
        if draws and len(models) > 1:
            recovery = cross_recovery(
                models, trials, draws=draws, folds=folds, seed=seed, progress=bars.cell("simulating people")
            )
            rows += recovery_rows(models, trials.name, recovery)
            sys.stdout.write(_recovered(recovery))
    if out is not None:
        write_alignment(out, rows)
        sys.stdout.write(f"written to {out}\n")
    return 0


def alignment_rows(name: str, features: Features, human: str, found: ProbedAlignment) -> list[dict[str, Any]]:
    """Accuracy and cross-entropy, unfitted and fitted, on the same held-out trials."""
    rows = []
    for readout, score in ((UNFITTED, found.unfitted), (FITTED, found.fitted)):
        who = _who(name, features, human) | {"readout": readout, "n": score.n}
        error = clustered_error(score.correct, _units(score), score.raters)
        rows.append(
            who
            | {"score": "odd_one_out", "value": score.accuracy, "standard_error": error}
            | {"low": score.low, "high": score.high}
        )
        rows.append(who | {"score": "cross_entropy", "value": score.cross_entropy})
    return rows


def recovery_rows(models: dict[str, Features], human: str, found: Recovery) -> list[dict[str, Any]]:
    """How often each model is found among all when it made the choices, before and after fitting."""
    rows = []
    for rate in found.rates.iter_rows(named=True):
        who = _who(rate["generator"], models[rate["generator"]], human)
        for readout, column in ((UNFITTED, "unfitted"), (FITTED, "recovered")):
            rows.append(
                who | {"readout": readout, "score": "recovery", "value": rate[column], "n": found.n_draws}
            )
    return rows


def write_alignment(path: Path, rows: list[dict[str, Any]]) -> None:
    """A table with the columns of `tables.ALIGNMENT`: Parquet, or CSV by its suffix."""
    table = pl.DataFrame(rows, schema=ALIGNMENT)
    write = table.write_csv if path.suffix == ".csv" else table.write_parquet
    write_atomically(path, lambda part: write(part))


def _models(files: tuple[Path, ...], ids: Path | None) -> dict[str, Features]:
    """Name -> features: the model's name, with the layer where several layers of one are given."""
    given = [read_values(file, ids) for file in files]
    names = [one.key.model if one.key else file.stem for one, file in zip(given, files, strict=True)]
    found = {
        f"{name}/{one.key.layer}" if one.key and names.count(name) > 1 else name: one
        for name, one in zip(names, given, strict=True)
    }
    if len(found) < len(files) or not files:
        raise SpecError(
            where="align probe",
            expected="features of different models or layers",
            got="none" if not files else "the same one twice",
            fix="Give each file once.",
        )
    return found


def _who(name: str, features: Features, human: str) -> dict[str, Any]:
    layer = features.key.layer if features.key else ""
    return {"model": name, "layer": layer, "human": human, "level": "high", "distance": "dot"}


def _units(score: OddOneOut) -> Any:
    return score.units if score.n_triplets < score.n else None


def _said(name: str, found: ProbedAlignment) -> str:
    lines = [f"{name}: {found.fitted.n} of {found.n} trials held out, in {found.folds.height} folds"]
    for what, score in (("unfitted", found.unfitted), ("fitted", found.fitted)):
        lines.append(
            f"  {what:<10}accuracy {score.accuracy:.5f}  {score.low:.5f} to {score.high:.5f}  "
            f"cross-entropy {score.cross_entropy:.5f}"
        )
    return "\n".join(lines) + "\n"


def _recovered(found: Recovery) -> str:
    lines = [f"cross-recovery: {found.rate:.0%} of simulated sets lead back to their model after fitting"]
    for rate in found.rates.iter_rows(named=True):
        lines.append(f"  {rate['generator']}: {rate['recovered']:.0%} ({rate['unfitted']:.0%} before)")
    return "\n".join(lines) + "\n"
