"""The task of telling images apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from seealike.sources.datasets.samples import Samples
from seealike.sources.images import ImageInput
from seealike.training.augmentation import Augmentation


@dataclass(frozen=True)
class ImagePool:
    """The images of a dataset, decoded once, for all networks that are trained on parts of it.

    Attributes:
        pixels: (n, channels, size, size) bytes.
        mean: (1, channels, 1, 1) subtracted from pixels in [0, 1].
        std: the same, divided by.
    """

    pixels: Tensor = field(repr=False)
    mean: Tensor = field(repr=False)
    std: Tensor = field(repr=False)

    @staticmethod
    def of(samples: Samples, how: ImageInput) -> ImagePool:
        """Decode, crop and resize all images of a dataset.

        Args:
            samples: with images.
            how: what the network takes.

        Raises:
            DataError: no images, or one that cannot be read.
        """
        image = samples.items("image")
        plain = how.model_copy(update={"mean": (0.0,), "std": (1.0,)})
        shape = (len(samples.sample_ids), how.channels, how.size, how.size)
        pixels = np.empty(shape, dtype=np.uint8)
        for row in range(len(pixels)):
            pixels[row] = np.rint(plain(image(row)) * 255)  # pyright: ignore[reportArgumentType] (an image)
        mean, std = (torch.tensor(v, dtype=torch.float32).view(1, -1, 1, 1) for v in (how.mean, how.std))
        return ImagePool(torch.from_numpy(pixels), mean, std)

    def images(self, rows: Tensor) -> Tensor:
        """Pixels of some images, from 0 to 1."""
        return self.pixels[rows].float().div_(255)

    def normalized(self, images: Tensor) -> Tensor:
        """Pixels from 0 to 1 as the network takes them."""
        return (images - self.mean) / self.std


def shuffled(n_rows: int, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Row numbers in an order of the generator's, `size` at a time; what is left at the end is left out.

    Example:
        >>> [len(rows) for rows in shuffled(7, 3, torch.Generator())]
        [3, 3]
    """
    order = torch.randperm(n_rows, generator=generator)
    return (order[start : start + size] for start in range(0, n_rows // size * size, size))


class ImageClassification:
    """Cross-entropy on some images of a pool.

    Args:
        module: images (n, channels, size, size) -> scores (n, classes).
        pool: the images.
        rows: (n,) which of them.
        labels: (n,) their class numbers.
        batch_size: images of a batch; what is left of an epoch is left out, as fits batch normalization.
        augmentation: how they are changed.
        label_smoothing: the share of a target that is spread over all classes.

    Example:
        >>> pool = ImagePool(torch.zeros(6, 1, 4, 4, dtype=torch.uint8), torch.zeros(1), torch.ones(1))
        >>> net = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
        >>> task = ImageClassification(net, pool, np.arange(6), np.array([0, 1] * 3), 4)
        >>> images, labels = next(iter(task.batches(0, torch.Generator())))
        >>> task.n_batches, images.shape, round(task.loss(net, (images, labels)).item(), 1)
        (1, torch.Size([4, 1, 4, 4]), 0.7)
    """

    def __init__(
        self,
        module: nn.Module,
        pool: ImagePool,
        rows: np.ndarray,
        labels: np.ndarray,
        batch_size: int,
        *,
        augmentation: Augmentation | None = None,
        label_smoothing: float = 0.0,
    ) -> None:
        self.module, self._pool = module, pool
        self._rows, self._labels = torch.as_tensor(rows), torch.as_tensor(labels)
        self._size = min(batch_size, len(rows))
        self._augmentation, self._smoothing = augmentation, label_smoothing
        self.n_batches = len(rows) // self._size

    def batches(self, epoch: int, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        """Images and class numbers, in an order of the epoch's own."""
        del epoch
        for chosen in shuffled(len(self._rows), self._size, generator):
            images = self._pool.images(self._rows[chosen])
            if self._augmentation:
                images = self._augmentation(images, generator)
            yield self._pool.normalized(images), self._labels[chosen]

    def loss(self, module: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        """Mean cross-entropy."""
        images, labels = batch
        return functional.cross_entropy(module(images), labels, label_smoothing=self._smoothing)

    def errors(self, module: nn.Module, *, device: str = "cpu") -> tuple[float, float]:
        """Mean cross-entropy and accuracy over all images as they are: for images that it was not trained on.

        Args:
            module: on the device, in evaluation mode.
            device: of torch.
        """
        loss, right = 0.0, 0
        for chosen in torch.arange(len(self._rows)).split(self._size):
            images = self._pool.normalized(self._pool.images(self._rows[chosen]))
            labels = self._labels[chosen].to(device)
            with torch.no_grad():
                scores = module(images.to(device)).float()
            loss += functional.cross_entropy(scores, labels, reduction="sum").item()
            right += int((scores.argmax(1) == labels).sum())
        return loss / len(self._rows), right / len(self._rows)
