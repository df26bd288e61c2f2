"""What is known of a file's content, remembered between runs, so that a big file is read once."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

from seealike.data.identity import file_digest

Progress: TypeAlias = Callable[[int, int], None]

#: A file that changed so shortly before it was read may change again within one tick of its clock.
_SETTLED_NS = 2_000_000_000
_QUIET_S = 2.0
_CHUNK = 500
_READERS = 4


def cache_root() -> Path:
    """The folder for what can be made again: ``SEEALIKE_CACHE``, else ``~/.cache/seealike``.

    Example:
        >>> import os
        >>> os.environ["SEEALIKE_CACHE"] = "/tmp/cache"
        >>> cache_root().name
        'cache'
        >>> del os.environ["SEEALIKE_CACHE"]
    """
    return Path(os.environ.get("SEEALIKE_CACHE") or Path.home() / ".cache" / "seealike")


def cached_file_digest(path: Path) -> str:
    """`file_digest`, remembered as long as the file keeps its path, size, time of change and inode.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "x"
        >>> _ = path.write_bytes(b"1")
        >>> cached_file_digest(path) == file_digest(path)
        True
    """
    return cached_file_digests([path])[0]


def cached_file_digests(paths: Sequence[Path], progress: Progress | None = None) -> list[str]:
    """`cached_file_digest` of many files, read in threads.

    Args:
        paths: files.
        progress: called with (files done, files in all) once it takes longer than two seconds.
    """
    return remembered("sha256", paths, file_digest, progress)


def remembered(
    kind: str, paths: Sequence[Path], make: Callable[[Path], str], progress: Progress | None = None
) -> list[str]:
    """What `make` says of each file's content, made again only where the file has changed since.

    Args:
        kind: what `make` makes, with its version; answers of different kinds are kept apart.
        paths: files.
        make: file -> text, from the file's content alone.
        progress: called with (files done, files in all) once it takes longer than two seconds.

    Returns:
        One text a file, in the order of `paths`.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "x"
        >>> _ = path.write_bytes(b"12345")
        >>> remembered("length", [path], lambda p: str(len(p.read_bytes())))
        ['5']
    """
    states = _states(paths)
    report = _patient(progress, len(paths))
    with closing(_opened()) as cache:
        known = {row: value for row, state in enumerate(states) if (value := _known(cache, kind, state))}
        missing = [row for row in range(len(states)) if row not in known]
        for start in range(0, len(missing), _CHUNK):
            rows = missing[start : start + _CHUNK]
            began = time.time_ns()
            for row, value in _made(make, paths, rows):
                known[row] = value
                report(len(known))
            after = dict(zip(rows, _states([paths[row] for row in rows]), strict=True))
            sure = [row for row in rows if _settled(states[row], began) and after[row] == states[row]]
            _keep(cache, kind, [(states[row], known[row]) for row in sure])
    return [known[row] for row in range(len(states))]


#: Path with its folder resolved, size, time of change in ns, inode (of what a link points to).
_State: TypeAlias = tuple[bytes, int, int, int]


def _states(paths: Sequence[Path]) -> list[_State]:
    folders: dict[str, bytes] = {}
    states = []
    for path in paths:
        folder, name = os.path.split(path)
        if folder not in folders:
            folders[folder] = os.fsencode(os.path.realpath(folder or "."))
        found = os.stat(path)  # noqa: PTH116 - a million times
        states.append(
            (folders[folder] + b"/" + os.fsencode(name), found.st_size, found.st_mtime_ns, found.st_ino)
        )
    return states


def _settled(state: _State, began: int) -> bool:
    return began - state[2] >= _SETTLED_NS


def _made(make: Callable[[Path], str], paths: Sequence[Path], rows: list[int]) -> Iterator[tuple[int, str]]:
    with ThreadPoolExecutor(_READERS) as readers:
        waiting = {readers.submit(make, paths[row]): row for row in rows}
        try:
            for future in as_completed(waiting):
                yield waiting[future], future.result()
        except BaseException:
            readers.shutdown(wait=False, cancel_futures=True)
            raise


def _patient(progress: Progress | None, total: int) -> Callable[[int], None]:
    began = time.monotonic()

    def report(done: int) -> None:
        if progress is not None and time.monotonic() - began > _QUIET_S:
            progress(done, total)

    return report


def _opened() -> sqlite3.Connection:
    """The cache; one in memory, for this call alone, where no file can be written."""
    try:
        root = cache_root()
        root.mkdir(parents=True, exist_ok=True)
        return _with_table(sqlite3.connect(root / "files.sqlite", timeout=10))
    except (OSError, sqlite3.Error):
        return _with_table(sqlite3.connect(":memory:"))


def _with_table(cache: sqlite3.Connection) -> sqlite3.Connection:
    cache.execute(
        "CREATE TABLE IF NOT EXISTS files (kind TEXT, path BLOB, size INTEGER, changed INTEGER, inode INTEGER, "
        "value TEXT, PRIMARY KEY (kind, path)) WITHOUT ROWID"
    )
    return cache


def _known(cache: sqlite3.Connection, kind: str, state: _State) -> str | None:
    query = "SELECT value FROM files WHERE kind = ? AND path = ? AND size = ? AND changed = ? AND inode = ?"
    try:
        found = cache.execute(query, (kind, *state)).fetchone()
    except sqlite3.Error:  # a damaged cache is no cache
        return None
    return found[0] if found else None


def _keep(cache: sqlite3.Connection, kind: str, entries: list[tuple[_State, str]]) -> None:
    rows = [(kind, *state, value) for state, value in entries]
    try:
        with cache:
            cache.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?)", rows)
    except sqlite3.Error:  # read-only, full or busy: the next run reads these files again
        return
