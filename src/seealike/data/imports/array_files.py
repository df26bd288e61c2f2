"""Arrays of numpy and safetensors files: ``.npy``, ``.npz``, ``.safetensors``."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

from seealike.data.arrays import mapped, read_header
from seealike.data.encoding import decoded
from seealike.data.imports.entry import PICKLED, Entry, kind_of, refused, unreadable
from seealike.errors import StoreError

_DAMAGE = (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, NotImplementedError)


def read_npy(path: Path) -> dict[str, Entry]:
    """The one array of a ``.npy`` file, as a memory map."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except _DAMAGE as error:
        if "pickle" in str(error) or "object" in str(error).lower():
            raise refused(path, "an array of Python objects") from error
        raise unreadable(path, "a .npy array", str(error) or type(error).__name__) from error
    if not isinstance(array, np.ndarray):
        raise unreadable(path, "a .npy array", type(array).__name__, "Give it its own ending.")
    return {"": Entry.of(array)}


def read_npz(path: Path) -> dict[str, Entry]:
    """The arrays of a ``.npz`` file; one of Python objects is listed, never opened."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [name for name in archive.namelist() if name.endswith(".npy")]
            return {name.removesuffix(".npy"): _member(path, archive, name) for name in members}
    except _DAMAGE as error:
        raise unreadable(path, "an .npz archive", str(error) or type(error).__name__) from error


def _member(path: Path, archive: zipfile.ZipFile, name: str) -> Entry:
    with archive.open(name) as stream:
        version = np.lib.format.read_magic(stream)
        old = version == (1, 0)
        read = np.lib.format.read_array_header_1_0 if old else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(stream)
    return Entry(shape, kind_of(dtype), lambda: _loaded(path, name.removesuffix(".npy")))


def _loaded(path: Path, key: str) -> np.ndarray:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return archive[key]
    except _DAMAGE as error:
        if "pickle" in str(error):
            raise refused(path, f"{key}: {PICKLED}") from error
        raise unreadable(path, f"a readable array {key!r}", str(error)) from error


def read_safetensors(path: Path) -> dict[str, Entry]:
    """The arrays of a safetensors file as memory maps; ids that we wrote become text again."""
    try:
        header = read_header(path)
    except StoreError as error:
        raise unreadable(path, "a safetensors file", error.got) from error
    entries = {}
    for name, entry in header.arrays.items():
        kind = "bfloat16" if entry["dtype"] == "BF16" else mapped(header, name).dtype.name
        read = lambda name=name, code=entry["dtype"]: decoded(mapped(header, name), code)  # noqa: E731
        entries[name] = Entry(tuple(entry["shape"]), kind, read)
    if header.notes.get("kind") == "features" and "sample_ids" in entries:
        ids = bytes(mapped(header, "sample_ids")).decode().split("\n")
        entries["sample_ids"] = Entry.of(np.array(ids))
    return entries
