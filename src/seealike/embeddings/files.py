"""Embeddings of triplet choices on disk: one safetensors file with the objects' ids and how it was fitted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from seealike.data.arrays import damaged, read_arrays, write_arrays
from seealike.embeddings.choosers import PointEmbedding
from seealike.embeddings.variational import Variational
from seealike.errors import MisalignedSamples

_KIND = "embedding of choices"


def write_embedding(
    path: Path,
    embedding: PointEmbedding | Variational,
    ids: Sequence[str],
    notes: Mapping[str, str] | None = None,
) -> None:
    """Write an embedding with the ids of its objects.

    Args:
        path: ``.safetensors``.
        embedding: of `fit_sparse` or `fit_variational`.
        ids: one an object.
        notes: further text, such as the settings it was fitted with.

    Raises:
        MisalignedSamples: not one id an object.
        StoreError: the disk is full or not writable.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "people.safetensors"
        >>> write_embedding(path, PointEmbedding(np.eye(2)), ("cat", "dog"), {"trials": "200"})
        >>> found, ids = read_embedding(path)
        >>> found.values.tolist(), ids
        ([[1.0, 0.0], [0.0, 1.0]], ('cat', 'dog'))
    """
    if isinstance(embedding, Variational):
        arrays = {"means": embedding.means, "deviations": embedding.deviations}
        kept = {name: str(getattr(embedding, name)) for name in ("draws", "seed", "bound", "settled")}
    else:
        arrays, kept = {"values": embedding.values}, {"temperature": repr(embedding.temperature)}
    n_objects = len(next(iter(arrays.values())))
    if n_objects != len(ids):
        raise MisalignedSamples(
            where=str(path), expected=f"{n_objects} ids", got=str(len(ids)), fix="Give one an object."
        )
    texts = {**(notes or {}), "kind": _KIND, "ids": json.dumps(list(ids), ensure_ascii=False), **kept}
    write_arrays(path, arrays, texts, digested=next(iter(arrays)))


def read_embedding(path: Path) -> tuple[PointEmbedding | Variational, tuple[str, ...]]:
    """Read what `write_embedding` wrote: the embedding, and the ids of its objects.

    Raises:
        MissingArtifact, DamagedArtifact, NewerFormat: as `read_arrays`; or no such embedding.
    """
    arrays, notes = read_arrays(path)
    if notes.get("kind") != _KIND or not {"values", "means"} & set(arrays):
        raise damaged(path, f"arrays {', '.join(arrays) or 'none'}, no embedding of choices")
    ids = tuple(json.loads(notes["ids"]))
    if "values" in arrays:
        return PointEmbedding(np.array(arrays["values"]), float(notes["temperature"])), ids
    return Variational(
        np.array(arrays["means"]),
        np.array(arrays["deviations"]),
        draws=int(notes["draws"]),
        seed=int(notes["seed"]),
        bound=float(notes["bound"]),
        settled=notes["settled"] == "True",
    ), ids
