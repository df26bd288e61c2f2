"""Shards: the rows of all layers for some samples, on disk beside the outputs until all are there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from seealike.data.arrays import read_arrays, read_header
from seealike.data.atomic import writable
from seealike.data.features import Features
from seealike.data.identity import FeatureKey, canonical, digest
from seealike.data.store import write_arrays, write_features
from seealike.errors import DataError

#: Samples a shard; what a killed run loses at most, of each model.
SHARD = 512

#: Joined features beyond this many bytes are put together on disk instead of in memory.
_IN_MEMORY = 1 << 30


class Shards:
    """The shards of one model's outputs for one dataset.

    Args:
        outputs: file to write -> key; all of the same model and dataset.
        n_samples: of the dataset.
    """

    def __init__(self, outputs: Mapping[Path, FeatureKey], n_samples: int) -> None:
        self._outputs, self._n_samples = outputs, n_samples
        keys = [key.digest for key in outputs.values()]
        self.folder = next(iter(outputs)).with_name(f"{digest(keys)}.partial")
        self._dtypes = {str(k): key.stored for k, key in enumerate(outputs.values())}

    def missing(self) -> list[range]:
        """The rows of the shards that are not on disk."""
        return [rows for rows in shard_ranges(self._n_samples) if not self._path(rows).exists()]

    def write(self, rows: range, parts: list[np.ndarray], bad: Mapping[int, str]) -> None:
        """Keep the rows of every output for these samples.

        Args:
            rows: of the shard.
            parts: for each output (n_good, n_dims).
            bad: row -> reason, for those that could not be read.
        """
        good = np.array([row not in bad for row in rows])
        arrays = {"good": good, **{str(k): part for k, part in enumerate(parts)}}
        notes = {"kind": "shard", "bad": canonical([[row, bad[row]] for row in sorted(bad)])}
        with writable(self.folder):
            write_arrays(self._path(rows), arrays, notes, dtypes=self._dtypes if parts else None)

    def join(self, sample_ids: tuple[str, ...], notes: Mapping[str, str]) -> None:
        """Write the outputs from all shards, then remove these.

        Raises:
            DataError: no sample could be read.
            StoreError: the disk is full or not writable; the shards stay.
        """
        shards = [self._path(rows) for rows in shard_ranges(self._n_samples)]
        good = np.concatenate([read_arrays(shard)[0]["good"] for shard in shards])
        bad = [
            (int(row), why) for shard in shards for row, why in json.loads(read_header(shard).notes["bad"])
        ]
        if not good.any():
            shutil.rmtree(self.folder)  # so that the next run looks at them again
            raise DataError(
                where=f"all {len(good)} samples",
                expected="one that can be read",
                got=bad[0][1],
                fix="Look at them.",
            )
        ids = tuple(name for name, fine in zip(sample_ids, good, strict=True) if fine)
        if bad:
            notes = {**notes, "skipped": canonical([[sample_ids[row], why] for row, why in bad])}
        with writable(self.folder):
            for k, (path, key) in enumerate(self._outputs.items()):
                values = self._joined(shards, str(k), len(ids))
                write_features(path, Features(values, ids, key, finite=True), notes, dtype=key.stored)
            shutil.rmtree(self.folder)

    def _joined(self, shards: list[Path], name: str, n_rows: int) -> np.ndarray:
        parts = [read_arrays(shard)[0][name] for shard in shards if name in read_header(shard).arrays]
        values = self._room((n_rows, parts[0].shape[1]), parts[0].dtype)
        return np.concatenate(parts, out=values)

    def _room(self, shape: tuple[int, int], dtype: np.dtype) -> np.ndarray:
        if shape[0] * shape[1] * dtype.itemsize <= _IN_MEMORY:
            return np.empty(shape, dtype)
        return np.memmap(self.folder / "joined.tmp", dtype=dtype, mode="w+", shape=shape)

    def _path(self, rows: range) -> Path:
        return self.folder / f"{rows.start:09d}-{rows.stop:09d}.safetensors"


def shard_ranges(n_samples: int) -> list[range]:
    """The rows of every shard.

    Example:
        >>> shard_ranges(SHARD + 1) == [range(0, SHARD), range(SHARD, SHARD + 1)]
        True
    """
    return [range(start, min(start + SHARD, n_samples)) for start in range(0, n_samples, SHARD)]
