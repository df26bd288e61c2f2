"""The units of work, each keyed by a digest of everything that can change its numbers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TypeAlias

from seealike.analyses import BoundAnalysis
from seealike.data.arrays import read_header
from seealike.data.identity import FeatureKey, digest
from seealike.data.imports.found_matrix import FoundMatrix
from seealike.errors import StoreError
from seealike.measures import BoundMeasure
from seealike.sources.datasets.card import Samples
from seealike.sources.models import ModelCard
from seealike.study.consequence_entry import ConsequenceEntry
from seealike.study.human_sets import HumanSet
from seealike.study.overlap_runs import OpenedCause, OverlapRun, Training
from seealike.study.probes import BoundProbe
from seealike.study.results import Outcome, Results

#: Feature files by label, [label, digests] of each, label -> why it is missing, label -> transform it is read with.
Compared: TypeAlias = tuple[dict[str, Path], list[list[str]], dict[str, str], dict[str, Path]]

#: How to say which field of a key has changed.
_SAID = {
    "weights": "the model's weights",
    "preprocessing": "the preprocessing",
    "revision": "the dataset's samples",
    "subset": "the subset",
    "precision": "autocast",
    "stored": "the type of the stored numbers",
}


@dataclass(frozen=True)
class Cell:
    """One unit of work, keyed by a digest of everything that can change its numbers."""

    stage: str
    name: str
    digest: str
    paths: tuple[Path, ...]
    skipped: str = ""
    failed: str = ""

    def outcome(self, results: Results) -> Outcome:
        """What is known of it: its artifacts on disk decide, the record gives reason and time."""
        noted = results.noted(self.digest)
        elapsed = noted.elapsed_s if noted else None
        if self.failed or self.skipped:
            status, reason = ("failed", self.failed) if self.failed else ("skipped", self.skipped)
            return Outcome(self.stage, self.name, status, reason, None, self.digest)
        if self.paths and all(path.exists() for path in self.paths):
            return Outcome(self.stage, self.name, "done", "", elapsed, self.digest)
        if noted and noted.status == "failed":
            return Outcome(self.stage, self.name, "failed", noted.reason, elapsed, self.digest)
        return Outcome(self.stage, self.name, "todo", self._why(), None, self.digest)

    def _why(self) -> str:
        """Why it is to do: never done, or done once with other inputs (a file of another digest is there)."""
        for path in self.paths:
            stem = path.stem.rpartition("-")[0]
            if any(other != path for other in path.parent.glob(f"{stem}-*{path.suffix}")):
                return "its inputs have changed since it was done"
        return "never done"


@dataclass(frozen=True)
class ExtractCell(Cell):
    """One model on one dataset, all its layers in one pass."""

    card: ModelCard = field(kw_only=True)
    dataset: str = field(kw_only=True)
    outputs: dict[Path, FeatureKey] = field(kw_only=True)

    def _why(self) -> str:
        """Why it is to do; where older features are there, what has changed since."""
        for path, key in self.outputs.items():
            older = list(path.parent.glob(f"{path.stem.rpartition('-')[0]}-*{path.suffix}"))
            if path not in older and older:
                changed = _differences(max(older, key=lambda other: other.stat().st_mtime_ns), key)
                return (
                    f"changed since extraction: {', '.join(changed)}"
                    if changed
                    else "its inputs have changed"
                )
        return "never done"


@dataclass(frozen=True)
class CompareCell(Cell):
    """All pairs of models on one dataset, or on a nested subset of it, under one measure.

    `features` are the files to compare, by label; `views` the files of the transforms that some are read with.
    """

    dataset: str = field(kw_only=True)
    samples: Samples = field(kw_only=True)
    smaller: bool = field(kw_only=True)
    measure: BoundMeasure = field(kw_only=True)
    features: dict[str, Path] = field(kw_only=True)
    missing: dict[str, str] = field(kw_only=True)
    views: dict[str, Path] = field(kw_only=True)


@dataclass(frozen=True)
class TrainCell(Cell):
    """One network of an experiment under `causes:`; `training` is None where its data cannot be had."""

    cause: str = field(kw_only=True)
    training: Training | None = field(kw_only=True)


@dataclass(frozen=True)
class OverlapCell(Cell):
    """The two networks of one run on all its evaluation sets; `features` are their files, by dataset."""

    run: OverlapRun = field(kw_only=True)
    features: dict[str, tuple[Path, Path]] = field(kw_only=True)


@dataclass(frozen=True)
class ConsequenceCell(Cell):
    """The two networks of one run on all its evaluation sets: what their similarity leads to."""

    run: OverlapRun = field(kw_only=True)
    entry: ConsequenceEntry = field(kw_only=True)


def train_cells(cause: OpenedCause) -> list[TrainCell]:
    """One cell for every network of an experiment; a failed one where its data cannot be had."""
    name = cause.cause.entry.name
    if cause.broken:
        key = digest(["train", name, cause.broken])
        return [TrainCell("train", name, key, (), failed=cause.broken, cause=name, training=None)]
    return [
        TrainCell(
            "train",
            one.card.name,
            one.card.training,
            one.paths,
            cause=name,
            training=one,
        )
        for one in cause.trainings
    ]


@dataclass(frozen=True)
class ReadCell(Cell):
    """Somebody else's similarities on one dataset under one measure; only those of `models` are used."""

    found: FoundMatrix = field(kw_only=True)
    models: tuple[str, ...] = field(kw_only=True)


