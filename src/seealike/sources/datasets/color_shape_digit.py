"""Images of a handwritten digit on a colored shape, drawn by us: the same image has three attributes to ask for."""

from __future__ import annotations

import math
from functools import cache
from itertools import product
from typing import ClassVar, Literal

import numpy as np
from PIL import Image, ImageDraw
from pydantic import Field

from seealike.data.digests import Progress
from seealike.data.identity import digest
from seealike.sources.datasets.card import DatasetCard
from seealike.sources.datasets.digits import handwritten_digits
from seealike.sources.datasets.samples import Samples

#: Raised when the same card draws other pixels.
_VERSION = 1
#: name -> corners of a regular polygon or star, as (angle in turns, radius); a circle has none.
_CORNERS: dict[str, tuple[int, float]] = {
    "circle": (0, 1.0),
    "triangle": (3, 1.0),
    "square": (4, 1.0),
    "pentagon": (5, 1.0),
    "hexagon": (6, 1.0),
    "star": (5, 0.45),
    "cross": (4, 0.45),
    "flower": (8, 0.6),
}
SHAPES = tuple(_CORNERS)
COLORS = {
    "red": (214, 39, 40),
    "orange": (255, 127, 14),
    "yellow": (222, 203, 30),
    "green": (44, 160, 44),
    "cyan": (23, 190, 207),
    "blue": (31, 79, 200),
    "purple": (128, 60, 180),
    "pink": (247, 129, 191),
    "brown": (140, 86, 55),
    "grey": (127, 127, 127),
}
_OVERSAMPLED = 3


class ColorShapeDigitCard(DatasetCard):
    """8 shapes × 10 digits × 10 colors; a class is ``shape_digit_color`` ("star_7_blue").

    Place, size and turn of the shape, place of the digit, shade and noise are drawn for every image from
    (seed, part, class, number). The digits are handwritten; those of "test" are others than those of "train".

    Attributes:
        per_class: images of each of the 800 classes.
        size: side, in pixels.
        part: "train" or "test".
        seed: of the drawing.

    Source:
        The design of ColorShapeDigit800k: Li et al., «Exploring causes of representational similarity in machine
        learning models», 2025, section 4.2. The images are not those; the attributes and their counts are.
    """

    source_name: ClassVar[str] = "color_shape_digit"
    per_class: int = Field(default=10, gt=0)
    size: int = Field(default=28, ge=16)
    part: Literal["train", "test"] = "train"
    seed: int = Field(default=0, ge=0)

    def read(self, progress: Progress | None = None) -> Samples:
        """Names and numbers; images are drawn when they are asked for."""
        del progress
        kinds = list(product(SHAPES, range(10), COLORS))
        names = [f"{shape}_{number}_{color}" for shape, number, color in kinds]
        ids = [f"{name}/{self.part}-{self.seed}-{k}" for name in names for k in range(self.per_class)]

        def image(row: int) -> Image.Image:
            kind, k = divmod(row, self.per_class)
            rng = np.random.default_rng([self.seed, self.part == "test", kind, k])
            return drawn(kinds[kind], self.size, self.part, rng)

        made_from = ["color_shape_digit", _VERSION, self.size, self.part, self.seed, self.per_class]
        labels = np.repeat(np.arange(len(kinds), dtype=np.int64), self.per_class)
        return Samples(tuple(ids), image, labels, tuple(names), digest(made_from))


def drawn(
    kind: tuple[str, int, str], size: int, part: Literal["train", "test"], rng: np.random.Generator
) -> Image.Image:
    """One image.

    Args:
        kind: shape, digit and color.
        size: side, in pixels.
        part: whose handwriting.
        rng: where it stands, how it is turned, and the noise.

    Example:
        >>> drawn(("star", 7, "blue"), 28, "train", np.random.default_rng(0)).size
        (28, 28)
    """
    shape, number, color = kind
    side = size * _OVERSAMPLED
    image = Image.new("RGB", (side, side), (int(rng.integers(0, 50)),) * 3)
    center = side * (0.5 + rng.uniform(-0.06, 0.06, 2))
    outline = _outline(shape, center, side * rng.uniform(0.4, 0.47), rng.uniform(-0.06, 0.06))
    shade = np.clip(np.array(COLORS[color]) * rng.uniform(0.85, 1.1) + rng.normal(0, 6, 3), 0, 255)
    ImageDraw.Draw(image).polygon(outline, fill=tuple(int(v) for v in shade))
    glyph = _glyph(number, part, round(side * 0.46), rng)
    at = center + rng.uniform(-0.04, 0.04, 2) * side - glyph.width / 2
    image.paste((250, 250, 250), (round(at[0]), round(at[1])), glyph)
    values = np.asarray(image.resize((size, size), Image.Resampling.BOX), dtype=np.float64)
    return Image.fromarray(np.clip(values + rng.normal(0, 6, values.shape), 0, 255).astype(np.uint8))


def _outline(shape: str, center: np.ndarray, radius: float, turn: float) -> list[tuple[float, float]]:
    """The corners: at full radius, and between them at the shape's inner one, if it has one."""
    corners, inner = _CORNERS[shape]
    if not corners:
        corners, inner = 48, 1.0
    radii = [radius] * corners if inner == 1.0 else [radius, radius * inner] * corners
    angles = [2 * math.pi * (k / len(radii) + turn) - math.pi / 2 for k in range(len(radii))]
    return [
        (center[0] + r * math.cos(a), center[1] + r * math.sin(a)) for r, a in zip(radii, angles, strict=True)
    ]


def _glyph(number: int, part: str, side: int, rng: np.random.Generator) -> Image.Image:
    """A handwritten digit, as opacity."""
    rows = _handwriting(part)[number]
    image = Image.fromarray(handwritten_digits()[0][rng.choice(rows)])
    return image.resize((side, side), Image.Resampling.BICUBIC)


@cache
def _handwriting(part: str) -> list[np.ndarray]:
    """Rows of each digit: every fifth is for testing."""
    labels = handwritten_digits()[1]
    chosen = [np.flatnonzero(labels == number) for number in range(10)]
    test = [np.arange(len(rows)) % 5 == 4 for rows in chosen]
    return [rows[mask == (part == "test")] for rows, mask in zip(chosen, test, strict=True)]
