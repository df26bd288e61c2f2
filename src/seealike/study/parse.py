"""Read a study file; report every mistake at once, each with its line and a suggestion."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from seealike.analyses import ANALYSES, BoundAnalysis
from seealike.analyses.consistency_domains import domain_pairs
from seealike.analyses.model_sets import members
from seealike.data.identity import digest
from seealike.errors import SeealikeError, StudyMistakes, UnknownName, suggestion
from seealike.extract.pooling import check_pooling
from seealike.measures import BoundMeasure, bind
from seealike.registry import Registry
from seealike.sources.datasets import DATASET_SOURCES, DatasetCard
from seealike.sources.models import MODEL_SOURCES, ModelCard
from seealike.study.catalogued import catalogued
from seealike.study.causes import causes_of, check_causes
from seealike.study.described import Imported, described
from seealike.study.document import Document, Place, read_documents
from seealike.study.entries import Card, named, validated
from seealike.study.expand import with_parameters
from seealike.study.human_sets import human_sets
from seealike.study.needs import with_needs
from seealike.study.performances import (
    bound_probes,
    check_tables,
    published_performances,
    tested_cards,
)
from seealike.study.published_alignment import published_alignment
from seealike.study.spec import Settings, Study
from seealike.study.students import student_runs
from seealike.study.tested import with_test_entry

_SECTIONS = (
    "models",
    "datasets",
    "similarities",
    "measures",
    "probes",
    "performance",
    "human",
    "published_alignment",
    "students",
    "causes",
    "analyses",
)
_KEYS = (*Settings.model_fields, *_SECTIONS, "parameters")


def read_studies(file: Path | str, overrides: Mapping[str, str] | None = None) -> list[Study]:
    r"""The studies of a file (more than one where ``---`` separates them).

    Args:
        file: YAML.
        overrides: values for the file's ``parameters:``.

    Raises:
        MissingArtifact: no such file, or nothing of what its studies say under ``needs:``.
        StudyMistakes: every mistake, as file:line:column with the line shown.

    Warns:
        StudyLeftOut: what a study says under ``needs:`` is not there; the others are read.

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
    with_parameters(documents, overrides or {})
    documents = with_needs(documents)
    studies = [_study(document) for document in documents]
    names = [study.name for study in studies if study]
    for document, name in zip(documents, names, strict=False):
        if names.count(name) > 1:
            document.mistake(("name",), f"two studies of this file are called {name!r}. Rename one.")
    mistakes = sorted(mistake for document in documents for mistake in document.mistakes)
    if mistakes:
        raise StudyMistakes([text for _, _, text in mistakes])
    return [study for study in studies if study]


def _study(document: Document) -> Study | None:
    if not isinstance(document.data, dict):
        if not document.mistakes:
            document.mistake((), "expected a study: name, models, datasets, measures, analyses")
        return None
    for key in document.data:
        if key not in _KEYS:
            document.mistake((key,), f"unknown key {key!r}. {suggestion(key, _KEYS)}")
    single = {k: v for k, v in document.data.items() if k in Settings.model_fields}
    settings = validated(Settings, single, (), document)
    imported, models, datasets = _materials(document)
    output = (document.file.parent / (settings.output if settings else Path()).expanduser()).resolve()
    students = student_runs(document, [card for _, card in models], [card for _, card in datasets], output)
    models += [(place, run.card) for place, run in students]
    measures = [] if "similarities" in document.data else _measures(document)
    probes = bound_probes(document, settings)
    analyses = _analyses(document, settings)
    tests = tested_cards(document, datasets)
    published = published_performances(document, models, datasets)
    check_tables(document, analyses, [card for _, card in datasets])
    human = human_sets(document, [card.name for _, card in datasets])
    known = published_alignment(document, [card.name for _, card in models], [one.name for one in human])
    _check_models(document, models, [*datasets, *(((), one.images) for one in human if one.images)])
    causes = causes_of(document)
    check_causes(document, causes, models, datasets)
    _check_groups(document, analyses, [card for _, card in models])
    _check_domains(document, analyses, [card for _, card in datasets])
    if settings is None or document.mistakes:
        return None
    return Study(
        file=document.file.resolve(),
        output=output,
        settings=settings,
        models=tuple(card for _, card in models),
        datasets=tuple(card for _, card in datasets),
        measures=tuple(measures),
        analyses=tuple(bound for _, bound in analyses),
        digest=digest(document.data),
        probes=tuple(probes),
        tests=tests,
        published=tuple(published),
        imported=imported,
        human=tuple(human),
        published_alignment=known,
        causes=tuple(cause for _, cause in causes),
        students=tuple(run for _, run in students),
    )


def _materials(
    document: Document,
) -> tuple[Imported | None, list[tuple[Place, ModelCard]], list[tuple[Place, DatasetCard]]]:
    """Somebody else's similarities, if there are some; the models and datasets that are used."""
    if "similarities" in document.data:
        imported, models, datasets = described(document, validated)
        return imported, list(models), list(datasets)
    needed = "datasets" in document.data or not {"human", "causes"} & set(document.data)
    datasets = _cards(document, "datasets", DATASET_SOURCES) if needed else []
    needed = "models" in document.data or "causes" not in document.data
    models = _cards(document, "models", MODEL_SOURCES) if needed else []
    return None, models, datasets


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
        card = validated(kind, with_test_entry(entry), place, document)
        if card is not None:
            cards.append((place, card))
    if not cards and not document.mistakes:
        document.mistake((section,), f"expected at least one entry in {section}")
    return cards


def _measures(document: Document) -> list[BoundMeasure]:
    bound: dict[str, BoundMeasure] = {}
    for place, name, parameters in named(document, "measures", ["cka"]):
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
    for place, name, options in named(document, "analyses", []):
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
        for field in bound.fields:
            _check_field(document, place, field, models)


def _check_domains(
    document: Document, analyses: list[tuple[Place, BoundAnalysis]], datasets: list[DatasetCard]
) -> None:
    """The domains that an analysis names must be those of datasets, or datasets."""
    if document.mistakes:  # perhaps of a dataset, which would be missed here a second time
        return
    fields = {name: pl.String for card in datasets for name in card.fields}
    rows = [{**card.fields, "dataset": card.name} for card in datasets]
    table = pl.DataFrame(rows, schema={**fields, "dataset": pl.String})
    for place, bound in analyses:
        if "domains" not in bound.options:
            continue
        try:
            domain_pairs(table, bound.options["domains"], table["dataset"].to_list())
        except SeealikeError as error:
            said = f"expected {error.expected}, got {error.got}. {error.fix}"
            document.mistake((*place, "domains"), said)


def _check_field(document: Document, place: Place, field: str, models: list[ModelCard]) -> None:
    """Every model must have the field."""
    without = [card.name for card in models if field not in card.fields]
    if without:
        known = {name for card in models for name in card.fields}
        hint = suggestion(field, known) if len(without) == len(models) else "Add it to their `fields:`."
        names = ", ".join(without[:5]) + ", …" * (len(without) > 5)
        plural = "s" * (len(without) > 1)
        document.mistake(place, f"{field!r} is no field of {len(without)} model{plural} ({names}). {hint}")


def _fields(models: list[ModelCard]) -> pl.DataFrame:
    """The names and fields of the models, as analyses see them."""
    names = {name: pl.String for card in models for name in card.fields}
    rows = [{**card.fields, "model": label} for card in models for label in card.labels.values()]
    return pl.DataFrame(rows, schema={**names, "model": pl.String})
