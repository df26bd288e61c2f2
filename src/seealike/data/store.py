"""Files on disk: written whole or not at all, self-describing, readable by other tools."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seealike.data.arrays import (
    FORMAT,
    damaged,
    mapped,
    read_arrays,
    read_header,
    stored_sha256,
    write_arrays,
)
from seealike.data.atomic import write_atomically
from seealike.data.encoding import decoded
from seealike.data.features import Features, non_finite_rows
from seealike.data.identity import FeatureKey, canonical
from seealike.errors import BadParameter, DamagedArtifact, MissingArtifact, SeealikeError

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "FORMAT",
    "feature_problems",
    "read_arrays",
    "read_features",
    "read_table",
    "write_arrays",
    "write_atomically",
    "write_features",
    "write_json",
    "write_table",
]


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
        raise damaged(path, f"{error}") from error


def write_features(
    path: Path | str, features: Features, notes: Mapping[str, str] | None = None, dtype: str = "float32"
) -> None:
    """Write features as one safetensors file: values, sample ids, key, digest of the values and further notes.

    What is written is known to be finite, and the file says so beside the digest: who reads it needs no
    second look at every number.

    Args:
        path: where to.
        features: with a key, where it is known what made them.
        notes: further text to keep beside the numbers (library versions, say).
        dtype: precision on disk: float32, float16, bfloat16 or float64.

    Raises:
        NonFiniteError: a value is too large for `dtype`.
        BadParameter: no such precision; a sample id that is empty or has a line break in it.

    Example:
        >>> import numpy as np, tempfile
        >>> path = Path(tempfile.mkdtemp()) / "features.safetensors"
        >>> write_features(path, Features(np.eye(2, dtype=np.float32), ("a", "b")), dtype="float16")
        >>> read_features(path).sample_ids, read_features(path).values.dtype
        (('a', 'b'), dtype('float16'))
    """
    unfit = next((name for name in features.sample_ids if not name or "\n" in name), None)
    if unfit is not None:
        raise BadParameter(
            where=str(path), expected="sample ids of one line", got=repr(unfit), fix="Rename that sample."
        )
    ids = np.frombuffer("\n".join(features.sample_ids).encode(), dtype=np.uint8)
    key = canonical(asdict(features.key)) if features.key else ""
    write_arrays(
        Path(path),
        {"values": features.values, "sample_ids": ids},
        {**(notes or {}), "kind": "features", "key": key, "finite": "true"},
        dtypes={"values": dtype},
        digested="values",
    )


def read_features(path: Path | str) -> Features:
    """Read what `write_features` wrote; the values are a memory map, not a copy (bfloat16: float32 in memory).

    Raises:
        MissingArtifact, DamagedArtifact, NewerFormat: see `read_arrays`.
        ShapeError, MisalignedSamples: not one unique id a row.
        NonFiniteError: NaN or infinity in a file that does not vouch for its numbers.

    Example:
        >>> import numpy as np, tempfile
        >>> path = Path(tempfile.mkdtemp()) / "features.safetensors"
        >>> write_features(path, Features(np.eye(2, dtype=np.float32), ("a", "b")))
        >>> read_features(path).select(["b"]).values
        array([[0., 1.]], dtype=float32)
    """
    path = Path(path)
    header = read_header(path)
    if "values" not in header.arrays or "sample_ids" not in header.arrays:
        names = ", ".join(header.arrays)
        raise damaged(path, f"arrays {names or 'none'} instead of values and sample_ids")
    values = decoded(mapped(header, "values"), header.arrays["values"]["dtype"])
    try:
        ids = _ids(bytes(mapped(header, "sample_ids")))
        key = FeatureKey(**json.loads(header.notes["key"])) if header.notes.get("key") else None
    except (ValueError, TypeError) as error:
        raise damaged(path, f"sample ids or key that cannot be read ({error})") from error
    vouched = header.notes.get("finite") == "true" and "values_sha256" in header.notes
    return Features(values, ids, key, finite=vouched)


@lru_cache(maxsize=4)
def _ids(raw: bytes) -> tuple[str, ...]:
    """The ids of a file; the models of a dataset have the same ones, so they are made and kept only once."""
    return tuple(raw.decode().split("\n"))


def feature_problems(path: Path) -> list[str]:
    """What is wrong with a feature file, number by number: nothing, or sentences.

    Its bytes must have the digest that the file notes, its values must be finite, its ids unique and one a row.

    Example:
        >>> import numpy as np, tempfile
        >>> path = Path(tempfile.mkdtemp()) / "features.safetensors"
        >>> write_features(path, Features(np.eye(2, dtype=np.float32), ("a", "b")))
        >>> feature_problems(path)
        []
        >>> raw = bytearray(path.read_bytes())
        >>> raw[-10] ^= 1
        >>> _ = path.write_bytes(raw)
        >>> feature_problems(path)
        ['the values have changed since they were written: sha256 ... instead of ...']
    """
    try:
        features, header = read_features(path), read_header(path)
    except DamagedArtifact as error:
        return [error.got]
    except SeealikeError as error:
        return [f"expected {error.expected}, got {error.got}"]
    found = []
    bad = non_finite_rows(features.values)
    if bad:
        some = ", ".join(features.sample_ids[row] for row in bad[:5])
        found.append(f"NaN or infinity in {len(bad)} of {len(features.values)} rows ({some})")
    expected, got = header.notes.get("values_sha256"), stored_sha256(header, "values")
    if expected is None:
        found.append("no digest of the values is noted")
    elif got != expected:
        found.append(
            f"the values have changed since they were written: sha256 {got[:12]}… instead of {expected[:12]}…"
        )
    return found
