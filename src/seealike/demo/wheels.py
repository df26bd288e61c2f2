"""The images inside the wheels of scikit-learn and scikit-image, read as arrays; nothing is downloaded."""

from __future__ import annotations

from contextlib import AbstractContextManager
from importlib.metadata import version
from pathlib import Path

import numpy as np
from PIL import Image

from seealike.errors import SourceError, needed


def read_photo(file: str) -> np.ndarray:
    """A photograph of the installed scikit-image (or ``sklearn/…``) wheel as (h, w, 3) uint8, on white.

    Example:
        >>> read_photo("brick.png").shape
        (512, 512, 3)
    """
    with Image.open(_wheel_file(file)) as image:
        rgba = image.convert("RGBA")
    white = Image.new("RGBA", rgba.size, "white")
    return np.asarray(Image.alpha_composite(white, rgba).convert("RGB"))


def _wheel_file(file: str) -> Path:
    """The path of an image inside the wheel."""
    with _wheels():
        if file.startswith("sklearn/"):
            from sklearn import datasets as package

            folder = "images"
        else:
            import skimage as package

            folder = "data"
    path = Path(str(package.__file__)).parent / folder / file.removeprefix("sklearn/")
    if not path.is_file():
        raise SourceError(
            where=f"demo image {file}",
            expected=f"the file {path}",
            got="no such file in the installed wheel",
            fix='Reinstall: pip install --upgrade --force-reinstall "seealike[demo]"',
        )
    return path


def wheel_versions() -> list[str]:
    """Which scikit-learn and scikit-image the images come from.

    Example:
        >>> len(wheel_versions())
        2
    """
    with _wheels():  # a package that is not found is an import error
        return [version("scikit-learn"), version("scikit-image")]


def _wheels() -> AbstractContextManager[None]:
    return needed("scikit-learn and scikit-image, whose wheels hold the images", "demo", where="demo images")


def read_digits() -> tuple[np.ndarray, np.ndarray]:
    """The 1,797 handwritten digits of 8 x 8 pixels, light on dark: images (n, 32, 32, 3) uint8 and labels.

    Example:
        >>> images, labels = read_digits()
        >>> images.shape, labels[:3].tolist()
        ((1797, 32, 32, 3), [0, 1, 2])
    """
    with _wheels():
        from sklearn.datasets import load_digits
    values, labels = load_digits(return_X_y=True)
    return _resized(np.reshape(values, (-1, 8, 8)) / 16), np.asarray(labels, np.int64)


def read_faces() -> tuple[np.ndarray, np.ndarray]:
    """The 100 faces (label 1) and 100 background patches (0) of Labeled Faces in the Wild in scikit-image.

    Example:
        >>> images, labels = read_faces()
        >>> images.shape, labels.mean()
        ((200, 32, 32, 3), np.float64(0.5))
    """
    crops = np.load(_wheel_file("lfw_subset.npy"), allow_pickle=False)
    return _resized(crops), (np.arange(200) < 100).astype(np.int64)


def _resized(grey: np.ndarray) -> np.ndarray:
    """Grey images in [0, 1] of any size as (n, 32, 32, 3) uint8."""
    images = np.empty((len(grey), 32, 32, 3), np.uint8)
    for k, pixels in enumerate(np.round(grey * 255).astype(np.uint8)):
        small = Image.fromarray(pixels).resize((32, 32), Image.Resampling.BILINEAR)
        images[k] = np.asarray(small)[:, :, None]
    return images
