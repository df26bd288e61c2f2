"""What `seealike triplets` does and says."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from seealike.cli.noted import noted
from seealike.cli.progress import Bars
from seealike.data.arrays import read_header, write_arrays
from seealike.data.atomic import write_atomically
from seealike.data.features import Features
from seealike.data.store import read_features, write_table
from seealike.data.triplet_codes import CodedTriplets, read_coded, write_coded
from seealike.data.triplet_files import read_notes
from seealike.data.triplet_layout import triplet_path
from seealike.errors import SpecError
from seealike.sources.datasets.columns import column, each_once, read_rows
from seealike.triplets import k_means, sample_triplets, too_small
from seealike.triplets import respond as answer

#: Names that a line shows.
_FEW = 5


@dataclass(frozen=True)
class Draw:
    """How triplets are drawn; the arguments of `sample_triplets`."""

    n: int
    rule: str
    weighting: str
    unique: bool
    seed: int

    def rows(self, labels: np.ndarray) -> np.ndarray:
        """(n, 3) rows of the labels; an unknown rule or weighting is refused there."""
        rule: Any = self.rule
        weighting: Any = self.weighting
        return sample_triplets(labels, self.n, rule, self.seed, weighting=weighting, unique=self.unique)


def cluster(features: Path, out: Path, k: int, seed: int, max_passes: int, centers: Path | None) -> int:
    """Write the clusters of a features file."""
    found = read_features(features)
    with Bars() as bars:
        step = bars.cell("clusters")
        made = k_means(
            found.values, k, seed, max_passes=max_passes, progress=lambda done, _: step(done, max_passes)
        )
    notes = {
        **_made_of(features, found),
        "k": k,
        "seed": seed,
        "inertia": made.inertia,
        "passes": made.passes,
    }
    table = pl.DataFrame(
        {"file": list(found.sample_ids), "cluster": made.labels, "runner_up": made.runner_up}
    )
    if out.suffix == ".parquet":
        write_table(out, table, made_from=json.dumps(notes))
    else:
        write_atomically(out, lambda p: table.write_csv(p))
    if centers is not None:
        texts = {name: str(value) for name, value in notes.items()}
        write_arrays(centers, {"centers": made.centers}, {**texts, "kind": "centers of clusters"})
    sizes, moving = made.sizes, "" if made.settled else "; still moving: raise --max-passes"
    sys.stdout.write(
        f"{k} clusters of {sizes.min()} to {sizes.max()} images, space {notes['space']}, seed {seed}, "
        f"{made.passes} passes{moving}: {out}\n"
    )
    return 0


def sample(table: Path, out: Path, draw: Draw, columns: tuple[str, str, str]) -> int:
    """Write triplets without answers."""
    found, where = read_rows(table, str(table)), str(table)
    file, label, runner_up = columns
    images = column(found, file, where)
    labels = np.array(column(found, label, where))
    each_once(images, "image", f"{table}, column {file}")
    if draw.rule == "hard_negative":
        labels = np.column_stack([labels, np.array(column(found, runner_up, where))])
    rows = draw.rows(labels)
    names = np.array(images)
    notes = {name: str(value) for name, value in asdict(draw).items()}
    classes = np.unique(labels if labels.ndim == 1 else labels[:, 0])
    notes |= {"label": label, "table": table.name, "n_classes": str(len(classes))}
    write_coded(out, CodedTriplets(names, rows.astype(np.int32), None, notes))
    sys.stdout.write(f"{draw.n} triplets of {len(names)} images, {draw.rule}, seed {draw.seed}: {out}\n")
    _tell_small(too_small(labels, draw.rule))  # pyright: ignore[reportArgumentType]
    return 0


def targets_of(
    features: Path,
    control: Path | None,
    out: Path | None,
    folder: Path | None,
    named: tuple[str, str, str, str],
) -> dict[Path, Path]:
    """Which features answer into which file; `named` has transform, split, sampling and suffix of the published names.

    Raises:
        SpecError: not one of --out and --folder; a control without a folder.
    """
    if (out is None) == (folder is None) or (control is not None and folder is None):
        raise SpecError(
            where="triplets respond",
            expected="--out, or --folder (and with it --control)",
            got="both"
            if out is not None and folder is not None
            else "--control without --folder" * bool(control) or "neither",
            fix="Give the folder for files of the published names.",
        )
    if folder is None:
        assert out is not None
        return {out: features}
    transform, split, sampling, suffix = named
    made = {triplet_path(folder, transform, split, sampling, suffix): features}
    if control is not None:
        made[triplet_path(folder, "untransformed", split, sampling, suffix)] = control
    return made


def drawn_how(triplets: Path) -> str:
    """How a file of triplets was drawn, as the published names say it: ``class_border``, ``cluster_border_500``.

    Raises:
        SpecError: the file does not say.
    """
    notes = read_notes(triplets)
    if "rule" not in notes:
        raise SpecError(
            where=str(triplets),
            expected="triplets that say how they were drawn",
            got="no rule",
            fix="Name it with --sampling, or give --out.",
        )
    count = notes.get("n_classes", "")
    return f"{notes['rule']}_{count}" if notes["rule"].startswith("cluster_") and count else notes["rule"]


def respond(triplets: Path, targets: dict[Path, Path]) -> int:
    """Answer the same triplets by each features file."""
    asked = read_coded(triplets, answered=False)
    for out, features in targets.items():
        known = read_features(features)
        with noted(features.name):
            made = answer(known.values, asked.rows_of(known.sample_ids, str(features)))
        teacher = {f"teacher_{name}": str(value) for name, value in _made_of(features, known).items()}
        names = np.array(known.sample_ids)
        rows = made.triplets.astype(np.int32)
        write_coded(out, CodedTriplets(names, rows, made.similarities, {**asked.notes, **teacher}))
        sys.stdout.write(f"{len(rows)} triplets answered by {features.name}: {out}\n")
    return 0


def _made_of(path: Path, features: Features) -> dict[str, object]:
    """What numbers these are: their digest, their model, and the space that they are in."""
    key, notes = features.key, read_header(path).notes
    own = f"through {notes['transform']}" if "transform" in notes else "as it came"
    return {
        "features": path.name,
        "sha256": notes.get("values_sha256", ""),
        "model": key.model if key else "",
        "space": key.normalization if key else own,
    }


def _tell_small(names: Sequence[str]) -> None:
    """Say which classes are never drawn."""
    if names:
        more = ", …" * (len(names) > _FEW)
        sys.stderr.write(f"  note: {len(names)} too small to draw from: {', '.join(names[:_FEW])}{more}\n")
