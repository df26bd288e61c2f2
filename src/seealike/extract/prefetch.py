"""Batches of prepared inputs, decoded in threads some batches ahead of the models; always in order."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np

from seealike.errors import BadSample, DataError
from seealike.extract.collate import collate
from seealike.extract.threads import quiet_threads
from seealike.sources.datasets.card import Samples

#: Batches that wait for the models may take so many bytes; two may wait whatever their size.
PREFETCH_BYTES = 512 << 20
_MOST_AHEAD = 8
_PIECE = 8


@dataclass(frozen=True)
class Preparation:
    """How a sample becomes a network's input.

    Attributes:
        modality: which side of the sample is taken.
        function: image or text -> array.
    """

    modality: Literal["image", "text"]
    function: Callable[[Any], np.ndarray]


@dataclass(frozen=True)
class Inputs:
    """What one preparation made of a batch's samples.

    Attributes:
        rows: the samples that could be read.
        values: the networks' input for these; None where there are none.
        bad: row -> why it could not be read.
    """

    rows: list[int]
    values: np.ndarray | None
    bad: dict[int, DataError] = field(default_factory=dict)


Prepared: TypeAlias = dict[str, Inputs | DataError]
_Row: TypeAlias = dict[str, np.ndarray | DataError]


def prefetch(
    samples: Samples,
    batches: Iterable[range],
    wanted: Callable[[range], Mapping[str, Preparation]],
    *,
    threads: int,
    take_turns: bool,
) -> Iterator[tuple[range, Prepared]]:
    """Decode each sample once and prepare it once for each preparation that is wanted.

    At most `PREFETCH_BYTES` of batches, or two batches, wait for whoever iterates, besides the one
    that he has; while a batch is put together its samples are in memory twice. The order is that of
    `batches`, whatever the number of threads.

    Args:
        samples: of one dataset.
        batches: rows of each batch.
        wanted: rows -> name -> preparation, asked when a batch's turn to be decoded comes; a batch that nobody
            wants is passed over.
        threads: that decode.
        take_turns: decode only while the consumer waits for a batch, so that his own threads, if they use
            all cores, are never kept waiting for one that decodes.

    Yields:
        The rows of a batch, and by name the inputs, or the error of inputs that no batch can hold.
    """
    with quiet_threads(threads) as pool:
        decoder = _Decoder(samples, pool, threads, take_turns)
        waiting = deque[tuple[range, Future[Prepared]]]()
        ahead = 1
        try:
            for rows in batches:
                preparations = wanted(rows)
                if preparations:
                    waiting.append((rows, decoder.submit(rows, preparations)))
                if len(waiting) > ahead:
                    done, future = waiting.popleft()
                    prepared = decoder.result(future)
                    ahead = _most_ahead(prepared)
                    yield done, prepared
            while waiting:
                done, future = waiting.popleft()
                yield done, decoder.result(future)
        finally:
            decoder.stop()


def _most_ahead(prepared: Prepared) -> int:
    """So many batches like this one may wait."""
    values = [inputs.values for inputs in prepared.values() if isinstance(inputs, Inputs)]
    size = sum(array.nbytes for array in values if array is not None)
    return min(_MOST_AHEAD, max(2, PREFETCH_BYTES // max(size, 1)))


class _Decoder:
    """Decodes pieces of batches in a pool's threads; with `take_turns` only while somebody waits for them."""

    def __init__(self, samples: Samples, pool: ThreadPoolExecutor, threads: int, take_turns: bool) -> None:
        self._samples, self._pool, self._threads, self._take_turns = samples, pool, threads, take_turns
        self._go = threading.Event()
        self._go.set()
        self._stopped = False

    def submit(self, rows: range, preparations: Mapping[str, Preparation]) -> Future[Prepared]:
        """Let the pool decode a batch in pieces and then put it together."""
        step = min(_PIECE, -(-len(rows) // (2 * self._threads)))
        pieces = [
            self._pool.submit(self._decode, rows[i : i + step], preparations)
            for i in range(0, len(rows), step)
        ]
        # The pool starts tasks in order, so whoever gets this one waits for running pieces only.
        return self._pool.submit(_together, rows, list(preparations), pieces)

    def result(self, future: Future[Prepared]) -> Prepared:
        """Wait for a batch."""
        self._go.set()
        prepared = future.result()
        if self._take_turns:
            self._go.clear()
        return prepared

    def stop(self) -> None:
        """Let every thread end after the sample that it is at."""
        self._stopped = True
        self._go.set()

    def _decode(self, rows: range, preparations: Mapping[str, Preparation]) -> list[_Row]:
        decoded = []
        for row in rows:
            self._go.wait()
            if self._stopped:
                break
            decoded.append(_one(self._samples, row, preparations))
        return decoded


def _together(rows: range, names: list[str], pieces: list[Future[list[_Row]]]) -> Prepared:
    """The inputs of every preparation as one array each."""
    made = [one for piece in pieces for one in piece.result()]
    return {name: _inputs(rows, [one[name] for one in made]) for name in names}


def _inputs(rows: range, made: list[np.ndarray | DataError]) -> Inputs | DataError:
    good = {row: one for row, one in zip(rows, made, strict=False) if not isinstance(one, DataError)}
    bad = {row: one for row, one in zip(rows, made, strict=False) if isinstance(one, DataError)}
    try:
        return Inputs(list(good), collate(list(good.values())) if good else None, bad)
    except DataError as error:
        return error


def _one(samples: Samples, row: int, preparations: Mapping[str, Preparation]) -> _Row:
    """One sample under every preparation; what cannot be had is an error in its place."""
    sides: dict[str, Any] = {}
    made: _Row = {}
    for name, preparation in preparations.items():
        side = preparation.modality
        if side not in sides:
            sides[side] = _read(samples, row, side)
        sample = sides[side]
        one = sample if isinstance(sample, DataError) else _apply(preparation, sample)
        made[name] = _named(one, samples.sample_ids[row]) if isinstance(one, DataError) else one
    return made


def _read(samples: Samples, row: int, side: Literal["image", "text"]) -> object:
    try:
        return samples.items(side)(row)
    except DataError as error:
        return error


def _apply(preparation: Preparation, sample: object) -> np.ndarray | DataError:
    try:
        return preparation.function(sample)
    except DataError as error:
        return error
    except (ValueError, TypeError, RuntimeError, OSError) as error:
        return BadSample(
            where="preprocessing",
            expected=f"{'an image' if preparation.modality == 'image' else 'a text'} that the model can take",
            got=f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[0]}",
            fix="Look at that sample, or set on_bad_image: skip.",
        )


def _named(error: DataError, sample_id: str) -> DataError:
    """The error, which is of this sample alone, with the sample's name in its place (once)."""
    if sample_id not in error.where:
        return type(error)(
            where=f"sample {sample_id}: {error.where}", expected=error.expected, got=error.got, fix=error.fix
        )
    return error
