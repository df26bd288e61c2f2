"""open_clip's towers: the image or the text half of a CLIP, SigLIP, CoCa, EVA-CLIP, MobileCLIP …."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import model_validator

from seealike.data.identity import digest
from seealike.errors import SourceError
from seealike.sources.models.card import LoadedModel, ModelCard

if TYPE_CHECKING:
    import torch

_HUB = "hf-hub:"


class OpenClipCard(ModelCard):
    """One tower of a model of open_clip, with its own transform or tokenizer.

    The layer `visual` (image) or `text` is the embedding in the joint space, not yet of unit length.

    Attributes:
        model: open_clip's name (``ViT-B-16``), or a hub repository (``hf-hub:org/name``).
        pretrained: the tag of the weights (``laion2b_s34b_b88k``), not given for a repository; False builds the
            network untrained, initialised from `init_seed`.
        revision: the commit or tag of the repository.
        tower: "image" or "text".
        init_seed: seed of that initialisation.
    """

    source_name: ClassVar[str] = "open_clip"
    model: str
    pretrained: str | Literal[False] | None = None
    revision: str | None = None
    tower: Literal["image", "text"] = "image"
    init_seed: int = 0

    @model_validator(mode="after")
    def _is_pinned(self) -> OpenClipCard:
        hub = self.model.startswith(_HUB)
        if hub and not self.revision:
            raise ValueError("expected `revision:` (a commit or tag of the repository), got none")
        if self.pretrained is not False and hub == bool(self.pretrained):
            wanted = (
                "no `pretrained:` for a hub repository" if hub else "`pretrained:` (a tag of the weights)"
            )
            raise ValueError(f"expected {wanted}")
        return self

    def weights_digest(self) -> str:
        """The model with its tag, revision or seed; both towers of a model have the same."""
        seed = self.init_seed if self.pretrained is False else None
        return digest([self.model, self.pretrained, self.revision, seed])

    def preprocessing(self) -> dict[str, object]:
        """What open_clip's registry says of images for these weights, or that the tokenizer is the model's own."""
        if self.tower == "text":
            return {"tokenizer": "open_clip", "model": self.model, "version": _version()}
        if self.input:
            return self.input.model_dump()
        if self.model.startswith(_HUB):
            return {
                "input": "open_clip",
                "model": self.model,
                "revision": self.revision,
                "version": _version(),
            }
        return {"input": "open_clip", **_image_config(self.model, self.pretrained or "")}

    def load(self, device: str) -> LoadedModel:
        """Create the model, refuse random weights in place of missing ones, and keep one tower."""
        import torch

        from seealike.sources.models.hooks import TorchModel
        from seealike.sources.models.hub import from_hub

        where = f"model {self.name}"
        library = _library(where)
        with (
            torch.random.fork_rng(devices=[]),
            from_hub(where, f"{self.model} {self.pretrained or ''}".strip()),
        ):
            torch.manual_seed(self.init_seed)
            name = self._local_name()
            whole = library.create_model(name, **self._arguments(library))
            prepare = self._prepare(library, whole, name)
        layer = "visual" if self.tower == "image" else "text"
        tower = torch.nn.ModuleDict({layer: getattr(whole, layer)})

        def call(module: Any, tensor: torch.Tensor) -> object:
            return module[layer](
                tensor if layer == "visual" else torch.where(tensor < 0, prepare.pad, tensor)
            )

        prefix = _prefix_tokens(whole.visual) if self.tower == "image" else None
        return TorchModel(
            self.name, tower, prepare, device, modality=self.tower, prefix_tokens=prefix, call=call
        )

    def _arguments(self, library: Any) -> dict[str, Any]:
        """An OpenAI tag was trained with another activation than the model's name says: take the tag's word."""
        if self.pretrained is False:
            return {
                "load_weights": False,
                "pretrained_text": False,
                "force_custom_text": self.tower == "text",
            }
        tag = library.get_pretrained_cfg(self.model, self.pretrained or "") or {}
        return {
            "pretrained": self.pretrained,
            "require_pretrained": True,
            "force_quick_gelu": bool(tag.get("quick_gelu")),
            "force_custom_text": self.tower == "text",
        }

    def _local_name(self) -> str:
        """A repository at its revision, as a local folder: open_clip itself takes whatever is newest."""
        if not self.model.startswith(_HUB):
            return self.model
        from huggingface_hub import snapshot_download

        wanted = ["*.json", "*.txt", "*.model", "open_clip_*.safetensors", "open_clip_*.bin"]
        folder = snapshot_download(self.model[len(_HUB) :], revision=self.revision, allow_patterns=wanted)
        return f"local-dir:{folder}"

    def _prepare(self, library: Any, whole: Any, name: str) -> Any:
        from seealike.sources.models.vision import rgb

        if self.tower == "text":
            return Tokens(library.get_tokenizer(name))
        config = library.transform.PreprocessCfg(**whole.visual.preprocess_cfg)
        return self.input or rgb(library.transform.image_transform_v2(config, is_train=False))


class Tokens:
    """An open_clip tokenizer as a `Preprocess`: always the model's context length, padding marked with -1.

    The towers have a fixed context and SigLIP's read the padding too, so rows keep it; `pad` is what stands for
    -1 in the network.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        inner = getattr(tokenizer, "tokenizer", None)
        self.pad = int(getattr(inner, "pad_token_id", 0) or 0)
        self._ends_in_pad = inner is not None and inner.eos_token_id == self.pad

    def __call__(self, text: str) -> np.ndarray:
        """The token ids of one text."""
        tokens = np.asarray(self._tokenizer([text])[0], dtype=np.int64)
        words = np.flatnonzero(tokens != self.pad)
        n_tokens = (words[-1] + 1 if words.size else 0) + self._ends_in_pad
        return np.where(np.arange(len(tokens)) < max(n_tokens, 1), tokens, -1)


def _library(where: str) -> Any:
    from seealike.sources.models.vision import vision_library

    return vision_library("open_clip", where=where)


def _version() -> str:
    return str(_library("open_clip").__version__)


@functools.cache
def _image_config(model: str, tag: str) -> dict[str, object]:
    """Side, crop, interpolation, mean and std, from the registries of architectures and of weights."""
    library = _library(f"open_clip:{model}")
    architecture = library.get_model_config(model.replace("/", "-"))
    if architecture is None:
        raise SourceError(
            where=f"open_clip:{model}",
            expected="a model of open_clip",
            got=repr(model),
            fix="See open_clip.list_models().",
        )
    base = library.transform.merge_preprocess_dict(
        library.transform.PreprocessCfg(), library.get_pretrained_cfg(model, tag) or {}
    )
    return base | {"size": architecture["vision_cfg"].get("image_size", base["size"])}


def _prefix_tokens(visual: Any) -> int | None:
    """Timm's towers know; open_clip's own transformer has one class token; its ResNets have no tokens."""
    trunk = getattr(visual, "trunk", None)
    if trunk is not None:
        return getattr(trunk, "num_prefix_tokens", None)
    return 1 if hasattr(visual, "class_embedding") else None
