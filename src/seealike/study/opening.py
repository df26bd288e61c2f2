"""Open a study: list its samples, digest its weights, and find the layers that patterns mean."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from itertools import product

from seealike.data.asked import Judged
from seealike.data.identity import canonical, digest
from seealike.data.store import write_json
from seealike.errors import SeealikeError
from seealike.sources.datasets.card import Samples
from seealike.sources.models import ModelCard
from seealike.sources.models.layers import Layer, resolve
from seealike.study.cells import Observer, Silent
from seealike.study.devices import device
from seealike.study.opened import Pair
from seealike.study.overlap_runs import OpenedCause, open_cause
from seealike.study.plan import OpenedStudy
from seealike.study.record import versions
from seealike.study.results import Results
from seealike.study.spec import Study


def open_study(study: Study, watch: Observer | None = None) -> OpenedStudy:
    """Open the datasets of a study, digest the weights of its models and name their layers.

    What cannot be opened is noted, not raised: the cells of that dataset or model fail with that reason, the
    others go on. A model is loaded only where patterns or depths must be resolved, and only once: what layers
    it has is kept in the results.

    Args:
        study: parsed.
        watch: told of what takes long.
    """
    watch = watch or Silent()
    samples: dict[str, Samples] = {}
    broken: dict[str, str] = {}
    for card in study.listed:
        try:
            with watch.doing(f"reading dataset {card.name}") as progress:
                samples[card.name] = card.open(study.settings.seed, study.settings.subset, progress)
        except SeealikeError as error:
            broken[card.name] = str(error)
    results = Results(study.output, study.features)
    weights: dict[str, str] = {}
    unready: dict[str, str] = {}
    models: list[ModelCard] = []
    for card in study.models:
        try:
            with watch.doing(f"digesting the weights of {card.name}"):
                weights[card.name] = card.weights_digest()
                card.preprocessing()  # may need the library that is missing
            models.append(_with_layers(card, weights[card.name], results, study.settings.device, watch))
        except SeealikeError as error:
            weights.setdefault(card.name, "")
            unready[card.name] = str(error)
            models.append(card.with_layers(["?"]) if card.needs_layers else card)
    judged = _judged(study, broken)
    named = replace(study, models=tuple(models))
    narrowed, misfits = _narrowed(named, weights, unready, results, watch)
    causes = _causes(study, results, samples, watch)
    weights |= {one.card.name: one.card.training for cause in causes for one in cause.trainings}
    return OpenedStudy(named, results, samples, broken, weights, unready, judged, causes, narrowed, misfits)


def _causes(
    study: Study, results: Results, samples: dict[str, Samples], watch: Observer
) -> tuple[OpenedCause, ...]:
    """The experiments of `causes:` with their data; their test samples are added to `samples`."""
    opened = []
    for cause in study.causes:
        with watch.doing(f"splitting the data of {cause.entry.name}"):
            opened.append(open_cause(cause, study.settings, samples, results))
    return tuple(opened)


def _judged(study: Study, broken: dict[str, str]) -> dict[str, Judged]:
    """What people said, by the name of the set; those that cannot be read are noted with the datasets."""
    judged: dict[str, Judged] = {}
    for one in study.human:
        if one.name in broken:
            continue
        try:
            judged[one.name] = one.images.judged() if one.images else one.card.read()
        except SeealikeError as error:
            broken[one.name] = str(error)
    return judged


def _narrowed(
    study: Study, weights: dict[str, str], unready: dict[str, str], results: Results, watch: Observer
) -> tuple[dict[Pair, ModelCard], dict[Pair, str]]:
    """(model, set of judgements) -> the card with the layers that the set asks for, or why it has none of these."""
    narrowed: dict[Pair, ModelCard] = {}
    misfits: dict[Pair, str] = {}
    asking = [one for one in study.human if one.how.layers is not None]
    for one, card in product(asking, (card for card in study.models if card.name not in unready)):
        other = card.model_copy(update={"layer": one.how.layers})
        try:
            found = _with_layers(other, weights[card.name], results, study.settings.device, watch)
            narrowed[card.name, one.name] = found
        except SeealikeError as error:
            misfits[card.name, one.name] = str(error)
    return narrowed, misfits


def _with_layers(card: ModelCard, weights: str, results: Results, wanted: str, watch: Observer) -> ModelCard:
    """The card with its layers by name."""
    if not card.needs_layers:
        return card
    path = results.layers(digest([card.source, weights, canonical(card.preprocessing()), versions()]))
    if not path.exists():
        with watch.doing(f"loading {card.name} to list its layers"):
            known = card.load(device(wanted)).layers()
        write_json(path, [asdict(layer) for layer in known])
    return card.with_layers(
        resolve(card.layer, _layers(path.read_text(encoding="utf-8")), where=f"model {card.name}")
    )


def _layers(text: str) -> list[Layer]:
    entries = json.loads(text)
    shapes = [None if entry["shape"] is None else tuple(entry["shape"]) for entry in entries]
    return [Layer(**{**entry, "shape": shape}) for entry, shape in zip(entries, shapes, strict=True)]
