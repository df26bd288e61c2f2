"""What a study file says of performances: probes, the samples they are tested on, and published tables."""

from __future__ import annotations

from seealike.analyses import BoundAnalysis
from seealike.errors import SeealikeError
from seealike.sources.datasets import DatasetCard
from seealike.sources.models import ModelCard
from seealike.study.document import Document, Place
from seealike.study.entries import named, validated
from seealike.study.probes import BoundProbe, bind_probe
from seealike.study.published import PublishedTable, PublishedValue, published_values
from seealike.study.spec import Settings


def bound_probes(document: Document, settings: Settings | None) -> list[BoundProbe]:
    """The probes of the study, one a method; those that cannot be leave their mistakes."""
    bound: dict[str, BoundProbe] = {}
    if "similarities" in document.data and "probes" in document.data:
        document.mistake(("probes",), "probes need features; a study of imported similarities has none")
    for place, name, options in named(document, "probes", []):
        try:
            probe = bind_probe(name, options, settings.seed if settings else 0)
        except SeealikeError as error:
            document.mistake(place, f"expected {error.expected}, got {error.got}. {error.fix}")
            continue
        if name in bound:  # tables tell probes apart by their method
            document.mistake(place, f"the probe {name} stands here a second time. Remove one.")
        bound[name] = probe
    return list(bound.values())


def tested_cards(document: Document, datasets: list[tuple[Place, DatasetCard]]) -> dict[str, DatasetCard]:
    """Dataset -> the card of its test samples, for those with `test:`."""
    found: dict[str, DatasetCard] = {}
    places = {card.name: place for place, card in datasets}
    for place, card in datasets:
        if card.test is None:
            continue
        test = validated(type(card), card.test, (*place, "test"), document)
        if test is not None:
            found[card.name] = test
        if test is not None and test.name in places:
            document.mistake(
                places[test.name], f"{test.name!r} is what the test samples of {card.name} are called"
            )
    return found


def published_performances(
    document: Document, models: list[tuple[Place, ModelCard]], datasets: list[tuple[Place, DatasetCard]]
) -> list[PublishedValue]:
    """What the tables under `performance:` say of these models and datasets."""
    listed = document.data.get("performance", [])
    if not isinstance(listed, list):
        document.mistake(
            ("performance",), "expected a list of tables, each beginning with `- table: FILE.csv`"
        )
        return []
    found: dict[tuple[str, str, str], PublishedValue] = {}
    for number, entry in enumerate(listed):
        place = ("performance", number)
        table = validated(PublishedTable, entry, place, document)
        if table is None or document.mistakes:
            continue
        cards = ([card for _, card in models], [card for _, card in datasets])
        for value in published_values(table, place, cards, document):
            key = (value.model, value.dataset, value.metric)
            if key in found and None not in (value.value, found[key].value):
                document.mistake(place, f"{' '.join(key)} stands in {found[key].file} already. Remove one.")
            if key not in found or found[key].value is None:
                found[key] = value
    return list(found.values())


def check_tables(
    document: Document, analyses: list[tuple[Place, BoundAnalysis]], datasets: list[DatasetCard]
) -> None:
    """What an analysis reads must be made by something in the study."""
    there = {
        "performance": bool(document.data.get("probes") or document.data.get("performance")),
        "similarities_by_size": any(card.sizes for card in datasets)
        or any(one.get("sizes") for one in _entries(document, "datasets")),
        "overlap_runs": bool(document.data.get("causes")),
        "consequences": any(one.get("consequences") is not None for one in _entries(document, "causes")),
    }
    advice = {
        "performance": "`probes:`, or `performance:` with a published table",
        "similarities_by_size": "a dataset with `sizes:`",
        "overlap_runs": "`causes:`",
        "consequences": "`consequences:` in an experiment under `causes:`",
    }
    for place, bound in analyses:
        for need in bound.analysis.needs:
            if not there.get(need, True):
                document.mistake(place, f"{bound.analysis.name} needs {advice[need]}; this study has none")


def _entries(document: Document, section: str) -> list[dict[str, object]]:
    """What stands in a section, valid or not, so that a mistake there does not become a second one elsewhere."""
    listed = document.data.get(section)
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
