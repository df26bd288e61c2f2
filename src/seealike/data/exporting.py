"""Features for other programs: .npy, .npz, .csv, .parquet, .h5 and .safetensors files, with their ids."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from seealike.data.atomic import write_atomically
from seealike.data.features import Features
from seealike.data.store import write_features
from seealike.errors import UnknownName, needed, suggestion


def export_features(path: Path, features: Features, kind: str) -> list[Path]:
    """Write features into one file of another format (``.npy``: and a text file of ids beside it).

    The numbers are those of the features, in their precision; `seealike import features` reads every format back.

    Args:
        path: without an ending; parent folders are made.
        features: to write.
        kind: one of `EXPORTS`.

    Returns:
        The files that were written.

    Raises:
        UnknownName: no such format.
        MissingDependency: h5 without h5py.

    Example:
        >>> import tempfile
        >>> features = Features(np.eye(2, dtype=np.float32), ("a", "b"))
        >>> [p.name for p in export_features(Path(tempfile.mkdtemp()) / "net", features, "npy")]
        ['net.npy', 'net.ids.txt']
    """
    if kind not in EXPORTS:
        raise UnknownName(where="export", expected="a format", got=repr(kind), fix=suggestion(kind, EXPORTS))
    target = path.with_name(f"{path.name}.{kind}")
    EXPORTS[kind](target, features)
    if kind != "npy":
        return [target]
    beside = path.with_name(f"{path.name}.ids.txt")
    lines = "".join(f"{name}\n" for name in features.sample_ids)
    write_atomically(beside, lambda p: p.write_text(lines, encoding="utf-8"))
    return [target, beside]


def _npy(path: Path, features: Features) -> None:
    def save(temporary: Path) -> None:
        with temporary.open("wb") as stream:
            np.save(stream, features.values, allow_pickle=False)

    write_atomically(path, save)


def _npz(path: Path, features: Features) -> None:
    def save(temporary: Path) -> None:
        with temporary.open("wb") as stream:
            np.savez(stream, features=features.values, sample_ids=np.array(features.sample_ids))

    write_atomically(path, save)


def _table(path: Path, features: Features) -> None:
    import polars as pl

    values = features.values
    columns = {f"d{k}": values[:, k] for k in range(values.shape[1])}
    if values.dtype == np.float16:
        columns = {name: column.astype(np.float32) for name, column in columns.items()}
    table = pl.DataFrame({"sample_id": features.sample_ids, **columns})
    write = table.write_parquet if path.suffix == ".parquet" else table.write_csv
    write_atomically(path, lambda temporary: write(temporary))


def _h5(path: Path, features: Features) -> None:
    with needed("h5py", "hdf5", where=str(path)):
        import h5py

    def save(temporary: Path) -> None:
        with h5py.File(temporary, "w") as file:
            file.create_dataset("features", data=features.values)
            file.create_dataset("sample_ids", data=list(features.sample_ids), dtype=h5py.string_dtype())

    write_atomically(path, save)


def _safetensors(path: Path, features: Features) -> None:
    write_features(path, features, dtype=features.values.dtype.name)


#: Format -> what writes it.
EXPORTS: dict[str, Callable[[Path, Features], None]] = {
    "npy": _npy,
    "npz": _npz,
    "csv": _table,
    "parquet": _table,
    "h5": _h5,
    "safetensors": _safetensors,
}
