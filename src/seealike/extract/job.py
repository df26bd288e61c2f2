"""One model on its way through a dataset: the shards it lacks, its rows so far, and what became of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seealike.data.identity import FeatureKey
from seealike.errors import DataError, SeealikeError, ShapeError
from seealike.extract import shards
from seealike.extract.prefetch import Inputs, Preparation, Prepared
from seealike.extract.reader import Reader
from seealike.extract.shards import Shards
from seealike.sources.datasets.card import Samples


@dataclass(frozen=True)
class Reading:
    """One model to run and what to write.

    Attributes:
        reader: the model.
        outputs: file to write -> key (layer, pooling …), all of this model and the same dataset.
        notes: text to keep in each file (library versions).
    """

    reader: Reader
    outputs: Mapping[Path, FeatureKey]
    notes: Mapping[str, str]


@dataclass(frozen=True)
class Ended:
    """What became of a reading: its error, if it failed, and the seconds it took, with its share of decoding."""

    error: SeealikeError | None
    elapsed_s: float


class Job:
    """One reading at work.

    Attributes:
        preparation: how its model wants a sample.
        input: the name of that preparation; equal for all models that can share the arrays.
        error: why it failed; None as long as it has not.
        busy_s: seconds spent on it alone.
    """

    def __init__(self, reading: Reading, samples: Samples, on_bad_sample: str) -> None:
        model, key = reading.reader.model, next(iter(reading.outputs.values()))
        self._reading, self._samples, self._stops = reading, samples, on_bad_sample == "stop"
        self._keys = list(reading.outputs.values())
        self._shards = Shards(reading.outputs, len(samples.sample_ids))
        self._missing = {rows.start: rows for rows in self._shards.missing()}
        self._parts: list[list[np.ndarray]] = []
        self._bad: dict[int, str] = {}
        self._widths: list[int] = []
        self.preparation = Preparation(model.modality, model.preprocess)
        self.input = f"{model.modality} {key.preprocessing}"
        self.error: SeealikeError | None = None
        self.busy_s = 0.0
        with self._at_work():
            samples.items(model.modality)

    def needs(self, rows: range) -> bool:
        """Whether these samples are to be read."""
        return self.error is None and self._shard(rows) is not None

    def take(self, rows: range, prepared: Prepared) -> None:
        """Read a batch, if it is needed; write the shard that it completes."""
        shard = self._shard(rows)
        if self.error is None and shard is not None:
            with self._at_work():
                self._read(prepared[self.input])
                if rows.stop == shard.stop:
                    self._write(shard)

    def finish(self) -> None:
        """Join the shards, unless something went wrong."""
        if self.error is None:
            with self._at_work():
                self._shards.join(self._samples.sample_ids, self._notes())

    def _shard(self, rows: range) -> range | None:
        return self._missing.get(rows.start - rows.start % shards.SHARD)

    def _read(self, inputs: Inputs | DataError) -> None:
        if isinstance(inputs, DataError):
            raise inputs
        if inputs.bad and self._stops:
            raise next(iter(inputs.bad.values()))
        self._bad |= {row: str(error) for row, error in inputs.bad.items()}
        if inputs.values is not None:
            ids = [self._samples.sample_ids[row] for row in inputs.rows]
            part = self._reading.reader.read(inputs.values, self._keys, ids)
            self._check_widths(part)
            self._parts.append(part)

    def _check_widths(self, part: list[np.ndarray]) -> None:
        widths = [rows.shape[1] for rows in part]
        self._widths = self._widths or widths
        for key, width, before in zip(self._keys, widths, self._widths, strict=True):
            if width != before:
                raise ShapeError(
                    where=f"model {key.model}, layer {key.layer}",
                    expected=f"{before} dimensions, as for the samples before",
                    got=str(width),
                    fix="Give the model an `input:` with one `size`, or a pooling over positions (mean, max).",
                )

    def _write(self, shard: range) -> None:
        rows = [np.concatenate(part) for part in zip(*self._parts, strict=True)]
        self._shards.write(shard, rows, self._bad)
        self._parts, self._bad = [], {}

    def _notes(self) -> dict[str, str]:
        largest = self._reading.reader.largest
        found = {} if largest is None else {"largest_batch": str(largest)}
        return {**self._reading.notes, **found}

    @contextmanager
    def _at_work(self) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        except SeealikeError as error:
            self.error = error
            self._parts = []
        finally:
            self.busy_s += time.perf_counter() - began
