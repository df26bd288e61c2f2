"""timm's model zoo: any of its architectures, with its own weights, a local file's, or none."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, field_validator

from seealike.data.digests import cached_file_digest
from seealike.data.identity import digest
from seealike.sources.entry import LocalPath
from seealike.sources.models.card import LoadedModel, ModelCard

_HASHED = re.compile(r"[-_]([0-9a-f]{8,64})\.(?:pth|pt|safetensors)$")


class TimmCard(ModelCard):
    """A model of timm. Without `input`, images are prepared by timm's own evaluation transform for it.

    Attributes:
        model: timm's name, best with its weights tag (``resnet50.a1_in1k``); a name without a tag means what
            the installed timm says, and the resolved tag is what features are keyed by. A hub repository
            (``hf-hub:org/name@revision``) needs its revision.
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

    @field_validator("model")
    @classmethod
    def _pinned(cls, value: str) -> str:
        if value.startswith(("hf-hub:", "hf_hub:")) and "@" not in value:
            raise ValueError(f"expected a revision of the repository ({value}@COMMIT), got none")
        return value

    def weights_digest(self) -> str:
        """The file's digest, the tagged name of timm's weights, or the seed of the initialisation."""
        if self.weights:
            origin = cached_file_digest(self.weights)
        elif self.pretrained:
            return digest([_tagged(self.model), self.arguments, "pretrained"])
        else:
            origin = f"untrained, seed {self.init_seed}"
        return digest([self.model, self.arguments, origin])

    def preprocessing(self) -> dict[str, object]:
        """The input rule, or timm's transform for this model: size, crop, interpolation, mean, std."""
        if self.input:
            return self.input.model_dump()
        return {"input": "timm", **(_data_config(self.model) or {"model": self.model})}

    def load(self, device: str) -> LoadedModel:
        """Create the model (downloading its weights where needed) with its own evaluation transform."""
        import torch

        from seealike.sources.models.hooks import TorchModel
        from seealike.sources.models.hub import from_hub
        from seealike.sources.models.networks import build
        from seealike.sources.models.states import fill, read_state

        where = f"model {self.name}"
        use_own = self.pretrained and self.weights is None
        arguments = {"pretrained": use_own, **self.arguments} | (self._own_file(where) if use_own else {})
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.init_seed)
            with from_hub(where, f"the weights of {self.model} (or a local file as `weights:`)"):
                module = build(f"timm:{self.model}", arguments, Path())
        if self.weights:
            fill(module, read_state(self.weights, where), where=f"{where}, weights {self.weights.name}")
        prepare = self.input or _evaluation_transform(module)
        prefix = getattr(module, "num_prefix_tokens", None)
        return TorchModel(self.name, module, prepare, device, prefix_tokens=prefix)

    def _own_file(self, where: str) -> dict[str, Any]:
        """The few weights that no hub has: timm would keep them by the last part of their address."""
        from seealike.sources.download import fetch

        own = _own_config(self.model)
        hashed = _HASHED.search(own.url or "") if own and not own.hf_hub_id else None
        if hashed is None:
            return {}
        return {"pretrained_cfg_overlay": {"file": str(fetch(own.url, hashed.group(1), where=where))}}


def _own_config(model: str) -> Any:
    """What timm's registry says of the weights of that name; nothing of a repository or a folder."""
    from seealike.sources.models.vision import vision_library

    timm = vision_library("timm", where=f"timm:{model}")
    return None if ":" in model else timm.get_pretrained_cfg(model, allow_unregistered=False)


@functools.cache
def _tagged(model: str) -> str:
    if "." in model:
        return model
    own = _own_config(model)
    return f"{model}.{own.tag}" if own and own.tag else model


@functools.cache
def _data_config(model: str) -> dict[str, Any] | None:
    from seealike.sources.models.vision import vision_library

    own = _own_config(model)
    timm = vision_library("timm", where=f"timm:{model}")
    return timm.data.resolve_data_config(pretrained_cfg=own.to_dict()) if own else None


def _evaluation_transform(module: Any) -> Any:
    from seealike.sources.models.vision import rgb, vision_library

    timm = vision_library("timm", where="timm's transforms")
    config = timm.data.resolve_model_data_config(module)
    return rgb(timm.data.create_transform(**config, is_training=False))