@dataclass(frozen=True)
class ProbeCell(Cell):
    """One model's features of a dataset probed in one way.

    `train` is the features' file and `test` that of the test samples, None where a part is held out; `views` the
    transforms that they are read with.
    """

    label: str = field(kw_only=True)
    dataset: str = field(kw_only=True)
    probe: BoundProbe = field(kw_only=True)
    train: Path | None = field(kw_only=True)
    test: Path | None = field(kw_only=True)
    view: Path | None = field(kw_only=True)


@dataclass(frozen=True)
class JudgeCell(Cell):
    """One model, or a distance between images themselves, against one set of judgements.

    The paths hold the distances, all layers tested together, and the scores. `layers` are those to score, with their
    depth; `features` the files of those that are stored, `views` the transforms that they are read with, `missing` why
    a layer has none; `streamed` the ways to read layers that are not stored.
    """

    human: HumanSet = field(kw_only=True)
    model: str = field(kw_only=True)
    card: ModelCard | None = field(kw_only=True, default=None)
    layers: dict[str, float | None] = field(kw_only=True)
    features: dict[str, Path] = field(kw_only=True, default_factory=dict)
    views: dict[str, Path] = field(kw_only=True, default_factory=dict)
    missing: dict[str, str] = field(kw_only=True, default_factory=dict)
    streamed: tuple[str, ...] = field(kw_only=True, default=())


@dataclass(frozen=True)
class CeilingCell(Cell):
    """How well one set of judgements can be predicted."""

    human: HumanSet = field(kw_only=True)


@dataclass(frozen=True)
class DifferenceCell(Cell):
    """All models against one another on one set of judgements; two tables: differences, and single judgements."""

    human: HumanSet = field(kw_only=True)
    judged_by: tuple[JudgeCell, ...] = field(kw_only=True)


@dataclass(frozen=True)
class AnalyseCell(Cell):
    """One analysis."""

    bound: BoundAnalysis = field(kw_only=True)


def _differences(path: Path, key: FeatureKey) -> list[str]:
    """What the features in a file were made from that is different in a key."""
    try:
        older = json.loads(read_header(path).notes["key"])
    except (StoreError, KeyError, ValueError):
        return []
    default = {one.name: one.default for one in fields(FeatureKey)}
    return [
        _SAID.get(name, name.replace("_", " "))
        for name, value in vars(key).items()
        if older.get(name, default[name]) != value
    ]
