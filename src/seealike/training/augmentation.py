"""Random changes of a batch of images, all at once: flips, shifts, holes, brightness, contrast, saturation."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor

from seealike.sources.entry import Entry

#: What grey is made of, red, green and blue (ITU-R BT.601).
_GREY = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)


class Augmentation(Entry):
    """How images are changed at random, each on its own.

    Attributes:
        flip: whether half of them are mirrored.
        translate: pixels by which they are shifted at most, in each direction; what comes in is black.
        cutout: side in pixels of a square hole at a random place; 0 for none.
        brightness: factor drawn from 1 ± this.
        contrast: the same, about the mean grey of the image.
        saturation: the same, about the grey image; RGB alone.
        color_probability: share of the images for which each of the three colors' changes is made.

    Example:
        >>> images = torch.rand(4, 3, 8, 8)
        >>> Augmentation(flip=True, translate=2)(images, torch.Generator().manual_seed(0)).shape
        torch.Size([4, 3, 8, 8])
    """

    flip: bool = False
    translate: int = Field(default=0, ge=0)
    cutout: int = Field(default=0, ge=0)
    brightness: float = Field(default=0.0, ge=0, le=1)
    contrast: float = Field(default=0.0, ge=0, le=1)
    saturation: float = Field(default=0.0, ge=0, le=1)
    color_probability: float = Field(default=1.0, ge=0, le=1)

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """The changed images.

        Args:
            images: (n, channels, height, width) from 0 to 1.
            generator: on the CPU.
        """
        n = len(images)
        if self.flip:
            mirrored = torch.rand(n, 1, 1, 1, generator=generator) < 0.5
            images = torch.where(mirrored, images.flip(-1), images)
        if self.translate:
            images = _shifted(images, _whole(n, self.translate, generator))
        images = self._colored(images, generator)
        if self.cutout:
            images = images * _holes(images, self.cutout, generator)
        return images

    def _colored(self, images: Tensor, generator: torch.Generator) -> Tensor:
        def factor(strength: float) -> Tensor:
            drawn = 1 + strength * (2 * torch.rand(len(images), 1, 1, 1, generator=generator) - 1)
            chosen = torch.rand(len(images), 1, 1, 1, generator=generator) < self.color_probability
            return torch.where(chosen, drawn, torch.ones(()))

        if self.brightness:
            images = (images * factor(self.brightness)).clamp(0, 1)
        if self.contrast:
            mean = _grey(images).mean((-1, -2), keepdim=True)
            images = (mean + (images - mean) * factor(self.contrast)).clamp(0, 1)
        if self.saturation and images.shape[1] == 3:
            grey = _grey(images)
            images = (grey + (images - grey) * factor(self.saturation)).clamp(0, 1)
        return images


def _grey(images: Tensor) -> Tensor:
    return (images * _GREY).sum(1, keepdim=True) if images.shape[1] == 3 else images


def _whole(n: int, most: int, generator: torch.Generator) -> Tensor:
    """(2, n) whole numbers from -most to most."""
    return torch.randint(-most, most + 1, (2, n), generator=generator)


def _shifted(images: Tensor, by: Tensor) -> Tensor:
    """Each image moved by its (down, right), black where nothing is left."""
    height, width = images.shape[-2:]
    rows = torch.arange(height) - by[0][:, None]
    columns = torch.arange(width) - by[1][:, None]
    inside = ((rows >= 0) & (rows < height))[:, :, None] & ((columns >= 0) & (columns < width))[:, None, :]
    flat = rows.clamp(0, height - 1)[:, :, None] * width + columns.clamp(0, width - 1)[:, None, :]
    index = flat.flatten(1)[:, None, :].expand(-1, images.shape[1], -1)
    moved = images.flatten(2).gather(2, index).view_as(images)
    return moved * inside[:, None]


def _holes(images: Tensor, side: int, generator: torch.Generator) -> Tensor:
    """1 everywhere but in one square an image, which may lie partly outside."""
    n, _, height, width = images.shape
    top = torch.randint(height, (n, 1), generator=generator) - side // 2
    left = torch.randint(width, (n, 1), generator=generator) - side // 2
    rows, columns = torch.arange(height), torch.arange(width)
    down = (rows >= top) & (rows < top + side)
    across = (columns >= left) & (columns < left + side)
    return 1.0 - (down[:, :, None] & across[:, None, :]).float()[:, None]
