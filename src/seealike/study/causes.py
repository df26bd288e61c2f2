"""What a study file says under `causes:`: pairs of networks to train on data and tasks that overlap."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from seealike.errors import UnknownName, suggestion
from seealike.sources.datasets import DATASET_SOURCES, DatasetCard
from seealike.sources.entry import Entry
from seealike.sources.images import ImageInput
from seealike.sources.models.card import ModelCard
from seealike.study.consequence_entry import ConsequenceEntry
from seealike.study.document import Document, Place
from seealike.study.entries import validated
from seealike.study.tested import with_test_entry
from seealike.training.augmentation import Augmentation
from seealike.training.recipe import Recipe

Design = Literal["data", "task", "both", "factorial", "attributes"]


class CauseEntry(Entry):
    """One experiment: networks of one kind, trained on parts of one dataset.

    Attributes:
        name: of the experiment, in tables and figures.
        data: the entry of the dataset that they are trained on, as under `datasets:`; with `test:` for the samples that
            evaluate them, else a fifth of each class is held out.
        designs: what is shared: "data", "task", "both", "factorial" (every combination of `overlaps`), or "attributes":
            the same images, and tasks that share attributes.
        overlaps: the shares, from 0 to 1.
        attributes: of "attributes": what the parts of the class names say ("star_7_blue": shape, digit, color).
        constrained: whether every part has the same size for every share; else as large as the share allows.
        seeds: how many times, each with its own split and initial weights.
        first_seed: the first of these seeds.
        network: ``timm:NAME``, ``torchvision:NAME``, ``file.py:Name`` or ``package.module:Name``.
        arguments: keyword arguments for its constructor; the number of classes is added as ``num_classes``.
        input: how images become its input.
        layer: the layer that is compared.
        head: the layer with the class scores.
        pooling: of that layer's output.
        recipe: how it is trained; its `seed` is set for each network.
        augmentation: how training images are changed.
        label_smoothing: the share of a target that is spread over all classes.
        evaluate: names of datasets of the study on which the networks are compared too.
        consequences: what the pairs of networks are tried for (attacks that transfer, agreement …), if anything.
    """

    name: str = Field(min_length=1)
    data: dict[str, Any]
    designs: tuple[Design, ...] = Field(default=("data", "task", "factorial"), min_length=1)
    overlaps: tuple[float, ...] = Field(default=(0.0, 0.25, 0.5, 0.75, 1.0), min_length=1)
    attributes: tuple[str, ...] = ()
    constrained: bool = True
    seeds: int = Field(default=3, gt=0)
    first_seed: int = Field(default=0, ge=0)
    network: str
    arguments: dict[str, Any] = Field(default_factory=dict)
    input: ImageInput
    layer: str
    head: str
    pooling: str = "none"
    recipe: Recipe
    augmentation: Augmentation | None = None
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    evaluate: tuple[str, ...] = ()
    consequences: ConsequenceEntry | None = None

    @model_validator(mode="after")
    def _shares(self) -> Self:
        if not all(0 <= share <= 1 for share in self.overlaps):
            raise ValueError(f"expected shares from 0 to 1 under `overlaps`, got {list(self.overlaps)}")
        if ("attributes" in self.designs) != bool(self.attributes):
            raise ValueError(
                "expected `attributes: [NAME, …]` and the design attributes together, or neither"
            )
        return self


@dataclass(frozen=True)
class Cause:
    """An experiment with the cards of its data.

    Attributes:
        entry: as written.
        data: the card of the dataset that is trained on.
        test: the card of the samples that evaluate, or None where they are held out.
        root: the study file's folder.
    """

    entry: CauseEntry
    data: DatasetCard
    test: DatasetCard | None
    root: Path

    @property
    def tested(self) -> str:
        """What the samples that evaluate are called."""
        return f"{self.entry.name}/test"


def causes_of(document: Document) -> list[tuple[Place, Cause]]:
    """The experiments of a study; those that cannot be leave their mistakes."""
    listed = document.data.get("causes", [])
    if not isinstance(listed, list):
        document.mistake(("causes",), "expected a list of experiments, each beginning with `- name: NAME`")
        return []
    found: list[tuple[Place, Cause]] = []
    for number, written in enumerate(listed):
        place: Place = ("causes", number)
        entry = validated(CauseEntry, written, place, document)
        cause = None if entry is None else _cause(entry, place, document)
        if cause is not None and any(other.entry.name == cause.entry.name for _, other in found):
            document.mistake((*place, "name"), f"the name {cause.entry.name!r} stands here a second time")
        if cause is not None:
            found.append((place, cause))
    return found


def _cause(entry: CauseEntry, place: Place, document: Document) -> Cause | None:
    named = with_test_entry({"name": entry.name, **entry.data})
    source = str(named.get("source", ""))
    try:
        kind = DATASET_SOURCES[source]
    except UnknownName:
        known = suggestion(source, DATASET_SOURCES)
        document.mistake((*place, "data", "source"), f"source: expected a dataset source. {known}")
        return None
    data = validated(kind, named, (*place, "data"), document)
    if data is None:
        return None
    test = None
    if data.test is not None:
        test = validated(kind, data.test, (*place, "data", "test"), document)
        if test is None:
            return None
    return Cause(entry, data, test, document.file.parent)


def check_causes(
    document: Document,
    causes: list[tuple[Place, Cause]],
    models: list[tuple[Place, ModelCard]],
    datasets: list[tuple[Place, DatasetCard]],
) -> None:
    """Datasets that are named exist, and no name stands for two things."""
    known = [card.name for _, card in datasets]
    taken = {card.name for _, card in models}
    for place, cause in causes:
        if cause.entry.name in taken or cause.tested in known:
            document.mistake(
                (*place, "name"), f"{cause.entry.name!r} is the name of something else. Rename one."
            )
        for name in cause.entry.evaluate:
            if name not in known:
                document.mistake((*place, "evaluate"), f"no dataset {name!r} here. {suggestion(name, known)}")
