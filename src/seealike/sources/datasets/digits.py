"""The handwritten digits that come with scikit-learn: 1,797 grey images of 8 × 8 pixels in 10 classes."""

from __future__ import annotations

from functools import cache
from typing import ClassVar

import numpy as np
from PIL import Image

from seealike.data.digests import Progress
from seealike.data.identity import content_ids, digest
from seealike.sources.datasets.card import DatasetCard
from seealike.sources.datasets.samples import Samples


class DigitsCard(DatasetCard):
    """scikit-learn's digits (the test part of Alpaydin and Kaynak's, UCI Machine Learning Repository, CC BY 4.0).

    Always at hand: nothing is downloaded.
    """

    source_name: ClassVar[str] = "digits"

    def read(self, progress: Progress | None = None) -> Samples:
        """The images, their ids from their content."""
        del progress
        images, labels = handwritten_digits()
        ids = content_ids(image.tobytes() for image in images)
        return Samples(
            sample_ids=tuple(ids),
            image=lambda row: Image.fromarray(images[row]),
            labels=labels,
            classes=tuple("0123456789"),
            revision=digest(["digits", ids, labels.tolist()]),
        )


@cache
def handwritten_digits() -> tuple[np.ndarray, np.ndarray]:
    """(1797, 8, 8) bytes, bright strokes on black, and (1797,) int64 which digits they are.

    Example:
        >>> images, labels = handwritten_digits()
        >>> images.shape, images.max(), labels[:3].tolist()
        ((1797, 8, 8), np.uint8(255), [0, 1, 2])
    """
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    images = np.rint(np.reshape(pixels, (-1, 8, 8)) * (255 / 16)).astype(np.uint8)
    return images, np.asarray(labels, dtype=np.int64)
