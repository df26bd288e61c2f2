"""Run models over one dataset: every sample decoded once for all of them, shard by shard; a killed run goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from seealike.data.identity import FeatureKey
from seealike.extract.job import Ended, Job, Reading
from seealike.extract.memory import kept_memory
from seealike.extract.prefetch import Preparation, prefetch
from seealike.extract.reader import Reader
from seealike.extract.shards import shard_ranges
from seealike.extract.threads import decoding_threads, exact_float32
from seealike.sources.datasets.card import Samples
from seealike.sources.models.card import LoadedModel


@dataclass(frozen=True)
class Pass:
    """How samples are read.

    Attributes:
        batch_size: samples a forward pass, at most.
        on_bad_sample: a sample that cannot be read stops the models that need it ("stop"), or is left out of
            their features and noted there with the reason ("skip").
        device: where the models run; on "cpu" decoding and forward passes take turns, elsewhere they overlap.
        threads: that decode; by default as many as the processor has room for.
    """

    batch_size: int = 64
    on_bad_sample: Literal["stop", "skip"] = "stop"
    device: str = "cpu"
    threads: int | None = None


Progress = Callable[[int, int], None]


def extract(
    model: LoadedModel,
    samples: Samples,
    outputs: Mapping[Path, FeatureKey],
    how: Pass = Pass(),
    *,
    progress: Progress = lambda done, total: None,
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
        how: batch size, bad samples, threads.
        progress: called with (samples done, samples in all).
        notes: text to keep in each file (library versions).

    Raises:
        DataError: an unreadable image (which), a layer that gives NaN (for which image) or that pooling
            does not fit.
        OutOfMemory: not even one sample fits.
        StoreError: the disk is full or not writable.
    """
    reader = Reader(model, next(iter(outputs.values())).model)
    (ended,) = extract_together([Reading(reader, outputs, notes or {})], samples, how, progress=progress)
    if ended.error:
        raise ended.error


def extract_together(
    readings: Sequence[Reading],
    samples: Samples,
    how: Pass = Pass(),
    *,
    progress: Progress = lambda done, total: None,
) -> list[Ended]:
    """Run several models over one dataset in one pass.

    Each sample is decoded once, and prepared once for all models of the same modality and preprocessing
    (the texts in their keys are equal). A model whose shard is on disk is left out while that shard is read.
    A model that fails does so alone; the others go on. The features are those of one model at a time.

    Args:
        readings: the models.
        samples: of one dataset; the rows keep their order.
        how: batch size, bad samples, threads.
        progress: called with (samples done, samples in all).

    Returns:
        What became of each reading, in their order.
    """
    jobs = [Job(reading, samples, how.on_bad_sample) for reading in readings]
    n = len(samples.sample_ids)
    batches = [
        shard[i : i + how.batch_size]
        for shard in shard_ranges(n)
        for i in range(0, len(shard), how.batch_size)
    ]

    def wanted(rows: range) -> dict[str, Preparation]:
        return {job.input: job.preparation for job in jobs if job.needs(rows)}

    began = time.perf_counter()
    done = sum(len(rows) for rows in batches if not wanted(rows))
    progress(done, n)
    threads, turns = how.threads or decoding_threads(how.device), how.device == "cpu"
    with exact_float32(how.device), kept_memory(how.device):
        for rows, prepared in prefetch(samples, batches, wanted, threads=threads, take_turns=turns):
            for job in jobs:
                job.take(rows, prepared)
            done += len(rows)
            progress(done, n)
    for job in jobs:
        job.finish()
    progress(n, n)
    shared = time.perf_counter() - began - sum(job.busy_s for job in jobs)
    return [Ended(job.error, job.busy_s + shared / len(jobs)) for job in jobs]
