"""timm's model zoo: any of its architectures, with its own weights, a local file's, or none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

from seealike.data.identity import digest, file_digest
from seealike.errors import SourceError
from seealike.sources.entry import LocalPath
from seealike.sources.models.card import LoadedModel, ModelCard

if TYPE_CHECKING:
    from PIL import Image


class TimmCard(ModelCard):
    """A model of timm. Without `input`, images are prepared by timm's own evaluation transform for it.

    Attributes:
        model: timm's name, best with its weights tag (``resnet50.a1_in1k``).
        arguments: further keyword arguments of ``timm.create_model``.
        weights: a local state dict to load instead of timm's own weights.
        pretrained: False builds the network untrained, initialised from `init_seed`.
        init_seed: seed of that initialisation.
    """

    source_name: ClassVar[str] = "timm"
    model: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    weights: LocalPath | None = None
    pretrained: bool = True
    init_seed: int = 0

    def weights_digest(self) -> str:
        """The file's digest, the tagged name of timm's weights, or the seed of the initialisation."""
        if self.weights:
            origin = file_digest(self.weights)
        elif self.pretrained:
            origin = "pretrained"
        else:
            origin = f"untrained, seed {self.init_seed}"
        return digest([self.model, self.arguments, origin])

    def preprocessing(self) -> dict[str, object]:
        """The input rule, or that it is timm's own for this model."""
        return self.input.model_dump() if self.input else {"input": "timm", "model": self.model}

    def load(self, device: str) -> LoadedModel:
        """Create the model (downloading its weights where needed) with its own evaluation transform."""
        import torch

        from seealike.sources.models.checkpoint import fill, read_state
        from seealike.sources.models.hooks import TorchModel
        from seealike.sources.models.networks import build

        where = f"model {self.name}"
        use_own = self.pretrained and self.weights is None
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.init_seed)
            try:
                module = build(f"timm:{self.model}", {"pretrained": use_own, **self.arguments}, Path())
            except (OSError, RuntimeError) as error:
                raise SourceError(
                    where=where,
                    expected=f"the weights of {self.model}",
                    got=str(error).strip().splitlines()[0],
                    fix="Check the tag and the network, or give a local file as `weights:`.",
                ) from error
        if self.weights:
            fill(module, read_state(self.weights, where), where=f"{where}, weights {self.weights.name}")
        return TorchModel(self.name, module, self.input or _evaluation_transform(module), device)


def _evaluation_transform(module: Any) -> Any:
    from seealike.sources.models.vision import vision_library

    timm = vision_library("timm", where="timm's transforms")
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(module), is_training=False)

    def preprocess(image: Image.Image) -> np.ndarray:
        return np.asarray(transform(image.convert("RGB")), dtype=np.float32)

    return preprocess
