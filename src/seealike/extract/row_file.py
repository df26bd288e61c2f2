"""Rows of float32 that are written as they come, in a file instead of in memory, and read back in any order."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from pathlib import Path

import numpy as np

#: Rows wait in memory until there are so many bytes of them.
_BUFFER = 1 << 20
#: Bytes of one block of rows on their way back.
_BLOCK = 8 << 20


class RowFile:
    """A file of equal rows, for as long as one process needs it: no header, nothing is flushed to the disk itself.

    Args:
        path: of the file; it must not exist.
        shape: of one row.

    Example:
        >>> import tempfile
        >>> rows = RowFile(Path(tempfile.mkdtemp()) / "rows", (2,))
        >>> rows.append(np.ones((3, 2), np.float32))
        >>> rows.read(1, 3).tolist(), len(rows)
        ([[1.0, 1.0], [1.0, 1.0]], 3)
    """

    def __init__(self, path: Path, shape: tuple[int, ...]) -> None:
        self.shape = shape
        self._path, self._count = path, 0
        self._waiting: list[np.ndarray] = []
        self._waiting_bytes = 0
        path.touch(exist_ok=False)

    def __len__(self) -> int:
        return self._count

    @property
    def row_bytes(self) -> int:
        """Of one row."""
        return 4 * prod(self.shape)

    def append(self, rows: np.ndarray) -> None:
        """Write (n, …) rows after those that are there; they may be changed afterwards."""
        self._waiting.append(np.array(rows, dtype=np.float32))
        self._waiting_bytes += self._waiting[-1].nbytes
        self._count += len(rows)
        if self._waiting_bytes >= _BUFFER:
            self._write()

    def read(self, start: int, stop: int) -> np.ndarray:
        """(stop - start, …) rows."""
        self._write()
        count = (stop - start) * prod(self.shape)
        rows = np.fromfile(self._path, np.float32, count, offset=start * self.row_bytes)
        return rows.reshape(-1, *self.shape)

    def blocks(self) -> Iterator[np.ndarray]:
        """All rows in their order, some at a time."""
        step = max(1, _BLOCK // self.row_bytes)
        for start in range(0, self._count, step):
            yield self.read(start, min(start + step, self._count))

    def _write(self) -> None:
        if not self._waiting:
            return
        with self._path.open("ab") as stream:
            for rows in self._waiting:
                stream.write(rows.data)
        self._waiting, self._waiting_bytes = [], 0
