"""Two parts of a text, or of several corpora, that share a stated part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seealike.errors import DataError
from seealike.overlap.splits import split


@dataclass(frozen=True)
class TextSplit:
    """Chunks of one stream of tokens, for two models.

    Attributes:
        first: (start, stop) of every chunk of the one, ascending.
        second: those of the other.
        overlap: the realized share of chunks.
    """

    first: tuple[tuple[int, int], ...]
    second: tuple[tuple[int, int], ...]
    overlap: float


def split_chunks(
    n_tokens: int, overlap: float, seed: int = 0, *, n_chunks: int = 80, block: int = 1
) -> TextSplit:
    """Cut a stream into equal chunks, give half of them to each of two models, and share α of those.

    Args:
        n_tokens: length of the stream; what is left over at its end is in no chunk.
        overlap: α, from 0 to 1.
        seed: of the draw.
        n_chunks: how many chunks.
        block: the least length of a chunk: the context of the model that reads it.

    Raises:
        DataError: the stream has not enough tokens for two chunks of a block.
        BadParameter: an overlap outside [0, 1].

    Example:
        >>> made = split_chunks(1000, 0.5, n_chunks=10)
        >>> len(made.first), len(set(made.first) & set(made.second)), made.overlap
        (5, 2, 0.4)

    Source:
        Li et al. 2025 (80 chunks; there the shared number is rounded down, here to the nearest).
    """
    length = max(block, n_tokens // n_chunks)
    count = min(n_chunks, n_tokens // length)
    if count < 2:
        raise DataError(
            where="tokens",
            expected=f"at least {2 * length} tokens for two chunks of {length}",
            got=str(n_tokens),
            fix="Use a longer text or shorter blocks.",
        )
    made = split(np.zeros(count, dtype=np.int64), "data", overlap, seed)
    first, second = (
        tuple((int(k) * length, (int(k) + 1) * length) for k in rows) for rows in (made.first, made.second)
    )
    return TextSplit(first, second, made.overlap)


def split_corpora(corpora: list[str], overlap: float, seed: int = 0) -> tuple[list[str], list[str], float]:
    """Half of the corpora to each of two models, α of those shared (the shared ones first), and the realized share.

    Args:
        corpora: their names.
        overlap: α, from 0 to 1; the nearest number of corpora is shared.
        seed: of the draw.

    Raises:
        DataError: fewer than two corpora.

    Example:
        >>> first, second, realized = split_corpora(["code", "stories", "textbooks", "web", "wiki", "plays"], 1 / 3)
        >>> len(first), len({*first} & {*second}), round(realized, 3)
        (3, 1, 0.333)
    """
    names = np.array(corpora)
    made = split(names, "both", overlap, seed)
    return [str(one) for one in made.classes_first], [str(one) for one in made.classes_second], made.overlap
