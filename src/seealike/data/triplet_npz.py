"""The .npz form of triplets, written and read in blocks of rows: millions of file names are never in memory at once."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import numpy as np
from numpy.lib import format as npy

from seealike.data.triplet_layout import ARRAYS, damaged_triplets

_NOTES = "notes"


def write(
    path: Path,
    blocks: Callable[[], Iterable[Mapping[str, np.ndarray]]],
    shapes: Mapping[str, tuple[int, np.dtype]],
    notes: Mapping[str, str],
) -> None:
    """Write arrays (n, 3), one after the other.

    Args:
        path: where to.
        blocks: the rows, from the first on whenever it is called.
        shapes: name -> number of rows and type.
        notes: kept as a further array of text, which readers of the published layout pass over.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, (n, dtype) in shapes.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
                header = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": (n, 3)}
                npy.write_array_header_1_0(stream, header)
                for block in blocks():
                    stream.write(np.ascontiguousarray(block[name], dtype=dtype).tobytes())
        if notes:
            with archive.open(f"{_NOTES}.npy", "w") as stream:
                npy.write_array(stream, np.array(json.dumps(dict(notes))))


def blocks(path: Path, n_rows: int, *, answered: bool) -> Iterator[dict[str, np.ndarray]]:
    """The arrays in blocks of rows.

    Raises:
        DamagedArtifact: no .npz, arrays that are missing or cannot be read.
    """
    try:
        with ExitStack() as stack:
            archive = stack.enter_context(zipfile.ZipFile(path))
            names = _names(path, archive, answered)
            arrays = {name: _Array(archive, name, stack) for name in names}
            length = arrays["filenames"].shape[0]
            for name, array in arrays.items():
                if array.shape != (length, 3):
                    raise damaged_triplets(
                        path, f"{name} of {array.dtype} and shape {array.shape}, not ({length}, 3)"
                    )
            for start in range(0, max(1, length), n_rows):
                count = min(n_rows, length - start)
                yield {name: array.rows(count) for name, array in arrays.items()}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise damaged_triplets(path, f"a file that cannot be read ({error})") from error


def length(path: Path) -> int:
    """How many rows there are.

    Raises:
        DamagedArtifact: as `blocks`.
    """
    try:
        with zipfile.ZipFile(path) as archive, archive.open("filenames.npy") as stream:
            return _header(stream)[0][0]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise damaged_triplets(path, f"a file that cannot be read ({error})") from error


def notes(path: Path) -> dict[str, str]:
    """What stands beside the arrays."""
    with np.load(path, allow_pickle=False) as found:
        return json.loads(str(found[_NOTES])) if _NOTES in found.files else {}


def _names(path: Path, archive: zipfile.ZipFile, answered: bool) -> list[str]:
    there = [name.removesuffix(".npy") for name in archive.namelist()]
    wanted = ARRAYS if answered else ("filenames", "indices")
    missing = [name for name in wanted if name not in there]
    if missing:
        raise damaged_triplets(
            path, f"no array {', '.join(missing)} (there are: {', '.join(there) or 'none'})"
        )
    return [name for name in ARRAYS if name in there]


class _Array:
    """One array of the archive, read from its first row on; by columns as numpy writes the transposed of three rows."""

    def __init__(self, archive: zipfile.ZipFile, name: str, stack: ExitStack) -> None:
        self._streams = [stack.enter_context(archive.open(f"{name}.npy"))]
        self.shape, fortran, self.dtype = _header(self._streams[0])
        if fortran and self.shape[1:] == (3,):
            start, step = self._streams[0].tell(), self.shape[0] * self.dtype.itemsize
            self._streams += [stack.enter_context(archive.open(f"{name}.npy")) for _ in range(2)]
            for column, stream in enumerate(self._streams):
                stream.seek(start + column * step)

    def rows(self, count: int) -> np.ndarray:
        """(count, 3) the next ones."""
        across = 3 // len(self._streams)
        parts = [_numbers(stream, self.dtype, count * across) for stream in self._streams]
        found = np.stack(parts, axis=1) if across == 1 else parts[0].reshape(-1, 3)
        return np.char.decode(found, "utf-8") if self.dtype.kind == "S" else found


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    version = npy.read_magic(stream)
    reads = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, fortran, dtype = reads(stream)
    if dtype.hasobject:
        raise ValueError("an array of Python objects")
    return shape, fortran, dtype


def _numbers(stream: IO[bytes], dtype: np.dtype, count: int) -> np.ndarray:
    raw = stream.read(count * dtype.itemsize)
    if len(raw) != count * dtype.itemsize:
        raise EOFError(f"{len(raw)} bytes of {count * dtype.itemsize}")
    return np.frombuffer(raw, dtype=dtype)
