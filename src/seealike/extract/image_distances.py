"""Distances between images themselves, with no model: what models' scores against people are compared with."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from typing import Any, Literal, TypeAlias

import numpy as np
import torch
from PIL import Image, ImageOps

from seealike.errors import DataError, MissingDependency, SourceError, UnknownName, needed, suggestion
from seealike.sources.datasets.card import Samples
from seealike.sources.images import plain
from seealike.sources.models.vision import vision_library

ImageDistance: TypeAlias = Literal["pixels", "psnr", "ssim", "lpips"]
_Progress: TypeAlias = Callable[[int, int], None]
_Compare: TypeAlias = Callable[[torch.Tensor, torch.Tensor], float]

#: Images of unequal sizes are compared as central squares of so many pixels.
SQUARE = 224
#: The peak signal-to-noise ratio of equal images, in dB; without a limit it is infinite.
_MOST_DB = 100.0
#: So many images are kept as they are, and as squares (150 KB each).
_DECODED, _SQUARES = 64, 1024


def image_distances(
    name: ImageDistance,
    samples: Samples,
    members: np.ndarray,
    sides: tuple[tuple[int, int], ...],
    *,
    progress: _Progress = lambda done, total: None,
) -> np.ndarray:
    """Distances between the images of judgements, RGB in [0, 1].

    - pixels: √ mean (x - y)² over pixels and channels;
    - psnr: -10 log₁₀(1 / mean (x - y)²) in dB, at least -100;
    - ssim: 1 - SSIM, the mean over channels, window of 11 pixels, σ 1.5 (torchmetrics);
    - lpips: LPIPS 0.1 with AlexNet (torchmetrics; torchvision's weights of AlexNet are downloaded once).

    Where the images of a judgement are not all of one size, they are cropped to central squares and scaled to 224
    pixels (Lanczos, antialiased).

    Args:
        name: of the distance.
        samples: with images.
        members: (n, k) row numbers of the samples of each judgement.
        sides: pairs of columns.
        progress: called with (judgements done, in all); a set of samples that stands there twice is one.

    Returns:
        (n, len(sides)) float64; larger is less alike.

    Raises:
        UnknownName: no such distance.
        MissingDependency: torchmetrics is not installed (ssim, lpips).
        SourceError: AlexNet's weights cannot be had.
        DataError: a dataset without images, images too small for the distance.

    Example:
        >>> grey = [Image.new("RGB", (8, 8), (51 * k, 51 * k, 51 * k)) for k in range(3)]
        >>> samples = Samples(("a", "b", "c"), lambda row: grey[row], None, (), "0f")
        >>> image_distances("pixels", samples, np.array([[0, 1, 2]]), ((0, 1), (0, 2))).round(6).tolist()
        [[0.2, 0.4]]

    Source:
        Wang et al. 2004, "Image quality assessment: from error visibility to structural similarity"; Zhang et al.
        2018, "The unreasonable effectiveness of deep features as a perceptual metric".
    """
    compare, images = _compare(name), _Images(samples)
    distinct, inverse = np.unique(members, axis=0, return_inverse=True)
    made = np.empty((len(distinct), len(sides)))
    for row, judged in enumerate(distinct.tolist()):
        pixels = images.alike(judged)
        try:
            made[row] = [compare(pixels[x], pixels[y]) for x, y in sides]
        except (RuntimeError, ValueError) as error:
            raise DataError(
                where=f"{name} of {samples.sample_ids[judged[0]]}",
                expected="images that it can compare",
                got=str(error).splitlines()[0],
                fix="Use larger images, or another baseline.",
            ) from error
        progress(row + 1, len(distinct))
    return made[inverse.reshape(-1)]


def _compare(name: str) -> _Compare:
    known = {"pixels": lambda: _pixels, "psnr": lambda: _psnr, "ssim": _ssim, "lpips": _lpips}
    if name not in known:
        raise UnknownName(
            where="baseline",
            expected="the name of a distance of images",
            got=repr(name),
            fix=suggestion(name, known),
        )
    return known[name]()


def _pixels(x: torch.Tensor, y: torch.Tensor) -> float:
    return float((x.double() - y.double()).square().mean().sqrt())


def _psnr(x: torch.Tensor, y: torch.Tensor) -> float:
    squares = float((x.double() - y.double()).square().mean())
    return -_MOST_DB if squares == 0 else max(-_MOST_DB, 10 * float(np.log10(squares)))


def _ssim() -> _Compare:
    image = _torchmetrics("torchmetrics.functional.image")

    def compare(x: torch.Tensor, y: torch.Tensor) -> float:
        return 1 - float(image.structural_similarity_index_measure(x[None], y[None], data_range=1.0))

    return compare


def _lpips() -> _Compare:
    vision_library("torchvision", where="lpips")
    lpip = _torchmetrics("torchmetrics.image.lpip")
    try:
        network = lpip.LearnedPerceptualImagePatchSimilarity(net_type="alex", normalize=True)
    except (OSError, RuntimeError) as error:
        raise SourceError(
            where="lpips",
            expected="torchvision's weights of AlexNet",
            got=str(error),
            fix="Connect to the network once, or leave the baseline lpips out.",
        ) from error

    def compare(x: torch.Tensor, y: torch.Tensor) -> float:
        network.reset()
        return float(network(x[None], y[None]))

    return compare


def _torchmetrics(module: str) -> Any:
    with suppress(MissingDependency):  # it does without torchvision, but not with one that cannot be imported
        vision_library("torchvision", where="baselines")
    with needed("torchmetrics", "human", where="baselines"):
        return import_module(module)


class _Images:
    """The images of a dataset, some of them kept, as they are and as squares."""

    def __init__(self, samples: Samples) -> None:
        image = samples.items("image")
        self._whole = lru_cache(_DECODED)(lambda row: plain(image(row)).convert("RGB"))  # pyright: ignore[reportArgumentType]
        self._square = lru_cache(_SQUARES)(self._fitted)
        self._sizes: dict[int, tuple[int, int]] = {}

    def alike(self, rows: list[int]) -> list[torch.Tensor]:
        """(3, height, width) in [0, 1], all of one size."""
        for row in rows:
            if row not in self._sizes:
                self._sizes[row] = self._whole(row).size
        one_size = len({self._sizes[row] for row in rows}) == 1
        taken = [(self._whole if one_size else self._square)(row) for row in rows]
        return [
            torch.from_numpy(np.array(image, dtype=np.float32).transpose(2, 0, 1) / 255) for image in taken
        ]

    def _fitted(self, row: int) -> Image.Image:
        return ImageOps.fit(self._whole(row), (SQUARE, SQUARE), Image.Resampling.LANCZOS)
