"""What `seealike align fit` and `seealike align apply` do and say."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from scipy.special import softmax

from seealike.cli.judged import read, read_values
from seealike.cli.noted import noted
from seealike.cli.progress import Bars
from seealike.data.features import Features
from seealike.data.identity import file_digest
from seealike.data.judgements import Trials
from seealike.data.store import write_features
from seealike.data.triplet_files import read_triplets
from seealike.data.views import read_affine
from seealike.errors import DataError, MisalignedSamples, SpecError
from seealike.transforms import Chosen, Grid, choose_transform, save_transform


@dataclass(frozen=True)
class Asked:
    """Judgements as the command line names them.

    Attributes:
        path: the file.
        source: of judgements; None for answered triplets.
        options: NAME=VALUE.
        ids: a list of ids.
    """

    path: Path
    source: str | None
    options: tuple[str, ...]
    ids: Path | None

    def read(self) -> tuple[Trials, np.ndarray | None]:
        """Trials, and soft targets where the file has them.

        Raises:
            SpecError: neither a source nor an .npz of answered triplets.
            DataError: judgements of another kind.
        """
        if self.source is None:
            if self.path.suffix not in (".npz", ".parquet"):
                raise SpecError(
                    where=str(self.path),
                    expected="--source, or an .npz or .parquet of answered triplets",
                    got="neither",
                    fix="Say what the judgements are, for example --source things.",
                )
            found = read_triplets(self.path)
            targets = softmax(np.asarray(found.similarities, dtype=np.float64), axis=1)
            return Trials(found.filenames, name=self.path.name), targets
        judged = read(self.source, self.path, list(self.options), self.ids)
        if not isinstance(judged, Trials):
            raise DataError(
                where=str(self.path),
                expected="odd-one-out trials",
                got=type(judged).__name__,
                fix="A map is fitted to triplets.",
            )
        return judged, None


def grid(
    regularization: list[float] | None, alpha: list[float] | None, temperature: list[float] | None
) -> Grid:
    """The settings to try; those not given as usual."""
    usual = Grid()
    return Grid(
        tuple(regularization or usual.regularization),
        tuple(alpha or usual.alpha),
        tuple(temperature or usual.temperature),
    )


def fit(
    features: Path, asked: Asked, out: Path, neighbors: Path | None, tried: Grid, folds: int, seed: int
) -> int:
    """Choose, fit, write, and say how well it did."""
    trials, targets = asked.read()
    objects, rows = joined(read_values(features, asked.ids), trials)
    local = None if neighbors is None else _neighbors(read_values(neighbors, asked.ids), objects)
    with Bars() as bars, noted(str(features)):
        made = choose_transform(
            objects.values,
            rows,
            targets,
            tried,
            folds=folds,
            seed=seed,
            neighbors=local,
            progress=bars.cell("fitting"),
        )
    save_transform(out, made, objects, judgements=f"{asked.source or 'answered triplets'}: {asked.path.name}")
    sys.stdout.write(_said(made, len(objects.sample_ids)) + f"written to {out}\n")
    return 0


def apply(transform: Path, features: Path, out: Path, ids: Path | None) -> int:
    """Write the mapped features."""
    if not transform.is_file():
        raise SpecError(
            where=str(transform), expected="a transform", got="no such file", fix="Check the path."
        )
    view = read_affine(transform, file_digest(transform))(read_values(features, ids))
    write_features(out, view, {"transform": transform.name})
    n, d = view.values.shape
    sys.stdout.write(f"{n} samples of {d} dimensions, through {transform.name}: {out}\n")
    return 0


def joined(features: Features, trials: Trials) -> tuple[Features, np.ndarray]:
    """The features of the judged samples, and the trials as their rows.

    Raises:
        MisalignedSamples: a judged sample without features.
    """
    names, rows = np.unique(trials.triplets, return_inverse=True)
    return features.select([str(name) for name in names.tolist()]), rows.reshape(trials.triplets.shape)


def _neighbors(local: Features, objects: Features) -> np.ndarray:
    """Features of other images, if they are of the same model."""
    key, other = objects.key, local.key
    if key and other and (key.weights, key.layer) != (other.weights, other.layer):
        raise MisalignedSamples(
            where="--neighbors",
            expected=f"features of {key.model}, layer {key.layer}",
            got=f"{other.model}, layer {other.layer}",
            fix="Extract these images with the same model.",
        )
    return local.values


def _said(made: Chosen, n_objects: int) -> str:
    """What was chosen, what it reached on held-out objects, and how many triplets could say so."""
    how = made.settings
    best = made.scores.filter(regularization=how.regularization, alpha=how.alpha, temperature=how.temperature)
    means = best.select(pl.col("loss", "unfitted", "n_train", "n_held_out").mean()).row(0, named=True)
    return (
        f"{made.fit.n_triplets} triplets of {n_objects} objects; in each of {best.height} folds on average "
        f"{means['n_train']:.0f} to fit and {means['n_held_out']:.0f} to judge\n"
        f"chosen: regularization {how.regularization:g}, alpha {how.alpha:g}, temperature {how.temperature:g}\n"
        f"divergence on objects not seen: {means['loss']:.4f} nats ({means['unfitted']:.4f} before)\n"
        f"after the fit to all: {made.fit.choices:.4f} nats in {made.fit.steps} steps\n"
    )
