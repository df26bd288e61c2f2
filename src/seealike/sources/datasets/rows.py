"""Digests of the rows of a Hugging Face dataset, remembered by the files that hold them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from seealike.data.digests import Progress, cache_root, cached_file_digests
from seealike.data.identity import canonical, digest
from seealike.data.store import write_atomically
from seealike.sources.datasets.ids import content_digest

_BATCH = 64


def row_digests(rows: Any, columns: Sequence[str], split: str, progress: Progress | None = None) -> list[str]:
    """One digest a row, of the content of these columns.

    They are kept unless an image lies outside, in a file of its own that can change.

    Args:
        rows: a ``datasets.Dataset`` whose images are left as bytes.
        columns: names.
        split: its name, as a part of the files may be one.
        progress: called with (files done, files in all) where it takes long.
    """
    kept = _kept(rows, columns, split, progress)
    if kept is not None and kept.exists():
        known = kept.read_text(encoding="ascii").split()
        if len(known) == len(rows):
            return known
    outside = False
    made = []
    for values in _values(rows, columns):
        outside |= any(isinstance(value, dict) and value.get("bytes") is None for value in values)
        made.append(content_digest(b"\x00".join(_bytes(value) for value in values)))
    if kept is not None and not outside:
        _keep(kept, made)
    return made


def _kept(rows: Any, columns: Sequence[str], split: str, progress: Progress | None) -> Path | None:
    """Where the digests are kept: named by the content of all files, and by what was taken from them.

    Rows that are chosen from the files by a list, or made in memory, are digested anew.
    """
    files = [Path(entry["filename"]) for entry in rows.cache_files]
    if not files or getattr(rows, "_indices", None) is not None:
        return None
    key = digest([cached_file_digests(files, progress), list(columns), split, len(rows)])
    return cache_root() / "rows" / f"{key}.txt"


def _keep(path: Path, digests: list[str]) -> None:
    try:
        write_atomically(path, lambda p: p.write_text("\n".join(digests), encoding="ascii"))
    except OSError:  # a cache that cannot be written is done without
        return


def _values(rows: Any, columns: Sequence[str]) -> Iterator[tuple]:
    for batch in rows.select_columns(list(columns)).with_format("arrow").iter(batch_size=_BATCH):
        yield from zip(*(batch[column].to_pylist() for column in columns), strict=True)


def _bytes(value: object) -> bytes:
    """An image's own bytes (or those of its file), the canonical text of anything else."""
    if isinstance(value, dict) and "bytes" in value:
        if value["bytes"] is not None:
            return value["bytes"]
        path = Path(value.get("path") or "")
        return path.read_bytes() if path.is_file() else b""
    return canonical(value).encode()
