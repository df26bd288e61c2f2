"""Models of transformers: vision, either half of a CLIP, and text (language models, sentence encoders)."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, PrivateAttr, ValidationInfo, model_validator

from seealike.data.digests import cached_file_digests
from seealike.data.identity import digest
from seealike.errors import SourceError
from seealike.sources.models.card import LoadedModel, Modality, ModelCard

if TYPE_CHECKING:
    import torch

Kind = Literal["vision", "text", "clip_vision", "clip_text"]


class TransformersCard(ModelCard):
    """A repository of the model hub, or a folder that ``save_pretrained`` wrote, with its own processor or tokenizer.

    Halves of a CLIP have the layer `embedding`: the features in the joint space, not yet of unit length.

    Attributes:
        model: the repository (``facebook/dinov2-base``) or a folder.
        revision: the repository's commit (best: it cannot move) or tag.
        kind: "vision"; "text" (any encoder or decoder, without its head); "clip_vision" or "clip_text" (CLIP,
            SigLIP, Chinese-CLIP, ALIGN …).
        dtype: what the weights are loaded as.
        max_tokens: longer texts are cut; where not given, at the tokenizer's own limit.
        template: what the text stands in ("query: {}").
    """

    source_name: ClassVar[str] = "transformers"
    model: str
    kind: Kind
    revision: str | None = None
    dtype: Literal["float32", "bfloat16", "float16"] = "float32"
    max_tokens: int | None = Field(default=None, gt=0)
    template: str = Field(default="{}", pattern=r"^[^{}]*\{\}[^{}]*$")
    _folder: Path | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _is_pinned(self, info: ValidationInfo) -> TransformersCard:
        folder = Path((info.context or {}).get("root", Path())) / Path(self.model).expanduser()
        if folder.is_dir():
            self._folder = folder.resolve()
        elif not self.revision:
            raise ValueError(
                "expected a folder, or a repository with `revision:` (the commit or tag; `main` moves), "
                f"got {self.model} without one"
            )
        return self

    @property
    def modality(self) -> Modality:
        """What the model takes."""
        return "text" if self.kind.endswith("text") else "image"

    def weights_digest(self) -> str:
        """The repository at its revision, or the contents of the folder, and the type of the weights."""
        return digest([self._identity("*"), self.kind, self.dtype])

    def preprocessing(self) -> dict[str, object]:
        """Whose processor or tokenizer it is: its files, where they are local, and the version of transformers."""
        if self.input and self.modality == "image":
            return self.input.model_dump()
        said = {"input": "transformers", "from": self._identity("*.json"), "version": _version()}
        cut = {"max_tokens": self.max_tokens, "template": self.template}
        return said | (cut if self.modality == "text" else {})

    def _identity(self, pattern: str) -> object:
        if self._folder is None:
            return [self.model, self.revision]
        files = sorted(path for path in self._folder.rglob(pattern) if path.is_file())
        names = [path.relative_to(self._folder).as_posix() for path in files]
        return list(zip(names, cached_file_digests(files), strict=True))

    def load(self, device: str) -> LoadedModel:
        """Load the model without its task head, and its processor or tokenizer."""
        import torch

        from seealike.sources.models.hooks import TorchModel
        from seealike.sources.models.hub import from_hub
        from seealike.sources.models.vision import vision_library

        where = f"model {self.name}"
        library = vision_library("transformers", where=where)
        what = f"{self.model} at {self.revision}" if self.revision else self.model
        with torch.random.fork_rng(devices=[]), from_hub(where, what):
            module = self._module(library, where)
            prepare = self._prepare(library, module, where)
        call = _texts(module, prepare, self.kind) if self.modality == "text" else _images(module, self.kind)
        return TorchModel(
            self.name,
            module,
            prepare,
            device,
            modality=self.modality,
            prefix_tokens=_prefix_tokens(module) if self.modality == "image" else None,
            call=call,
        )

    def _from(self, kind: Any, **options: Any) -> Any:
        """``from_pretrained`` at the revision; code from the repository is never run."""
        place = str(self._folder or self.model)
        revision = {"revision": self.revision} if self.revision else {}
        return kind.from_pretrained(place, trust_remote_code=False, **revision, **options)

    def _module(self, library: Any, where: str) -> torch.nn.Module:
        import torch

        config = self._from(library.AutoConfig)
        if config.model_type == "vit_mae":
            raise SourceError(
                where=where,
                expected="a network that gives an image the same features every time",
                got="ViTMAE, which hides random patches",
                fix="Use source: timm, model: vit_base_patch16_224.mae (or its sizes).",
            )
        encoder_only = self.kind == "text" and type(config) in library.MODEL_FOR_TEXT_ENCODING_MAPPING
        kind = library.AutoModelForTextEncoding if encoder_only else library.AutoModel
        module, report = self._from(
            kind, config=config, dtype=getattr(torch, self.dtype), output_loading_info=True
        )
        missing = sorted(report["missing_keys"])
        if missing and all(key.startswith("pooler.") for key in missing):
            module.pooler = None  # most repositories of encoders come without one: it would be random
        elif missing:
            raise SourceError(
                where=where,
                expected=f"all weights of {type(module).__name__} in {self.model}",
                got=f"{len(missing)} missing ({', '.join(missing[:4])}{', …' * (len(missing) > 4)})",
                fix="They would be random; check `kind:`.",
            )
        if self.kind.startswith("clip"):
            _halve(module, self.kind, where)
        return module

    def _prepare(self, library: Any, module: torch.nn.Module, where: str) -> Any:
        if self.modality == "text":
            tokenizer = self._from(library.AutoTokenizer)
            return Tokens(tokenizer, module.config, self.max_tokens, self.template)
        if self.input:
            return self.input
        from PIL import Image

        from seealike.sources.models.vision import rgb, vision_library

        vision_library("torchvision", where=where)  # without it transformers resizes with another library
        processor = self._from(library.AutoImageProcessor)
        prepare = rgb(lambda image: processor(images=image, return_tensors="np")["pixel_values"][0])
        shape = prepare(Image.new("RGB", (64, 64))).shape
        if len(shape) != 3:
            raise SourceError(
                where=where,
                expected="(channels, height, width) of an image",
                got=f"{shape} from {type(processor).__name__}",
                fix="Use this network from timm or open_clip, or `source: python`.",
            )
        return prepare


class Tokens:
    """A tokenizer of transformers as a `Preprocess`; SigLIP's towers read the padding too, so rows keep it.

    Attributes:
        pad: what stands for -1 in the network.
        with_mask: whether the network is told where the padding is.
    """

    def __init__(self, tokenizer: Any, config: Any, max_tokens: int | None, template: str) -> None:
        self._tokenizer, self._template = tokenizer, template
        inner = config.get_text_config()
        limits = [tokenizer.model_max_length, getattr(inner, "max_position_embeddings", None)]
        known = [limit for limit in limits if limit and limit < 1 << 24]
        self._limit = max_tokens or (min(known) if known else None)
        self.with_mask = "attention_mask" in tokenizer.model_input_names
        self._whole = config.model_type.startswith("siglip")
        padding = [tokenizer.pad_token_id, getattr(inner, "pad_token_id", None), tokenizer.eos_token_id, 0]
        self.pad = int(next(token for token in padding if token is not None))

    def __call__(self, text: str) -> np.ndarray:
        """The token ids of one text."""
        cut = {} if self._limit is None else {"truncation": True, "max_length": self._limit}
        tokens = self._tokenizer(self._template.replace("{}", text), **cut)["input_ids"]
        fill = self._limit - len(tokens) if self._whole and self._limit else 0
        return np.asarray([*tokens, *[-1] * fill], dtype=np.int64)


def _halve(module: torch.nn.Module, kind: Kind, where: str) -> None:
    """Keep one half, and give its embedding a name that all families share."""
    import torch

    method, other = (
        ("get_image_features", "text_model")
        if kind == "clip_vision"
        else ("get_text_features", "vision_model")
    )
    if not hasattr(module, method):
        raise SourceError(
            where=where,
            expected="a model of images and texts",
            got=type(module).__name__,
            fix='Use kind: "vision" or "text".',
        )
    if hasattr(module, other):
        delattr(module, other)
    module.add_module("embedding", torch.nn.Identity())


def _embedded(module: Any, output: Any) -> object:
    return module.embedding(getattr(output, "pooler_output", output))


def _images(module: torch.nn.Module, kind: Kind) -> Callable[[Any, torch.Tensor], object]:
    dtype = next(module.parameters()).dtype
    if kind == "vision":
        return lambda m, tensor: m(pixel_values=tensor.to(dtype))
    return lambda m, tensor: _embedded(m, m.get_image_features(pixel_values=tensor.to(dtype)))


def _texts(module: torch.nn.Module, tokens: Tokens, kind: Kind) -> Callable[[Any, torch.Tensor], object]:
    cache = {"use_cache": False} if getattr(module.config, "use_cache", None) else {}

    def call(m: Any, tensor: torch.Tensor) -> object:
        there = tensor >= 0
        given: dict[str, Any] = {"input_ids": tensor.where(there, tokens.pad)}
        given |= {"attention_mask": there.long()} if tokens.with_mask else {}
        return _embedded(m, m.get_text_features(**given)) if kind == "clip_text" else m(**given, **cache)

    return call


def _prefix_tokens(module: torch.nn.Module) -> int | None:
    """Class, distillation and register tokens among the parameters; none where patches alone have positions."""
    inside = [(name.split("."), tuple(p.shape)) for name, p in module.named_parameters()]
    shapes = {parts[-1]: shape for parts, shape in inside if parts[-2:-1] == ["embeddings"]}
    single = sum(name in shapes for name in ("cls_token", "class_embedding", "distillation_token"))
    registers = shapes.get("register_tokens")
    count = single + (registers[-2] if registers else 0)
    positions = any("position_embedding" in name for name, _ in module.named_parameters())
    return count if count or positions else None


def _version() -> str:
    try:
        return version("transformers")
    except PackageNotFoundError:
        return "none"
