"""What a file of somebody else's holds: named arrays and texts, each read only when it is wanted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from seealike.errors import DataError

#: The kind of an entry that holds text; all others are names of number types.
TEXT = "text"

#: The kind of an entry that only unpickling could read, which is never done.
PICKLED = "objects, which only unpickling could read"


@dataclass(frozen=True)
class Entry:
    """One array of a file.

    Attributes:
        shape: of the array, samples first.
        kind: `TEXT`, `PICKLED` or a number type ("float32", "bfloat16", "int64" …).
        read: gives the array: numbers (bfloat16 as float32), or text.

    Example:
        >>> Entry.of(np.ones((2, 3))).kind, Entry.of(np.array(["a", "b"])).kind
        ('float64', 'text')
    """

    shape: tuple[int, ...]
    kind: str
    read: Callable[[], np.ndarray] = field(repr=False)

    @classmethod
    def of(cls, array: np.ndarray) -> Entry:
        """An entry of an array that is in memory."""
        return cls(array.shape, kind_of(array.dtype), lambda: array)

    @property
    def numeric(self) -> bool:
        """Whether it holds numbers."""
        return self.kind not in (TEXT, PICKLED)


def kind_of(dtype: np.dtype) -> str:
    """The kind of a numpy type."""
    if dtype.kind in "US":
        return TEXT
    return PICKLED if dtype.kind == "O" else dtype.name


def unreadable(path: Path, expected: str, got: str, fix: str = "Download or save it again.") -> DataError:
    """The error for a file that cannot be imported."""
    return DataError(where=str(path), expected=expected, got=got, fix=fix)


def refused(path: Path, what: str) -> DataError:
    """The error for a pickle."""
    return unreadable(
        path,
        "arrays that can be read without running code",
        what,
        "A pickle can run any code when it is opened, so it is refused. Where you trust it, open it yourself and "
        "save the array with numpy.save or safetensors.",
    )
