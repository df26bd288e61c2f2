"""The cells of people's judgements: models and baselines against each set, its ceilings, and models against models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from seealike.data.asked import Judged, judged_digest
from seealike.data.identity import FeatureKey, digest
from seealike.sources.datasets.card import Samples
from seealike.sources.models import ModelCard
from seealike.study.human_sets import HumanSet
from seealike.study.results import Results
from seealike.study.spec import Study
from seealike.study.units import CeilingCell, Cell, Compared, DifferenceCell, JudgeCell

#: Raised when the numbers change.
_DISTANCES, _SCORES, _CEILINGS, _DIFFERENCES = 1, 2, 2, 1


class Opened(Protocol):
    """What the cells are made from; see `plan.OpenedStudy`."""

    @property
    def study(self) -> Study:
        """The study."""
        ...

    @property
    def results(self) -> Results:
        """Its folder."""
        ...

    @property
    def samples(self) -> dict[str, Samples]:
        """Dataset -> samples."""
        ...

    @property
    def broken(self) -> dict[str, str]:
        """Dataset or set of judgements -> why it cannot be read."""
        ...

    @property
    def unready(self) -> dict[str, str]:
        """Model -> why its weights cannot be known."""
        ...

    @property
    def judged(self) -> dict[str, Judged]:
        """Set of judgements -> what people said."""
        ...

    @property
    def misfits(self) -> dict[tuple[str, str], str]:
        """(model, set of judgements) -> why the model has none of the layers that the set asks for."""
        ...

    def card_on(self, card: ModelCard, dataset: str) -> ModelCard:
        """The card with the layers that are read on a dataset."""
        ...

    def compared(self, dataset: str, present_only: bool) -> Compared:
        """The features of a dataset."""
        ...

    def key(self, card: ModelCard, layer: str, dataset: str) -> FeatureKey:
        """The key of a layer's features."""
        ...


def judging_cells(opened: Opened, *, present_only: bool) -> list[Cell]:
    """All cells of the stage: for each set its ceiling, baselines, models, and the differences between them.

    Args:
        opened: the study.
        present_only: as for the cells of `compare`.
    """
    made: list[Cell] = []
    for one in opened.study.human:
        broken = opened.broken.get(one.name) or opened.broken.get(one.dataset, "")
        said = "" if broken else judged_digest(opened.judged[one.name])
        judged_by = (
            [] if broken else [*_baselines(opened, one, said), *_models(opened, one, said, present_only)]
        )
        made += [_ceiling(opened, one, said, broken), *judged_by]
        if len(judged_by) > 1:
            made.append(_difference(opened, one, judged_by))
    return made


def _ceiling(opened: Opened, one: HumanSet, said: str, broken: str) -> CeilingCell:
    key = digest(["ceiling", _CEILINGS, one.name, one.level, said, opened.study.settings.seed])
    path = opened.results.judging(one.name, "people", "ceilings", key)
    return CeilingCell("judge", f"ceilings of {one.name}", key, (path,), failed=broken, human=one)


def _baselines(opened: Opened, one: HumanSet, said: str) -> Iterator[JudgeCell]:
    samples = opened.samples[one.dataset]
    for name in one.how.baselines:
        key = digest(["distances", _DISTANCES, "baseline", name, samples.revision, samples.rule, said])
        why = "" if samples.image is not None else f"the dataset {one.dataset} has no images"
        yield JudgeCell(
            "judge",
            f"{name} × {one.name}",
            *_keyed(opened, one, name, key),
            skipped=why,
            human=one,
            model=name,
            layers={"": None},
        )


def _models(opened: Opened, one: HumanSet, said: str, present_only: bool) -> Iterator[JudgeCell]:
    stored = "features" in one.how.readouts
    features, keys, missing, views = (
        opened.compared(one.dataset, present_only) if stored else ({}, [], {}, {})
    )
    streamed = tuple(readout for readout in one.how.readouts if readout != "features")
    for card in opened.study.models:
        if card.datasets is not None and not {one.name, one.dataset} & set(card.datasets):
            continue
        card = opened.card_on(card, one.name)
        labels = card.labels
        mine = [entry for entry in keys if entry[0] in labels.values()]
        parts: list[object] = [opened.study.settings.normalize, mine, sorted(missing)]
        if streamed:
            parts += [opened.key(card, layer, one.dataset).digest for layer in labels] + [streamed]
        distances = one.distances(opened.judged[one.name])
        key = digest(["distances", _DISTANCES, card.name, distances, said, *parts])
        lacking = {layer: missing[label] for layer, label in labels.items() if label in missing}
        none = stored and not streamed and len(lacking) == len(labels)
        yield JudgeCell(
            "judge",
            f"{card.name} × {one.name}",
            *_keyed(opened, one, card.name, key),
            skipped=next(iter(lacking.values())) if none else "",
            failed=opened.unready.get(card.name) or opened.misfits.get((card.name, one.name), ""),
            human=one,
            model=card.name,
            card=card,
            layers=depths(list(labels)),
            features={layer: features[label] for layer, label in labels.items() if label in features},
            views={layer: views[label] for layer, label in labels.items() if label in views},
            missing=lacking if stored else {},
            streamed=streamed,
        )


def _keyed(opened: Opened, one: HumanSet, model: str, distances: str) -> tuple[str, tuple[Path, ...]]:
    """The digest of a cell, and its files: the distances have a digest of their own, without ties and level."""
    key = digest(
        ["scores", _SCORES, distances, one.level, one.how.ties, one.how.draws, opened.study.settings.seed]
    )
    kept = opened.results.distances(one.name, model, distances)
    return key, (kept, *(opened.results.judging(one.name, model, name, key) for name in ("layers", "scores")))


def _difference(opened: Opened, one: HumanSet, judged_by: list[JudgeCell]) -> DifferenceCell:
    used = [cell.digest for cell in judged_by if not (cell.skipped or cell.failed)]
    key = digest(["differences", _DIFFERENCES, one.name, used])
    names = ("differences", "judged")
    paths = tuple(opened.results.judging(one.name, "models", name, key) for name in names)
    few = "" if len(used) > 1 else "fewer than two models have distances"
    return DifferenceCell(
        "judge",
        f"models on {one.name}",
        key,
        paths,
        skipped=few,
        human=one,
        judged_by=tuple(judged_by),
    )


def depths(layers: list[str]) -> dict[str, float | None]:
    """Layer -> its place among those that are read, from 0 to 1; unknown where there is one alone.

    Example:
        >>> depths(["a", "b", "c"]), depths(["a"])
        ({'a': 0.0, 'b': 0.5, 'c': 1.0}, {'a': None})
    """
    last = len(layers) - 1
    return {layer: place / last if last else None for place, layer in enumerate(layers)}
