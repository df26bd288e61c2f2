"""Run one model over one dataset, shard by shard; a killed run goes on after its last finished shard."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from seealike.data.features import Features
from seealike.data.identity import FeatureKey, digest
from seealike.data.store import read_arrays, write_arrays, write_features
from seealike.errors import NonFiniteError, StoreError
from seealike.extract.pooling import pool
from seealike.sources.datasets.card import Samples
from seealike.sources.models.card import LoadedModel

SHARD = 1024
_DECODERS = 2


def extract(
    model: LoadedModel,
    samples: Samples,
    outputs: Mapping[Path, FeatureKey],
    *,
    batch_size: int = 64,
    progress: Callable[[int, int], None] = lambda done, total: None,
    notes: Mapping[str, str] | None = None,
) -> None:
    """Write the features of several layers of one model for one dataset.

    Every `SHARD` samples the rows of all layers are written to a shard beside the outputs; when all are
    there they are joined into the outputs and removed. If the process dies, the next call keeps every finished
    shard.

    Args:
        model: loaded.
        samples: of one dataset; the rows keep their order.
        outputs: file to write -> key (layer, pooling …); all of the same model and dataset.
        batch_size: images a forward pass.
        progress: called with (samples done, samples in all).
        notes: text to keep in each file (library versions).

    Raises:
        DataError: an unreadable image (which), a layer that gives NaN (for which image) or that pooling
            does not fit.
        StoreError: the disk is full or not writable.
    """
    partial = next(iter(outputs)).with_name(f"{digest([key.digest for key in outputs.values()])}.partial")
    n = len(samples.sample_ids)
    try:
        for start in range(0, n, SHARD):
            stop = min(start + SHARD, n)
            shard = partial / f"{start:09d}-{stop:09d}.safetensors"
            if not shard.exists():
                report = lambda done, start=start: progress(start + done, n)  # noqa: E731
                rows = _shard(model, samples, range(start, stop), list(outputs.values()), batch_size, report)
                write_arrays(shard, rows, {"kind": "shard"})
            progress(stop, n)
        for k, (path, key) in enumerate(outputs.items()):
            parts = [read_arrays(shard)[0][str(k)] for shard in sorted(partial.glob("*.safetensors"))]
            write_features(path, Features(np.concatenate(parts), samples.sample_ids, key), notes)
    except OSError as error:
        raise StoreError(
            where=str(partial),
            expected="room to write",
            got=str(error),
            fix="Free some space or change `output:`; finished shards are kept.",
        ) from error
    shutil.rmtree(partial)


def _shard(
    model: LoadedModel,
    samples: Samples,
    rows: range,
    keys: list[FeatureKey],
    batch_size: int,
    progress: Callable[[int], None],
) -> dict[str, np.ndarray]:
    """The pooled rows of every key for these samples, under the key's number."""
    layers = list(dict.fromkeys(key.layer for key in keys))
    parts: list[list[np.ndarray]] = [[] for _ in keys]
    for chunk, batch in _batches(model, samples, rows, batch_size):
        values = model.forward(batch, layers)
        for key, part in zip(keys, parts, strict=True):
            pooled = pool(values[key.layer], key.pooling, where=f"model {key.model}, layer {key.layer}")
            part.append(_finite(pooled, key, samples, chunk))
        progress(chunk.stop - rows.start)
    return {str(k): np.concatenate(part) for k, part in enumerate(parts)}


def _batches(
    model: LoadedModel, samples: Samples, rows: range, batch_size: int
) -> Iterator[tuple[range, np.ndarray]]:
    """Batches in order, the next one decoded in threads while the model runs on this one."""

    def prepared(part: range) -> np.ndarray:
        return np.stack([model.preprocess(samples.image(row)) for row in part])

    def submitted(chunk: range) -> list[Future[np.ndarray]]:
        step = -(-len(chunk) // (2 * _DECODERS))
        return [decoders.submit(prepared, chunk[i : i + step]) for i in range(0, len(chunk), step)]

    chunks = [rows[i : i + batch_size] for i in range(0, len(rows), batch_size)]
    with ThreadPoolExecutor(_DECODERS) as decoders:
        waiting = submitted(chunks[0])
        for number, chunk in enumerate(chunks):
            current, waiting = waiting, submitted(chunks[number + 1]) if number + 1 < len(chunks) else []
            try:
                yield chunk, np.concatenate([future.result() for future in current])
            except BaseException:
                decoders.shutdown(wait=False, cancel_futures=True)
                raise


def _finite(values: np.ndarray, key: FeatureKey, samples: Samples, chunk: range) -> np.ndarray:
    bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if bad.size:
        which = samples.sample_ids[chunk[int(bad[0])]]
        raise NonFiniteError(
            where=f"model {key.model}, layer {key.layer}, dataset {key.dataset}",
            expected="finite features",
            got=f"NaN or infinity for {which} ({bad.size} of {len(values)} rows of its batch)",
            fix="Check the weights, the input rule and that image.",
        )
    return values.astype(np.float32, copy=False)
