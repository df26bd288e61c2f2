"""The datasets as files: ``datasets/NAME.npz`` for the study, ``training/NAME.npz`` for the networks."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from seealike.data.identity import digest
from seealike.data.store import write_atomically
from seealike.demo.images import NAMES, PHOTOGRAPHS, Labelled, dataset
from seealike.demo.photographs import Cutting
from seealike.demo.wheels import wheel_versions

#: Raised by hand when the code here or in `images` changes what is in the files.
REVISION = 1


def write_datasets(
    folder: Path, *, seed: int, size: int, progress: Callable[[str, int, int], None]
) -> dict[str, Labelled]:
    """Write the files of every dataset that are not there yet, and give back the training parts.

    Args:
        folder: where ``datasets`` and ``training`` are or come.
        seed: decides the splits and the patches.
        size: about how many images each part has.
        progress: told (what, done, total) after each dataset.

    Raises:
        MissingDependency: files are to be made and scikit-learn or scikit-image is not installed.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> parts = write_datasets(folder, seed=0, size=20, progress=lambda what, done, total: None)
        >>> sorted(np.load(folder / "datasets" / "faces.npz").files)
        ['classes', 'images', 'labels', 'recipe']
    """
    training = {}
    for k, name in enumerate(NAMES):
        progress("datasets", k, len(NAMES))
        training[name] = _one(folder, name, seed, size)
    progress("datasets", len(NAMES), len(NAMES))
    return training


def _one(folder: Path, name: str, seed: int, size: int) -> Labelled:
    """The training part of one dataset, from its file if both its files were made by this recipe."""
    recipe = _recipe(name, seed, size)
    paths = [folder / part / f"{name}.npz" for part in ("training", "datasets")]
    kept = [_read(path, recipe) for path in paths]
    if kept[0] and kept[1]:
        return kept[0]
    parts = dataset(name, np.random.default_rng(int(recipe, 16)), size)
    for path, part in zip(paths, parts, strict=True):
        _write(path, part, recipe)
    return parts[0]


def _write(path: Path, part: Labelled, recipe: str) -> None:
    arrays = {"images": part.images, "labels": part.labels, "classes": np.array(part.classes)}

    def save(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays, recipe=np.array(recipe))

    write_atomically(path, save)


def _read(path: Path, recipe: str) -> Labelled | None:
    """What a file holds, or nothing if it is not there, damaged or of another recipe."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
            if str(held["recipe"]) != recipe:
                return None
            return Labelled(held["images"], held["labels"], tuple(held["classes"].tolist()))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, zlib.error):
        return None


def _recipe(name: str, seed: int, size: int) -> str:
    """A digest of everything that decides the images of a dataset."""
    photos = {label: asdict(photo) for label, photo in PHOTOGRAPHS.get(name, {}).items()}
    told = [REVISION, name, seed, size, photos, asdict(Cutting()), wheel_versions()]
    return digest(told)
