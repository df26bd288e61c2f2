"""Arrays of MATLAB's ``.mat`` files: version 5 through scipy, version 7.3 through h5py."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np

from seealike.data.imports.entry import Entry, unreadable


def read_mat(path: Path) -> dict[str, Entry]:
    """The numeric arrays, texts and cells of texts of a ``.mat`` file; structs are passed over.

    Raises:
        DataError: not a ``.mat`` file.
        MissingDependency: it is version 7.3 and h5py is not installed.
    """
    if path.read_bytes()[:10] == b"MATLAB 7.3":
        from seealike.data.imports.hdf5 import read_hdf5

        return read_hdf5(path, matlab=True)
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        loaded = loadmat(path)
    except (OSError, ValueError, TypeError, KeyError, MatReadError, zlib.error, NotImplementedError) as error:
        raise unreadable(path, "a .mat file", str(error) or type(error).__name__) from error
    found = {name: _entry(value) for name, value in loaded.items() if not name.startswith("__")}
    return {name: entry for name, entry in found.items() if entry is not None}


def _entry(value: object) -> Entry | None:
    if not isinstance(value, np.ndarray):
        return None
    if value.dtype.kind in "fiub":
        return Entry.of(value)
    if value.dtype.kind == "U":
        return Entry.of(np.char.rstrip(value.ravel()))
    cells = list(value.ravel()) if value.dtype.kind == "O" and value.dtype.names is None else []
    if cells and all(isinstance(cell, np.ndarray) and cell.dtype.kind == "U" for cell in cells):
        return Entry.of(np.array(["".join(cell.ravel()) for cell in cells]))
    return None
