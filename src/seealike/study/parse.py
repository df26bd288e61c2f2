"""Read a study file; report every mistake at once, each with its line and a suggestion."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

import polars as pl
from pydantic import BaseModel, ValidationError

from seealike.analyses import ANALYSES, BoundAnalysis
from seealike.analyses.model_sets import members
from seealike.data.identity import digest
from seealike.errors import SeealikeError, StudyMistakes, UnknownName, suggestion
from seealike.extract.pooling import check_pooling
from seealike.measures import BoundMeasure, bind
from seealike.registry import Registry
from seealike.sources.datasets import DATASET_SOURCES, DatasetCard
from seealike.sources.models import MODEL_SOURCES, ModelCard
from seealike.study.catalogued import catalogued
from seealike.study.document import Document, Place, read_documents
from seealike.study.expand import with_parameters
from seealike.study.spec import Settings, Study

Card = TypeVar("Card", bound=BaseModel)
_SECTIONS = ("models", "datasets", "measures", "analyses")
_KEYS = (*Settings.model_fields, *_SECTIONS, "parameters")


def read_studies(file: Path | str, overrides: Mapping[str, str] | None = None) -> list[Study]:
    r"""The studies of a file (more than one where ``---`` separates them).

    Args:
        file: YAML.
        overrides: values for the file's ``parameters:``.

    Raises:
        MissingArtifact: no such file.
        StudyMistakes: every mistake, as file:line:column with the line shown.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "study.yaml"
        >>> _ = file.write_text("name: mine\nmeasures: [rsaa]\nmodels: []\ndatasets: []\n")
        >>> try:
        ...     read_studies(file)
        ... except StudyMistakes as error:
        ...     print(error.mistakes[0].partition("study.yaml")[2])
        :2:12: expected the name of a measure, got 'rsaa'. Did you mean 'rsa'?
            2 | measures: [rsaa]
                           ^
    """
    documents = read_documents(Path(file))
    studies = [_study(document, overrides or {}) for document in documents]
    names = [study.name for study in studies if study]
    for document, name in zip(documents, names, strict=False):
        if names.count(name) > 1:
            document.mistake(("name",), f"two studies of this file are called {name!r}. Rename one.")
    mistakes = sorted(mistake for document in documents for mistake in document.mistakes)
    if mistakes:
        raise StudyMistakes([text for _, _, text in mistakes])
    return [study for study in studies if study]


def _study(document: Document, overrides: Mapping[str, str]) -> Study | None:
    if not isinstance(document.data, dict):
        if not document.mistakes:
            document.mistake((), "expected a study: name, models, datasets, measures, analyses")
        return None
    with_parameters(document, overrides)
    for key in document.data:
        if key not in _KEYS:
            document.mistake((key,), f"unknown key {key!r}. {suggestion(key, _KEYS)}")
    single = {k: v for k, v in document.data.items() if k in Settings.model_fields}
    settings = _validated(Settings, single, (), document)
    models = _cards(document, "models", MODEL_SOURCES)
    datasets = _cards(document, "datasets", DATASET_SOURCES)
    measures = _measures(document)
    analyses = _analyses(document, settings)
    _check_models(document, models, datasets)
    _check_groups(document, analyses, [card for _, card in models])
    if settings is None or document.mistakes:
        return None
    return Study(
        file=document.file.resolve(),
        output=(document.file.parent / settings.output.expanduser()).resolve(),
        settings=settings,
        models=tuple(card for _, card in models),
        datasets=tuple(card for _, card in datasets),
        measures=tuple(measures),
        analyses=tuple(bound for _, bound in analyses),
        digest=digest(document.data),
    )


def _validated(kind: type[Card], value: Any, place: Place, document: Document) -> Card | None:
    """The pydantic model, or None with every mistake noted."""
    try:
        return kind.model_validate(value, context={"root": document.file.parent})
    except ValidationError as error:
        for detail in error.errors():
            document.mistake((*place, *detail["loc"]), _message(detail, kind))
    return None


def _message(detail: Any, kind: type[BaseModel]) -> str:
    name = detail["loc"][-1] if detail["loc"] else ""
    if detail["type"] == "extra_forbidden":
        return f"unknown key {name!r}. {suggestion(str(name), _keys_at(kind, detail['loc'][:-1]))}"
    if detail["type"] == "missing":
        return f"the key {name!r} is missing; it is needed here"
    text = detail["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return text if text.startswith("expected") else f"{name}: expected {text}, got {detail['input']!r}"


def _keys_at(kind: type[BaseModel], place: Place) -> list[str]:
    """The keys that may stand at a place inside an entry of this kind."""
    for name in place:
        info = kind.model_fields.get(str(name))
        types = (info.annotation, *get_args(info.annotation)) if info else ()
        kind = next((t for t in types if isinstance(t, type) and issubclass(t, BaseModel)), kind)
    return list(kind.model_fields)


def _cards(document: Document, section: str, registry: Registry[type[Card]]) -> list[tuple[Place, Card]]:
    """The valid cards of a section; every invalid one leaves its mistakes."""
    if section not in document.data:
        document.mistake((), f"the key {section!r} is missing; it is needed here")
        return []
    cards: list[tuple[Place, Card]] = []
    for place, entry in catalogued(document, section):
        try:
            kind = registry[str(entry.get("source", ""))]
        except UnknownName:
            known = suggestion(str(entry.get("source", "")), registry)
            document.mistake((*place, "source"), f"source: expected a {registry.kind}. {known}")
            continue
        card = _validated(kind, entry, place, document)
        if card is not None:
            cards.append((place, card))
    if not cards and not document.mistakes:
        document.mistake((section,), f"expected at least one entry in {section}")
    return cards


def _named(document: Document, section: str, default: list[Any]) -> list[tuple[Place, str, dict[str, Any]]]:
    """Entries of the form ``- name`` or ``- name: {options}``."""
    listed = document.data.get(section, default)
    if not isinstance(listed, list):
        document.mistake((section,), f"expected a list of {section}")
        return []
    found = []
    for number, entry in enumerate(listed):
        place = (section, number)
        if isinstance(entry, str):
            found.append((place, entry, {}))
        elif (
            isinstance(entry, dict)
            and len(entry) == 1
            and isinstance(next(iter(entry.values())), dict | None)
        ):
            name, options = next(iter(entry.items()))
            found.append(((*place, name), name, options or {}))
        else:
            document.mistake(place, f"expected `name` or `name: {{option: value}}`, got {entry!r}")
    return found


def _measures(document: Document) -> list[BoundMeasure]:
    bound: dict[str, BoundMeasure] = {}
    for place, name, parameters in _named(document, "measures", ["cka"]):
        try:
            measure = bind(name, parameters)
        except SeealikeError as error:
            document.mistake(place, f"expected {error.expected}, got {error.got}. {error.fix}")
            continue
        if measure.id in bound:
            document.mistake(place, f"the measure {measure.id} stands here a second time. Remove one.")
        bound[measure.id] = measure
    return list(bound.values())


def _analyses(document: Document, settings: Settings | None) -> list[tuple[Place, BoundAnalysis]]:
    bound: list[tuple[Place, BoundAnalysis]] = []
    for place, name, options in _named(document, "analyses", []):
        try:
            bound.append((place, ANALYSES[name].bind(options, seed=settings.seed if settings else 0)))
        except SeealikeError as error:
            document.mistake(place, f"expected {error.expected}, got {error.got}. {error.fix}")
    return bound


def _check_models(
    document: Document, models: list[tuple[Place, ModelCard]], datasets: list[tuple[Place, DatasetCard]]
) -> None:
    """Names are unique, pooling rules and dataset names exist."""
    for section in (models, datasets):
        seen: set[str] = set()
        for place, card in section:
            if card.name in seen:
                document.mistake(
                    (*place, "name"), f"the name {card.name!r} stands here a second time. Rename one."
                )
            seen.add(card.name)
    known = [card.name for _, card in datasets]
    for place, model in models:
        try:
            check_pooling(model.pooling, model.name)
        except SeealikeError as error:
            document.mistake((*place, "pooling"), f"expected {error.expected}, got {error.got}. {error.fix}")
        for name in model.datasets or ():
            if name not in known:
                document.mistake((*place, "datasets"), f"no dataset {name!r} here. {suggestion(name, known)}")


def _check_groups(
    document: Document, analyses: list[tuple[Place, BoundAnalysis]], models: list[ModelCard]
) -> None:
    """Every field that an analysis groups by must stand in every model's card, and every set must have models."""
    for place, bound in analyses:
        for name, expression in bound.sets.items():
            try:
                members(expression, _fields(models))
            except SeealikeError as error:
                said = f"expected {error.expected}, got {error.got}. {error.fix}"
                document.mistake((*place, "sets", name), said)
        if bound.field is None:
            continue
        without = [card.name for card in models if bound.field not in card.fields]
        if without:
            known = {name for card in models for name in card.fields}
            hint = (
                suggestion(bound.field, known)
                if len(without) == len(models)
                else "Add it to their `fields:`."
            )
            names = ", ".join(without[:5]) + ", …" * (len(without) > 5)
            document.mistake(place, f"{bound.field!r} is no field of {len(without)} models ({names}). {hint}")


def _fields(models: list[ModelCard]) -> pl.DataFrame:
    """The names and fields of the models, as analyses see them."""
    names = {name: pl.String for card in models for name in card.fields}
    rows = [{**card.fields, "model": label} for card in models for label in card.labels.values()]
    return pl.DataFrame(rows, schema={**names, "model": pl.String})
