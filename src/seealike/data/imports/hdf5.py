"""Arrays of HDF5 files, MATLAB's version 7.3 among them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from seealike.data.imports.entry import PICKLED, TEXT, Entry, unreadable
from seealike.errors import needed


def read_hdf5(path: Path, *, matlab: bool = False) -> dict[str, Entry]:
    """All datasets of an HDF5 file by their path in it.

    Args:
        path: the file.
        matlab: it is a ``.mat`` file of version 7.3, whose arrays lie transposed and whose texts are numbers.

    Raises:
        DataError: not an HDF5 file.
        MissingDependency: h5py is not installed.
    """
    with needed("h5py", "hdf5", where=str(path)):
        import h5py
    found: dict[str, Entry] = {}

    def see(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and not name.startswith("#"):
            found[name] = _entry(path, name, item, matlab)

    try:
        with h5py.File(path, "r") as file:
            file.visititems(see)
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise unreadable(path, "an HDF5 file", str(error) or type(error).__name__) from error
    return found


def _entry(path: Path, name: str, item: Any, matlab: bool) -> Entry:
    import h5py

    if matlab:
        kind = bytes(item.attrs.get("MATLAB_class", b"double")).decode()
        if kind in ("cell", "char"):
            shape = (item.size if kind == "cell" else 1,)
            return Entry(shape, TEXT, lambda: _read(path, name, _matlab_texts))
        return Entry(item.shape[::-1], item.dtype.name, lambda: _read(path, name, lambda d: d[()].T))
    if h5py.check_string_dtype(item.dtype) is not None:
        return Entry(
            item.shape, TEXT, lambda: _read(path, name, lambda d: np.array(d.asstr()[()], dtype=str))
        )
    kind = item.dtype.name if item.dtype.kind in "fiub" else PICKLED
    return Entry(item.shape, kind, lambda: _read(path, name, lambda d: d[()]))


def _read(path: Path, name: str, take: Any) -> np.ndarray:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            return take(file[name])
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        raise unreadable(path, f"a readable dataset {name!r}", str(error) or type(error).__name__) from error


def _matlab_texts(item: Any) -> np.ndarray:
    """A text, or a cell of texts: UTF-16 code units, columns first."""
    import h5py

    if item.dtype != h5py.ref_dtype:
        return np.array([_units(item[()])])
    return np.array([_units(item.file[reference][()]) for reference in item[()].ravel()])


def _units(codes: np.ndarray) -> str:
    return np.asarray(codes, dtype="<u2").ravel().tobytes().decode("utf-16-le")
