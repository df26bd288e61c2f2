"""What a study file says under `causes:`: pairs of networks to train on data and tasks that overlap."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seealike.errors import SeealikeError, UnknownName, suggestion
from seealike.extract.pooling import check_pooling
from seealike.sources.datasets import DATASET_SOURCES, DatasetCard
from seealike.sources.models.card import ModelCard
from seealike.study.cause_entries import KINDS, CauseEntry
from seealike.study.document import Document, Place
from seealike.study.entries import validated
from seealike.study.tested import with_test_entry


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
        entry = _entry(written, place, document)
        cause = None if entry is None else _cause(entry, place, document)
        if cause is not None and any(other.entry.name == cause.entry.name for _, other in found):
            document.mistake((*place, "name"), f"the name {cause.entry.name!r} stands here a second time")
        if cause is not None:
            found.append((place, cause))
    return found


def _entry(written: Any, place: Place, document: Document) -> CauseEntry | None:
    """The entry, of its kind."""
    kind = written.get("kind", "classifier") if isinstance(written, dict) else "classifier"
    if str(kind) not in KINDS:
        document.mistake(
            (*place, "kind"), f"kind: expected a kind of network. {suggestion(str(kind), KINDS)}"
        )
        return None
    entry = validated(KINDS[kind], written, place, document)
    try:
        if entry is not None:
            check_pooling(entry.pooling, entry.name)
    except SeealikeError as error:
        document.mistake((*place, "pooling"), f"expected {error.expected}, got {error.got}. {error.fix}")
    return entry


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
