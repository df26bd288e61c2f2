"""One found file (or its pieces) in memory: layers, ids, labels."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from seealike.data.imports.entry import Entry, unreadable
from seealike.data.imports.found import Found
from seealike.data.imports.layouts import PIECE
from seealike.data.imports.names import choose_features, choose_ids, choose_labels, whole
from seealike.data.imports.reading import read_file, read_names
from seealike.errors import DataError, MisalignedSamples

#: The layer's name where nothing says one.
LAYER = "features"

#: Says that row i is the same sample in every file of a dataset.
ROWS = "rows"


@dataclass(frozen=True)
class Choices:
    """What the user says of the files.

    Attributes:
        ids: a file of sample ids, `ROWS`, or None: they stand beside the features.
        labels: a file of labels, or None.
        key: the name of the array that holds the features, "all", or None.
        layer: the name of the layer, where the file does not say it.
        dtype: the precision to store; the file's own where not given.
        replace: whether other features of the same name are overwritten.
    """

    ids: Path | str | None = None
    labels: Path | None = None
    key: str | None = None
    layer: str | None = None
    dtype: str | None = None
    replace: bool = False


@dataclass(frozen=True)
class Loaded:
    """What a file gave.

    Attributes:
        layers: name -> (n, d) values and the kind of number they were.
        ids: n sample ids.
        ids_from: where they came from, for the report.
        labels: (n,) whole numbers or text, or None.
    """

    layers: dict[str, tuple[np.ndarray, str]]
    ids: list[str]
    ids_from: str
    labels: np.ndarray | None


def load(found: Found, choices: Choices) -> Loaded:
    """Read a found file.

    Raises:
        DataError: not readable, no matrix of features, no ids and nobody says that rows are enough.
    """
    pieces = [_rows_as_matrix(_joined(read_file(path))) for path in found.files]
    layers = _layers(found, pieces, choices)
    n = len(next(iter(layers.values()))[0])
    ids, ids_from = _ids(found, pieces, choices, n)
    if len(ids) != n:
        raise MisalignedSamples(
            where="sample ids",
            expected=f"{n} sample ids, one a row of the features",
            got=f"{len(ids)} ({ids_from})",
            fix="Give the file of ids that belongs to these features.",
        )
    return Loaded(layers, ids, ids_from, labels_of(found, choices, pieces, n))


def labels_of(
    found: Found, choices: Choices, pieces: list[dict[str, Entry]] | None = None, n: int | None = None
) -> np.ndarray | None:
    """The labels of a found file: of the user's file, of the one beside it, or in the file itself."""
    path = choices.labels or found.labels
    if path is not None:
        labels = _column(path)
        if n is not None and len(labels) != n:
            raise unreadable(
                path, f"{n} labels, one a row of the features", str(len(labels)), "Check the files."
            )
        return labels
    if pieces is None or len(pieces) != 1 or n is None:
        return None
    return choose_labels(found.files[0], pieces[0], n)


def _column(path: Path) -> np.ndarray:
    if path.suffix == ".txt":
        return _numbers_if_all(read_names(path))
    entries = read_file(path)
    if len(entries) == 1:
        return whole(path, np.ravel(next(iter(entries.values())).read()))
    n = max(int(np.prod(entry.shape)) for entry in entries.values())
    labels = choose_labels(path, {k: e for k, e in entries.items() if int(np.prod(e.shape)) == n}, n)
    if labels is None:
        raise unreadable(path, "an array or a column label", ", ".join(entries), "Rename the one that is.")
    return labels


def _numbers_if_all(names: list[str]) -> np.ndarray:
    return np.array(names, dtype=np.int64 if all(name.isdecimal() for name in names) else str)


def _joined(entries: dict[str, Entry]) -> dict[str, Entry]:
    """Pieces of one matrix under numbered names (features_01, features_02, …), joined."""
    pieces = sorted((int(match[1]), name) for name in entries if (match := PIECE.match(name)))
    if len(pieces) < 2 or len(pieces) < len(entries):
        return entries
    return {LAYER: Entry.of(np.concatenate([entries[name].read() for _, name in pieces]))}


