"""The Parquet form of triplets: numbers uncompressed, so that a memory map of the file is read and nothing unpacked.

Columns: filename_0 to filename_2 (the odd one last), similarity_01, similarity_02, similarity_12, index_0 to index_2.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from seealike.data.triplet_layout import damaged_triplets

_COLUMNS = {
    "filenames": ("filename_0", "filename_1", "filename_2"),
    "similarities": ("similarity_01", "similarity_02", "similarity_12"),
    "indices": ("index_0", "index_1", "index_2"),
}
_TYPES = {"filenames": pa.string(), "similarities": pa.float32(), "indices": pa.int32()}
_PREFIX = "seealike."


def write(path: Path, blocks: Iterable[Mapping[str, np.ndarray]], notes: Mapping[str, str]) -> None:
    """Write blocks of rows, one row group each; the blocks have the arrays of the first."""
    writer: pq.ParquetWriter | None = None
    try:
        for block in blocks:
            table = _table(block, notes)
            if writer is None:
                packed = {
                    name: "zstd" if name.startswith("filename") else "none" for name in table.column_names
                }
                writer = pq.ParquetWriter(
                    path,
                    table.schema,
                    compression=packed,  # pyright: ignore[reportArgumentType]
                    use_dictionary=False,
                )
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()


def blocks(path: Path, n_rows: int, *, answered: bool) -> Iterator[dict[str, np.ndarray]]:
    """The arrays in blocks of rows.

    Raises:
        DamagedArtifact: no Parquet file, or columns missing.
    """
    with opened(path) as file:
        names = present(path, file, answered)
        columns = [column for name in names for column in _COLUMNS[name]]
        if not file.metadata.num_rows:
            yield {name: _array(file.read(columns), name) for name in names}
        for batch in file.iter_batches(n_rows, columns=columns):
            yield {name: _array(batch, name) for name in names}


def length(path: Path) -> int:
    """How many rows there are.

    Raises:
        DamagedArtifact: no Parquet file.
    """
    with opened(path) as file:
        return file.metadata.num_rows


def notes(path: Path) -> dict[str, str]:
    """What stands beside the columns."""
    with opened(path) as file:
        found = file.schema_arrow.metadata or {}
        return {
            key.decode().removeprefix(_PREFIX): value.decode()
            for key, value in found.items()
            if key.decode().startswith(_PREFIX)
        }


def opened(path: Path) -> pq.ParquetFile:
    """The file, as a memory map.

    Raises:
        DamagedArtifact: no Parquet file.
    """
    try:
        return pq.ParquetFile(path, memory_map=True)
    except (OSError, pa.ArrowException) as error:
        raise damaged_triplets(path, f"a file that cannot be read ({error})") from error


def present(path: Path, file: pq.ParquetFile, answered: bool) -> list[str]:
    """Which of filenames, similarities and indices the file has.

    Raises:
        DamagedArtifact: it lacks one that it needs.
    """
    there = set(file.schema_arrow.names)
    wanted = set(_COLUMNS) if answered else {"filenames", "indices"}
    missing = [name for name in _COLUMNS if name in wanted and not there.issuperset(_COLUMNS[name])]
    if missing:
        raise damaged_triplets(path, f"no columns of {', '.join(missing)}")
    return [name for name in _COLUMNS if there.issuperset(_COLUMNS[name])]


def _table(block: Mapping[str, np.ndarray], notes: Mapping[str, str]) -> pa.Table:
    columns = {
        column: pa.array(block[name][:, k], type=_TYPES[name])
        for name, three in _COLUMNS.items()
        if name in block
        for k, column in enumerate(three)
    }
    return pa.table(columns, metadata={_PREFIX + key: value for key, value in notes.items()})


def _array(table: pa.Table | pa.RecordBatch, name: str) -> np.ndarray:
    columns = [table.column(column) for column in _COLUMNS[name]]
    arrays = [
        column.to_numpy(zero_copy_only=False) if isinstance(column, pa.Array) else column.to_numpy()
        for column in columns
    ]
    stacked = np.stack(arrays, axis=1)
    if name == "filenames":
        return stacked.astype(str)
    return stacked.astype(np.int64) if name == "indices" else stacked
