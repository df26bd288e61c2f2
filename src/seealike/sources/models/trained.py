"""A network that a study trains itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from seealike.data.identity import digest
from seealike.errors import MissingArtifact, SourceError
from seealike.sources.models.card import LoadedModel, ModelCard
from seealike.sources.models.lora import Lora

if TYPE_CHECKING:
    import torch


class TrainedCard(ModelCard):
    """A network with the weights that a training leaves: a card that a study makes of its `causes:`, none writes it.

    Attributes:
        network: as `seealike.sources.models.networks.build` takes it.
        arguments: keyword arguments for its constructor, the number of classes included.
        root: the folder that ``file.py`` starts from.
        training: digest of everything that decides the weights.
        weights: the file that the training writes.
        seed: of the weights that it starts from, as torch's generator draws them.
        lora: low-rank updates that are trained instead of the weights.
    """

    source_name: ClassVar[str] = "trained"
    network: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    root: Path = Path()
    training: str
    weights: Path
    seed: int = 0
    lora: Lora | None = None

    def weights_digest(self) -> str:
        """That of the training, which is known before it is done."""
        return self.training

    def preprocessing(self) -> dict[str, object]:
        """The input rule."""
        assert self.input is not None
        return self.input.model_dump()

    def module(self) -> torch.nn.Module:
        """The network as its training starts; torch's generator is left as it was."""
        return self._starting()[0]

    def load(self, device: str) -> LoadedModel:
        """The trained network, with low-rank updates added to its weights.

        Raises:
            MissingArtifact: it is not trained.
            SourceError: the file does not fit.
        """
        from seealike.sources.models.hooks import TorchModel

        assert self.input is not None
        module = self.trained()
        prefix = getattr(module, "num_prefix_tokens", None)
        return TorchModel(self.name, module, self.input, device, prefix_tokens=prefix)

    def trained(self) -> torch.nn.Module:
        """The network as its training left it.

        Raises:
            MissingArtifact: it is not trained.
            SourceError: the file does not fit.
        """
        from seealike.sources.models.kept import fill_kept
        from seealike.sources.models.lora import merged

        if not self.weights.is_file():
            raise MissingArtifact(
                where=f"model {self.name}",
                expected="weights of a finished training",
                got="none",
                fix="Train it: seealike train; if it was tried, the stage «train» says why it failed.",
            )
        module, adapted = self._starting()
        try:
            fill_kept(module, self.weights)
        except (RuntimeError, ValueError) as error:
            raise SourceError(
                where=f"model {self.name}",
                expected="the weights of its training",
                got=str(error).splitlines()[0],
                fix=f"Remove {self.weights.parent.name} in the folder trained; the next run trains it again.",
            ) from error
        if adapted is not None:
            merged(adapted)
        return module

    def _starting(self) -> tuple[torch.nn.Module, object | None]:
        """The network, and what `merged` takes where there is LoRA."""
        import torch

        from seealike.sources.models.lora import with_lora
        from seealike.sources.models.networks import build

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            module = build(self.network, self.arguments, self.root)
            if self.lora is None:
                return module, None
            keep = [self.head] if self.head else []
            return module, with_lora(module, self.lora, where=f"model {self.name}", keep=keep)


def network_digest(network: str, arguments: dict[str, Any], root: Path) -> str:
    """What identifies an untrained network: its code and its arguments.

    Example:
        >>> narrow, wide = (network_digest("torch.nn:Linear", {"in_features": n}, Path()) for n in (2, 3))
        >>> narrow == wide
        False
    """
    from seealike.sources.models.networks import code_digest

    return digest([code_digest(network, root), network, arguments])
