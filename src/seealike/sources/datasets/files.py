"""Samples that are image files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seealike.data.digests import Progress, cached_file_digests
from seealike.data.identity import digest
from seealike.errors import BadSample
from seealike.sources.datasets.decoding import open_image
from seealike.sources.datasets.samples import Samples

if TYPE_CHECKING:
    from seealike.sources.datasets.card import DatasetCard

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")


def image_files(root: Path) -> list[str]:
    """The paths of all images below `root`, relative to it with ``/``, sorted; hidden files are passed over.

    Linked folders are followed, each once.
    """
    found: list[str] = []
    seen: set[tuple[int, int]] = set()
    for folder, folders, files in os.walk(root, followlinks=True):
        status = Path(folder).stat()
        if (status.st_dev, status.st_ino) in seen:
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders.sort()
        within = os.path.relpath(folder, root).replace(os.sep, "/")
        prefix = "" if within == "." else f"{within}/"
        found += [prefix + name for name in files if name[0] != "." and name.lower().endswith(SUFFIXES)]
    return sorted(found, key=lambda name: name.split("/"))


def from_files(
    card: DatasetCard,
    root: Path,
    names: Sequence[str],
    labels: tuple[np.ndarray, tuple[str, ...]] | None,
    progress: Progress | None = None,
) -> Samples:
    """Samples from image files: ids are their paths, contents go into the revision.

    Args:
        card: the dataset, for its name and its rules of decoding.
        root: the folder that the paths start from.
        names: the paths, each once.
        labels: class numbers and the names of the classes, if there are classes.
        progress: called with (files digested, files in all) where it takes long.

    Raises:
        BadSample: a file that is not there any more or may not be read.
    """
    ids = tuple(names)
    numbers, classes = labels or (None, ())
    try:
        digests = cached_file_digests([root / name for name in ids], progress)
    except OSError as error:
        raise BadSample(
            where=f"dataset {card.name}, image {error.filename}",
            expected="a readable file",
            got=error.strerror or str(error),
            fix="Replace or remove it.",
        ) from error
    named = None if numbers is None else [classes, numbers.tolist()]
    return Samples(
        sample_ids=ids,
        image=lambda row: open_image(
            root / ids[row], f"dataset {card.name}, image {ids[row]}", card.decoding
        ),
        labels=numbers,
        classes=classes,
        revision=digest([list(zip(ids, digests, strict=True)), named]),
    )
