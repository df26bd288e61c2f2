"""From an image to a network's input tensor."""

from __future__ import annotations

from typing import Literal

import numpy as np
from PIL import Image
from pydantic import Field

from seealike.errors import DataError
from seealike.sources.entry import Entry

_PLAIN_MODES = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV", "LAB"}
_INTERPOLATION = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
}


class ImageInput(Entry):
    """How an image becomes an array (channels, size, size) of float32.

    The image is made grey or RGB, cropped and resized (antialiased), divided by 255, then
    ``(x - mean) / std`` channel by channel.

    Attributes:
        size: side of the square input, in pixels.
        channels: 1 (grey) or 3 (RGB).
        crop: "center" takes the central square; "none" stretches the whole image.
        resize: with "center", first bring the shorter side to this length, then cut out the central square
            of `size` (as torchvision's evaluation transforms do); without it the largest central square is taken.
        interpolation: "bilinear", "bicubic" or "nearest".
        mean: subtracted, one a channel.
        std: divided by, one a channel.

    Example:
        >>> from PIL import Image
        >>> ImageInput(size=8, channels=1)(Image.new("RGB", (20, 10), "white")).shape
        (1, 8, 8)
    """

    size: int = Field(gt=0)
    channels: Literal[1, 3] = 3
    crop: Literal["center", "none"] = "center"
    resize: int | None = Field(default=None, gt=0)
    interpolation: Literal["nearest", "bilinear", "bicubic"] = "bilinear"
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)

    def __call__(self, image: Image.Image) -> np.ndarray:
        """The network's input for one image."""
        picture = self._cropped(plain(image).convert("L" if self.channels == 1 else "RGB"))
        values = np.asarray(picture, dtype=np.float32) / np.float32(255)
        values = values.reshape(self.size, self.size, self.channels).transpose(2, 0, 1)
        mean, std = (np.asarray(v, dtype=np.float32).reshape(-1, 1, 1) for v in (self.mean, self.std))
        return (values - mean) / std

    def _cropped(self, image: Image.Image) -> Image.Image:
        how = _INTERPOLATION[self.interpolation]
        width, height = image.size
        short = min(width, height)
        if self.crop == "none":
            return image.resize((self.size, self.size), how)
        if self.resize is None:
            left, top = (width - short) // 2, (height - short) // 2
            square = image.crop((left, top, left + short, top + short))
            return square.resize((self.size, self.size), how)
        scaled = image.resize((width * self.resize // short, height * self.resize // short), how)
        left, top = round((scaled.width - self.size) / 2), round((scaled.height - self.size) / 2)
        return scaled.crop((left, top, left + self.size, top + self.size))


def plain(image: Image.Image) -> Image.Image:
    """The image itself, if its pixels are 8-bit; a silent clip of deeper pixels would change the picture.

    Raises:
        DataError: 16-bit, 32-bit or floating pixels.
    """
    if image.mode not in _PLAIN_MODES:
        raise DataError(
            where=getattr(image, "filename", "") or "image",
            expected="8-bit pixels",
            got=f"pixels of mode {image.mode}",
            fix="Convert the image to 8 bits with a scaling of your choice.",
        )
    return image
