"""Expand a study into cells and say of each whether it is done, to do, skipped or cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from seealike.analyses import BoundAnalysis
from seealike.data.digests import cached_file_digest
from seealike.data.identity import FeatureKey, canonical, digest
from seealike.measures import BoundMeasure
from seealike.sources.datasets.card import Samples
from seealike.sources.models import ModelCard
from seealike.study.results import Results
from seealike.study.rows import rows_mark
from seealike.study.spec import Study
from seealike.study.units import AnalyseCell, Cell, CompareCell, ExtractCell

#: Feature files by label, [label, digests] of each, label -> why it is missing, label -> transform it is read with.
Compared: TypeAlias = tuple[dict[str, Path], list[list[str]], dict[str, str], dict[str, Path]]


@dataclass(frozen=True)
class OpenedStudy:
    """A study with its datasets opened: everything that cells are made from.

    Attributes:
        study: the study; the layers of its models are names.
        results: its folder.
        samples: dataset -> samples, for those that could be opened.
        broken: dataset -> why not, for the others.
        weights: model -> digest of its weights; empty for those that are unready.
        unready: model -> why its weights or layers cannot be known, for those of which that is so.
    """

    study: Study
    results: Results
    samples: dict[str, Samples]
    broken: dict[str, str]
    weights: dict[str, str]
    unready: dict[str, str]

    @cached_property
    def extract_cells(self) -> list[ExtractCell]:
        """One cell for every model and dataset, grouped by model (each is loaded once)."""
        return [
            self._extract_cell(card, dataset.name)
            for card in self.study.models
            for dataset in self.study.datasets
        ]

    def _extract_cell(self, card: ModelCard, dataset: str) -> ExtractCell:
        keys = (
            [self.key(card, layer, dataset) for layer in card.read_layers] if dataset in self.samples else []
        )
        outputs = {self.file(card, key): key for key in keys}
        skipped = ""
        if card.datasets is not None and dataset not in card.datasets:
            skipped = f"the model's `datasets:` lists {', '.join(card.datasets)} only"
        return ExtractCell(
            stage="extract",
            name=f"{card.name} × {dataset}",
            digest=digest(["extract", card.name, dataset, [key.digest for key in keys]]),
            paths=tuple(outputs),
            skipped=skipped,
            failed="" if skipped else self.broken.get(dataset) or self.unready.get(card.name, ""),
            card=card,
            dataset=dataset,
            outputs=outputs,
        )

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

    def compare_cells(self, *, present_only: bool) -> list[CompareCell]:
        """One cell for every dataset and measure.

        Args:
            present_only: compare the features that are on disk (when it is time to compare), or take it that
                extraction will give all of them (when planning).
        """
        return [
            self._compare_cell(name, measure, compared)
            for name in self.samples
            for compared in [self._compared(name, present_only)]
            for measure in self.study.measures
        ]

    def _compared(self, dataset: str, present_only: bool) -> Compared:
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

    def _compare_cell(self, dataset: str, measure: BoundMeasure, compared: Compared) -> CompareCell:
        features, keys, missing, views = compared
        few = f"{len(features)} models have features on it; two are needed" if len(features) < 2 else ""
        settings = self.study.settings
        how = [settings.normalize, settings.standard_errors, settings.seed]
        parts = ["compare", measure.id, measure.version, *how, keys, sorted(missing)]
        key_digest = digest(parts)
        path = self.results.similarities(dataset, measure.id, key_digest)
        return CompareCell(
            stage="compare",
            name=f"{dataset}, {measure.id}",
            digest=key_digest,
            paths=(path,),
            skipped=few,
            dataset=dataset,
            measure=measure,
            features=features,
            missing=missing,
            views=views,
        )

    def analyse_cells(self, *, present_only: bool) -> list[AnalyseCell]:
        """One cell for every analysis."""
        made_from = [
            cell.digest for cell in self.compare_cells(present_only=present_only) if not cell.skipped
        ]
        heads = [
            [card.name, dataset, path.name]
            for card, dataset, path in self.scored()
            if not present_only or path.exists()
        ]
        cards = [[card.name, card.fields, card.published_top1] for card in self.study.models]
        cells = []
        for bound in self.study.analyses:
            key = digest(
                ["analyse", bound.id, cards, heads if "predictions" in bound.analysis.needs else made_from]
            )
            options = ", ".join(f"{k}={v}" for k, v in bound.options.items())
            cells.append(
                AnalyseCell(
                    stage="analyse",
                    name=f"{bound.analysis.name}({options})",
                    digest=key,
                    paths=(self.results.analysis(bound.analysis.name, key),),
                    skipped=self._nothing_for(bound, made_from),
                    bound=bound,
                )
            )
        return cells

    def _nothing_for(self, bound: BoundAnalysis, made_from: list[str]) -> str:
        if "similarities" in bound.analysis.needs and not made_from:
            return "no dataset has features of two models"
        if "predictions" in bound.analysis.needs and not any(self.scored()):
            return "no model has a head for the classes of a dataset (`head:` and `classes:` on both)"
        return ""

    def scored(self) -> Iterator[tuple[ModelCard, str, Path]]:
        """The models with a head, each with the datasets of the same classes and the file of its outputs."""
        for card in self.study.models:
            for dataset in self.study.datasets:
                allowed = card.datasets is None or dataset.name in card.datasets
                same = card.classes is not None and card.classes == dataset.classes
                if card.head and same and allowed and dataset.name in self.samples:
                    yield card, dataset.name, self.file(card, self.key(card, card.head, dataset.name))

    def cells(self, *, present_only: bool) -> list[Cell]:
        """All cells but the report, in the order of the stages."""
        return [
            *self.extract_cells,
            *self.compare_cells(present_only=present_only),
            *self.analyse_cells(present_only=present_only),
        ]
