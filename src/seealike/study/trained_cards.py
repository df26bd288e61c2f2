"""The card of one network of an experiment: what its constructor gets, and what decides its weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from seealike.data.identity import digest
from seealike.overlap.designs import Side
from seealike.sources.datasets.card import Samples
from seealike.sources.models.trained import TrainedCard
from seealike.sources.models.trained_noise import TrainedNoiseCard
from seealike.sources.models.trained_texts import TrainedLanguageCard
from seealike.study.cause_entries import ClassifierEntry, DiffusionEntry, LanguageEntry
from seealike.study.causes import Cause


@dataclass(frozen=True)
class Making:
    """How the networks of an experiment are made.

    Attributes:
        card: the kind of card.
        arguments: of the constructor.
        fields: of the card, those that its kind alone has.
        decides: what decides the weights beside network, recipe and what is learned; JSON values.
    """

    card: type[TrainedCard]
    arguments: dict[str, Any]
    fields: dict[str, Any]
    decides: list[Any]


def making_of(cause: Cause, side: Side, train: Samples) -> Making:
    """How the network that learns one side of a run is made.

    Args:
        cause: the experiment.
        side: what it learns.
        train: the samples that parts are trained on.
    """
    entry = cause.entry
    if isinstance(entry, LanguageEntry):
        made = _of_texts(cause, entry, train)
    elif isinstance(entry, DiffusionEntry):
        made = _of_noise(entry, side)
    else:
        assert isinstance(entry, ClassifierEntry)
        made = _of_classes(entry, side)
    if entry.lora is None:
        return made
    how = ["lora", entry.lora.model_dump()]
    return Making(made.card, made.arguments, {**made.fields, "lora": entry.lora}, [*made.decides, how])


def _of_classes(entry: ClassifierEntry, side: Side) -> Making:
    decides = [
        entry.input.model_dump(),
        entry.augmentation and entry.augmentation.model_dump(),
        entry.label_smoothing,
    ]
    arguments = {**entry.arguments, "num_classes": len(side.classes)}
    return Making(TrainedCard, arguments, {"head": entry.head, "input": entry.input}, decides)


def _of_texts(cause: Cause, entry: LanguageEntry, train: Samples) -> Making:
    tokenizer, texts = entry.reads, digest([train.revision, train.rule])
    arguments = entry.arguments
    if not entry.network.startswith("transformers:"):
        arguments = {"vocabulary": tokenizer.n_tokens, "block": entry.block, **arguments}
    decides = ["texts", entry.block, entry.chunks, tokenizer.said(cause.root, texts)]
    fields = {"tokenizer": tokenizer, "texts": texts, "block": entry.block}
    return Making(TrainedLanguageCard, arguments, fields, decides)


def _of_noise(entry: DiffusionEntry, side: Side) -> Making:
    n_classes = len(side.classes)
    arguments = {"size": entry.size, "channels": entry.channels, "n_classes": n_classes, **entry.arguments}
    decides = ["noise", entry.size, entry.channels, entry.drop, entry.noise.steps]
    fields = {"input": entry.input, "level": entry.noise, "null_class": n_classes}
    return Making(TrainedNoiseCard, arguments, fields, decides)
