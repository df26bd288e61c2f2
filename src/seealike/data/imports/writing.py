"""The import itself: found files become features in our own store, a table of samples and a study file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import polars as pl

from seealike.data.arrays import encoded_sha256, read_header
from seealike.data.features import Features, row_blocks
from seealike.data.identity import FeatureKey, canonical, digest
from seealike.data.imports.found import Found
from seealike.data.imports.layout import feature_path, samples_path
from seealike.data.imports.loading import Choices, Loaded, labels_of, load
from seealike.data.imports.samples import agreed, joined, known_samples, samples_table
from seealike.data.store import write_features, write_table
from seealike.errors import SeealikeError, SpecError

_EXACT_INTEGERS = 2**24  # float32 holds all whole numbers up to here


@dataclass(frozen=True)
class Imported:
    """What became of one layer's features.

    Attributes:
        found: the file.
        layer: its name.
        n_samples: rows.
        n_dims: columns.
        dtype: as stored.
        said: where ids came from, and what else the user should know.
    """

    found: Found
    layer: str
    n_samples: int
    n_dims: int
    dtype: str
    said: str


@dataclass(frozen=True)
class Report:
    """What was imported, and which files were refused and why."""

    imported: list[Imported]
    refused: list[tuple[Found, str]]


def import_features(
    found: list[Found],
    folder: Path,
    choices: Choices,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Report:
    """Write features into a folder: ``features/DATASET/MODEL/LAYER.safetensors`` and ``samples/DATASET.parquet``.

    A file that is refused does not stop the others.

    Args:
        found: the files (see `find`), sorted by dataset.
        folder: where to; what is there already stays.
        choices: what the user says of them.
        progress: called with (files done, files in all).
    """
    report = Report([], [])
    for _, group in groupby(found, key=lambda one: one.dataset):
        several = list(group)
        labels = agreed([x for one in several if one.labels for x in [_quiet(one, choices)] if x is not None])
        for one in several:
            try:
                report.imported.extend(_import_one(one, folder, choices, labels))
            except SeealikeError as error:
                report.refused.append((one, str(error)))
            progress(len({i.found for i in report.imported}) + len(report.refused), len(found))
    return report


def _quiet(found: Found, choices: Choices) -> np.ndarray | None:
    """Labels, where they can be read; where not, the import of that file says why."""
    try:
        return labels_of(found, choices)
    except SeealikeError:
        return None


def _import_one(found: Found, folder: Path, choices: Choices, labels: np.ndarray | None) -> list[Imported]:
    loaded = load(found, choices)
    ids = tuple(loaded.ids)
    features = {layer: Features(_floats(values), ids) for layer, (values, _) in loaded.layers.items()}
    path = samples_path(folder, found.dataset)
    known = known_samples(path)
    table = _samples(known, loaded, labels)
    done = [_write_layer(found, layer, features[layer], loaded, folder, choices) for layer in loaded.layers]
    if known is None or not known.equals(table):
        write_table(path, table, made_from=str(found.files[0].name))
    return done


def _samples(known: pl.DataFrame | None, loaded: Loaded, labels: np.ndarray | None) -> pl.DataFrame:
    own = samples_table(loaded.ids, loaded.labels)
    if known is None:
        most = labels is not None and len(labels) == len(loaded.ids)
        known = samples_table(loaded.ids, labels if most else loaded.labels)
    return joined(known, own)


def _floats(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind == "f":
        return values
    small = not values.size or max(abs(int(values.min())), abs(int(values.max()))) <= _EXACT_INTEGERS
    return values.astype(np.float32 if small else np.float64)


def _write_layer(
    found: Found, layer: str, features: Features, loaded: Loaded, folder: Path, choices: Choices
) -> Imported:
    kind = loaded.layers[layer][1]
    dtype = choices.dtype or ("bfloat16" if kind == "bfloat16" else features.values.dtype.name)
    path = feature_path(folder / "features", found.dataset, found.model, layer)
    sha256 = encoded_sha256(features.values, dtype)
    unit = _unit_rows(features.values)
    n, d = features.values.shape
    said = loaded.ids_from + ("; rows have unit length already" if unit else "")
    if not _there(path, sha256, features.sample_ids, choices):
        key = FeatureKey(
            model=found.model,
            weights=sha256[:16],
            layer=layer,
            pooling=found.pooling,
            preprocessing=canonical({"imported": found.layout}),
            dataset=found.dataset,
            revision=digest(features.sample_ids),
            subset="all",
            stored=dtype,
        )
        notes = {
            "imported_from": ", ".join(p.name for p in found.files),
            "unit_rows": str(unit).lower(),
        }
        write_features(path, Features(features.values, features.sample_ids, key, finite=True), notes, dtype)
    return Imported(found, layer, n, d, dtype, said)


def _there(path: Path, sha256: str, ids: tuple[str, ...], choices: Choices) -> bool:
    """Whether the same features are there already.

    Raises:
        SpecError: others are, and the user does not say that they shall be replaced.
    """
    if not path.exists():
        return False
    header = read_header(path)
    key = FeatureKey(**json.loads(header.notes["key"]))
    same = header.notes.get("values_sha256") == sha256 and key.revision == digest(ids)
    if not same and not choices.replace:
        raise SpecError(
            where=str(path),
            expected="a new name, or the same features as before",
            got=f"other features than those of {key.model} that are there",
            fix="Add --replace to overwrite them, or name the model otherwise (--model).",
        )
    return same


def _unit_rows(values: np.ndarray) -> bool:
    """Whether every row has length 1, as the published pipeline saves them (and notes it nowhere)."""
    for rows in row_blocks(values.shape):
        norms = np.linalg.norm(values[rows].astype(np.float64), axis=1)
        if np.abs(norms - 1).max(initial=0) > 1e-2:
            return False
    return True
