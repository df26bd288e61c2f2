"""NumPy arrays that were saved with torch.save: read without giving the pickle anything to run.

Such a file is a zip archive with a pickle in it. A pickle is a program; this reader knows only the four
functions that every NumPy array is made with, and has a harmless one of its own for each, so that neither NumPy's nor
anybody else's code is reached by what the file says.
"""

from __future__ import annotations

import io
import pickle
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from seealike.data.imports.entry import refused, unreadable

#: Types of numbers that an array may have, without byte order.
_NUMBERS = {"b1", "i1", "u1", *(f"{kind}{size}" for kind in "iuf" for size in (2, 4, 8))}
_DAMAGE = (
    OSError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    EOFError,
    OverflowError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)


class _Type:
    """Stands for numpy.dtype: a code, and the byte order that comes with its state."""

    def __init__(self, code: object, *flags: object) -> None:
        if code not in _NUMBERS:
            raise pickle.UnpicklingError(f"an array of type {code!r}, not of numbers")
        self.name = f"={code}"

    def __setstate__(self, state: Any) -> None:
        order = state[1]
        if order not in ("<", ">", "=", "|"):
            raise pickle.UnpicklingError(f"byte order {order!r}")
        self.name = f"{'=' if order == '|' else order}{self.name[1:]}"


class _Array:
    """Stands for numpy.ndarray: shape, type and bytes that come with its state."""

    value: np.ndarray

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, fortran, raw = state
        if not isinstance(kind, _Type) or not isinstance(raw, bytes):
            raise pickle.UnpicklingError("an array of Python objects")
        flat = np.frombuffer(raw, dtype=np.dtype(kind.name))
        self.value = flat.reshape(shape, order="F" if fortran else "C")


def _reconstruct(kind: object, *_: object) -> _Array:
    return _Array()


def _encode(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"encoding {encoding!r}")
    return text.encode("latin1")


_KNOWN = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Type,
    ("_codecs", "encode"): _encode,
}


class _Reader(pickle.Unpickler):
    """An unpickler for which nothing exists but the stand-ins above."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _KNOWN:
            raise pickle.UnpicklingError(f"{module}.{name}")
        return _KNOWN[module, name]

    def persistent_load(self, pid: object) -> Any:
        raise pickle.UnpicklingError("tensors")


def numpy_payload(path: Path) -> np.ndarray:
    """The one NumPy array that `torch.save` wrote to a file.

    Raises:
        DataError: anything else is in it (it is not opened), or the file is damaged.

    Example:
        >>> import tempfile, torch
        >>> path = Path(tempfile.mkdtemp()) / "similarity_matrix.pt"
        >>> torch.save(np.eye(2), path)
        >>> numpy_payload(path).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    try:
        with zipfile.ZipFile(path) as archive:
            (member,) = (name for name in archive.namelist() if name.endswith("/data.pkl"))
            found = _Reader(io.BytesIO(archive.read(member))).load()
    except pickle.UnpicklingError as error:
        raise refused(path, f"a pickle with {error}") from error
    except _DAMAGE as error:
        raise unreadable(
            path, "an array that torch.save wrote", f"{type(error).__name__}: {error}"
        ) from error
    if not isinstance(found, _Array) or not hasattr(found, "value"):
        raise refused(path, f"a pickle with {type(found).__name__}, not one array")
    return found.value
