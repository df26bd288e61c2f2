"""One row an image of a layer, kept in a file while the images pass; its distances are those of features in memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from seealike.extract.row_file import RowFile
from seealike.human.distances import distances
from seealike.human.rows import Located


class PooledLayer:
    """One row an image.

    Args:
        width: of a row.
        samples: (N,) the dataset's row of each image, in the order in which they come.
        pairs: set -> (…, 2) rows of the dataset.
        folder: for its file.
    """

    def __init__(
        self, width: int, samples: np.ndarray, pairs: Mapping[str, np.ndarray], folder: Path
    ) -> None:
        self._file, self._samples, self._pairs = RowFile(folder / "rows", (width,)), samples, pairs

    def take(self, start: int, values: np.ndarray) -> None:
        """The next images' rows (n, width)."""
        del start
        self._file.append(values)

    def finish(self, budget: int) -> None:
        """Nothing is left to do."""

    def distances(self, name: str, which: str) -> np.ndarray:
        """Of one set's pairs, in its shape, as `seealike.human.pair_distances` defines them."""
        values = np.zeros((int(self._samples.max()) + 1, *self._file.shape), np.float32)
        values[self._samples] = self._file.read(0, len(self._file))
        pairs = self._pairs[which]
        return distances(Located(values, pairs.reshape(-1, 2)), ((0, 1),), name)[:, 0].reshape(
            pairs.shape[:-1]
        )
