"""The datasets: real images that ship inside scikit-learn and scikit-image, as training and evaluation parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from seealike.demo.photographs import Cutting, areas, cut, places
from seealike.demo.wheels import read_digits, read_faces, read_photo


@dataclass(frozen=True)
class Labelled:
    """Images with their classes: `images` (n, s, s, 3) uint8, `labels` (n,) int64, `classes` their names."""

    images: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]


@dataclass(frozen=True)
class Photo:
    """A photograph of a wheel: its file and the sides of its patches, in pixels of the photograph."""

    file: str
    sizes: tuple[int, ...] = (32, 48, 64)


#: dataset -> class -> photograph; classes are the words that captions use.
PHOTOGRAPHS: Mapping[str, Mapping[str, Photo]] = {
    "photographs": {
        "astronaut": Photo("astronaut.png"),
        "cat": Photo("chelsea.png"),
        "cup of coffee": Photo("coffee.png"),
        "rocket": Photo("rocket.jpg"),
        "motorcycle": Photo("motorcycle_left.png"),
        "pagoda": Photo("sklearn/china.jpg"),
        "flower": Photo("sklearn/flower.jpg"),
        "camera operator": Photo("camera.png"),
    },
    "textures": {
        "brick": Photo("brick.png", (48, 64, 96)),
        "grass": Photo("grass.png"),
        "gravel": Photo("gravel.png"),
    },
    "medical": {
        "stained tissue": Photo("ihc.png"),
        "retina": Photo("retina.jpg", (48, 64, 96)),
        "cell": Photo("cell.png"),
    },
    "astronomy": {
        "distant galaxies": Photo("hubble_deep_field.jpg"),
        "surface of the moon": Photo("moon.png"),
    },
    "documents": {
        "printed page": Photo("page.png", (24, 32, 40)),
        "handwritten text": Photo("text.png", (24, 32, 40)),
        "coins": Photo("coins.png", (24, 32, 48)),
    },
    "drawings": {
        "horse": Photo("horse.png", (32, 48, 64)),
        "snake logo": Photo("logo.png", (32, 48, 64)),
        "color wheel": Photo("color.png", (32, 48, 64)),
        "phantom": Photo("phantom.png", (32, 48, 64)),
    },
}

#: Images whose pixels differ by less than this root mean square (grey levels) count as the same.
SAME = 4.0

#: Every dataset, in the order of the study file.
NAMES = ("digits", "faces", *PHOTOGRAPHS)

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def dataset(name: str, rng: np.random.Generator, size: int = 300) -> tuple[Labelled, Labelled]:
    """One dataset as (training, evaluation): disjoint samples, or patches of disjoint areas.

    Args:
        name: one of `NAMES`.
        rng: the source of chance for the split and the patches.
        size: about how many samples each part may have, shared evenly among the classes.

    Raises:
        MissingDependency: scikit-learn or scikit-image is not installed.
        SourceError: the installed wheel lacks one of the image files.

    Example:
        >>> train, evaluation = dataset("textures", np.random.default_rng(0), size=30)
        >>> evaluation.classes, evaluation.images.shape
        (('brick', 'grass', 'gravel'), (30, 32, 32, 3))
    """
    if name == "digits":
        parts = _split(read_digits(), DIGITS, rng, (size, size))
    elif name == "faces":
        parts = _split(read_faces(), ("background", "face"), rng, (size // 6, size // 2))
    else:
        parts = _patches(PHOTOGRAPHS[name], rng, size)
    return _distinct(*parts)


def _patches(
    photographs: Mapping[str, Photo], rng: np.random.Generator, size: int
) -> tuple[Labelled, Labelled]:
    """Patches of each photograph from disjoint areas; the label is the photograph."""
    classes, cutting = tuple(photographs), Cutting()
    images: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for photo in photographs.values():
        pixels = read_photo(photo.file)
        for part, cells in zip(images, areas(pixels.shape[:2], cutting), strict=True):
            squares = places(pixels, cells, photo.sizes, size // len(classes), rng, cutting)
            part.append(cut(pixels, squares, cutting.side))
    train, evaluation = (
        Labelled(np.concatenate(part), np.repeat(np.arange(len(part)), [len(p) for p in part]), classes)
        for part in images
    )
    return train, evaluation


def _distinct(train: Labelled, evaluation: Labelled) -> tuple[Labelled, Labelled]:
    """Both parts without the images that look the same as an earlier one of either part."""
    pixels = np.concatenate([evaluation.images, train.images]).reshape(-1, evaluation.images[0].size)
    pixels = pixels.astype(np.float32)
    squares = (pixels**2).sum(1)
    distances = (squares[:, None] + squares - 2 * pixels @ pixels.T) / pixels.shape[1]
    keep = ~(np.tril(distances < SAME**2, -1)).any(1)
    first, second = np.split(keep, [len(evaluation.labels)])
    return _rows(train, second), _rows(evaluation, first)


def _rows(part: Labelled, keep: np.ndarray) -> Labelled:
    return Labelled(part.images[keep], part.labels[keep], part.classes)


def _split(
    samples: tuple[np.ndarray, np.ndarray],
    classes: tuple[str, ...],
    rng: np.random.Generator,
    sizes: tuple[int, int],
) -> tuple[Labelled, Labelled]:
    """Two disjoint random parts with as many samples of every class; sizes: (training, evaluation)."""
    images, labels = samples
    rows: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    first, second = (size // len(classes) for size in sizes)
    for label in range(len(classes)):
        order = rng.permutation(np.flatnonzero(labels == label))
        rows[0].append(order[:first])
        rows[1].append(order[first : first + second])
    train, evaluation = (Labelled(images[r], labels[r], classes) for r in map(np.concatenate, rows))
    return train, evaluation
