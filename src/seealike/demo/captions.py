"""Captions of the training images: what the image is, and words measured from its pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: dataset -> how its classes are said.
THINGS = {
    "digits": "the handwritten digit {}",
    "faces": "a {} in a crowd",
    "photographs": "part of a photograph of a {}",
    "textures": "a surface of {}",
    "medical": "a medical image of {}",
    "astronomy": "a telescope image of the {}",
    "documents": "a scan of {}",
    "drawings": "a drawing of a {}",
}

#: Ways of saying it; one is drawn for each image and step.
TEMPLATES = (
    "{thing}",
    "{thing}, mostly {color}",
    "a {light} and {texture} image: {thing}",
    "{light}, {texture} and {color}: {thing}",
)

COLORS = ("red", "yellow", "green", "cyan", "blue", "magenta")


def measured(images: np.ndarray) -> list[dict[str, str]]:
    """Words that the pixels themselves decide: light, texture and dominant color.

    ``light`` is the mean grey level (dark below 80, bright above 160), ``texture`` the mean absolute
    difference of neighbouring grey levels (smooth below 6, busy above 18), ``color`` the hue of the mean
    color, or grey where its channels differ by less than 24.

    Args:
        images: (n, s, s, 3) uint8.

    Returns:
        One mapping for each image.

    Example:
        >>> measured(np.full((1, 4, 4, 3), [250, 10, 10], np.uint8))
        [{'light': 'medium', 'texture': 'smooth', 'color': 'red'}]
    """
    pixels = images.astype(np.float32)
    grey = pixels.mean(3)
    steps = (np.abs(np.diff(grey, axis=1)).mean((1, 2)) + np.abs(np.diff(grey, axis=2)).mean((1, 2))) / 2
    light = np.digitize(grey.mean((1, 2)), [80, 160])
    texture = np.digitize(steps, [6, 18])
    return [
        {
            "light": ("dark", "medium", "bright")[a],
            "texture": ("smooth", "textured", "busy")[b],
            "color": _color(mean),
        }
        for a, b, mean in zip(light, texture, pixels.mean((1, 2)), strict=True)
    ]


def _color(mean: np.ndarray) -> str:
    """The nearest of six hues, 60 degrees apart, or grey."""
    red, green, blue = (float(c) for c in mean)
    if max(red, green, blue) - min(red, green, blue) < 24:
        return "grey"
    hue = np.degrees(np.arctan2(np.sqrt(3) * (green - blue), 2 * red - green - blue)) % 360
    return COLORS[round(hue / 60) % 6]


@dataclass(frozen=True)
class Captions:
    """All captions as numbers.

    Attributes:
        texts: the different captions.
        ids: (n, templates) row of `texts` for each image and template.
        tokens: (len(texts), length) word numbers, 0 where a caption has ended.
        words: the vocabulary; word number i is ``words[i - 1]``.
    """

    texts: tuple[str, ...]
    ids: np.ndarray
    tokens: np.ndarray
    words: tuple[str, ...]


def captions(images: np.ndarray, things: Sequence[str]) -> Captions:
    """Every template's caption of every image.

    Args:
        images: (n, s, s, 3) uint8.
        things: what each image shows, n phrases.

    Example:
        >>> said = captions(np.zeros((1, 4, 4, 3), np.uint8), ["a surface of brick"])
        >>> said.texts[0], said.texts[2]
        ('a surface of brick', 'a dark and smooth image: a surface of brick')
    """
    said = [
        [template.format(thing=thing, **words) for template in TEMPLATES]
        for thing, words in zip(things, measured(images), strict=True)
    ]
    texts = tuple(dict.fromkeys(text for row in said for text in row))
    number = {text: i for i, text in enumerate(texts)}
    split = [text.replace(",", " ").replace(":", " ").split() for text in texts]
    words = tuple(sorted({word for text in split for word in text}))
    tokens = np.zeros((len(texts), max(len(text) for text in split)), np.int64)
    for row, text in zip(tokens, split, strict=True):
        row[: len(text)] = [words.index(word) + 1 for word in text]
    return Captions(texts, np.array([[number[text] for text in row] for row in said]), tokens, words)
