"""What `seealike align embed` and `seealike align targets` do and say."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from seealike.cli.judged import read
from seealike.cli.progress import Bars
from seealike.data.judgements import Trials
from seealike.data.triplet_codes import CodedTriplets, write_coded
from seealike.embeddings import (
    Chooser,
    Ensemble,
    PointEmbedding,
    Proportions,
    SparseSettings,
    Variational,
    VariationalSettings,
    Worth,
    fit_sparse,
    fit_variational,
    out_of_sample,
    read_embedding,
    write_embedding,
)
from seealike.errors import DataError, MisalignedSamples, SpecError
from seealike.human.tally import tallied

#: Log probabilities are kept finite.
_LEAST = 1e-300


def trials_of(source: str, path: Path, option: list[str] | None, ids: Path | None) -> Trials:
    """The trials, by id.

    Raises:
        DataError: judgements of another kind.
    """
    judged = read(source, path, option, ids)
    if not isinstance(judged, Trials):
        raise DataError(
            where=str(path),
            expected="odd-one-out trials",
            got=type(judged).__name__,
            fix="Embeddings are fitted to triplets.",
        )
    return judged


def embed(
    trials: Trials, method: str, given: Mapping[str, Any], seed: int, out: Path, *, folds: int = 0
) -> int:
    """Fit and write; with folds, say what it is worth for triplets that nobody judged."""
    objects, rows = _numbered(trials)
    settings = _settings(method, given, seed)
    with Bars() as bars:
        step = bars.cell("embedding")

        def fit(some: np.ndarray) -> PointEmbedding | Variational:
            if isinstance(settings, SparseSettings):
                return fit_sparse(some, len(objects), settings)
            steps = settings.max_steps
            return fit_variational(some, len(objects), settings, progress=lambda done, *_: step(done, steps))

        made = fit(rows)
        worth = out_of_sample(fit, rows, len(objects), folds=folds) if folds else None
    notes = {"method": method, "settings": json.dumps(asdict(settings)), "trials": str(len(rows))}
    if worth is not None:
        notes |= {"unseen_cross_entropy": repr(worth.alone), "unseen_share": repr(worth.share)}
    write_embedding(out, made, objects.tolist(), notes)
    sys.stdout.write(_said(made, trials, len(objects)) + f": {out}\n" + (_told(worth) if worth else ""))
    return 0


def _told(worth: Worth) -> str:
    """What the embedding says of triplets that were left out."""
    text = f"triplets left out: {worth.alone:.4f} nats a trial (no preference {np.log(3):.4f})"
    if worth.share == 0:
        return f"{text}; it says nothing of triplets that nobody judged\n"
    return f"{text}, {worth.together:.4f} with a share of {worth.share:.2f} in a mixture with no preference\n"


def _settings(method: str, given: Mapping[str, Any], seed: int) -> SparseSettings | VariationalSettings:
    kind = VariationalSettings if method == "variational" else SparseSettings
    unknown = [name for name in given if name not in kind.__dataclass_fields__]
    if unknown:
        raise SpecError(
            where=f"align embed --method {method}",
            expected="options of that method",
            got=", ".join(f"--{name.replace('_', '-')}" for name in unknown),
            fix="Leave them out: objects is of variational, regularization of sparse.",
        )
    return kind(**given, seed=seed)


def _said(made: PointEmbedding | Variational, trials: Trials, n_objects: int) -> str:
    text = f"{n_objects} objects of {len(trials)} trials, "
    if isinstance(made, PointEmbedding):
        return f"{text}{made.values.shape[1]} dimensions, {np.mean(made.values == 0):.0%} zeros"
    settled = "" if made.settled else ", their number had not settled"
    return f"{text}{made.means.shape[1]} dimensions{settled}, {-made.bound:.4f} nats a trial"


def chooser_of(
    trials: Trials, embeddings: Sequence[Path], temperature: bool, concentration: float | None
) -> Chooser:
    """What says how likely choices are.

    Raises:
        SpecError: options that do not go together.
        MisalignedSamples: an embedding that lacks a judged object.
    """
    if not embeddings:
        if temperature:
            raise _apart("--temperature", "an --embedding")
        objects, rows = _numbered(trials)
        return Proportions.of(rows, len(objects), concentration=concentration)
    if concentration is not None:
        raise _apart("--concentration", "no --embedding")
    made = [_read(path, trials) for path in embeddings]
    if not temperature:
        return Ensemble(made)
    rows = _numbered(trials)[1]
    if any(isinstance(one, Variational) for one in made):
        raise _apart("--temperature", "sparse embeddings; variational ones know how sure they are")
    return Ensemble([one.fitted(rows) for one in made if isinstance(one, PointEmbedding)])


def targets(trials: Trials, chooser: Chooser, out: Path) -> int:
    """Write the judged triplets, each once, with log probabilities."""
    objects, rows = _numbered(trials)
    once = rows[tallied(rows).first]
    p = chooser.probabilities(once)
    best = p.argmax(axis=1)
    order = np.array([[0, 1, 2], [0, 2, 1], [1, 2, 0]])[best]
    moved = np.array([[0, 1, 2], [1, 0, 2], [2, 0, 1]])[best]
    logs = np.log(np.maximum(np.take_along_axis(p, moved, axis=1), _LEAST)).astype(np.float32)
    notes = {"similarities": "log probabilities", "trials": str(len(rows))}
    write_coded(
        out, CodedTriplets(objects, np.take_along_axis(once, order, axis=1).astype(np.int32), logs, notes)
    )
    entropy = float(-(p * np.log(np.maximum(p, _LEAST))).sum(axis=1).mean())
    sys.stdout.write(f"{len(once)} triplets, entropy {entropy:.4f} of at most 1.0986 nats: {out}\n")
    return 0


def _numbered(trials: Trials) -> tuple[np.ndarray, np.ndarray]:
    """(N,) ids of the judged objects, and the trials as rows of them."""
    objects, rows = np.unique(trials.triplets.astype(str), return_inverse=True)
    return objects, rows.reshape(-1, 3)


def _read(path: Path, trials: Trials) -> PointEmbedding | Variational:
    """An embedding with its rows brought into the order of the judged objects."""
    made, ids = read_embedding(path)
    objects = _numbered(trials)[0]
    place = {name: row for row, name in enumerate(ids)}
    missing = [name for name in objects.tolist() if name not in place]
    if missing:
        raise MisalignedSamples(
            where=str(path),
            expected="an embedding of all judged objects",
            got=f"none of {len(missing)} ({', '.join(missing[:3])}, …)",
            fix="Fit it to trials of these objects.",
        )
    rows = [place[name] for name in objects.tolist()]
    return made.of(rows)


def _apart(option: str, needs: str) -> SpecError:
    return SpecError(
        where="align targets",
        expected=f"{option} with {needs}",
        got="another combination",
        fix="Leave it out.",
    )
