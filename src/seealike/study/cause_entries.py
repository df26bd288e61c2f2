"""The entries of `causes:`: what is common to all experiments, and what each kind of network needs beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, ValidationInfo, model_validator

from seealike.sources.entry import Entry
from seealike.sources.images import ImageInput
from seealike.sources.models.lora import Lora
from seealike.sources.models.tokenizer import Tokenizer
from seealike.sources.models.trained_noise import NoiseLevel
from seealike.study.consequence_entry import ConsequenceEntry
from seealike.training.augmentation import Augmentation
from seealike.training.recipe import Recipe

Design = Literal["data", "task", "both", "factorial", "attributes"]
Kind = Literal["classifier", "language", "diffusion"]
_TRANSFORMERS = "transformers:"


class CauseEntry(Entry):
    """One experiment: networks of one kind, trained on parts of one dataset.

    Attributes:
        kind: what the networks learn.
        name: of the experiment, in tables and figures.
        data: the entry of the dataset that they are trained on, as under `datasets:`; with `test:` for the samples that
            evaluate them, else a fifth of each class is held out.
        designs: what is shared: "data", "task", "both", "factorial" (every combination of `overlaps`), or "attributes":
            the same images, and tasks that share attributes.
        overlaps: the shares, from 0 to 1.
        constrained: whether every part has the same size for every share; else as large as the share allows.
        seeds: how many times, each with its own split and initial weights.
        first_seed: the first of these seeds.
        network: ``timm:NAME``, ``torchvision:NAME``, ``transformers:NAME`` (a language model), ``file.py:Name`` or
            ``package.module:Name``.
        arguments: keyword arguments for its constructor; what follows from the data is added.
        lora: train low-rank updates of a pretrained network instead of its weights.
        layer: the layer that is compared.
        pooling: of that layer's output.
        recipe: how it is trained; its `seed` is set for each network.
        evaluate: names of datasets of the study on which the networks are compared too.
        consequences: what the pairs of classifiers are tried for (attacks that transfer, agreement …), if anything.
    """

    #: The first word of what is trained in the table `trained`.
    task: ClassVar[str]

    kind: Kind
    name: str = Field(min_length=1)
    data: dict[str, Any]
    designs: tuple[Design, ...] = Field(default=("data", "task", "factorial"), min_length=1)
    overlaps: tuple[float, ...] = Field(default=(0.0, 0.25, 0.5, 0.75, 1.0), min_length=1)
    constrained: bool = True
    seeds: int = Field(default=3, gt=0)
    first_seed: int = Field(default=0, ge=0)
    network: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    lora: Lora | None = None
    layer: str
    pooling: str = "none"
    recipe: Recipe
    evaluate: tuple[str, ...] = ()
    consequences: ConsequenceEntry | None = None

    @model_validator(mode="after")
    def _shares(self) -> Self:
        if not all(0 <= share <= 1 for share in self.overlaps):
            raise ValueError(f"expected shares from 0 to 1 under `overlaps`, got {list(self.overlaps)}")
        if ("attributes" in self.designs) != bool(self.named_attributes):
            raise ValueError(
                "expected `attributes: [NAME, …]` and the design attributes together, or neither"
            )
        if self.consequences is not None and self.kind != "classifier":
            raise ValueError("expected `consequences` of classifiers alone: they compare answers")
        return self

    @property
    def named_attributes(self) -> tuple[str, ...]:
        """The attributes that tasks are made of, if they are."""
        return ()


class ClassifierEntry(CauseEntry):
    """Networks that tell images apart.

    Attributes:
        attributes: of "attributes": what the parts of the class names say ("star_7_blue": shape, digit, color).
        arguments: the number of classes is added as ``num_classes``.
        input: how images become its input.
        head: the layer with the class scores; with `lora` it is trained whole.
        augmentation: how training images are changed.
        label_smoothing: the share of a target that is spread over all classes.
    """

    task: ClassVar[str] = "classes"
    kind: Kind = "classifier"
    attributes: tuple[str, ...] = ()
    input: ImageInput
    head: str
    augmentation: Augmentation | None = None
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)

    @property
    def named_attributes(self) -> tuple[str, ...]:
        """As written."""
        return self.attributes


class LanguageEntry(CauseEntry):
    """Networks that tell the next token of texts; the classes of the data are corpora, their samples passages.

    Attributes:
        arguments: ``vocabulary`` and ``block`` are added, but to those of ``transformers:``.
        block: tokens of a window.
        chunks: of each corpus: what is shared or not are chunks of its text.
        tokenizer: ``bytes``, ``{bpe: NUMBER}``, learned from the training texts, or ``{model: NAME, revision: …}``;
            where not given, that of a ``transformers:`` network, else bytes.
    """

    task: ClassVar[str] = "next token"
    designs: tuple[Design, ...] = Field(default=("data", "both"), min_length=1)
    network: str = "seealike.training.language:small_gpt"
    layer: str = "transformer.ln_f"
    pooling: str = "mean"
    block: int = Field(default=256, gt=0)
    chunks: int = Field(default=80, gt=1)
    tokenizer: Tokenizer = Tokenizer()

    @model_validator(mode="after")
    def _pinned(self, info: ValidationInfo) -> Self:
        pretrained = self.network.startswith(_TRANSFORMERS)
        root = Path((info.context or {}).get("root", Path()))
        name = self.network.removeprefix(_TRANSFORMERS)
        if pretrained and not (root / Path(name).expanduser()).is_dir() and "revision" not in self.arguments:
            raise ValueError(
                f"expected a folder, or `arguments: {{revision: …}}` (the commit or tag; `main` moves) of {name}"
            )
        if not pretrained and self.tokenizer.model and "vocabulary" not in self.arguments:
            raise ValueError(
                "expected `arguments: {vocabulary: NUMBER}` with a model's tokenizer: the tokens that it has"
            )
        return self

    @property
    def reads(self) -> Tokenizer:
        """The tokenizer; of a pretrained network its own, where none is asked for."""
        own = self.network.startswith(_TRANSFORMERS) and "tokenizer" not in self.model_fields_set
        if not own:
            return self.tokenizer
        name = self.network.removeprefix(_TRANSFORMERS)
        return Tokenizer(model=name, revision=self.arguments.get("revision"))


class DiffusionEntry(CauseEntry):
    """Networks that find the noise in noised images, told the class of most of them.

    Attributes:
        arguments: ``size``, ``channels`` and ``n_classes`` are added.
        size: side of the images, in pixels.
        channels: 1 (grey) or 3 (RGB).
        drop: share of the training images whose class is not told.
        noise: at which level of noise the networks are read.
    """

    task: ClassVar[str] = "noise"
    network: str = "seealike.training.diffusion:small_unet"
    layer: str = "mid_block"
    pooling: str = "mean"
    size: int = Field(gt=0)
    channels: Literal[1, 3] = 3
    drop: float = Field(default=0.1, ge=0, le=1)
    noise: NoiseLevel = NoiseLevel()

    @model_validator(mode="after")
    def _a_step(self) -> Self:
        if self.noise.step >= self.noise.steps:
            raise ValueError(f"expected a step below {self.noise.steps} under `noise`, got {self.noise.step}")
        return self

    @property
    def input(self) -> ImageInput:
        """Pixels from -1 to 1."""
        return ImageInput(size=self.size, channels=self.channels, mean=(0.5,), std=(0.5,))


#: The entries by their `kind:`.
KINDS: dict[str, type[CauseEntry]] = {
    "classifier": ClassifierEntry,
    "language": LanguageEntry,
    "diffusion": DiffusionEntry,
}
