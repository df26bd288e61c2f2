"""Named arrays and notes in one safetensors file: written in one pass, read as memory maps."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from seealike.data.atomic import write_atomically
from seealike.data.encoding import DTYPES, code_of, decoded, encoded, stored_code
from seealike.errors import DamagedArtifact, MissingArtifact, NewerFormat, place

FORMAT = 1
_BLOCK_BYTES = 1 << 22
_NO_DIGEST = "0" * 64


@dataclass(frozen=True)
class Header:
    """What stands at the front of a safetensors file.

    Attributes:
        path: the file.
        start: where the arrays begin, in bytes.
        arrays: name -> {"dtype": code, "shape": […], "data_offsets": [first, last]}.
        notes: text beside the arrays.
    """

    path: Path
    start: int
    arrays: dict[str, dict]
    notes: dict[str, str]


def write_arrays(
    path: Path,
    arrays: Mapping[str, np.ndarray],
    notes: Mapping[str, str],
    *,
    dtypes: Mapping[str, str] | None = None,
    digested: str = "",
) -> None:
    """Write named arrays and text notes as one safetensors file, atomically, block by block.

    Args:
        path: where to.
        arrays: name -> array of numbers; a memory map is never read as a whole.
        notes: text to keep beside the arrays.
        dtypes: name -> "float64", "float32", "float16" or "bfloat16", for arrays to be stored in another
            precision than their own.
        digested: the name of an array whose bytes' SHA-256 is noted as ``<name>_sha256``.

    Raises:
        NonFiniteError: a number is too large for the precision it shall be stored in.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.safetensors"
        >>> write_arrays(path, {"x": np.arange(3.0)}, {"kind": "test"}, dtypes={"x": "bfloat16"})
        >>> arrays, notes = read_arrays(path)
        >>> arrays["x"], notes["kind"]
        (array([0., 1., 2.], dtype=float32), 'test')
    """
    codes = {
        name: stored_code(dtypes[name], str(path)) if dtypes and name in dtypes else code_of(array)
        for name, array in arrays.items()
    }
    texts = {"seealike_format": str(FORMAT), **notes}
    if digested:
        texts[f"{digested}_sha256"] = _NO_DIGEST
    write_atomically(path, lambda temporary: _write(temporary, arrays, codes, texts, digested))


def _write(
    path: Path, arrays: Mapping[str, np.ndarray], codes: dict[str, str], notes: dict[str, str], digested: str
) -> None:
    # Widest numbers first, so that every array begins at a multiple of its numbers' size.
    names = sorted(arrays, key=lambda name: (-DTYPES[codes[name]].itemsize, name))
    entries: dict[str, object] = {"__metadata__": notes}
    end = 0
    for name in names:
        first, end = end, end + arrays[name].size * DTYPES[codes[name]].itemsize
        shape = list(arrays[name].shape)
        entries[name] = {"dtype": codes[name], "shape": shape, "data_offsets": [first, end]}
    text = _header_text(entries)
    with path.open("wb") as stream:
        stream.write(text)
        for name in names:
            with place(name):
                sha256 = _write_array(stream, arrays[name], codes[name], digest=name == digested)
            if name == digested:
                notes[f"{name}_sha256"] = sha256
        stream.seek(0)
        stream.write(_header_text(entries))


def _header_text(entries: dict[str, object]) -> bytes:
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text


def _write_array(stream: BinaryIO, array: np.ndarray, code: str, *, digest: bool) -> str:
    hasher = hashlib.sha256()
    for block in _row_blocks(array):
        raw = _bytes(block, code)
        stream.write(raw)
        if digest:
            hasher.update(raw)
    return hasher.hexdigest()


def _bytes(block: np.ndarray, code: str) -> memoryview:
    """The bytes of some rows as they lie on disk."""
    return encoded(block, code).data.cast("B") if block.size else memoryview(b"")


def _row_blocks(array: np.ndarray) -> Iterator[np.ndarray]:
    if array.ndim == 0:
        yield array.reshape(1)
        return
    row = max(1, array[:1].nbytes)
    step = max(1, _BLOCK_BYTES // row)
    for first in range(0, len(array), step):
        yield array[first : first + step]


def read_header(path: Path) -> Header:
    """The header of a safetensors file, checked against the file's length.

    Raises:
        MissingArtifact: no such file.
        DamagedArtifact: the header cannot be read, or the file ends before its arrays do.
        NewerFormat: written by a newer seealike.
    """
    if not path.exists():
        raise MissingArtifact(
            where=str(path), expected="a safetensors file", got="no file", fix="Run the stage that writes it."
        )
    entries, start = _parsed(path)
    notes = entries.pop("__metadata__", {})
    if int(notes.get("seealike_format", FORMAT)) > FORMAT:
        raise NewerFormat(
            where=str(path),
            expected=f"format {FORMAT} or older",
            got=f"format {notes['seealike_format']}",
            fix="Update seealike.",
        )
    size = path.stat().st_size
    for entry in entries.values():
        if entry["dtype"] not in DTYPES:
            raise damaged(path, f"numbers of type {entry['dtype']}")
        if size < start + entry["data_offsets"][1]:
            raise damaged(path, f"{size} bytes where the header promises {start + entry['data_offsets'][1]}")
    return Header(path, start, entries, notes)


def _parsed(path: Path) -> tuple[dict, int]:
    try:
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if not 0 < length < path.stat().st_size:
                raise ValueError(f"header of {length} bytes in a file of {path.stat().st_size}")
            entries = json.loads(stream.read(length))
    except ValueError as error:
        raise damaged(path, str(error)) from error
    if not isinstance(entries, dict):
        raise damaged(path, "a header that is no mapping")
    return entries, 8 + length


def read_arrays(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The arrays of a safetensors file as read-only memory maps, and its notes.

    bfloat16, which numpy has not, is read at once and becomes float32, exactly.

    Raises:
        MissingArtifact: no such file.
        DamagedArtifact: the header cannot be read, or the file ends before its arrays do.
        NewerFormat: written by a newer seealike.
    """
    header = read_header(path)
    return {name: decoded(mapped(header, name), header.arrays[name]["dtype"]) for name in header.arrays}, (
        header.notes
    )


