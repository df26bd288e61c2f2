"""torchvision's classification models, with its weights or none."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from seealike.data.atomic import write_atomically
from seealike.data.digests import cached_file_digest
from seealike.data.identity import digest
from seealike.errors import SourceError, UnknownName, suggestion
from seealike.sources.models.card import LoadedModel, ModelCard

_HASHED = re.compile(r"[-_]([0-9a-f]{8,64})\.pth$")


class TorchvisionCard(ModelCard):
    """A model of torchvision. Without `input`, images are prepared by the transform of its weights.

    Attributes:
        model: torchvision's name (``resnet50``).
        weights: the name of its weights (``IMAGENET1K_V2``); features are keyed by what DEFAULT resolves to.
        arguments: further keyword arguments of its constructor.
        pretrained: False builds the network untrained, initialised from `init_seed`; images are prepared as
            for `weights`.
        init_seed: seed of that initialisation.
    """

    source_name: ClassVar[str] = "torchvision"
    model: str
    weights: str = "DEFAULT"
    arguments: dict[str, Any] = Field(default_factory=dict)
    pretrained: bool = True
    init_seed: int = 0

    def weights_digest(self) -> str:
        """The address of the weights (it holds their hash), or the seed of the initialisation."""
        seed = f"untrained, seed {self.init_seed}"
        return digest([self.model, self.arguments, self._weights().url if self.pretrained else seed])

    def preprocessing(self) -> dict[str, object]:
        """The input rule, or what the transform of the weights says of itself."""
        if self.input:
            return self.input.model_dump()
        transform = self._weights().transforms()
        said = {k: v for k, v in vars(transform).items() if not k.startswith("_") and k != "training"}
        return {"input": "torchvision", "transform": type(transform).__name__, **said}

    def load(self, device: str) -> LoadedModel:
        """Let torchvision build and fill the network from the verified file; the transform is that of its weights."""
        import torch

        from seealike.sources.models.hooks import TorchModel
        from seealike.sources.models.hub import from_hub
        from seealike.sources.models.networks import build
        from seealike.sources.models.states import without_code
        from seealike.sources.models.vision import rgb

        where, weights = f"model {self.name}", self._weights()
        if self.pretrained:
            _put_in_place(weights.url, where)
        arguments = {"weights": weights if self.pretrained else None, **self.arguments}
        with torch.random.fork_rng(devices=[]), from_hub(where, str(weights)), without_code():
            torch.manual_seed(self.init_seed)
            module = build(f"torchvision:{self.model}", arguments, Path())
        prefix = 1 if hasattr(module, "class_token") else None
        prepare = self.input or rgb(weights.transforms())
        return TorchModel(self.name, module, prepare, device, prefix_tokens=prefix)

    def _weights(self) -> Any:
        from seealike.sources.models.vision import vision_library

        where = f"model {self.name}"
        models = vision_library("torchvision", where=where).models
        if self.model not in models.list_models(models):
            names = models.list_models(models)
            raise UnknownName(
                where=where,
                expected="a classifier of torchvision",
                got=repr(self.model),
                fix=suggestion(self.model, names),
            )
        known = models.get_model_weights(self.model)
        if self.weights not in known.__members__:
            raise UnknownName(
                where=where,
                expected=f"weights of {self.model}",
                got=repr(self.weights),
                fix=suggestion(self.weights, known.__members__),
            )
        return known[self.weights]


def _put_in_place(url: str, where: str) -> None:
    """See to it that the file which torchvision is going to read is the one whose hash its name promises.

    torchvision knows its files by the last part of their address and does not look into one that is there.
    """
    import torch

    from seealike.sources.download import fetch

    hashed = _HASHED.search(url)
    if hashed is None:
        raise SourceError(
            where=where,
            expected="weights whose address holds their hash",
            got=url,
            fix="Use `source: checkpoint` with `weights_url:` and `sha256:`.",
        )
    place = Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]
    promised = hashed.group(1)
    if place.is_file() and cached_file_digest(place).startswith(promised[:16]):
        return
    own = fetch(url, promised, where=where)
    write_atomically(place, lambda temporary: shutil.copyfile(own, temporary))
