"""The key `students:` of a study file: models that are trained to choose as a teacher, and compared like any other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationInfo, field_validator

from seealike.data.identity import digest, filename
from seealike.errors import UnknownName, suggestion
from seealike.sources.datasets import DATASET_SOURCES, DatasetCard
from seealike.sources.models import ModelCard
from seealike.students.card import StudentCard
from seealike.students.spec import Tuning
from seealike.students.weights import STUDENT
from seealike.study.document import Document, Place
from seealike.study.entries import validated
from seealike.study.expand import entries


class StudentEntry(Tuning):
    """One entry under `students:`: a model, triplets, images, and how it is trained (see `Tuning`).

    Attributes:
        name: of the student in every table; with several seeds -0, -1 … follow.
        model: the model of the study that it starts from.
        triplets: a file of answered triplets; it need not be there before the student is trained.
        images: the datasets that the triplets are of: names of the study's datasets, or entries of their own.
        seeds: one student each (order of triplets, head, LoRA, dropout).
    """

    name: str = Field(min_length=1)
    model: str
    triplets: Path
    images: tuple[str | dict[str, Any], ...] = Field(min_length=1)
    seeds: tuple[int, ...] = Field(default=(0,), min_length=1)

    @field_validator("triplets")
    @classmethod
    def _resolved(cls, value: Path, info: ValidationInfo) -> Path:
        return ((info.context or {}).get("root", Path()) / value.expanduser()).resolve()

    def tuning(self, seed: int) -> Tuning:
        """How the student of one seed is trained."""
        how = {name: getattr(self, name) for name in Tuning.model_fields}
        return Tuning(**{**how, "recipe": self.recipe.model_copy(update={"seed": seed})})


@dataclass(frozen=True)
class StudentRun:
    """One student to train.

    Attributes:
        card: what it will be in the study.
        base: what it starts from.
        tuning: how, seed included.
        triplets: the file of answered triplets.
        images: datasets that the triplets are of.
    """

    card: StudentCard
    base: ModelCard
    tuning: Tuning
    triplets: Path
    images: tuple[DatasetCard, ...]

    @property
    def folder(self) -> Path:
        """Where it is kept."""
        return self.card.weights.parent


def student_runs(
    document: Document, models: Sequence[ModelCard], datasets: Sequence[DatasetCard], output: Path
) -> list[tuple[Place, StudentRun]]:
    """The students of a study, one a seed; what does not fit is noted where it stands.

    Args:
        document: the study file.
        models: the cards of its models.
        datasets: the cards of its datasets.
        output: the study's absolute folder.
    """
    found = []
    for place, written in entries(document, "students") if "students" in document.data else ():
        entry = validated(StudentEntry, written, place, document)
        if entry is None:
            continue
        base = _known(entry.model, models, (*place, "model"), "model", document)
        images = [
            _images(one, datasets, (*place, "images", k), document) for k, one in enumerate(entry.images)
        ]
        cards = tuple(card for card in images if card is not None)
        if base is not None and len(cards) == len(images):
            found += [(place, _run(entry, seed, base, cards, output, document)) for seed in entry.seeds]
    return found


def _run(
    entry: StudentEntry,
    seed: int,
    base: ModelCard,
    images: tuple[DatasetCard, ...],
    output: Path,
    document: Document,
) -> StudentRun:
    tuning = entry.tuning(seed)
    started = base.model_dump(mode="json", exclude_unset=True)
    name = entry.name if len(entry.seeds) == 1 else f"{entry.name}-{seed}"
    asked = [tuning.digest, started, [card.model_dump(mode="json") for card in images], str(entry.triplets)]
    weights = output / "students" / f"{filename(name)}-{digest(asked)}" / STUDENT
    fields = {**base.fields, "student": entry.name, "seed": str(seed)}
    about = {"source": "student", "name": name, "base": started, "weights": weights, "fields": fields}
    card = StudentCard.model_validate(about, context={"root": document.file.parent})
    return StudentRun(card, base, tuning, entry.triplets, images)


def _images(
    one: str | dict[str, Any], datasets: Sequence[DatasetCard], place: Place, document: Document
) -> DatasetCard | None:
    if isinstance(one, str):
        return _known(one, datasets, place, "dataset", document)
    try:
        kind = DATASET_SOURCES[str(one.get("source", ""))]
    except UnknownName as error:
        document.mistake((*place, "source"), f"source: expected a dataset source. {error.fix}")
        return None
    return validated(kind, {"name": str(one.get("source")), **one}, place, document)


def _known(name: str, cards: Sequence[Any], place: Place, kind: str, document: Document) -> Any:
    """The card of this name; where it is written but not valid, its own mistake says so."""
    for card in cards:
        if card.name == name:
            return card
    written = document.data.get(f"{kind}s")
    if not any(isinstance(one, dict) and one.get("name") == name for one in written or ()):
        document.mistake(place, f"no {kind} {name!r} here. {suggestion(name, [card.name for card in cards])}")
    return None