def mapped(header: Header, name: str) -> np.ndarray:
    """One array as it lies on disk, a read-only memory map (two bytes a number for bfloat16)."""
    entry = header.arrays[name]
    dtype, shape = DTYPES[entry["dtype"]], tuple(entry["shape"])
    first, last = entry["data_offsets"]
    if last - first != int(np.prod(shape, dtype=np.int64)) * dtype.itemsize:
        raise damaged(header.path, f"{last - first} bytes for {name} of shape {shape}")
    if first == last:
        return np.empty(shape, dtype)
    return np.memmap(header.path, dtype=dtype, mode="r", offset=header.start + first, shape=shape)


def stored_sha256(header: Header, name: str) -> str:
    """The SHA-256 of one array's bytes in the file, read block by block."""
    hasher = hashlib.sha256()
    first, last = header.arrays[name]["data_offsets"]
    with header.path.open("rb") as stream:
        stream.seek(header.start + first)
        left = last - first
        while left:
            block = stream.read(min(left, _BLOCK_BYTES))
            if not block:
                raise damaged(header.path, f"a file that ends {left} bytes before {name} does")
            hasher.update(block)
            left -= len(block)
    return hasher.hexdigest()


def encoded_sha256(array: np.ndarray, dtype: str) -> str:
    """The SHA-256 that an array's bytes would have on disk, stored in this precision.

    Example:
        >>> encoded_sha256(np.ones(4), "float32") == encoded_sha256(np.ones(4, dtype=np.float32), "float32")
        True
    """
    hasher, code = hashlib.sha256(), stored_code(dtype, "array")
    for block in _row_blocks(array):
        hasher.update(_bytes(block, code))
    return hasher.hexdigest()


def damaged(path: Path, got: str) -> DamagedArtifact:
    """The error for a file that is not what it says."""
    return DamagedArtifact(
        where=str(path), expected="a complete file", got=got, fix="Delete it and run the same command again."
    )
