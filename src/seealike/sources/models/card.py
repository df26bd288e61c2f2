"""What every model source gives: a card (what the study says) and a loaded model (what extraction runs)."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, Self, TypeAlias

import numpy as np
from pydantic import BeforeValidator, Field

from seealike.errors import SpecError, UnknownName
from seealike.sources.entry import LocalPath, SourcedEntry
from seealike.sources.images import ImageInput
from seealike.sources.models import layers as _layers
from seealike.sources.models.layers import Choice, Layer, as_choices, is_open

#: PIL image -> (channels, height, width) float32, or text -> (n_tokens,) int64.
Preprocess: TypeAlias = Callable[[Any], np.ndarray]
Modality: TypeAlias = Literal["image", "text"]


class LoadedModel(Protocol):
    """A model in memory, ready to run.

    Attributes:
        modality: what it takes, images or texts.
        prefix_tokens: how many leading tokens are no patches (class token, registers); None where there are no
            tokens or nobody knows.
        preprocess: image -> (channels, height, width) float32, or text -> (n_tokens,) int64 token ids, special
            tokens included; exactly as the model wants it.
    """

    modality: Modality
    prefix_tokens: int | None
    preprocess: Preprocess

    def layers(self) -> list[Layer]:
        """All layers, in the order of the forward pass; those that cannot be read have no shape."""
        ...

    def forward(self, batch: np.ndarray, layers: Sequence[str]) -> dict[str, np.ndarray]:
        """The outputs of these layers, float32, rows as in the batch.

        Args:
            batch: images (n, channels, height, width) float32, or token ids (n, longest) int64 padded on the
                right with -1.
            layers: their names.

        Raises:
            OutOfMemory: a smaller batch may fit.
        """
        ...


def _leading_number(value: object) -> object:
    """Published tables write «0.9173 (README)»; an empty cell is no number."""
    if not isinstance(value, str):
        return value
    found = re.match(r"\s*([0-9.]+)", value)
    return float(found.group(1)) if found else None if not value.strip() else value


class ModelCard(SourcedEntry):
    """One model of a study: where it comes from, which layer is read, and what it is.

    Attributes:
        source: the kind of source, one of `MODEL_SOURCES`.
        name: its name in every table and figure; unique in the study.
        layer: the layers to read: a name, "all", a pattern (``blocks.*``), ``{match: …, depth: […]}``, or a list
            of these.
        pooling: how a layer's output becomes one row a sample (see `seealike.extract.pooling`).
        prefix_tokens: how many leading tokens are no patches, where the source does not know.
        input: how images become the network's input; needed where the source cannot know it.
        fields: what analyses group by (objective, architecture, training data …), free text.
        head: the layer that gives class scores, if the network has one.
        classes: the name of the class list that the head's outputs follow ("imagenet-1k").
        published_top1: accuracy of that head as published, between 0 and 1.
        datasets: the only datasets to run it on; all where not given.
        transform: a file with an affine map of its features, applied when they are read (`data/views.py`).
    """

    name: str = Field(min_length=1)
    layer: Annotated[tuple[Choice, ...], BeforeValidator(as_choices), Field(min_length=1)]
    pooling: str = "none"
    prefix_tokens: int | None = Field(default=None, ge=0)
    input: ImageInput | None = None
    fields: dict[str, str] = Field(default_factory=dict)
    head: str | None = None
    classes: str | None = None
    published_top1: Annotated[
        Annotated[float, Field(ge=0, le=1)] | None, BeforeValidator(_leading_number)
    ] = None
    datasets: tuple[str, ...] | None = None
    transform: LocalPath | None = None

    @property
    def needs_layers(self) -> bool:
        """Whether it takes the loaded model to know which layers are meant (see `with_layers`)."""
        return any(is_open(choice) for choice in self.layer)

    def with_layers(self, names: Sequence[str]) -> Self:
        """This card with its layers by name, as `seealike.sources.models.layers.resolve` gives them."""
        return self.model_copy(update={"layer": tuple(names)})

    @property
    def layer_names(self) -> tuple[str, ...]:
        """The layers to read, by name.

        Raises:
            SpecError: they are patterns or depths that are not resolved yet.
        """
        names = tuple(choice for choice in self.layer if isinstance(choice, str))
        if self.needs_layers:
            raise SpecError(
                where=f"model {self.name}",
                expected="layers by name",
                got=", ".join(str(choice) for choice in self.layer if is_open(choice)),
                fix="Resolve them with the loaded model's layers first.",
            )
        return names

    @property
    def labels(self) -> dict[str, str]:
        """Layer -> the label of its features in tables: the model's name, with the layer where there are several."""
        names = self.layer_names
        if len(names) == 1:
            return {names[0]: self.name}
        return {layer: f"{self.name}/{layer}" for layer in names}

    @property
    def read_layers(self) -> tuple[str, ...]:
        """The layers that a forward pass must give: those asked for, and the head."""
        return tuple(dict.fromkeys((*self.layer_names, *((self.head,) if self.head else ()))))

    def stored(self, dataset: str, layer: str) -> Path | None:
        """The file with the features of a layer, where they exist already; None for a model that is run."""
        del dataset, layer

    @abstractmethod
    def weights_digest(self) -> str:
        """What identifies the weights, without loading the model."""

    @abstractmethod
    def preprocessing(self) -> dict[str, object]:
        """What identifies the preprocessing, without loading the model.

        Models that say the same share prepared inputs, so equal descriptions must mean equal functions.
        """

    @abstractmethod
    def load(self, device: str) -> LoadedModel:
        """Load the model; heavy libraries are imported here and nowhere else."""


def no_such_layer(model: str, name: str, known: Sequence[str]) -> UnknownName:
    """The error for a layer that a model does not have."""
    return _layers.no_such_layer(f"model {model}", name, known)
