"""Corpora as what language models are trained on: chunks of passages, and the tokens of all chunks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from seealike.sources.models.tokenizer import Encode


def chunk_numbers(lengths: np.ndarray, corpora: np.ndarray, n_chunks: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut every corpus into so many chunks of consecutive passages and about equal length.

    Args:
        lengths: (n,) characters of the passages, in their order.
        corpora: (n,) the number of each one's corpus.
        n_chunks: of a corpus; fewer where it has fewer passages.

    Returns:
        (n,) the chunk of each passage, and (chunks,) the corpus of each chunk.

    Example:
        >>> chunks, of = chunk_numbers(np.full(7, 10), np.array([0, 0, 0, 0, 1, 1, 1]), 2)
        >>> chunks.tolist(), of.tolist()
        ([0, 0, 1, 1, 2, 2, 3], [0, 0, 1, 1])
    """
    numbers = np.zeros(len(lengths), dtype=np.int64)
    for corpus in np.unique(corpora):
        rows = np.flatnonzero(corpora == corpus)
        before = np.cumsum(lengths[rows]) - lengths[rows]
        numbers[rows] = corpus * n_chunks + before * n_chunks // max(1, int(lengths[rows].sum()))
    known, chunks = np.unique(numbers, return_inverse=True)
    return chunks, known // n_chunks


@dataclass(frozen=True)
class TokenPool:
    """The tokens of all chunks of an experiment, for all networks that are trained on some of them.

    Attributes:
        tokens: (n_tokens,) ids.
        bounds: (start, stop) of each chunk.
    """

    tokens: np.ndarray = field(repr=False)
    bounds: tuple[tuple[int, int], ...] = field(repr=False)

    @staticmethod
    def of(texts: Sequence[str], chunks: np.ndarray, encode: Encode) -> TokenPool:
        """Encode chunk after chunk.

        Args:
            texts: the passages.
            chunks: (n,) the chunk of each.
            encode: text -> tokens.

        Example:
            >>> pool = TokenPool.of(["ab", "c", "d"], np.array([0, 0, 1]), lambda text: list(text.encode()))
            >>> pool.tokens.tolist(), pool.bounds
            ([97, 98, 99, 100], ((0, 3), (3, 4)))
        """
        parts = [
            np.asarray(
                encode("".join(texts[row] for row in np.flatnonzero(chunks == k).tolist())), dtype=np.int32
            )
            for k in range(int(chunks.max()) + 1)
        ]
        stops = np.cumsum([len(part) for part in parts]).tolist()
        bounds = zip([0, *stops[:-1]], stops, strict=True)
        return TokenPool(np.concatenate(parts), tuple(bounds))
