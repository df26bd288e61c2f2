"""One layer's tokens on their way past: images meet those they are compared with, and are let go after the last.

Images of a part whose pairs would need more of them at a time than there is room for are written to a file instead, and
meet block by block when all are there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch

from seealike.errors import DataError, NonFiniteError, ShapeError
from seealike.extract.channel_gaps import WEIGHTED, ChannelGaps
from seealike.extract.pooling import channel_axis
from seealike.extract.row_file import RowFile
from seealike.human.pair_order import PairOrder
from seealike.human.token_sums import Some, Tokens, TokenSums

_TOKENS = 2
#: Images that are read from the file at a time to meet a block.
_CHUNK = 8


class TokenLayer:
    """All tokens of one layer.

    Args:
        order: of the images, and their pairs.
        shape: (T, C), of every image.
        distances: that will be asked for.
        written: (N,) the positions whose tokens are written to a file.
        folder: for files.
        named: what the image at a position is called in errors.
    """

    def __init__(
        self,
        order: PairOrder,
        shape: tuple[int, int],
        distances: tuple[str, ...],
        *,
        written: np.ndarray,
        folder: Path,
        named: Callable[[int], str],
    ) -> None:
        self._order, self._named, self._written = order, named, written
        self._sums = TokenSums(len(order.samples), len(order.left), shape, with_dots="dot" in distances)
        self._file, self._lengths = RowFile(folder / "tokens", shape), list[np.ndarray]()
        self._channels: ChannelGaps | None = None
        if any(name in WEIGHTED for name in distances):
            variances = "zscored_euclidean" in distances
            self._channels = ChannelGaps(order, shape[1], variances, folder / "channels")
        self._held: dict[int, Tokens] = {}
        self._starts = np.searchsorted(order.right, np.arange(len(order.samples) + 1))

    def take(self, start: int, values: np.ndarray) -> None:
        """The next images.

        Args:
            start: position of the first.
            values: (n, T, C), as `as_tokens` gives them.

        Raises:
            ShapeError: another number of tokens than before.
            NonFiniteError: NaN or infinity, of which image.
        """
        if values.shape[1:] != self._sums.shape:
            raise ShapeError(
                where=f"sample {self._named(start)}",
                expected=f"{self._sums.shape[0]} tokens of {self._sums.shape[1]} channels, as before",
                got=f"{values.shape[1]} of {values.shape[2]}",
                fix="Give the model an `input:` with one `size`, or use the readout mean.",
            )
        seen = {start + k: self._see(start + k, torch.from_numpy(one)) for k, one in enumerate(values)}
        for right, tokens in seen.items():
            if not self._written[right]:
                for pair in range(self._starts[right], self._starts[right + 1]):
                    left = int(self._order.left[pair])
                    self._meet(pair, seen[left] if left >= start else self._held[left], tokens)
        self._let_go(start + len(values), seen)

    def finish(self, budget: int) -> None:
        """Let the images in the file meet, with at most so many bytes of them in memory."""
        slots = np.cumsum(self._written) - 1
        pairs = np.flatnonzero(self._written[self._order.right])
        left, right = slots[self._order.left[pairs]], slots[self._order.right[pairs]]
        size = max(1, budget // self._file.row_bytes)
        for start in range(0, len(self._file), size):
            stop = min(start + size, len(self._file))
            block = self._read(start, stop)
            chosen = (left >= start) & (left < stop)
            for first, others in self._others(start, block, np.unique(right[chosen])):
                here = np.flatnonzero(chosen & (right >= first) & (right < first + len(others)))
                for k in here:
                    self._meet(int(pairs[k]), block[left[k] - start], others[right[k] - first])

    def distances(self, name: str, which: str) -> np.ndarray:
        """Of one set's pairs, in its shape.

        Raises:
            UndefinedMeasure: there are none.
            NonFiniteError: sums that overflow.
        """
        places = self._order.places[which]
        used, inverse = np.unique(places, return_inverse=True)
        if name in WEIGHTED and self._channels is not None:
            made = self._channels.distances(name, which)[used]
        else:
            some = Some(used, self._order.left[used], self._order.right[used], self._named)
            made = self._sums.distances(name, some)
        return made[inverse].reshape(places.shape)

    def _see(self, position: int, values: torch.Tensor) -> Tokens:
        tokens = self._sums.see(position, values)
        if not np.isfinite(self._sums.squares[position]):
            raise NonFiniteError(
                where=f"sample {self._named(position)}",
                expected="finite features",
                got="NaN or infinity",
                fix="Check the weights, the input rule and that sample.",
            )
        if self._channels is not None:
            self._channels.see(position, values)
        return tokens

    def _meet(self, pair: int, x: Tokens, y: Tokens) -> None:
        channels = self._sums.meet(pair, x, y)
        if self._channels is not None:
            self._channels.meet(pair, channels)

    def _let_go(self, stop: int, seen: dict[int, Tokens]) -> None:
        """Keep the tokens, not the whole batch, of images that are compared with later ones, and no others."""
        last_use = self._order.last_use
        for position in [position for position in self._held if last_use[position] < stop]:
            del self._held[position]
        for position, tokens in seen.items():
            if self._written[position]:
                self._file.append(tokens.values.numpy()[None])
                self._lengths.append(tokens.lengths)
            elif last_use[position] >= stop:
                self._held[position] = Tokens(tokens.values.clone(), tokens.lengths)

    def _others(
        self, start: int, block: list[Tokens], wanted: np.ndarray
    ) -> Iterator[tuple[int, list[Tokens]]]:
        """The block itself, then the images behind it that are wanted, each time with the number of the first."""
        yield start, block
        behind = wanted[wanted >= start + len(block)]
        while len(behind):
            first = int(behind[0])
            yield first, self._read(first, min(first + _CHUNK, len(self._file)))
            behind = behind[behind >= first + _CHUNK]

    def _read(self, start: int, stop: int) -> list[Tokens]:
        rows = torch.from_numpy(self._file.read(start, stop))
        return [Tokens(one, lengths) for one, lengths in zip(rows, self._lengths[start:stop], strict=True)]


def as_tokens(values: np.ndarray, where: str) -> np.ndarray:
    """A layer's output as tokens (n, T, C): positions of maps and volumes are tokens.

    Args:
        values: tokens (n, T, C), maps or volumes, as `seealike.extract.pooling.pool` takes them.
        where: the model and layer, for the error.

    Raises:
        DataError: rows, which have no tokens.

    Example:
        >>> as_tokens(np.zeros((2, 3, 4, 5)), "layer").shape
        (2, 20, 3)
    """
    if values.ndim < _TOKENS + 1:
        raise DataError(
            where=where,
            expected="tokens or maps",
            got=f"one row a sample {values.shape}",
            fix="Use the readout projection.",
        )
    if values.ndim > _TOKENS + 1:
        values = np.moveaxis(values, channel_axis(values.shape[1:]) + 1, -1)
        values = values.reshape(len(values), -1, values.shape[-1])
    return np.require(values, np.float32, ("C", "W"))
