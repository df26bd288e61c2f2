"""Files are written whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from seealike.errors import StoreError


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` make a temporary file beside `path`, flush it to disk, then rename it into place.

    Whoever finds `path` finds a complete file; a killed run leaves only a ``.tmp`` file behind.

    Raises:
        StoreError: the disk is full or not writable.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.txt"
        >>> write_atomically(path, lambda p: p.write_text("whole"))
        >>> path.read_text()
        'whole'
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    with writable(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            write(temporary)
            with temporary.open("rb+") as stream:
                os.fsync(stream.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def writable(folder: Path) -> Iterator[None]:
    """Turn what the operating system says of a write into an error with its four clauses."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            where=str(folder),
            expected="room to write",
            got=str(error),
            fix="Free some space or change `output:`; what is finished is kept.",
        ) from error
