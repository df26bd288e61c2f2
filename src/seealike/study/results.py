"""Where the results of a study lie on disk, and what is known of each cell."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from seealike.data.identity import FeatureKey, filename
from seealike.data.store import write_json


@dataclass(frozen=True)
class Outcome:
    """What became of one cell.

    Attributes:
        stage: extract, compare, probe, judge, analyse or report.
        cell: a readable name.
        status: done, todo, skipped or failed.
        reason: why it is to do, was skipped or failed; empty when done.
        elapsed_s: seconds that it took when it was done (or failed).
        digest: of everything that can change its numbers.
    """

    stage: str
    cell: str
    status: str
    reason: str
    elapsed_s: float | None
    digest: str


@dataclass(frozen=True)
class Results:
    """The folder of one study's results.

    Every artifact's name carries the digest of what it was made from, so that a file that is there is right
    and done; ``tables/`` and ``report.html`` are copies for people, written anew by each run.
    """

    root: Path
    shared: Path | None = None

    @property
    def feature_root(self) -> Path:
        """The folder of the features: the study's own, or one that several studies share."""
        return self.shared or self.root / "features"

    def features(self, key: FeatureKey) -> Path:
        """The feature file of a key."""
        return self.feature_root / key.path

    def samples(self, dataset: str, digest: str) -> Path:
        """The ids and labels of a dataset's samples, of all models' features on it."""
        return self.feature_root / filename(dataset) / f"samples-{digest}.parquet"

    def layers(self, digest: str) -> Path:
        """The layers that a model was found to have."""
        return self.root / "record" / f"layers-{digest}.json"

    def similarities(self, dataset: str, measure: str, digest: str) -> Path:
        """The similarity table of one measure on one dataset."""
        return self.root / "similarities" / filename(dataset) / f"{filename(measure)}-{digest}.parquet"

    def probe(self, dataset: str, label: str, probe: str, digest: str) -> Path:
        """What a probe of one model's features of a dataset reached."""
        folder = self.root / "probes" / filename(dataset) / filename(label)
        return folder / f"{filename(probe)}-{digest}.parquet"

    def distances(self, human: str, model: str, digest: str) -> Path:
        """A model's distances of judged pairs: beside the features, since studies share them likewise."""
        return self.feature_root / filename(human) / filename(model) / f"distances-{digest}.safetensors"

    def judging(self, human: str, what: str, kind: str, digest: str) -> Path:
        """What came of a set of judgements: scores of a model, ceilings, differences of models."""
        return self.root / "human" / filename(human) / filename(what) / f"{kind}-{digest}.parquet"

    def trained(self, cause: str, digest: str) -> Path:
        """The folder of one network that the study trains."""
        return self.root / "trained" / filename(cause) / digest

    def overlap(self, run: str, digest: str) -> Path:
        """The similarities of the two networks of one run."""
        return self.root / "overlaps" / f"{filename(run)}-{digest}.parquet"

    def consequences(self, run: str, digest: str) -> Path:
        """What the similarity of the two networks of one run leads to."""
        return self.root / "consequences" / f"{filename(run)}-{digest}.parquet"

    def analysis(self, name: str, digest: str) -> Path:
        """The table of one analysis."""
        return self.root / "analyses" / f"{filename(name)}-{digest}.parquet"

    def table(self, name: str) -> Path:
        """A table for people and for the report."""
        return self.root / "tables" / f"{name}.parquet"

    @property
    def report(self) -> Path:
        """The report."""
        return self.root / "report.html"

    @property
    def last_run(self) -> Path:
        """The record of the newest run; older ones stand beside it."""
        return self.root / "record" / "last-run.json"

    def _cell(self, digest: str) -> Path:
        return self.root / "record" / "cells" / f"{digest}.json"

    def note(self, outcome: Outcome) -> None:
        """Keep what became of a cell."""
        write_json(self._cell(outcome.digest), asdict(outcome))

    def noted(self, digest: str) -> Outcome | None:
        """What became of a cell when it was last tried; None if it never was."""
        path = self._cell(digest)
        return Outcome(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None
