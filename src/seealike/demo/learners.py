"""What each objective adds to an image tower while it learns: its head, its views and its loss.

The heads are thrown away after training; a checkpoint holds the tower alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor, nn

from seealike.demo.objectives import classification_loss, image_text_loss, nt_xent_loss
from seealike.demo.pool import Pool
from seealike.demo.views import MILD, STRONG, view


class Learner(nn.Module, ABC):
    """An image tower with a head: `loss` of a batch.

    Example:
        >>> sorted(LEARNERS)
        ['classification', 'image-text', 'self-supervised']
    """

    def __init__(self, tower: nn.Module, pool: Pool) -> None:
        super().__init__()
        self.tower = tower
        self.n_features = int(tower.n_features)  # pyright: ignore[reportArgumentType]

    @abstractmethod
    def loss(self, pool: Pool, rows: Tensor, chance: torch.Generator) -> Tensor:
        """The objective on the images `rows` (N,) of the pool: a scalar."""


class Classification(Learner):
    """Names the class of an image through one linear layer.

    Example:
        >>> from seealike.demo.captions import captions
        >>> from seealike.demo.networks import ConvNet
        >>> said = captions(torch.zeros(4, 32, 32, 3).numpy(), ["a cat"] * 4)
        >>> pool = Pool(torch.zeros(4, 3, 32, 32), torch.arange(4), 4, said)
        >>> Classification(ConvNet(), pool).head
        Linear(in_features=96, out_features=4, bias=True)
    """

    def __init__(self, tower: nn.Module, pool: Pool) -> None:
        super().__init__(tower, pool)
        self.head = nn.Linear(self.n_features, pool.n_classes)

    def loss(self, pool: Pool, rows: Tensor, chance: torch.Generator) -> Tensor:
        """Cross-entropy over all classes of all datasets."""
        return classification_loss(
            self.head(self.tower(view(pool.images[rows], MILD, chance))), pool.labels[rows]
        )


class SelfSupervised(Learner):
    """Finds the other view of the same image (SimCLR); knows no label.

    Example:
        >>> SelfSupervised.__mro__[1] is Learner
        True
    """

    def __init__(self, tower: nn.Module, pool: Pool, width: int = 64) -> None:
        super().__init__(tower, pool)
        self.head = perceptron(self.n_features, width)

    def loss(self, pool: Pool, rows: Tensor, chance: torch.Generator) -> Tensor:
        """NT-Xent between two strong views."""
        images = pool.images[rows]
        both = torch.cat([view(images, STRONG, chance), view(images, STRONG, chance)])
        first, second = self.head(self.tower(both)).chunk(2)
        return nt_xent_loss(first, second)


class ImageText(Learner):
    """Finds the caption of an image among those of the batch, through a small text encoder.

    The text encoder is the mean of its words' vectors, then a perceptron.

    Example:
        >>> ImageText.__mro__[1] is Learner
        True
    """

    def __init__(self, tower: nn.Module, pool: Pool, width: int = 64) -> None:
        super().__init__(tower, pool)
        self.head = nn.Linear(self.n_features, width)
        self.words = nn.EmbeddingBag(len(pool.captions.words) + 1, width, mode="mean", padding_idx=0)
        self.text = perceptron(width, width)
        self.ids = torch.from_numpy(pool.captions.ids)
        self.tokens = torch.from_numpy(pool.captions.tokens)

    def loss(self, pool: Pool, rows: Tensor, chance: torch.Generator) -> Tensor:
        """The contrastive loss between images and one drawn caption of each."""
        template = torch.randint(self.ids.shape[1], rows.shape, generator=chance)
        caption = self.ids[rows, template]
        texts = self.text(self.words(self.tokens[caption]))
        images = self.head(self.tower(view(pool.images[rows], MILD, chance)))
        return image_text_loss(images, texts, caption)


def perceptron(width_in: int, width_out: int) -> nn.Sequential:
    """Two linear layers with a GELU between.

    Example:
        >>> perceptron(8, 4)(torch.zeros(2, 8)).shape
        torch.Size([2, 4])
    """
    return nn.Sequential(nn.Linear(width_in, width_in), nn.GELU(), nn.Linear(width_in, width_out))


#: objective -> its learner.
LEARNERS: dict[str, Callable[[nn.Module, Pool], Learner]] = {
    "classification": Classification,
    "self-supervised": SelfSupervised,
    "image-text": ImageText,
}
