"""What `seealike align evaluate` does and says: arms and tasks from a file, features from a study or from files."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from seealike.cli.progress import Bars
from seealike.data.digests import cached_file_digest
from seealike.data.features import Features
from seealike.data.store import read_features, write_atomically, write_table
from seealike.data.views import read_affine
from seealike.errors import MissingArtifact, SpecError, StudyMistakes, UnknownName, suggestion
from seealike.proof.card import Arm, ProofCard
from seealike.proof.evaluate import evaluate as ask
from seealike.proof.value import Look
from seealike.sources.datasets.columns import column, read_rows
from seealike.study.document import read_documents
from seealike.study.entries import validated
from seealike.study.opening import open_study
from seealike.study.parse import read_studies
from seealike.study.plan import OpenedStudy

#: What a row of the table answers, and who is asked.
_ASKED = ("model", "task", "dataset")
_QUESTION = ("arm", *_ASKED)


def evaluate(file: Path, out: Path | None) -> int:
    """Ask all arms all tasks, write the table and print it."""
    card = read_proof(file)
    with Bars() as bars:
        opened = None if card.study is None else _opened(card.study)
        arms: list[tuple[Arm, Look]] = [(arm, _look(arm, card, opened)) for arm in card.arms]
        table = ask(arms, card.tasks, bars.cell("asking"))
    path = _path(out, opened)
    if path.suffix == ".csv":
        write_atomically(path, lambda part: table.write_csv(part))
    else:
        write_table(path, table)
    sys.stdout.write(_said(table) + f"written to {path}\n")
    return 0 if table["value"].null_count() == 0 else 3


def read_proof(file: Path) -> ProofCard:
    """The proof of a YAML file.

    Raises:
        StudyMistakes: every mistake, with its line.
        MissingArtifact: no such file.
    """
    document = read_documents(file)[0]
    card = validated(ProofCard, document.data, (), document)
    if card is None or document.mistakes:
        raise StudyMistakes([text for _, _, text in sorted(document.mistakes)])
    return card


@dataclass(frozen=True)
class _FromFiles:
    """Features and classes that the proof's own file names."""

    arm: Arm
    card: ProofCard

    def features(self, dataset: str) -> Features:
        if dataset not in self.arm.features:
            raise _none(self.arm, dataset, "`features:` of the arm, or a `study:`")
        return _transformed(read_features(self.arm.features[dataset]), self.arm.transform)

    def labels(self, dataset: str) -> Mapping[str, str]:
        path = self.card.labels.get(dataset)
        if path is None:
            raise MissingArtifact(
                where=f"classes of {dataset}",
                expected="a table of them",
                got="none",
                fix="Name it under `labels:`, or name a `study:`.",
            )
        table = read_rows(path, str(path))
        ids, classes = (column(table, name, str(path)) for name in (self.card.id, self.card.label))
        return dict(zip(map(str, ids), map(str, classes), strict=True))


@dataclass(frozen=True)
class _FromStudy:
    """Features and classes that a study has; files of the arm come first."""

    arm: Arm
    card: ProofCard
    opened: OpenedStudy

    def features(self, dataset: str) -> Features:
        if dataset in self.arm.features:
            return _FromFiles(self.arm, self.card).features(dataset)
        self._known(dataset)
        label = self.arm.label or self.arm.model
        files, _, missing, views = self.opened.compared(dataset, present_only=True)
        if label not in files:
            raise _none(self.arm, dataset, missing.get(label) or suggestion(label, {**files, **missing}))
        rows = _transformed(read_features(files[label]), views.get(label))
        return _transformed(rows, self.arm.transform)

    def labels(self, dataset: str) -> Mapping[str, str]:
        if dataset in self.card.labels:
            return _FromFiles(self.arm, self.card).labels(dataset)
        self._known(dataset)
        samples = self.opened.samples[dataset]
        if samples.labels is None:
            raise MissingArtifact(
                where=f"classes of {dataset}", expected="labels", got="none", fix="Give them under `labels:`."
            )
        return dict(zip(samples.sample_ids, map(str, samples.labels.tolist()), strict=True))

    def _known(self, dataset: str) -> None:
        if dataset not in self.opened.samples:
            raise UnknownName(
                where="proof",
                expected="a dataset of the study",
                got=repr(dataset),
                fix=self.opened.broken.get(dataset) or suggestion(dataset, self.opened.samples),
            )


def _opened(study: Path) -> OpenedStudy:
    studies = read_studies(study)
    if len(studies) != 1:
        raise SpecError(
            where=str(study), expected="a file with one study", got=str(len(studies)), fix="Split it."
        )
    return open_study(studies[0])


def _look(arm: Arm, card: ProofCard, opened: OpenedStudy | None) -> Look:
    return _FromFiles(arm, card) if opened is None else _FromStudy(arm, card, opened)


def _transformed(features: Features, transform: Path | None) -> Features:
    return features if transform is None else read_affine(transform, cached_file_digest(transform))(features)


def _none(arm: Arm, dataset: str, fix: str) -> MissingArtifact:
    return MissingArtifact(
        where=f"{arm.arm} {arm.model} on {dataset}", expected="features", got="none", fix=fix
    )


def _path(out: Path | None, opened: OpenedStudy | None) -> Path:
    if out is not None:
        return out
    if opened is None:
        raise SpecError(
            where="align evaluate", expected="--out", got="none", fix="Say where the table shall go."
        )
    return opened.results.table("proof")


#: Lines of people and chance, in this order, right of the arms.
_BESIDE = ("ceiling", "majority", "agreement", "chance")


def _said(table: pl.DataFrame) -> str:
    """A line a model, task and dataset: every arm over all its seeds, side by side, then people and chance; reasons."""
    whole = table.filter(
        pl.col("seed").is_null() | (pl.len().over(_QUESTION) == 1) | pl.col("value").is_null()
    )
    known = whole.filter(pl.col("value").is_not_null())
    arms = [arm for arm in known["arm"].unique(maintain_order=True).to_list() if arm not in _BESIDE]
    lines = [_line("", [*arms, *_BESIDE])]
    asked = known.filter(pl.col("model").is_not_null()).select(_ASKED).unique(maintain_order=True)
    for model, task, dataset in asked.rows():
        mine = known.filter(
            pl.col("model").is_null() | (pl.col("model") == model), task=task, dataset=dataset
        )
        cells = {row["arm"]: _cell(row) for row in mine.iter_rows(named=True)}
        lines.append(_line(f"{model}: {task} {dataset}", [cells.get(arm, "") for arm in (*arms, *_BESIDE)]))
    for row in whole.filter(pl.col("value").is_null()).iter_rows(named=True):
        who = " ".join(str(row[name]) for name in ("arm", "model", "seed") if row[name] is not None)
        lines.append(f"{row['task']} {row['dataset']}, {who}: {row['reason']}")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _cell(row: Mapping[str, Any]) -> str:
    ends = "" if row["low"] is None else f" ({row['low']:.3f} to {row['high']:.3f})"
    return f"{row['value']:.3f}{ends}"


def _line(name: str, cells: Sequence[str]) -> str:
    return f"{name:<34}" + "".join(f"{cell:<26}" for cell in cells)
