"""One batch from the prepared inputs of its samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seealike.errors import ShapeError

#: What stands in a batch of texts after the end of a shorter one; no token has this number.
PADDING = -1


def collate(inputs: Sequence[np.ndarray]) -> np.ndarray:
    """Images of one shape stacked, or texts of any lengths padded on the right.

    Args:
        inputs: (channels, height, width) float32 each, or (n_tokens,) int64 each; at least one.

    Returns:
        (n, channels, height, width), or (n, longest) with `PADDING` after the shorter ones.

    Raises:
        ShapeError: images of different shapes, which no batch can hold.

    Example:
        >>> import numpy as np
        >>> collate([np.array([5, 6, 7]), np.array([8])]).tolist()
        [[5, 6, 7], [8, -1, -1]]
        >>> collate([np.zeros((3, 4, 4)), np.ones((3, 4, 4))]).shape
        (2, 3, 4, 4)
    """
    shapes = {one.shape for one in inputs}
    if len(shapes) == 1:
        return np.stack(inputs)
    if any(len(shape) != 1 for shape in shapes):
        raise ShapeError(
            where="a batch of inputs",
            expected="one shape for all",
            got=" and ".join(str(shape) for shape in sorted(shapes)[:3]),
            fix="Give the model an `input:` with one `size`, or set batch_size: 1.",
        )
    batch = np.full((len(inputs), max(map(len, inputs))), PADDING, dtype=np.int64)
    for row, tokens in zip(batch, inputs, strict=True):
        row[: len(tokens)] = tokens
    return batch
