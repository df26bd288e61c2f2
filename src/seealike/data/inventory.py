"""What feature files lie below a folder: read from their headers, however large they are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from seealike.data.arrays import Header, read_header
from seealike.data.encoding import STORED
from seealike.errors import SeealikeError

_NAMES = {code: name for name, code in STORED.items()}


@dataclass(frozen=True)
class Stored:
    """One feature file.

    Attributes:
        path: the file.
        dataset: as its key says, or its folder.
        model: as its key says, or its folder.
        layer: as its key says, or its name.
        n_samples: rows.
        n_dims: columns.
        dtype: the precision on disk.
        n_bytes: of the whole file.
        written: when, in UTC.
        problem: why its header cannot be read, "" where it can.
    """

    path: Path
    dataset: str
    model: str
    layer: str
    n_samples: int
    n_dims: int
    dtype: str
    n_bytes: int
    written: datetime
    problem: str = ""


def inventory(root: Path) -> list[Stored]:
    """The feature files below a folder, by dataset, model and layer; what else lies there is passed over.

    Example:
        >>> import numpy as np, tempfile
        >>> from seealike.data.features import Features
        >>> from seealike.data.store import write_features
        >>> root = Path(tempfile.mkdtemp())
        >>> write_features(root / "digits/net/pool.safetensors", Features(np.eye(2), ("a", "b")))
        >>> [(f.dataset, f.model, f.layer, f.n_samples, f.n_dims, f.dtype) for f in inventory(root)]
        [('digits', 'net', 'pool', 2, 2, 'float32')]
    """
    files = [
        path
        for path in root.rglob("*.safetensors")
        if not any(part.startswith(".") or part.endswith(".partial") for part in path.relative_to(root).parts)
    ]
    found = [one for path in files if (one := stored(path)) is not None]
    return sorted(found, key=lambda one: (one.dataset, one.model, one.layer, one.path))


def stored(path: Path) -> Stored | None:
    """What the header of one file says; None for a safetensors file that holds no features."""
    try:
        header = read_header(path)
    except SeealikeError as error:
        return _stored(path, {}, (0, 0), "", error.got)
    if header.notes.get("kind") != "features":
        return None
    values = header.arrays.get("values", {"shape": (0, 0), "dtype": ""})
    rows, columns = (*values["shape"], 0, 0)[:2]
    dtype = str(values["dtype"])
    return _stored(path, _key(header), (rows, columns), _NAMES.get(dtype, dtype), "")


def _key(header: Header) -> dict[str, str]:
    try:
        return json.loads(header.notes.get("key") or "{}")
    except ValueError:
        return {}


def _stored(path: Path, key: dict[str, str], shape: tuple[int, int], dtype: str, problem: str) -> Stored:
    stat = path.stat()
    return Stored(
        path=path,
        dataset=key.get("dataset", path.parent.parent.name),
        model=key.get("model", path.parent.name),
        layer=key.get("layer", path.stem),
        n_samples=shape[0],
        n_dims=shape[1],
        dtype=dtype,
        n_bytes=stat.st_size,
        written=datetime.fromtimestamp(stat.st_mtime, UTC),
        problem=problem,
    )
