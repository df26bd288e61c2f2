"""A network that a study trains itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from seealike.data.identity import digest
from seealike.errors import MissingArtifact
from seealike.sources.models.card import LoadedModel, ModelCard

if TYPE_CHECKING:
    import torch


class TrainedCard(ModelCard):
    """A network with the weights that a training leaves: a card that a study makes of its `causes:`, none writes it.

    Attributes:
        network: ``timm:NAME``, ``torchvision:NAME``, ``file.py:Name`` or ``package.module:Name``.
        arguments: keyword arguments for its constructor, the number of classes included.
        root: the folder that ``file.py`` starts from.
        training: digest of everything that decides the weights.
        weights: the file that the training writes.
    """

    source_name: ClassVar[str] = "trained"
    network: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    root: Path = Path()
    training: str
    weights: Path

    def weights_digest(self) -> str:
        """That of the training, which is known before it is done."""
        return self.training

    def preprocessing(self) -> dict[str, object]:
        """The input rule."""
        assert self.input is not None
        return self.input.model_dump()

    def module(self) -> torch.nn.Module:
        """The network with the weights that torch's generator gives it now; for training."""
        from seealike.sources.models.networks import build

        return build(self.network, self.arguments, self.root)

    def load(self, device: str) -> LoadedModel:
        """The trained network.

        Raises:
            MissingArtifact: it is not trained.
            SourceError: the file does not fit.
        """
        from safetensors.torch import load_model

        from seealike.sources.models.hooks import TorchModel

        if not self.weights.is_file():
            raise MissingArtifact(
                where=f"model {self.name}",
                expected="weights of a finished training",
                got="none",
                fix="Train it: seealike train; if it was tried, the stage «train» says why it failed.",
            )
        assert self.input is not None
        module = self.module()
        load_model(module, self.weights)
        prefix = getattr(module, "num_prefix_tokens", None)
        return TorchModel(self.name, module, self.input, device, prefix_tokens=prefix)


def network_digest(network: str, arguments: dict[str, Any], root: Path) -> str:
    """What identifies an untrained network: its code and its arguments.

    Example:
        >>> narrow, wide = (network_digest("torch.nn:Linear", {"in_features": n}, Path()) for n in (2, 3))
        >>> narrow == wide
        False
    """
    from seealike.sources.models.networks import code_digest

    return digest([code_digest(network, root), network, arguments])
