"""What names in other people's files mean: which array holds the features, the ids, the labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from seealike.data.imports.entry import PICKLED, TEXT, Entry, refused, unreadable
from seealike.errors import UnknownName, suggestion

FEATURES = ("features", "values", "feats", "embeddings", "embedding", "activations", "columns", "")
IDS = (
    "sample_ids",
    "sample_id",
    "ids",
    "id",
    "file_names",
    "file_name",
    "filenames",
    "filename",
    "files",
    "file",
    "image_names",
    "image_name",
    "image_paths",
    "image_path",
    "paths",
    "path",
    "names",
    "name",
    "stimuli",
    "stimulus",
)
LABELS = ("labels", "label", "targets", "target", "classes", "class")

#: Asks for every matrix of a file, each a layer under its own name.
ALL = "all"


def choose_features(path: Path, entries: dict[str, Entry], key: str | None) -> dict[str, Entry]:
    """The matrices of a file that are features, by layer; the layer's name is "" where there is only one.

    Args:
        path: for errors.
        entries: what the file holds.
        key: the name of one array, or `ALL`; where not given, the only matrix, or the one whose name says so.

    Raises:
        UnknownName: no such array.
        DataError: none, or several and no telling which; the message lists them with their shapes.

    Example:
        >>> entries = {"features": Entry.of(np.ones((4, 2))), "labels": Entry.of(np.arange(4))}
        >>> list(choose_features(Path("a.npz"), entries, None).values())[0].shape
        (4, 2)
    """
    if key is not None and key != ALL:
        if key not in entries:
            raise UnknownName(
                where=str(path),
                expected="the name of an array",
                got=repr(key),
                fix=suggestion(key, entries),
            )
        return {"": entries[key]}
    matrices = {
        name: entry
        for name, entry in entries.items()
        if entry.numeric and len(entry.shape) >= 2 and name.lower() not in (*IDS, *LABELS)
    }
    if key == ALL and matrices:
        return matrices
    named = [name for name in matrices if name.rpartition("/")[2].lower() in FEATURES]
    chosen = named if len(named) == 1 else list(matrices)
    if len(chosen) == 1:
        return {"": matrices[chosen[0]]}
    raise _no_telling(path, entries, len(chosen))


def _no_telling(path: Path, entries: dict[str, Entry], count: int) -> Exception:
    pickled = [name for name, entry in entries.items() if entry.kind == PICKLED]
    if pickled and not count:
        return refused(path, f"an array of Python objects ({', '.join(pickled)})")
    listed = [f"{name or 'array'} {entry.kind} {entry.shape}" for name, entry in list(entries.items())[:12]]
    return unreadable(
        path,
        "one matrix of features, one sample a row",
        f"{count or 'none'} ({'; '.join(listed)}{'; …' * (len(entries) > 12)})",
        "Say which array it is: --key NAME, or --key all for one layer each."
        if count
        else "Flatten or pool what each sample gives to one row.",
    )


def choose_ids(path: Path, entries: dict[str, Entry], n: int) -> list[str] | None:
    """The sample ids that stand beside the features; None where there are none.

    Raises:
        DataError: ids that only unpickling could read, or not one a row.
    """
    found = _named(entries, IDS)
    if found is None:
        texts = [name for name, e in entries.items() if e.kind == TEXT and name.lower() not in LABELS]
        found = texts[0] if len(texts) == 1 else None
    if found is None:
        return None
    values = _one_a_row(path, found, entries[found], n)
    return [str(value) for value in values.tolist()]


def choose_labels(path: Path, entries: dict[str, Entry], n: int) -> np.ndarray | None:
    """The labels beside the features, whole numbers or text; None where there are none.

    Raises:
        DataError: labels that are fractions, or not one a row.
    """
    found = _named({k: e for k, e in entries.items() if e.kind != PICKLED}, LABELS)
    return None if found is None else whole(path, _one_a_row(path, found, entries[found], n))


def whole(path: Path, labels: np.ndarray) -> np.ndarray:
    """Labels as int64 or text; floats must be whole numbers.

    Example:
        >>> whole(Path("targets.pt"), np.array([1.0, 0.0])).tolist()
        [1, 0]
    """
    if labels.dtype.kind in "US":
        return labels.astype(str)
    numbers = labels.astype(np.int64)
    if labels.dtype.kind == "f" and not (numbers == labels).all():
        raise unreadable(
            path, "labels that are whole numbers", "fractions", "Give one class number a sample."
        )
    return numbers


def _named(entries: dict[str, Entry], names: Sequence[str]) -> str | None:
    by_name = {name.rpartition("/")[2].lower(): name for name in reversed(entries)}
    return next((by_name[name] for name in names if name in by_name), None)


def _one_a_row(path: Path, name: str, entry: Entry, n: int) -> np.ndarray:
    if entry.kind == PICKLED:
        raise refused(path, f"{name}: {PICKLED} (save names as an array of text)")
    if int(np.prod(entry.shape)) != n:
        raise unreadable(
            path, f"{n} {name}, one a row of the features", f"shape {entry.shape}", "Check how it was saved."
        )
    return np.asarray(entry.read()).ravel()
