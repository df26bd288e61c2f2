"""Transforms on disk: the map, what it was fitted to, and how well it did on objects that it had not seen.

One safetensors file with the published arrays (weights, bias, mean, std), so that `seealike.data.views.read_affine` and
the ``transform:`` of a study's model read it as they read a published gLocal file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from seealike.data.arrays import encoded_sha256, read_arrays, write_arrays
from seealike.data.features import Features
from seealike.data.identity import canonical, digest, file_digest
from seealike.data.views import Affine, read_affine
from seealike.errors import DamagedArtifact
from seealike.transforms.cross_validation import Chosen
from seealike.transforms.fitting import Fit

_KIND = "transform"


@dataclass(frozen=True)
class Saved:
    """A transform as its file has it.

    Attributes:
        affine: the map, which refuses features of another model.
        sample_ids: of the objects that it was fitted to.
        features_digest: of these objects' ids and features.
        settings: what was minimized (see `Settings`).
        fitted: how it ended: choices, neighbors (nats), steps, n_triplets.
        scores: one row a setting and fold (see `Chosen`); empty where nothing was chosen.
        judgements: whose choices, in words.
    """

    affine: Affine
    sample_ids: tuple[str, ...] = field(repr=False)
    features_digest: str
    settings: Mapping[str, float | bool]
    fitted: Mapping[str, float]
    scores: pl.DataFrame = field(repr=False)
    judgements: str


def save_transform(path: Path | str, made: Fit | Chosen, features: Features, *, judgements: str = "") -> None:
    """Write a map with everything that says what it is for.

    Args:
        path: a ``.safetensors`` file.
        made: of `fit_transform` or `choose_transform`.
        features: the objects' features that it was fitted to. Where they have a key, the map is for that model, layer
            and preprocessing alone, on any dataset.
        judgements: whose choices, in words.

    Raises:
        StoreError: the disk is full or not writable.

    Example:
        >>> import tempfile
        >>> from seealike.transforms.fitting import fit_transform
        >>> x = np.random.default_rng(0).standard_normal((4, 2))
        >>> made = fit_transform(x, np.array([[0, 1, 2], [1, 3, 0]]))
        >>> path = Path(tempfile.mkdtemp()) / "t.safetensors"
        >>> save_transform(path, made, Features(x, tuple("abcd")), judgements="two trials")
        >>> found = read_transform(path)
        >>> found.sample_ids, found.judgements, found.fitted["n_triplets"]
        (('a', 'b', 'c', 'd'), 'two trials', 2)
        >>> bool(np.allclose(found.affine(Features(x, tuple("abcd"))).values, made(x)))
        True
    """
    fit = made.fit if isinstance(made, Chosen) else made
    scores = made.scores.to_dicts() if isinstance(made, Chosen) else []
    fitted = {name: getattr(fit, name) for name in ("choices", "neighbors", "steps", "n_triplets")}
    write_arrays(
        Path(path),
        {
            "weights": fit.weights,
            "bias": fit.bias,
            "mean": np.array([fit.mean]),
            "std": np.array([fit.std]),
            "sample_ids": np.frombuffer("\n".join(features.sample_ids).encode(), dtype=np.uint8),
        },
        {
            "kind": _KIND,
            "made_for": canonical(asdict(features.key)) if features.key else "",
            "features_digest": features_digest(features),
            "settings": json.dumps(asdict(fit.settings)),
            "fitted": json.dumps(fitted),
            "scores": json.dumps(scores),
            "judgements": judgements,
        },
        digested="weights",
    )


def read_transform(path: Path | str) -> Saved:
    """Read what `save_transform` wrote.

    Raises:
        MissingArtifact: no such file.
        DamagedArtifact: not such a file (published maps, without notes, are for `seealike.data.views.read_affine`).
    """
    path = Path(path)
    arrays, notes = read_arrays(path)
    if notes.get("kind") != _KIND:
        raise DamagedArtifact(
            where=str(path),
            expected="a transform that seealike fitted",
            got=f"a file of {notes.get('kind', 'something else')}",
            fix="Write one with `seealike align fit`.",
        )
    try:
        ids = tuple(bytes(arrays["sample_ids"]).decode().split("\n"))
        settings, fitted, scores = (json.loads(notes[name]) for name in ("settings", "fitted", "scores"))
    except (KeyError, ValueError) as error:
        raise DamagedArtifact(
            where=str(path), expected="a complete transform", got=f"no {error}", fix="Fit it again."
        ) from error
    affine = read_affine(path, file_digest(path))
    return Saved(
        affine, ids, notes["features_digest"], settings, fitted, pl.DataFrame(scores), notes["judgements"]
    )


def features_digest(features: Features) -> str:
    """Of the ids and the float32 values: equal for the same numbers of the same samples in the same order.

    Example:
        >>> x = Features(np.eye(2), ("a", "b"))
        >>> features_digest(x) == features_digest(Features(np.eye(2, dtype=np.float32), ("a", "b")))
        True
    """
    return digest([list(features.sample_ids), encoded_sha256(features.values, "float32")])
