"""One pass over images for many layers: batches in the order of their pairs, each layer's values where they belong."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

import numpy as np

from seealike.errors import DataError, StoreError, UndefinedMeasure
from seealike.extract.memory import kept_memory
from seealike.extract.pooled_layer import PooledLayer
from seealike.extract.pooling import pool
from seealike.extract.prefetch import Preparation, prefetch
from seealike.extract.reader import Reader
from seealike.extract.run import Pass, Progress
from seealike.extract.threads import decoding_threads, exact_float32
from seealike.extract.token_layer import TokenLayer, as_tokens
from seealike.human.pair_order import ordered
from seealike.sources.datasets.card import Samples

#: Set of pairs, layer, readout, distance.
Key: TypeAlias = tuple[str, str, str, str]


@dataclass(frozen=True)
class LayerReadout:
    """What is read of a layer.

    Attributes:
        layer: its name.
        readout: "tokens", all tokens (or positions of maps), each compared with the one in its place; "cls", "mean",
            "patch_mean" as in pooling; "projection", the one row an image that the layer gives.
    """

    layer: str
    readout: Literal["tokens", "cls", "mean", "patch_mean", "projection"]


class _Layer(Protocol):
    """What takes a layer's values as they come, and has the distances at the end."""

    def take(self, start: int, values: np.ndarray) -> None: ...

    def finish(self, budget: int) -> None: ...

    def distances(self, name: str, which: str) -> np.ndarray: ...


class PairStream:
    """One pass: the layers at work, and what went wrong with the others.

    Args:
        reader: the model.
        samples: the images.
        pairs: set -> (…, 2) rows of `samples`.
        distances: their names.
        folder: for files.
    """

    def __init__(
        self,
        reader: Reader,
        samples: Samples,
        pairs: Mapping[str, np.ndarray],
        distances: tuple[str, ...],
        folder: Path,
    ) -> None:
        self._reader, self._pairs, self._distances, self._folder = reader, pairs, distances, folder
        self._order = ordered(pairs)
        self._samples = samples.rows(self._order.samples)
        self._readouts: tuple[LayerReadout, ...] = ()
        self._layers: dict[LayerReadout, _Layer] = {}
        self._failed: dict[LayerReadout, str] = {}

    def run(self, readouts: tuple[LayerReadout, ...], how: Pass, budget: int, progress: Progress) -> None:
        """Read all images, and let them meet."""
        self._readouts = readouts
        names = tuple(dict.fromkeys(readout.layer for readout in readouts))
        total = len(self._order.samples)
        progress(0, total)
        with exact_float32(how.device), kept_memory(how.device):
            for start, batch in self._batches(how):
                given = self._given(self._reader.outputs(batch, names))
                if not start:
                    self._start(given, how.batch_size, budget)
                self._take(start, given)
                progress(start + len(batch), total)
        for readout, layer in self._layers.items():
            if readout not in self._failed:
                layer.finish(budget)

    def found(self) -> tuple[dict[Key, np.ndarray], dict[Key, str]]:
        """The distances of every layer, and why there are none."""
        values: dict[Key, np.ndarray] = {}
        reasons: dict[Key, str] = {}
        for readout in self._readouts:
            for which in self._pairs:
                for name in self._distances:
                    key = (which, readout.layer, readout.readout, name)
                    try:
                        if readout in self._failed:
                            reasons[key] = self._failed[readout]
                        else:
                            values[key] = self._layers[readout].distances(name, which)
                    except (DataError, UndefinedMeasure) as error:
                        reasons[key] = f"{self._where(readout)}: {error}"
        return values, reasons

    def _take(self, start: int, given: dict[LayerReadout, np.ndarray]) -> None:
        """Give each layer its values, and let go of them: the next forward pass needs their memory."""
        for readout in list(given):
            self._try(readout, self._layers[readout].take, start, given.pop(readout))

    def _batches(self, how: Pass) -> Iterator[tuple[int, np.ndarray]]:
        """The position of the first image of each batch, and the network's input."""
        model, n = self._reader.model, len(self._order.samples)
        batches = [range(i, min(i + how.batch_size, n)) for i in range(0, n, how.batch_size)]
        preparation = {"image": Preparation(model.modality, model.preprocess)}
        threads, turns = how.threads or decoding_threads(how.device), how.device == "cpu"
        read = prefetch(self._samples, batches, lambda _: preparation, threads=threads, take_turns=turns)
        for rows, prepared in read:
            inputs = prepared["image"]
            if isinstance(inputs, DataError):
                raise inputs
            if inputs.bad or inputs.values is None:
                raise next(iter(inputs.bad.values()))
            yield rows.start, inputs.values

    def _given(self, outputs: Mapping[str, np.ndarray]) -> dict[LayerReadout, np.ndarray]:
        """What each readout takes of the layers' outputs; one that does not fit its layer has failed."""
        given: dict[LayerReadout, np.ndarray] = {}
        for readout in self._readouts:
            self._try(readout, self._read, readout, outputs[readout.layer], given)
        return given

    def _read(self, readout: LayerReadout, output: np.ndarray, given: dict[LayerReadout, np.ndarray]) -> None:
        where = self._where(readout)
        if readout.readout == "tokens":
            given[readout] = as_tokens(output, where)
            return
        rule = "none" if readout.readout == "projection" else readout.readout
        given[readout] = pool(output, rule, where=where, prefix_tokens=self._reader.model.prefix_tokens)

    def _start(self, given: Mapping[LayerReadout, np.ndarray], batch: int, budget: int) -> None:
        """Make the layers, now that their shapes are known."""
        tokens = [values[0].nbytes for readout, values in given.items() if readout.readout == "tokens"]
        written = self._order.too_wide(batch, budget // max(1, sum(tokens)))
        self._check_room(int(written.sum()) * sum(tokens))
        for number, (readout, values) in enumerate(given.items()):
            folder = self._folder / str(number)
            folder.mkdir()
            if readout.readout == "tokens":
                self._layers[readout] = TokenLayer(
                    self._order,
                    (values.shape[1], values.shape[2]),
                    self._distances,
                    written=written,
                    folder=folder,
                    named=lambda position: self._samples.sample_ids[position],
                )
            else:
                self._layers[readout] = PooledLayer(values.shape[1], self._order.samples, self._pairs, folder)

    def _check_room(self, wanted: int) -> None:
        free = shutil.disk_usage(self._folder).free
        if wanted > free:
            raise StoreError(
                where=str(self._folder),
                expected=f"room for {wanted / 1e9:.1f} GB of tokens, which too many images share pairs to be held",
                got=f"{free / 1e9:.1f} GB",
                fix="Read fewer layers at a time, use the readout cls or mean, or name another folder.",
            )

    def _try(self, readout: LayerReadout, work: Callable[..., None], *arguments: object) -> None:
        if readout not in self._failed:
            try:
                work(*arguments)
            except (DataError, UndefinedMeasure) as error:
                self._failed[readout] = f"{self._where(readout)}: {error}"

    def _where(self, readout: LayerReadout) -> str:
        return f"model {self._reader.name}, layer {readout.layer}, {readout.readout}"
