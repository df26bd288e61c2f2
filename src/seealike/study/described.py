"""The key `similarities:` of a study file: somebody else's matrices, and which models and datasets of them are used."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, model_validator

from seealike.data.identity import filename
from seealike.data.imports.found_matrix import FoundMatrix, common_models, renamed
from seealike.data.imports.similarities import find_matrices
from seealike.errors import SeealikeError
from seealike.sources.datasets.card import DatasetCard
from seealike.sources.entry import Entry, LocalPath
from seealike.sources.models.card import ModelCard
from seealike.study.catalogued import catalogued
from seealike.study.described_cards import DescribedDataset, DescribedModel
from seealike.study.document import Document, Place

Card = TypeVar("Card", bound=ModelCard | DatasetCard)
#: Checks a value against a kind of entry; None where it noted mistakes.
Validate = Callable[[type[Any], Any, Place, Document], Any]
_NAMED = 5


class Similarities(Entry):
    """The key `similarities:` of a study file: similarities that exist already.

    Attributes:
        path: a folder or file, in any layout that `seealike import similarities` knows.
        models: "common" uses the models that all matrices have; "all" uses all, and pairs that a matrix does not
            have are missing with a reason.
        dataset: the name of the dataset, where paths do not say it.
        measure: the name of the measure, where paths do not say it.
    """

    path: LocalPath
    models: Literal["common", "all"] = "common"
    dataset: str | None = Field(default=None, min_length=1)
    measure: str | None = Field(default=None, min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _only_a_path(cls, value: object) -> object:
        return {"path": value} if isinstance(value, str | Path) else value


@dataclass(frozen=True)
class Imported:
    """The similarities of a study that has no features.

    Attributes:
        matrices: those that are used, their datasets under the study's names.
        models: the models that are used.
        notes: sentences on what is not used.
    """

    matrices: tuple[FoundMatrix, ...]
    models: tuple[str, ...]
    notes: tuple[str, ...]


def described(
    document: Document, validate: Validate
) -> tuple[Imported | None, Sequence[tuple[Place, ModelCard]], Sequence[tuple[Place, DatasetCard]]]:
    """What `similarities:` of a study file brings, and the cards of the models and datasets that are used.

    Where a section stands in the file, its entries say which models or datasets are used, and their fields; an entry
    of the catalogue counts with its name and fields alone. Where it does not, all are used, without fields. A
    dataset is also found under the name that its folder would have (``wds/vtab/dtd``: ``wds_vtab_dtd``).

    Args:
        document: of the study file; takes the mistakes.
        validate: checks an entry and notes its mistakes.
    """
    for key in ("measures", "probes"):
        if key in document.data:
            document.mistake(
                (key,), f"`similarities:` brings its own measures, and nothing to {key[:-1]}. Remove one."
            )
    entry: Similarities | None = validate(
        Similarities, document.data["similarities"], ("similarities",), document
    )
    if entry is None:
        return None, [], []
    try:
        found = find_matrices(entry.path, dataset=entry.dataset, measure=entry.measure)
    except SeealikeError as error:
        document.mistake(
            ("similarities",), f"{error.where}: expected {error.expected}, got {error.got}. {error.fix}"
        )
        return None, [], []
    notes: list[str] = []
    models = _cards(document, "models", DescribedModel, validate)
    datasets = _cards(document, "datasets", DescribedDataset, validate)
    used, found = _datasets(document, found, datasets, notes)
    chosen = _models(document, found, models, entry.models, notes)
    return Imported(tuple(found), tuple(card.name for _, card in chosen), tuple(notes)), chosen, used


def _datasets(
    document: Document,
    found: list[FoundMatrix],
    cards: list[tuple[Place, DescribedDataset]] | None,
    notes: list[str],
) -> tuple[list[tuple[Place, DescribedDataset]], list[FoundMatrix]]:
    """The datasets that are used, and their matrices under the study's names; `cards` is None for all."""
    there = list(dict.fromkeys(one.dataset for one in found))
    if cards is None:
        return [((), DescribedDataset(name=name)) for name in there], found
    known = {alias: name for name in there for alias in (filename(name), name)}
    used = [(place, card) for place, card in cards if card.name in known or filename(card.name) in known]
    names = {known.get(card.name) or known[filename(card.name)]: card.name for _, card in used}
    _note(notes, "datasets", [c.name for _, c in cards if c.name not in names.values()], "have no matrix")
    _note(
        notes, "datasets", [name for name in there if name not in names], "are not listed under `datasets:`"
    )
    if cards and not used:
        document.mistake(("datasets",), f"none of them has a matrix; there are {_some(there)}")
    order = [card.name for _, card in used]
    matrices = [renamed(one, names[one.dataset]) for one in found if one.dataset in names]
    return used, sorted(matrices, key=lambda one: order.index(one.dataset))


def _models(
    document: Document,
    found: list[FoundMatrix],
    cards: list[tuple[Place, DescribedModel]] | None,
    which: str,
    notes: list[str],
) -> list[tuple[Place, DescribedModel]]:
    """The models that are used; `cards` is None for all that there are."""
    common, lacking = common_models(found)
    every = [*common, *lacking]
    there = list(common) if which == "common" else every
    listed: dict[str, tuple[Place, DescribedModel]] = {n: ((), DescribedModel(name=n)) for n in there}
    if cards is not None:
        listed = {card.name: (place, card) for place, card in cards}
        _note(notes, "models", [name for name in listed if name not in every], "are in no matrix")
        _note(
            notes, "models", [name for name in every if name not in listed], "are not listed under `models:`"
        )
    if which == "common":
        wanted = lacking if cards is None else [name for name in lacking if name in listed]
        left_out = [f"{name} (not on {_some(lacking[name])})" for name in wanted]
        _note(notes, "models", left_out, "are left out, as not every matrix has them")
    used = [one for name, one in listed.items() if name in there]
    if len(used) < 2 and not document.mistakes:
        hint = "Set `models: all` under `similarities:`, or leave out the smallest matrix." if lacking else ""
        document.mistake(("similarities",), f"{len(used)} models are in all matrices; two are needed. {hint}")
    return used


def _cards(
    document: Document, section: str, kind: type[Card], validate: Validate
) -> list[tuple[Place, Card]] | None:
    """The entries of a section as described cards, every mistake noted; None where there is no such section."""
    if section not in document.data:
        return None
    cards: list[tuple[Place, Card]] = []
    for place, entry in catalogued(document, section):
        written = document.data[section][place[1]]
        known = isinstance(written, dict) and written.get("source") == "catalogue"
        given = {k: entry[k] for k in ("name", "fields") if k in entry} if known else dict(entry)
        if isinstance(given.get("fields"), dict):  # an empty cell of a table is no value
            given["fields"] = {k: v for k, v in given["fields"].items() if v not in ("", None)}
        card = validate(kind, given, place, document)
        if card is not None and any(card.name == other.name for _, other in cards):
            document.mistake(
                (*place, "name"), f"the name {card.name!r} stands here a second time. Rename one."
            )
        elif card is not None:
            cards.append((place, card))
    return cards


def _note(notes: list[str], what: str, names: list[str], said: str) -> None:
    if names:
        notes.append(f"{len(names)} {what} {said}: {_some(names)}")


def _some(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
