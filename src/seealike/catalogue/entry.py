"""What the catalogue says of one model or dataset: a study entry, and the facts beside it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from seealike.sources.entry import Entry

#: How a network was trained. "distilled": it learned another network's features; "sentences": pairs of texts.
Objective = Literal[
    "supervised",
    "ssl",
    "image-text",
    "distilled",
    "segmentation",
    "language",
    "sentences",
    "untrained",
]
Architecture = Literal["convolutional", "transformer", "hybrid"]
#: By the number of images: imagenet-1k 1.3 million, imagenet-21k about 14 million, large over 100 million,
#: xlarge over a billion; "text" for models that never saw an image.
TrainingClass = Literal["imagenet-1k", "imagenet-21k", "large", "xlarge", "text", "other", "none"]
Domain = Literal["natural multi-domain", "natural single-domain", "specialized", "structured"]

_LABELS = ("objective", "architecture", "architecture_class", "training_data", "training_class")
_SIZES = ((100e6, "small"), (300e6, "medium"), (400e6, "large"))


class Published(Entry):
    """What the study of the entry's first list says of a model, where it differs from what is said here.

    Attributes:
        card: keys of the study entry with which the study's own reading comes back (``layer``, ``pooling``).
        model: the name by which the study loaded the model: an untagged name of timm changes its meaning.
        objective: its word for the objective.
        architecture: its word for the architecture.
        architecture_class: its word for the class of architecture.
        training_data: its word for the training data.
        training_class: its class of training data.
        width: its embedding width.
        parameters: its parameter count.
    """

    card: dict[str, Any] = Field(default_factory=dict)
    model: str | None = None
    objective: str | None = None
    architecture: str | None = None
    architecture_class: str | None = None
    training_data: str | None = None
    training_class: str | None = None
    width: int | None = None
    parameters: int | None = None


class CatalogueEntry(Entry):
    """What models and datasets share.

    Attributes:
        id: the name in a study file.
        lists: the published sets that it belongs to ("paper-64").
        card: the entry of a study file that it stands for.
        licence: of the weights or images, where it is surely known.
        verified: whether a program has checked it against the libraries' own tables (see `doubt`).
        doubt: what could not be checked offline; empty where `verified`.
        note: what one should know before comparing it with others.
    """

    id: str
    lists: tuple[str, ...] = ()
    card: dict[str, Any]
    licence: str | None = None
    verified: bool = True
    doubt: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _says_why(self) -> CatalogueEntry:
        if self.verified == bool(self.doubt):
            raise ValueError("expected `verified = false` with a `doubt`, or neither")
        return self

    @property
    def source(self) -> str:
        """The source of the study entry."""
        return str(self.card["source"])

    @property
    def texts(self) -> dict[str, str]:
        """Its single values as texts: what ``{name}`` stands for in a study entry."""
        return {name: str(value) for name, value in self if isinstance(value, str | int)}


class ModelEntry(CatalogueEntry):
    """A pretrained model: which weights, where it is read, and what it is.

    Attributes:
        family: the file that it stands in.
        modality: what it sees.
        objective: what it was trained for.
        method: the training's own name.
        architecture: the architecture's own name, as in "ViT".
        architecture_class: convolutional, transformer or hybrid.
        training_data: the training data's own name.
        training_class: its class, by the number of images.
        width: numbers a sample after pooling.
        parameters: trainable numbers that the layer's output depends on: the tower that is read, without the
            other tower of a pair and without a head behind the layer.
        published: the labels of the study that it is known from, where they differ.
    """

    family: str
    modality: Literal["image", "text"] = "image"
    objective: Objective
    method: str = ""
    architecture: str
    architecture_class: Architecture
    training_data: str
    training_class: TrainingClass
    width: int = Field(gt=0)
    parameters: int = Field(gt=0)
    published: Published | None = None

    @property
    def size_class(self) -> str:
        """By `parameters`: small (below 100 million), medium (300), large (400), xlarge."""
        return next((name for limit, name in _SIZES if self.parameters < limit), "xlarge")

    @property
    def fields(self) -> dict[str, str]:
        """What analyses group by."""
        return {name: str(getattr(self, name)) for name in (*_LABELS, "size_class")}

    def as_published(self) -> ModelEntry:
        """The entry with the labels and the reading of the study that it is known from."""
        if self.published is None:
            return self
        labels = {name: getattr(self.published, name) for name in (*_LABELS, "width", "parameters")}
        given = {name: value for name, value in labels.items() if value is not None}
        return self.model_copy(update={"card": self.card | self.published.card, **given})

    @property
    def columns(self) -> dict[str, str]:
        """Everything that can be filtered by, and the columns of the listing."""
        return {
            "source": self.source,
            "modality": self.modality,
            "method": self.method,
            "family": self.family,
            **self.fields,
            "verified": "yes" if self.verified else "no",
        }


class DatasetEntry(CatalogueEntry):
    """A public dataset: where its files are expected, what is in it, and how many samples a study uses.

    Attributes:
        family: the file that it stands in.
        title: its own name.
        folder: its folder below the data folder, as the public copy is named.
        origin: where to get them.
        domain: what the images show.
        modality: what a sample is.
        n_classes: number of classes, 0 where there are none.
        n_samples: samples of the split that is read, where surely known.
        n_used: samples after the subset rule of the card, where surely known.
        estimated: whether `n_used` is an estimate rather than a count.
    """

    family: str
    title: str
    folder: str
    origin: str = ""
    domain: Domain
    modality: Literal["image", "text", "image and text"] = "image"
    n_classes: int = Field(ge=0)
    n_samples: int | None = Field(default=None, gt=0)
    n_used: int | None = Field(default=None, gt=0)
    estimated: bool = False

    @property
    def address(self) -> str:
        """Where its folder can be had; empty where that is not known."""
        whole = "huggingface" in self.origin
        return f"{self.origin}/{self.folder}" if whole else self.origin

    @property
    def fields(self) -> dict[str, str]:
        """What analyses group by."""
        return {"domain": self.domain}

    def as_published(self) -> DatasetEntry:
        """The entry itself: what is published of a dataset is not in doubt."""
        return self

    @property
    def columns(self) -> dict[str, str]:
        """Everything that can be filtered by."""
        return {
            "source": self.source,
            "modality": self.modality,
            "family": self.family,
            "domain": self.domain,
            "verified": "yes" if self.verified else "no",
        }
