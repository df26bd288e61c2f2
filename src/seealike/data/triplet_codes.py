"""Millions of triplets in memory: every image's name once, and whole numbers for the rest, 24 bytes a triplet."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from seealike.data import triplet_npz, triplet_parquet
from seealike.data.atomic import write_atomically
from seealike.data.identity import canonical
from seealike.data.triplet_files import BLOCK, checked_blocks, read_notes
from seealike.errors import MisalignedSamples


@dataclass(frozen=True)
class CodedTriplets:
    """Triplets of rows of a list of names.

    Attributes:
        names: (N,) file names, each once.
        rows: (n, 3) int32 rows of `names`, the odd one last.
        similarities: (n, 3) float32, [s01, s02, s12]; None without answers.
        notes: how they were made.
    """

    names: np.ndarray = field(repr=False)
    rows: np.ndarray = field(repr=False)
    similarities: np.ndarray | None = field(default=None, repr=False)
    notes: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def digest(self) -> str:
        """Of names, triplets and answers; the same whether they were read from an .npz or from Parquet.

        Example:
            >>> one = CodedTriplets(np.array(["a", "b", "c"]), np.array([[0, 2, 1]]))
            >>> one.digest == CodedTriplets(np.array(["a", "b", "c"]), np.array([[0, 1, 2]])).digest
            False
        """
        hasher = hashlib.sha256(canonical(self.names.tolist()).encode())
        hasher.update(np.ascontiguousarray(self.rows, dtype=np.int32).tobytes())
        if self.similarities is not None:
            hasher.update(np.ascontiguousarray(self.similarities, dtype=np.float32).tobytes())
        return hasher.hexdigest()[:16]

    def rows_of(self, sample_ids: Sequence[str], where: str) -> np.ndarray:
        """(n, 3) int64: the same triplets as rows of features with these ids; by name, never by position.

        Args:
            sample_ids: one a row of the features.
            where: for the error.

        Raises:
            MisalignedSamples: images that the features lack.

        Example:
            >>> CodedTriplets(np.array(["a", "b", "c"]), np.array([[0, 2, 1]])).rows_of(["c", "b", "a"], "x").tolist()
            [[2, 0, 1]]
        """
        place = {name: row for row, name in enumerate(sample_ids)}
        used = np.unique(self.rows)
        asked = self.names[used].tolist()
        missing = [name for name in asked if name not in place]
        if missing:
            row = int(np.isin(self.rows, used[[name not in place for name in asked]]).any(axis=1).argmax())
            raise MisalignedSamples(
                where=f"{where}, for triplet {row}",
                expected="features of every image of the triplets",
                got=f"none of {len(missing)} images ({', '.join(missing[:3])}{', …' * (len(missing) > 3)})",
                fix="Extract these images too; sample ids have to be the file names.",
            )
        moved = np.zeros(len(self.names), dtype=np.int64)
        moved[used] = [place[name] for name in asked]
        return moved[self.rows]


def write_coded(path: Path, triplets: CodedTriplets) -> None:
    """Write the published layout or Parquet, by the suffix; the indices are rows of `names`.

    Raises:
        StoreError: the disk is full or not writable.
    """
    names, n = np.asarray(triplets.names, dtype=str), len(triplets)

    def blocks() -> Iterator[dict[str, np.ndarray]]:
        for start in range(0, max(1, n), BLOCK):
            rows = triplets.rows[start : start + BLOCK]
            made = {"filenames": names[rows], "indices": rows}
            if triplets.similarities is not None:
                made["similarities"] = triplets.similarities[start : start + BLOCK]
            yield made

    if path.suffix == ".parquet":
        write_atomically(path, lambda p: triplet_parquet.write(p, blocks(), triplets.notes))
        return
    shapes = {"filenames": (n, names.dtype), "indices": (n, np.dtype(np.int64))}
    if triplets.similarities is not None:
        shapes["similarities"] = (n, np.dtype(np.float32))
    write_atomically(path, lambda p: triplet_npz.write(p, blocks, shapes, triplets.notes))


def read_coded(path: Path, *, answered: bool = True) -> CodedTriplets:
    """Read and check a file of triplets, .npz or .parquet, without ever holding all its text.

    Args:
        path: of the file.
        answered: whether it has to have similarities.

    Raises:
        MissingArtifact, DamagedArtifact, DataError: as `read_triplets`.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "t.npz"
        >>> write_coded(path, CodedTriplets(np.array(["a", "b", "c"]), np.array([[2, 0, 1]])))
        >>> found = read_coded(path, answered=False)
        >>> found.names[found.rows].tolist()
        [['c', 'a', 'b']]
    """
    known: dict[str, int] = {}
    rows, similarities = [], []
    for block in checked_blocks(path, answered=answered):
        texts = block["filenames"]
        coded = (known.setdefault(name, len(known)) for name in texts.ravel().tolist())
        rows.append(np.fromiter(coded, np.int32, texts.size).reshape(-1, 3))
        if "similarities" in block:
            similarities.append(block["similarities"].astype(np.float32))
    joined = np.concatenate(similarities) if similarities else None
    return CodedTriplets(np.array(list(known), dtype=str), np.concatenate(rows), joined, read_notes(path))
