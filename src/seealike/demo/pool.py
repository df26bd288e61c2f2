"""The training images of all datasets as one pool of tensors, with one numbering of all their classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from seealike.demo.captions import THINGS, Captions, captions
from seealike.demo.images import Labelled


@dataclass(frozen=True)
class Pool:
    """The training images of all datasets together.

    Attributes:
        images: (n, 3, S, S) normalized float32.
        labels: (n,) integers below `n_classes`: every class of every dataset is one.
        n_classes: how many there are.
        captions: what can be said of each image.
    """

    images: Tensor
    labels: Tensor
    n_classes: int
    captions: Captions


def pooled(training: Mapping[str, Labelled]) -> Pool:
    """All training parts together.

    Args:
        training: dataset -> its training part; the names must be keys of `THINGS`.

    Example:
        >>> tiny = Labelled(np.zeros((2, 32, 32, 3), np.uint8), np.array([0, 1]), ("brick", "grass"))
        >>> pool = pooled({"textures": tiny, "documents": tiny})
        >>> pool.labels.tolist(), pool.n_classes
        ([0, 1, 2, 3], 4)
    """
    labels: list[np.ndarray] = []
    things: list[str] = []
    n_classes = 0
    for name, part in training.items():
        labels.append(part.labels + n_classes)
        n_classes += len(part.classes)
        things += [THINGS[name].format(part.classes[label]) for label in part.labels]
    images = np.concatenate([part.images for part in training.values()])
    return Pool(
        normalized(images), torch.from_numpy(np.concatenate(labels)), n_classes, captions(images, things)
    )


def normalized(images: np.ndarray) -> Tensor:
    """Images (n, s, s, 3) uint8 as (n, 3, s, s) float32: (x / 255 − 0.5) / 0.25, as in the study file.

    Example:
        >>> normalized(np.full((1, 1, 1, 3), 255, np.uint8)).flatten()
        tensor([2., 2., 2.])
    """
    scaled = torch.from_numpy(images).permute(0, 3, 1, 2).to(torch.float32) / 255
    return ((scaled - 0.5) / 0.25).contiguous(memory_format=torch.channels_last)
