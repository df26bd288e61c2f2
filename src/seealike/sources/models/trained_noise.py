"""A diffusion model that a study trains itself, read at one stated level of noise."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from pydantic import Field

from seealike.sources.entry import Entry
from seealike.sources.images import ImageInput
from seealike.sources.models.card import LoadedModel
from seealike.sources.models.trained import TrainedCard

if TYPE_CHECKING:
    import torch

#: Of the linear schedule: variance of the noise that the first and the last step add (Ho et al. 2020).
BETAS = 1e-4, 0.02


class NoiseLevel(Entry):
    """At which step of the noising a network is read.

    Attributes:
        step: t, from 0 (all but clean) to `steps` - 1.
        seed: of ε, which is the same for all images and all networks: noise of its own for each image would make
            networks look alike for seeing the same noise.
        steps: T of the schedule that the network was trained with.
    """

    step: int = Field(default=100, ge=0)
    seed: int = Field(default=0, ge=0)
    steps: int = Field(default=1000, gt=0)


class NoisedInput:
    """Image -> √ᾱ_t x + √(1 - ᾱ_t) ε with x in [-1, 1], (channels, size, size) float32.

    Args:
        plain: image -> pixels in [-1, 1].
        level: t, ε and the schedule.

    Example:
        >>> how = NoisedInput(ImageInput(size=4, mean=(0.5,), std=(0.5,)), NoiseLevel(step=0))
        >>> bool(abs(how(Image.new("RGB", (8, 8), "white")) - 1).max() < 0.1)
        True
    """

    def __init__(self, plain: ImageInput, level: NoiseLevel) -> None:
        self._plain, self._level = plain, level

    @cached_property
    def _noise(self) -> np.ndarray:
        shape = (self._plain.channels, self._plain.size, self._plain.size)
        return np.random.default_rng(self._level.seed).standard_normal(shape).astype(np.float32)

    def __call__(self, image: Image.Image) -> np.ndarray:
        """The noised image."""
        kept = float(np.cumprod(1 - np.linspace(*BETAS, self._level.steps))[self._level.step])
        return np.float32(kept**0.5) * self._plain(image) + np.float32((1 - kept) ** 0.5) * self._noise


class TrainedNoiseCard(TrainedCard):
    """A trained network that finds the noise in images; it is told the step and no class.

    Attributes:
        level: the noise that it is read at.
        null_class: the class number that stands for no class.
    """

    level: NoiseLevel
    null_class: int

    def preprocessing(self) -> dict[str, object]:
        """The input rule and the noise."""
        return {**super().preprocessing(), "noise": self.level.model_dump()}

    def load(self, device: str) -> LoadedModel:
        """The trained network.

        Raises:
            MissingArtifact: it is not trained.
            SourceError: the file does not fit.
        """
        from seealike.sources.models.hooks import TorchModel

        assert self.input is not None
        prepare = NoisedInput(self.input, self.level)
        return TorchModel(self.name, self.trained(), prepare, device, call=self._call())

    def _call(self) -> Callable[[Any, torch.Tensor], object]:
        step, null = self.level.step, self.null_class

        def call(module: Any, images: torch.Tensor) -> object:
            same = images.new_zeros(len(images)).long()
            return module(images, same + step, same + null)

        return call
