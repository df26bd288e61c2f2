"""A study with its data opened: the features that it will have, and which of them are compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from seealike.data.asked import Judged
from seealike.data.digests import cached_file_digest
from seealike.data.identity import FeatureKey, canonical, digest
from seealike.sources.datasets.card import Samples
from seealike.sources.models import ModelCard
from seealike.study.overlap_runs import OpenedCause, OverlapRun
from seealike.study.reading import read_cells
from seealike.study.results import Results
from seealike.study.rows import rows_mark
from seealike.study.spec import Study
from seealike.study.units import Compared, ExtractCell, ReadCell, TrainCell, train_cells

#: A model and a set of judgements.
Pair: TypeAlias = tuple[str, str]


@dataclass(frozen=True)
class OpenedData:
    """A study with its datasets opened: everything that cells are made from.

    Attributes:
        study: the study; the layers of its models are names.
        results: its folder.
        samples: dataset -> samples, for those that could be opened.
        broken: dataset -> why not, for the others.
        weights: model -> digest of its weights; empty for those that are unready.
        unready: model -> why its weights or layers cannot be known, for those of which that is so.
        judged: set of judgements -> what people said, for those that could be read.
        causes: pairs of networks to train, with their samples.
        narrowed: (model, set of judgements) -> the card with the layers that the set asks for.
        misfits: likewise, why the model has no such layers.
    """

    study: Study
    results: Results
    samples: dict[str, Samples]
    broken: dict[str, str]
    weights: dict[str, str]
    unready: dict[str, str]
    judged: dict[str, Judged] = field(default_factory=dict)
    causes: tuple[OpenedCause, ...] = ()
    narrowed: dict[Pair, ModelCard] = field(default_factory=dict)
    misfits: dict[Pair, str] = field(default_factory=dict)

    @cached_property
    def extract_cells(self) -> list[ExtractCell]:
        """One cell for every model and dataset, grouped by model (each is loaded once)."""
        return [
            self.extract_cell(self.card_on(card, dataset.name), dataset.name, of)
            for card in self.study.models
            for dataset, of in self.study.extracted
        ]

    def card_on(self, card: ModelCard, dataset: str) -> ModelCard:
        """The card with the layers that are read on a dataset: a set of judgements may ask for others than its own."""
        return self.narrowed.get((card.name, dataset), card)

    def extract_cell(self, card: ModelCard, dataset: str, of: str) -> ExtractCell:
        """The cell of one model on one dataset, whose samples are those of the dataset `of` or of its test samples."""
        keys = (
            [self.key(card, layer, dataset) for layer in card.read_layers] if dataset in self.samples else []
        )
        outputs = {self.file(card, key): key for key in keys}
        skipped = ""
        if card.datasets is not None and of not in card.datasets:
            skipped = f"the model's `datasets:` lists {', '.join(card.datasets)} only"
        return ExtractCell(
            stage="extract",
            name=f"{card.name} × {dataset}",
            digest=digest(["extract", card.name, dataset, [key.digest for key in keys]]),
            paths=tuple(outputs),
            skipped=skipped,
            failed="" if skipped else self._why_not(card, dataset),
            card=card,
            dataset=dataset,
            outputs=outputs,
        )

    def _why_not(self, card: ModelCard, dataset: str) -> str:
        """Why a model cannot be run on a dataset; empty where it can."""
        misfit = self.misfits.get((card.name, dataset), "")
        return self.broken.get(dataset) or self.unready.get(card.name) or misfit

    def file(self, card: ModelCard, key: FeatureKey) -> Path:
        """Where the features of a key lie: where the card has them already, or in the study's results."""
        return card.stored(key.dataset, key.layer) or self.results.features(key)

    def key(self, card: ModelCard, layer: str, dataset: str) -> FeatureKey:
        """The key of one layer's features; the head is read as it is, whatever the pooling of the others."""
        samples, settings = self.samples[dataset], self.study.settings
        return FeatureKey(
            model=card.name,
            weights=self.weights[card.name],
            layer=layer,
            pooling="none" if layer == card.head and layer not in card.layer else card.pooling,
            preprocessing="" if card.name in self.unready else canonical(card.preprocessing()),
            dataset=dataset,
            revision=samples.revision,
            subset=samples.rule,
            precision="float32" if settings.autocast == "none" else settings.autocast,
            stored=settings.store,
            prefix_tokens=card.prefix_tokens,
        )

    @property
    def overlap_runs(self) -> list[OverlapRun]:
        """The runs of all experiments under `causes:`."""
        return [run for cause in self.causes for run in cause.runs]

    @cached_property
    def train_cells(self) -> list[TrainCell]:
        """One cell for every network of `causes:`, or for an experiment whose data cannot be had."""
        return [cell for cause in self.causes for cell in train_cells(cause)]

    @cached_property
    def trained_cells(self) -> list[ExtractCell]:
        """One cell for every network of `causes:` and dataset that it is evaluated on."""
        return [
            self.extract_cell(training.card, dataset, dataset)
            for cause in self.causes
            for training in cause.trainings
            for dataset in cause.datasets
        ]

    @cached_property
    def read_cells(self) -> list[ReadCell]:
        """One cell for every similarity matrix of somebody else's."""
        return read_cells(self.study.imported, self.results)

    def compared(self, dataset: str, present_only: bool) -> Compared:
        """The features of a dataset that are compared, by label, their digests, and why others are missing."""
        features, keys, missing, views = {}, [], {}, {}
        for cell in self.extract_cells:
            if cell.dataset != dataset or cell.skipped:
                continue
            for path, key in cell.outputs.items():
                label = cell.card.labels.get(key.layer)
                if label is None:
                    continue
                if cell.failed or (present_only and not path.exists()):
                    outcome = cell.outcome(self.results)
                    missing[label] = outcome.reason or "no features yet; run: seealike extract"
                    continue
                features[label] = path
                keys.append([label, key.digest, *rows_mark(path, self.samples[dataset])])
                if cell.card.transform is not None:
                    views[label] = cell.card.transform
                    keys[-1].append(cached_file_digest(cell.card.transform))
        return features, keys, missing, views

    def scored(self) -> Iterator[tuple[ModelCard, str, Path]]:
        """The models with a head, each with the datasets of the same classes and the file of its outputs."""
        for card in self.study.models:
            for dataset in self.study.datasets:
                allowed = card.datasets is None or dataset.name in card.datasets
                same = card.classes is not None and card.classes == dataset.classes
                if card.head and same and allowed and dataset.name in self.samples:
                    yield card, dataset.name, self.file(card, self.key(card, card.head, dataset.name))
