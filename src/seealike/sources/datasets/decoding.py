"""From the bytes of an image to 8-bit grey or RGB pixels, by stated rules."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path
from typing import Literal

from PIL import Image

from seealike.errors import BadSample, DataError
from seealike.sources.entry import Entry
from seealike.sources.images import plain

_GREY = {"1", "L", "LA", "La"}
_UNREADABLE = (OSError, ValueError, SyntaxError, EOFError, struct.error, Image.DecompressionBombError)


class Decoding(Entry):
    """How an image file becomes pixels; part of the dataset's revision.

    Every image comes out grey (L) or RGB. Palette, CMYK, YCbCr and 1-bit images are converted as Pillow does,
    color profiles are not applied, of an animation the first frame is taken. 16-bit RGB keeps its upper eight
    bits (Pillow reads no more); 16-bit grey, 32-bit and floating pixels are refused.

    Attributes:
        orientation: "applied" turns the picture as its EXIF tag says, the way people see it; "ignored" leaves
            it as stored, the way most published pipelines read it (Pillow turns TIFF files by itself).
        transparency: "white" or "black" shows the picture before that background; "dropped" forgets the alpha
            channel and shows whatever color lies under it, as ``convert("RGB")`` does.
    """

    orientation: Literal["applied", "ignored"] = "applied"
    transparency: Literal["white", "black", "dropped"] = "white"


DECODING = Decoding()
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def open_image(source: Path | bytes, where: str, decoding: Decoding = DECODING) -> Image.Image:
    """Open and decode an image completely.

    Args:
        source: a file, or its content.
        where: the dataset and the sample, for the error.
        decoding: the rules.

    Returns:
        An image of mode L or RGB.

    Raises:
        BadSample: no image, a damaged one, an empty file, or pixels that 8 bits cannot hold.

    Example:
        >>> open_image(b"", "dataset d, image a.png")
        Traceback (most recent call last):
        ...
        seealike.errors.BadSample: dataset d, image a.png: expected a readable image, got 0 bytes. Replace or remove it, then run the same command again.
    """  # noqa: E501
    try:
        with Image.open(BytesIO(source) if isinstance(source, bytes) else source) as image:
            image.load()
    except _UNREADABLE as error:
        empty = not (len(source) if isinstance(source, bytes) else _size(source))
        raise BadSample(
            where=where,
            expected="a readable image",
            got="0 bytes" if empty else str(error) or type(error).__name__,
            fix="Replace or remove it, then run the same command again.",
        ) from error
    return settled(image, where, decoding)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else -1


def settled(image: Image.Image, where: str, decoding: Decoding = DECODING) -> Image.Image:
    """A decoded image, made grey or RGB by the rules of `decoding`.

    Raises:
        BadSample: 16-bit grey, 32-bit or floating pixels.

    Example:
        >>> clear = Image.new("RGBA", (1, 1), (255, 0, 0, 0))
        >>> settled(clear, "d").getpixel((0, 0))
        (255, 255, 255)
    """
    try:
        plain(image)
    except DataError as error:
        raise BadSample(where=where, expected=error.expected, got=error.got, fix=error.fix) from error
    mode = "L" if image.mode in _GREY else "RGB"
    turned = _turned(image) if decoding.orientation == "applied" else image
    if not turned.has_transparency_data:
        return turned.convert(mode)
    clear = turned.convert("RGBA")
    if decoding.transparency != "dropped":
        clear = Image.alpha_composite(Image.new("RGBA", clear.size, decoding.transparency), clear)
    return clear.convert("RGB").convert(mode)


def _turned(image: Image.Image) -> Image.Image:
    how = _TURNS.get(_orientation(image.info.get("exif") or b""))
    return image if how is None else image.transpose(how)


def _orientation(exif: bytes) -> int:
    """The EXIF tag, read from the first directory alone; a damaged one says nothing about the picture.

    Pillow's own reader warns of every damaged tag, and warnings cannot be silenced in one thread alone.
    """
    raw = exif.removeprefix(b"Exif\x00\x00")
    order = {b"II": "<", b"MM": ">"}.get(raw[:2], "")
    try:
        start = struct.unpack_from(f"{order}I", raw, 4)[0]
        count = struct.unpack_from(f"{order}H", raw, start)[0] if order else 0
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, value = struct.unpack_from(f"{order}H6xH", raw, entry)
            if tag == _ORIENTATION:
                return value
    except struct.error:
        return 1
    return 1
