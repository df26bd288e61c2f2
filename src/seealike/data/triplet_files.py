"""Answered triplets on disk: the published layout, one .npz of filenames, similarities and indices; or Parquet.

The odd one is last: of similarities [s01, s02, s12] the first is the largest. File names are what images are found by;
the indices depend on somebody's order. Whole files of text are large: millions of rows are better read by
`data.triplet_codes`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import numpy as np

from seealike.data import triplet_npz, triplet_parquet
from seealike.data.atomic import write_atomically
from seealike.data.triplet_layout import ARRAYS, check_rows, check_shapes
from seealike.errors import MissingArtifact

#: Rows of one block.
BLOCK = 2**16


@dataclass(frozen=True)
class TripletFile:
    """Answered triplets.

    Attributes:
        filenames: (n, 3) text, the odd one last.
        similarities: (n, 3) float, [s01, s02, s12]; None in a file of triplets without answers.
        indices: (n, 3) int64, positions in the order of who wrote them.
        notes: how they were made: rule, seed, clusters, teacher.
    """

    filenames: np.ndarray = field(repr=False)
    similarities: np.ndarray | None = field(repr=False)
    indices: np.ndarray = field(repr=False)
    notes: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.filenames)


def write_triplets(path: Path, triplets: TripletFile) -> None:
    """Write the published layout, or Parquet by the suffix (without `similarities` where there are no answers).

    Raises:
        StoreError: the disk is full or not writable.
    """
    arrays = {name: getattr(triplets, name) for name in ARRAYS if getattr(triplets, name) is not None}

    def blocks() -> Iterator[dict[str, np.ndarray]]:
        for start in range(0, max(1, len(triplets)), BLOCK):
            yield {name: array[start : start + BLOCK] for name, array in arrays.items()}

    if path.suffix == ".parquet":
        write_atomically(path, lambda p: triplet_parquet.write(p, blocks(), triplets.notes))
    else:
        shapes = {name: (len(array), array.dtype) for name, array in arrays.items()}
        write_atomically(path, lambda p: triplet_npz.write(p, blocks, shapes, triplets.notes))


def read_triplets(path: Path, *, answered: bool = True) -> TripletFile:
    """Read a whole file and check it: shapes, types, different images, the odd one last.

    Args:
        path: an .npz of the published layout, or the .parquet that `write_triplets` makes.
        answered: whether the file has to have similarities.

    Raises:
        MissingArtifact: no such file.
        DamagedArtifact: no .npz or Parquet, or arrays missing, of other shapes or types.
        DataError: a row whose images are not different, whose similarities are not finite or whose first similarity is
            not the largest; says which row, from 0.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "train_class_border.npz"
        >>> names, rows = np.array([["a.png", "b.png", "c.png"]]), np.array([[0, 1, 2]])
        >>> write_triplets(path, TripletFile(names, np.array([[0.9, 0.1, 0.2]]), rows))
        >>> read_triplets(path).filenames.tolist()
        [['a.png', 'b.png', 'c.png']]
    """
    blocks = list(checked_blocks(path, answered=answered))
    arrays = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
    return TripletFile(arrays["filenames"], arrays.get("similarities"), arrays["indices"], read_notes(path))


def checked_blocks(path: Path, *, answered: bool = True) -> Iterator[dict[str, np.ndarray]]:
    """The arrays of a file, a block of rows after another, each checked; at least one block.

    Args, Raises: as `read_triplets`.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "t.parquet"
        >>> names, rows = np.array([["a.png", "b.png", "c.png"]]), np.array([[0, 1, 2]])
        >>> write_triplets(path, TripletFile(names, np.array([[0.5, 0.25, 0.125]]), rows))
        >>> [block["similarities"].tolist() for block in checked_blocks(path)]
        [[[0.5, 0.25, 0.125]]]
    """
    if not path.is_file():
        raise MissingArtifact(
            where=str(path), expected="an .npz of triplets", got="no file", fix="Check the path."
        )
    first = 0
    for block in _form(path).blocks(path, BLOCK, answered=answered):
        check_shapes(path, block)
        check_rows(path, block, first)
        first += len(block["filenames"])
        yield block


def read_notes(path: Path) -> dict[str, str]:
    """How the triplets of a file were made: rule, seed, clusters, teacher; empty in published files."""
    return _form(path).notes(path)


def n_triplets(path: Path) -> int:
    """How many triplets a file has, without reading them.

    Raises:
        DamagedArtifact: no such file of triplets.
    """
    return _form(path).length(path)


def _form(path: Path) -> ModuleType:
    return triplet_parquet if path.suffix == ".parquet" else triplet_npz
