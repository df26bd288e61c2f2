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
            streams = {name: stack.enter_context(archive.open(f"{name}.npy")) for name in names}
            headers = {name: _header(stream) for name, stream in streams.items()}
            _check(path, headers)
            length = headers["filenames"][0][0]
            for start in range(0, max(1, length), n_rows):
                count = min(n_rows, length - start)
                yield {name: _rows(streams[name], headers[name][1], count) for name in names}
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


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype]:
    version = npy.read_magic(stream)
    reads = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, fortran, dtype = reads(stream)
    if fortran or dtype.hasobject:
        raise ValueError("an array by columns, or of Python objects")
    return shape, dtype


def _check(path: Path, headers: Mapping[str, tuple[tuple[int, ...], np.dtype]]) -> None:
    length = headers["filenames"][0][:1]
    for name, (shape, dtype) in headers.items():
        if shape != (*length, 3):
            raise damaged_triplets(path, f"{name} of {dtype} and shape {shape}, not (n, 3)")


def _rows(stream: IO[bytes], dtype: np.dtype, count: int) -> np.ndarray:
    raw = stream.read(count * 3 * dtype.itemsize)
    if len(raw) != count * 3 * dtype.itemsize:
        raise EOFError(f"{len(raw)} bytes of {count * 3 * dtype.itemsize}")
    return np.frombuffer(raw, dtype=dtype).reshape(-1, 3)
