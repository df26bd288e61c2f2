"""What every model source gives: a card (what the study says) and a loaded model (what extraction runs)."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

import numpy as np
from PIL import Image
from pydantic import BeforeValidator, Field

from seealike.errors import UnknownName, suggestion
from seealike.sources.entry import SourcedEntry
from seealike.sources.images import ImageInput

Preprocess = Callable[[Image.Image], np.ndarray]


@dataclass(frozen=True)
class Layer:
    """A place in a network that can be read: its name, what stands there, and its output's shape for one image."""

    name: str
    kind: str
    shape: tuple[int, ...] | None


class LoadedModel(Protocol):
    """A model in memory, ready to run.

    Attributes:
        preprocess: image -> (channels, height, width) float32, exactly as the model wants it.
    """

    preprocess: Preprocess

    def layers(self) -> list[Layer]:
        """All layers that can be read, in the order of the forward pass."""
        ...

    def forward(self, batch: np.ndarray, layers: Sequence[str]) -> dict[str, np.ndarray]:
        """The outputs of these layers for a float32 batch (n, channels, height, width), float32."""
        ...


def _as_names(value: object) -> object:
    return (value,) if isinstance(value, str) else value


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
        layer: the layer, or list of layers, to read.
        pooling: how a layer's output becomes one row an image: none, mean, max, flatten or cls.
        input: how images become the network's input; needed where the source cannot know it.
        fields: what analyses group by (objective, architecture, training data …), free text.
        head: the layer that gives class scores, if the network has one.
        classes: the name of the class list that the head's outputs follow ("imagenet-1k").
        published_top1: accuracy of that head as published, between 0 and 1.
        datasets: the only datasets to run it on; all where not given.
    """

    name: str = Field(min_length=1)
    layer: Annotated[tuple[str, ...], BeforeValidator(_as_names), Field(min_length=1)]
    pooling: str = "none"
    input: ImageInput | None = None
    fields: dict[str, str] = Field(default_factory=dict)
    head: str | None = None
    classes: str | None = None
    published_top1: Annotated[
        Annotated[float, Field(ge=0, le=1)] | None, BeforeValidator(_leading_number)
    ] = None
    datasets: tuple[str, ...] | None = None

    @property
    def labels(self) -> dict[str, str]:
        """Layer -> the label of its features in tables: the model's name, with the layer where there are several."""
        if len(self.layer) == 1:
            return {self.layer[0]: self.name}
        return {layer: f"{self.name}/{layer}" for layer in self.layer}

    @property
    def read_layers(self) -> tuple[str, ...]:
        """The layers that a forward pass must give: those asked for, and the head."""
        return tuple(dict.fromkeys((*self.layer, *((self.head,) if self.head else ()))))

    @abstractmethod
    def weights_digest(self) -> str:
        """What identifies the weights, without loading the model."""

    @abstractmethod
    def preprocessing(self) -> dict[str, object]:
        """What identifies the preprocessing, without loading the model."""

    @abstractmethod
    def load(self, device: str) -> LoadedModel:
        """Load the model; heavy libraries are imported here and nowhere else."""


def no_such_layer(model: str, name: str, known: Sequence[str]) -> UnknownName:
    """The error for a layer that a model does not have."""
    return UnknownName(
        where=f"model {model}", expected="the name of a layer", got=repr(name), fix=suggestion(name, known)
    )
