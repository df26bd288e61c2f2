"""Patches of photographs: two sets of disjoint areas, and square patches inside each that differ from another.

h, w: height and width of a photograph; s: side of a patch, all in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

Box = tuple[int, int, int, int]  # top, left, bottom, right


@dataclass(frozen=True)
class Cutting:
    """How patches are taken.

    Attributes:
        side: side of the finished patches, in pixels.
        cell: about how large the squares are that go to training and evaluation in turn, in pixels.
        gap: pixels left out on every side of a cell, so that neighbouring cells do not touch.
        overlap: largest intersection over union of two patches of one photograph.
        contrast: least standard deviation of the grey levels (0 to 255): flat patches all look the same.
        tries: candidate places looked at for each patch asked for.
    """

    side: int = 32
    cell: int = 128
    gap: int = 2
    overlap: float = 0.35
    contrast: float = 8.0
    tries: int = 15


def areas(shape: tuple[int, int], cutting: Cutting) -> tuple[list[Box], list[Box]]:
    """Cells of a photograph, coloured like a chessboard: (training, evaluation).

    Args:
        shape: (h, w) of the photograph.
        cutting: the size of the cells and the gap around them.

    Returns:
        Two lists of boxes; no box of one shares a pixel with, or touches, a box of the other.

    Example:
        >>> areas((100, 200), Cutting(cell=100, gap=2))
        ([(2, 2, 98, 98)], [(2, 102, 98, 198)])
    """
    rows, columns = (np.linspace(0, n, max(1, round(n / cutting.cell)) + 1).astype(int) for n in shape)
    parts: tuple[list[Box], list[Box]] = ([], [])
    for i in range(len(rows) - 1):
        for j in range(len(columns) - 1):
            top, left = int(rows[i]) + cutting.gap, int(columns[j]) + cutting.gap
            bottom, right = int(rows[i + 1]) - cutting.gap, int(columns[j + 1]) - cutting.gap
            parts[(i + j) % 2].append((top, left, bottom, right))
    return parts


def places(
    photo: np.ndarray,
    cells: Sequence[Box],
    sizes: Sequence[int],
    n: int,
    rng: np.random.Generator,
    cutting: Cutting,
) -> np.ndarray:
    """Where to cut up to `n` squares that lie inside `cells`, have contrast and hardly overlap.

    Args:
        photo: (h, w, 3) uint8.
        cells: the boxes to stay in.
        sizes: sides to choose from, in pixels of the photograph.
        n: how many are wanted; fewer come back when no more fit in ``cutting.tries * n`` draws.
        rng: the source of chance.
        cutting: the least contrast and the largest overlap.

    Returns:
        (m, 3) integers, m <= n: top, left, side.

    Example:
        >>> photo = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
        >>> places(photo, [(0, 0, 64, 64)], [32], 3, np.random.default_rng(0), Cutting()).shape
        (3, 3)
    """
    grey = photo.mean(2)
    chosen = np.empty((0, 3), int)
    for _ in range(cutting.tries * n):
        if len(chosen) == n:
            break
        place = _drawn(cells, sizes, rng)
        if place is None or _overlap(place, chosen) > cutting.overlap:
            continue
        top, left, side = map(int, place)
        if grey[top : top + side, left : left + side].std() >= cutting.contrast:
            chosen = np.vstack([chosen, place])
    return chosen


def _drawn(cells: Sequence[Box], sizes: Sequence[int], rng: np.random.Generator) -> np.ndarray | None:
    """A random square in a random cell, or nothing where it does not fit."""
    top, left, bottom, right = cells[int(rng.integers(len(cells)))]
    side = sizes[int(rng.integers(len(sizes)))]
    if min(bottom - top, right - left) < side:
        return None
    y, x = rng.integers(top, bottom - side, endpoint=True), rng.integers(left, right - side, endpoint=True)
    return np.array([y, x, side])


def _overlap(place: np.ndarray, others: np.ndarray) -> float:
    """Largest intersection over union of a square with the others (0 where there is none)."""
    if not len(others):
        return 0.0
    start = np.maximum(others[:, :2], place[:2])
    end = np.minimum(others[:, :2] + others[:, 2:], place[:2] + place[2])
    shared = np.maximum(end - start, 0).prod(1)
    return float((shared / (others[:, 2] ** 2 + place[2] ** 2 - shared)).max())


def cut(photo: np.ndarray, squares: np.ndarray, side: int) -> np.ndarray:
    """The squares of a photograph, each resized (area-weighted bilinear) to `side`.

    Args:
        photo: (h, w, 3) uint8.
        squares: (n, 3) integers from `places`.
        side: side of the patches, in pixels.

    Returns:
        (n, side, side, 3) uint8.

    Example:
        >>> cut(np.zeros((64, 64, 3), np.uint8), np.array([[0, 0, 48]]), 32).shape
        (1, 32, 32, 3)
    """
    patches = np.empty((len(squares), side, side, 3), np.uint8)
    for k, (top, left, size) in enumerate(squares.tolist()):
        patch = Image.fromarray(photo[top : top + size, left : left + size])
        patches[k] = np.asarray(patch.resize((side, side), Image.Resampling.BILINEAR))
    return patches
