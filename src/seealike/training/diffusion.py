"""The task of a diffusion model: the noise that was added to an image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from seealike.sources.models.trained_noise import BETAS
from seealike.sources.models.vision import vision_library
from seealike.training.classification import ImagePool, shuffled


class NoisePrediction:
    """Mean squared error of the noise that a network finds in a noised image, given its class or no class.

    x_t = √ᾱ_t x + √(1 - ᾱ_t) ε with ᾱ_t = Π (1 - β_s), β rising along a line from 10⁻⁴ to 0.02; t, ε and whether the
    class is told are drawn for every image of every batch.

    Args:
        module: (images (n, channels, size, size) in [-1, 1], t (n,), classes (n,)) -> an object
            with `sample`, the noise.
        pool: the images.
        rows: (n,) which of them.
        labels: (n,) their class numbers.
        batch_size: images of a batch; what is left of an epoch is left out.
        null_class: the class number that stands for no class.
        drop: share of the images whose class is not told.
        steps: T.

    Source:
        Ho, Jain & Abbeel, "Denoising diffusion probabilistic models", 2020 (arXiv:2006.11239); dropped classes: Ho &
        Salimans 2022 (arXiv:2207.12598).
    """

    def __init__(
        self,
        module: nn.Module,
        pool: ImagePool,
        rows: np.ndarray,
        labels: np.ndarray,
        batch_size: int,
        *,
        null_class: int,
        drop: float = 0.1,
        steps: int = 1000,
    ) -> None:
        self.module, self._pool = module, pool
        self._rows, self._labels = torch.as_tensor(rows), torch.as_tensor(labels)
        self._size, self._null, self._drop = min(batch_size, len(rows)), null_class, drop
        kept = (1 - torch.linspace(*BETAS, steps, dtype=torch.float64)).cumprod(0)
        self._signal, self._noise = kept.sqrt().float(), (1 - kept).sqrt().float()
        self.n_batches = len(rows) // self._size

    def batches(self, epoch: int, generator: torch.Generator) -> Iterator[tuple[Tensor, ...]]:
        """Noised images, t, classes, noise."""
        del epoch
        for chosen in shuffled(len(self._rows), self._size, generator):
            yield self._noised(chosen, generator)

    def _noised(self, chosen: Tensor, generator: torch.Generator) -> tuple[Tensor, ...]:
        images = self._pool.pixels[self._rows[chosen]].float().div_(127.5).sub_(1)
        t = torch.randint(len(self._signal), (len(chosen),), generator=generator)
        noise = torch.randn(images.shape, generator=generator)
        untold = torch.rand(len(chosen), generator=generator) < self._drop
        classes = torch.where(untold, torch.tensor(self._null), self._labels[chosen])
        signal, share = (one[t].view(-1, 1, 1, 1) for one in (self._signal, self._noise))
        return signal * images + share * noise, t, classes, noise

    def loss(self, module: nn.Module, batch: tuple[Tensor, ...]) -> Tensor:
        """Mean squared error."""
        images, t, classes, noise = batch
        return functional.mse_loss(module(images, t, classes).sample, noise)

    def error(self, module: nn.Module, *, device: str = "cpu", seed: int = 0) -> float:
        """The mean loss over all images, each noised once, by a seed: for images that it was not trained on.

        Args:
            module: on the device, in evaluation mode.
            device: of torch.
            seed: of steps and noise.
        """
        generator = torch.Generator().manual_seed(seed)
        total = 0.0
        for chosen in torch.arange(len(self._rows)).split(self._size):
            batch = tuple(one.to(device) for one in self._noised(chosen, generator))
            with torch.no_grad():
                total += self.loss(module, batch).item() * len(chosen)
        return total / len(self._rows)


def small_unet(
    size: int,
    n_classes: int,
    *,
    channels: int = 3,
    widths: Sequence[int] = (96, 192, 192),
    dropout: float = 0.1,
) -> nn.Module:
    """An untrained U-Net of diffusers with classes and one class for none, `n_classes`; see `drawing_from`.

    Two layers a block, attention in all stages but the first. Layers to read: ``mid_block``, ``conv_act`` …

    Args:
        size: side of the images.
        n_classes: how many classes.
        channels: of the images.
        widths: of the stages, multiples of 32; each but the first halves the side.
        dropout: in the residual blocks.

    Raises:
        MissingDependency: diffusers is not installed.
    """
    make = vision_library("diffusers", where="small_unet").UNet2DModel
    deeper = len(widths) - 1
    return make(
        sample_size=size,
        in_channels=channels,
        out_channels=channels,
        block_out_channels=tuple(widths),
        down_block_types=("DownBlock2D", *["AttnDownBlock2D"] * deeper),
        up_block_types=(*["AttnUpBlock2D"] * deeper, "UpBlock2D"),
        layers_per_block=2,
        dropout=dropout,
        num_class_embeds=n_classes + 1,
    )
