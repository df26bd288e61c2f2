"""An architecture of timm, torchvision or a Python file, with a state dict from a file or an address."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, PrivateAttr, ValidationInfo, model_validator

from seealike.data.digests import cached_file_digest
from seealike.data.identity import digest
from seealike.errors import SpecError, suggestion
from seealike.sources.entry import CodePlace, LocalPath
from seealike.sources.models.card import LoadedModel, ModelCard
from seealike.sources.models.keys import KeyRule, renamed
from seealike.sources.models.states import fill, read_state

if TYPE_CHECKING:
    import torch


class CheckpointCard(ModelCard):
    """A network built by name, with the weights of a file or an address. `input` is required.

    Attributes:
        network: ``timm:NAME``, ``torchvision:NAME``, ``file.py:Name`` or ``package.module:Name``.
        arguments: keyword arguments for its constructor.
        weights: a safetensors file, or a torch file that loads with ``weights_only``.
        weights_url: where to download such a file, instead of `weights`.
        sha256: of the file at `weights_url`.
        state_key: where the state dict stands in the file ("state_dict"), dots for nested keys.
        keys: rules that turn the file's keys into the network's, each ``strip``, ``keep``, ``drop`` (a prefix)
            or ``rename`` (prefix: other prefix), in this order.
        remove: submodules of the network to replace by identities: heads that the file does not have.
        convert: "timm" lets timm's own rule for this architecture turn the original authors' tensors into its
            own (it may rename and split them, or resample position embeddings).
    """

    source_name: ClassVar[str] = "checkpoint"
    network: CodePlace
    arguments: dict[str, Any] = Field(default_factory=dict)
    weights: LocalPath | None = None
    weights_url: str | None = None
    sha256: str | None = Field(default=None, pattern="^[0-9a-fA-F]{64}$")
    state_key: str = ""
    keys: tuple[KeyRule, ...] = ()
    remove: tuple[str, ...] = ()
    convert: Literal["timm"] | None = None
    _root: Path = PrivateAttr(default=Path())

    @model_validator(mode="after")
    def _is_whole(self, info: ValidationInfo) -> CheckpointCard:
        if self.input is None:
            raise ValueError(
                "expected `input: {size: …, …}`: a state dict does not say how images were prepared"
            )
        if (self.weights is None) == (self.weights_url is None):
            raise ValueError("expected either `weights:` (a file) or `weights_url:` (with `sha256:`)")
        self._root = Path((info.context or {}).get("root", Path()))
        return self

    def weights_digest(self) -> str:
        """Digest of the file, the network's code and how the one was put into the other."""
        from seealike.sources.models.networks import code_digest

        address = self.sha256.lower() if self.sha256 else self.weights_url
        file = cached_file_digest(self.weights) if self.weights else address
        rules = [rule.model_dump(exclude_none=True) for rule in self.keys]
        how = [self.network, self.arguments, self.state_key, rules, self.remove, self.convert]
        return digest([file, code_digest(self.network, self._root), *how])

    def preprocessing(self) -> dict[str, object]:
        """The input rule."""
        assert self.input is not None
        return self.input.model_dump()

    def load(self, device: str) -> LoadedModel:
        """Build the network and load the state dict, strictly.

        Raises:
            SourceError: the file cannot be had, or not be read without unpickling code, or its keys do not fit
                (which ones).
        """
        from seealike.sources.models.hooks import TorchModel
        from seealike.sources.models.networks import build, without

        assert self.input is not None
        where = f"model {self.name}, weights {self.weights or self.weights_url}"
        module = without(self.remove, build(self.network, self.arguments, self._root), where=where)
        state = self._state(where)
        fill(module, by_timm(state, module, where) if self.convert else state, where=where)
        prefix = getattr(module, "num_prefix_tokens", None)
        return TorchModel(self.name, module, self.input, device, prefix_tokens=prefix)

    def _file(self, where: str) -> Path:
        if self.weights:
            return self.weights
        from seealike.sources.download import fetch

        assert self.weights_url is not None
        return fetch(self.weights_url, self.sha256, where=where)

    def _state(self, where: str) -> dict[str, torch.Tensor]:
        state = read_state(self._file(where), where)
        for key in filter(None, self.state_key.split(".")):
            if not isinstance(state, dict) or key not in state:
                known = [str(k) for k in state] if isinstance(state, dict) else []
                raise SpecError(
                    where=where,
                    expected=f"the key {key!r} in the file",
                    got="none",
                    fix=suggestion(key, known),
                )
            state = state[key]
        return renamed(state, self.keys, where=where)


def by_timm(state: dict[str, torch.Tensor], module: torch.nn.Module, where: str) -> dict[str, torch.Tensor]:
    """The state dict after timm's own conversion for the module's architecture.

    Raises:
        SpecError: not an architecture of timm, or one for which timm has no conversion.
    """
    import sys

    convert = getattr(sys.modules[type(module).__module__], "checkpoint_filter_fn", None)
    if convert is None:
        raise SpecError(
            where=where,
            expected="an architecture of timm that has a conversion",
            got=type(module).__name__,
            fix="Leave `convert:` out and give `keys:` rules.",
        )
    return convert(dict(state), module)
