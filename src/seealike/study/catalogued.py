"""Entries with ``source: catalogue`` written out: one name, or a list, pattern or selection of many."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from seealike.catalogue import DATASETS, MODELS, Catalogue, DatasetEntry, ModelEntry
from seealike.errors import UnknownName, suggestion
from seealike.study.document import Document, Place
from seealike.study.expand import entries, substituted, texts

_CATALOGUES: dict[str, Catalogue[Any]] = {"models": MODELS, "datasets": DATASETS}
_READINGS = ("corrected", "published", "both")


def catalogued(document: Document, section: str) -> Iterator[tuple[Place, dict[str, Any]]]:
    """The entries of a section, those of the catalogue with all that it knows of them.

    ``model: NAME`` is one; ``models: [LIST, PATTERN, NAME]`` with ``where: {objective: ssl}`` are many; so with
    ``dataset`` and ``datasets``. ``{id}``, ``{folder}`` … in a text take the entry's values. Keys that stand in
    the study go before the catalogue's; ``fields`` are joined. ``as: published`` takes the labels and the layer
    of the study that the model is known from; ``as: both`` the corrected ones, and its labels beside them as
    fields ``published_…`` wherever they differ for some of these models.
    """
    for place, entry in entries(document, section):
        if entry.get("source") == "catalogue":
            yield from _written_out(entry, place, section, document)
        else:
            yield place, entry


def _written_out(
    entry: Mapping[str, Any], place: Place, section: str, document: Document
) -> Iterator[tuple[Place, dict[str, Any]]]:
    one = section.removesuffix("s")
    chosen = _chosen(entry, place, section, document)
    reading = entry.get("as", "corrected")
    if reading not in _READINGS:
        document.mistake((*place, "as"), f"as: {suggestion(str(reading), _READINGS)}")
    own = {k: v for k, v in entry.items() if k not in ("source", one, section, "where", "as")}
    beside = _differing(chosen) if reading == "both" else ()
    filled = []
    for known in chosen:
        read = known.as_published() if reading == "published" else known
        labels = {f"published_{name}": known.as_published().fields[name] for name in beside}
        filled.append((known, _filled(read, own, labels, place, document)))
    missing = _missing(filled, document.file.parent) if section in entry else {}
    if missing:
        count = sum(map(len, missing.values()))
        message = f"{count} of these {len(filled)} {section} are not there. Get them or name fewer:"
        lines = [f"\n        {path}  {', '.join(ids)}" for path, ids in missing.items()]
        document.mistake((*place, "path"), message + "".join(lines))
        return
    yield from ((place, full) for _, full in filled)


def _chosen(
    entry: Mapping[str, Any], place: Place, section: str, document: Document
) -> list[ModelEntry | DatasetEntry]:
    """The entries of the catalogue that are meant; a name or label that is none leaves its mistake."""
    one, catalogue = section.removesuffix("s"), _CATALOGUES[section]
    if (one in entry) == (section in entry):
        document.mistake(
            place, f"expected `{one}: NAME` or `{section}: [LIST, PATTERN, …]` from the catalogue"
        )
        return []
    key = one if one in entry else section
    try:
        if key == one:
            return [catalogue.entry(str(entry[one]))]
        chosen = catalogue.select(texts(entry[section]))
    except UnknownName as error:
        document.mistake((*place, key), f"expected {error.expected}, got {error.got}. {error.fix}")
        return []
    where = entry.get("where") or {}
    if not isinstance(where, dict):
        document.mistake((*place, "where"), "expected `column: value` lines")
        return []
    for column, wanted in where.items():
        try:
            fitting = catalogue.select(where={column: texts(wanted)})
        except UnknownName as error:
            document.mistake(
                (*place, "where", column), f"expected {error.expected}, got {error.got}. {error.fix}"
            )
            return []
        chosen = [known for known in chosen if known in fitting]
    if not chosen:
        document.mistake((*place, "where"), f"none of the {section} chosen fits")
    return chosen


def _differing(chosen: list[ModelEntry | DatasetEntry]) -> list[str]:
    """The fields in which the study that they are known from says something else of any of them."""
    differ = [
        name
        for known in chosen
        for name, value in known.fields.items()
        if known.as_published().fields[name] != value
    ]
    return list(dict.fromkeys(differ))


def _filled(
    known: ModelEntry | DatasetEntry,
    own: Mapping[str, Any],
    labels: Mapping[str, str],
    place: Place,
    document: Document,
) -> dict[str, Any]:
    """The study entry that stands for an entry of the catalogue; `labels` are further fields."""
    mine = substituted(dict(own), place, "column", known.texts, document)
    fields = mine.get("fields") or {}
    joined = known.fields | dict(labels) | fields if isinstance(fields, dict) else fields
    return {"name": known.id, **known.card, **mine, "fields": joined}


def _missing(filled: list[tuple[Any, dict[str, Any]]], root: Path) -> dict[str, list[str]]:
    """Folders that are not there, with the datasets that are expected in them and where those can be had."""
    missing: dict[str, list[str]] = {}
    for known, full in filled:
        path = root / Path(str(full.get("path", ""))).expanduser()
        if isinstance(known, DatasetEntry) and not path.exists():
            missing.setdefault(f"{path}  {known.address}".rstrip(), []).append(known.id)
    return missing