def _rows_as_matrix(entries: dict[str, Entry]) -> dict[str, Entry]:
    """One array a sample under the sample's name (as thingsvision's ``.mat`` files have it), as one matrix."""
    shapes = {entry.shape for entry in entries.values()}
    shape = next(iter(shapes), ())
    if len(entries) < 2 or len(shapes) > 1 or len(shape) != 2 or shape[0] != 1:
        return entries
    rows = np.concatenate([entry.read() for entry in entries.values()])
    return {"features": Entry.of(rows), "sample_ids": Entry.of(np.array(list(entries)))}


def _layers(
    found: Found, pieces: list[dict[str, Entry]], choices: Choices
) -> dict[str, tuple[np.ndarray, str]]:
    chosen = [
        choose_features(path, entries, choices.key) for path, entries in zip(found.files, pieces, strict=True)
    ]
    layers: dict[str, tuple[np.ndarray, str]] = {}
    for name, first in chosen[0].items():
        values = first.read() if len(chosen) == 1 else np.concatenate([c[name].read() for c in chosen])
        outer = choices.layer or found.layer
        layer = "/".join(filter(None, (outer, name))) or LAYER
        layers |= {
            k: (v, first.kind) for k, v in _matrices(found, layer, values, bool(outer or name)).items()
        }
    counts = {len(values) for values, _ in layers.values()}
    if len(counts) > 1:
        raise unreadable(found.files[0], "layers of the same samples", f"{sorted(counts)} rows")
    return layers


def _matrices(found: Found, layer: str, values: np.ndarray, said: bool) -> dict[str, np.ndarray]:
    """(n, d) matrices by layer; only a layout that stacks layers may have (n, n_layers, d)."""
    if values.ndim == 3 and found.stacked:
        stem = layer if said else "layer"
        width = len(str(values.shape[1] - 1))
        return {f"{stem}-{i:0{width}d}": values[:, i] for i in range(values.shape[1])}
    if values.ndim != 2 or not values.size:
        raise unreadable(
            found.files[0],
            "one row a sample (n_samples, n_dims)",
            f"shape {values.shape}",
            "Flatten or pool what each sample gives to one row.",
        )
    return {layer: values}


def _ids(found: Found, pieces: list[dict[str, Entry]], choices: Choices, n: int) -> tuple[list[str], str]:
    if choices.ids == ROWS:
        return [f"row-{i}" for i in range(n)], "row numbers (you say that they mean the same in all files)"
    if choices.ids is not None:
        return read_names(Path(choices.ids)), str(choices.ids)
    beside = read_names(found.names) if found.names is not None else None
    inside = choose_ids(found.files[0], pieces[0], n) if len(pieces) == 1 else None
    if inside is not None:
        return _full(inside, beside), found.files[0].name
    if beside is None:
        raise DataError(
            where="sample ids",
            expected="sample ids in the file or beside it",
            got="none",
            fix="Give a file of them: --ids FILE. Or, where row i is the same sample in every file of a "
            "dataset, say so: --ids rows.",
        )
    return relative_names(beside), found.names.name if found.names else ""


def _full(inside: list[str], beside: list[str] | None) -> list[str]:
    """Names in the file, with the endings that the list beside it has and the file may lack."""
    by_stem = {str(PurePosixPath(name).with_suffix("")): name for name in beside or ()}
    if not inside or not all(name in by_stem for name in inside):
        return inside
    order = dict(zip(beside or (), relative_names(beside or []), strict=True))
    return [order[by_stem[name]] for name in inside]


def relative_names(names: list[str]) -> list[str]:
    r"""Paths without the folder that all of them share; names that share none as they are.

    Example:
        >>> relative_names(["/data/images/cat/1.png", "/data/images/dog/2.png"])
        ['cat/1.png', 'dog/2.png']
        >>> relative_names(["1.png", "2.png"])
        ['1.png', '2.png']
    """
    paths = [name.replace("\\", "/") for name in names]
    folders = {path.rpartition("/")[0] for path in paths}
    try:
        shared = os.path.commonpath(folders) if all(folders) else ""
    except ValueError:  # absolute and relative paths mixed
        shared = ""
    return [path[len(shared) :].lstrip("/") for path in paths] if shared else paths
