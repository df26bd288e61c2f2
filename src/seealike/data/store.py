"""Files on disk: written whole or not at all, self-describing, readable by other tools."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seealike.data.features import Features
from seealike.data.identity import FeatureKey, canonical
from seealike.errors import DamagedArtifact, MissingArtifact, NewerFormat

if TYPE_CHECKING:
    import polars as pl

FORMAT = 1
_DTYPES = {"F64": np.dtype("<f8"), "F32": np.dtype("<f4"), "F16": np.dtype("<f2"), "U8": np.dtype("u1")}


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` make a temporary file beside `path`, flush it to disk, then rename it into place.

    Whoever finds `path` finds a complete file; a killed run leaves only a ``.tmp`` file behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        write(temporary)
        with temporary.open("rb+") as stream:
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: object) -> None:
    """Write `value` as indented JSON, atomically."""
    text = json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n"
    write_atomically(path, lambda p: p.write_text(text, encoding="utf-8"))


def write_table(path: Path, table: pl.DataFrame, *, made_from: str = "") -> None:
    """Write a table as Parquet with the format version and the digest of what it was made from."""
    notes = {"seealike_format": str(FORMAT), "made_from": made_from}
    write_atomically(path, lambda p: table.write_parquet(p, metadata=notes))


def read_table(path: Path) -> pl.DataFrame:
    """Read a Parquet table.

    Raises:
        MissingArtifact: no such file.
        DamagedArtifact: it is not a Parquet file.
    """
    import polars as pl

    if not path.exists():
        raise MissingArtifact(
            where=str(path), expected="a table", got="no file", fix="Run the stage that writes it."
        )
    try:
        return pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _damaged(path, f"{error}") from error


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray], notes: Mapping[str, str]) -> None:
    """Write named arrays and text notes as one safetensors file, atomically."""
    from safetensors.numpy import save_file

    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    metadata = {"seealike_format": str(FORMAT), **notes}
    write_atomically(path, lambda p: save_file(contiguous, p, metadata=metadata))


def read_arrays(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The arrays of a safetensors file as read-only memory maps, and its notes.

    Raises:
        MissingArtifact: no such file.
        DamagedArtifact: the header cannot be read, or the file ends before its arrays do.
        NewerFormat: written by a newer seealike.
    """
    if not path.exists():
        raise MissingArtifact(
            where=str(path), expected="a safetensors file", got="no file", fix="Run the stage that writes it."
        )
    header, start = _header(path)
    notes = header.pop("__metadata__", {})
    if int(notes.get("seealike_format", FORMAT)) > FORMAT:
        raise NewerFormat(
            where=str(path),
            expected=f"format {FORMAT} or older",
            got=f"format {notes['seealike_format']}",
            fix="Update seealike.",
        )
    return {name: _mapped(path, entry, start) for name, entry in header.items()}, notes


def _header(path: Path) -> tuple[dict, int]:
    try:
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if not 0 < length < path.stat().st_size:
                raise ValueError(f"header of {length} bytes in a file of {path.stat().st_size}")
            return json.loads(stream.read(length)), 8 + length
    except ValueError as error:
        raise _damaged(path, str(error)) from error


def _mapped(path: Path, entry: dict, start: int) -> np.ndarray:
    first, last = entry["data_offsets"]
    if entry["dtype"] not in _DTYPES:
        raise _damaged(path, f"numbers of type {entry['dtype']}")
    if path.stat().st_size < start + last:
        raise _damaged(path, f"{path.stat().st_size} bytes where the header promises {start + last}")
    if first == last:
        return np.empty(entry["shape"], _DTYPES[entry["dtype"]])
    return np.memmap(
        path, dtype=_DTYPES[entry["dtype"]], mode="r", offset=start + first, shape=tuple(entry["shape"])
    )


def _damaged(path: Path, got: str) -> DamagedArtifact:
    return DamagedArtifact(
        where=str(path), expected="a complete file", got=got, fix="Delete it and run the same command again."
    )


def write_features(path: Path, features: Features, notes: Mapping[str, str] | None = None) -> None:
    """Write features as one safetensors file: values, sample ids, key, digest of the values and further notes.

    Args:
        path: where to.
        features: with a key.
        notes: further text to keep beside the numbers (library versions, say).

    Example:
        >>> import numpy as np, tempfile
        >>> path = Path(tempfile.mkdtemp()) / "features.safetensors"
        >>> write_features(path, Features(np.eye(2, dtype=np.float32), ("a", "b")))
        >>> read_features(path).sample_ids
        ('a', 'b')
    """
    ids = np.frombuffer("\n".join(features.sample_ids).encode(), dtype=np.uint8)
    key = canonical(asdict(features.key)) if features.key else ""
    arrays = {"values": features.values, "sample_ids": ids}
    sha256 = hashlib.sha256(np.ascontiguousarray(features.values).tobytes()).hexdigest()
    write_arrays(path, arrays, {**(notes or {}), "kind": "features", "key": key, "values_sha256": sha256})


def read_features(path: Path) -> Features:
    """Read what `write_features` wrote; the values are a memory map, not a copy.

    Raises:
        MissingArtifact, DamagedArtifact, NewerFormat: see `read_arrays`.

    Example:
        >>> import numpy as np, tempfile
        >>> path = Path(tempfile.mkdtemp()) / "features.safetensors"
        >>> write_features(path, Features(np.eye(2, dtype=np.float32), ("a", "b")))
        >>> read_features(path).select(["b"]).values
        array([[0., 1.]], dtype=float32)
    """
    arrays, notes = read_arrays(path)
    if "values" not in arrays or "sample_ids" not in arrays:
        raise _damaged(path, f"arrays {', '.join(arrays) or 'none'} instead of values and sample_ids")
    ids = bytes(arrays["sample_ids"]).decode()
    key = FeatureKey(**json.loads(notes["key"])) if notes.get("key") else None
    return Features(arrays["values"], tuple(ids.split("\n")), key)
