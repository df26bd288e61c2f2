"""Expand a study into cells and say of each whether it is done, to do, skipped or cannot be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from seealike.data.asked import Judged
from seealike.data.digests import cached_file_digest
from seealike.data.identity import FeatureKey, canonical, digest
from seealike.measures import BoundMeasure
from seealike.sources.datasets import DatasetCard
from seealike.sources.datasets.card import Samples, Subset
from seealike.sources.models import ModelCard
from seealike.study.consequence_entry import ConsequenceEntry
from seealike.study.judging_cells import judging_cells
from seealike.study.overlap_runs import OpenedCause, OverlapRun
from seealike.study.probes import BoundProbe
from seealike.study.reading import read_cells
from seealike.study.results import Results
from seealike.study.rows import rows_mark
from seealike.study.sizes import said, same_samples, sized, smaller
from seealike.study.spec import Study
from seealike.study.tested import unfit
from seealike.study.units import (
    AnalyseCell,
    Cell,
    CompareCell,
    Compared,
    ConsequenceCell,
    ExtractCell,
    OverlapCell,
    ProbeCell,
    ReadCell,
    TrainCell,
    train_cells,
)

#: Raised when the same networks have other consequences.
CONSEQUENCES_VERSION = 1

#: Why an analysis has nothing to do where a table that it needs has no rows.
_NOTHING = {
    "similarities": "no dataset has features of two models",
    "similarities_by_size": "no dataset with `sizes:` has features of two models",
    "datasets": "there are no datasets",
    "performance": "no model has a performance (`probes:`, or `performance:` with a published table)",
    "predictions": "no model has a head for the classes of a dataset (`head:` and `classes:` on both)",
    "overlap_runs": "there are no runs (`causes:`)",
    "consequences": "no experiment under `causes:` has `consequences:`",
}

#: A model and a set of judgements.
Pair: TypeAlias = tuple[str, str]


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
            self._extract_cell(self.card_on(card, dataset.name), dataset.name, of)
            for card in self.study.models
            for dataset, of in self.study.extracted
        ]

    def card_on(self, card: ModelCard, dataset: str) -> ModelCard:
        """The card with the layers that are read on a dataset: a set of judgements may ask for others than its own."""
        return self.narrowed.get((card.name, dataset), card)

    def _extract_cell(self, card: ModelCard, dataset: str, of: str) -> ExtractCell:
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

    def compare_cells(self, *, present_only: bool) -> list[CompareCell]:
        """One cell for every dataset and measure.

        Args:
            present_only: compare the features that are on disk (when it is time to compare), or take it that
                extraction will give all of them (when planning).
        """
        return [
            self._compare_cell(dataset.name, measure, compared, rule)
            for dataset in self.study.datasets
            if dataset.name in self.samples
            for compared in [self.compared(dataset.name, present_only)]
            for rule in (None, *self._smaller(dataset))
            for measure in self.study.measures
        ]

    def _smaller(self, dataset: DatasetCard) -> list[Subset]:
        """The rules of the nested subsets of a dataset; one that all of its samples fit is the dataset itself."""
        samples, seed = self.samples[dataset.name], self.study.settings.seed
        rules = dataset.sizes.subsets if dataset.sizes else []
        return [rule for rule in rules if not same_samples(samples, rule, seed)]

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

    def _compare_cell(
        self, dataset: str, measure: BoundMeasure, compared: Compared, rule: Subset | None
    ) -> CompareCell:
        features, keys, missing, views = compared
        few = f"{len(features)} models have features on it; two are needed" if len(features) < 2 else ""
        settings, samples, named, failed = self.study.settings, self.samples[dataset], dataset, ""
        how = [settings.normalize, settings.standard_errors, settings.seed]
        parts = ["compare", measure.id, measure.version, *how, keys, sorted(missing)]
        if rule is not None:
            samples, failed = smaller(samples, rule, settings.seed)
            named = f"{dataset} ({said(rule)})"
            parts.append([samples.rule, digest(samples.sample_ids)])
        key_digest = digest(parts)
        path = self.results.similarities(named, measure.id, key_digest)
        return CompareCell(
            stage="compare",
            name=f"{named}, {measure.id}",
            digest=key_digest,
            paths=(path,),
            skipped=few,
            failed=failed,
            dataset=dataset,
            samples=samples,
            smaller=rule is not None,
            measure=measure,
            features=features,
            missing=missing,
            views=views,
        )

    def probe_cells(self, *, present_only: bool) -> list[ProbeCell]:
        """One cell for every model, dataset and way to probe.

        Args:
            present_only: as for `compare_cells`.
        """
        if not self.study.probes:
            return []
        return [
            self._probe_cell(label, dataset.name, probe, (train, test))
            for dataset in self.study.datasets
            if dataset.name in self.samples
            for train in [self.compared(dataset.name, present_only)]
            for test in [self._tested(dataset.name, present_only)]
            for label in (*train[0], *train[2])
            for probe in self.study.probes
        ]

    def _tested(self, dataset: str, present_only: bool) -> Compared | None:
        """The features of the test samples of a dataset; None where a part of it is held out."""
        card = self.study.tests.get(dataset)
        if card is None:
            return None
        if card.name in self.samples:
            return self.compared(card.name, present_only)
        return {}, [], dict.fromkeys(self.compared(dataset, present_only)[0], self.broken[card.name]), {}

    def _probe_cell(
        self, label: str, dataset: str, probe: BoundProbe, both: tuple[Compared, Compared | None]
    ) -> ProbeCell:
        (features, _, missing, views), test = both
        mine = [[key for key in one[1] if key[0] == label] for one in both if one is not None]
        parts = ["probe", probe.id, self.study.settings.normalize, self.study.settings.seed, mine]
        key_digest = digest(parts)
        why = unfit(self.samples[dataset], test is None) or missing.get(label, "")
        if test is not None and not why:
            why = test[2].get(label, "")
        return ProbeCell(
            stage="probe",
            name=f"{label} × {dataset}, {probe.method}",
            digest=key_digest,
            paths=(self.results.probe(dataset, label, probe.id, key_digest),),
            skipped=why,
            label=label,
            dataset=dataset,
            probe=probe,
            train=features.get(label),
            test=None if test is None else test[0].get(label),
            view=views.get(label),
        )

    @cached_property
    def read_cells(self) -> list[ReadCell]:
        """One cell for every similarity matrix of somebody else's."""
        return read_cells(self.study.imported, self.results)

    def judge_cells(self, *, present_only: bool) -> list[Cell]:
        """The cells of people's judgements: models and baselines against each set, ceilings, differences of models.

        Args:
            present_only: as for `compare_cells`.
        """
        return judging_cells(self, present_only=present_only)

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
            self._extract_cell(training.card, dataset, dataset)
            for cause in self.causes
            for training in cause.trainings
            for dataset in cause.datasets
        ]

    def overlap_cells(self, *, present_only: bool) -> list[OverlapCell]:
        """One cell for every run of `causes:`: its two networks on all its evaluation sets.

        Args:
            present_only: as for `compare_cells`.
        """
        return [self._overlap_cell(run, present_only) for run in self.overlap_runs]

    def _overlap_cell(self, run: OverlapRun, present_only: bool) -> OverlapCell:
        keys = {
            dataset: [self.key(card, card.layer_names[0], dataset) for card in run.cards]
            for dataset in dict.fromkeys(dataset for dataset, _ in run.evaluation.values())
            if dataset in self.samples
        }
        features = {
            dataset: (self.file(run.cards[0], x), self.file(run.cards[1], y))
            for dataset, (x, y) in keys.items()
        }
        missing = sorted(
            {path.parent.name for pair in features.values() for path in pair if not path.exists()}
        )
        why = f"no features of {' and '.join(missing)}" if present_only and missing else ""
        settings = self.study.settings
        how = [settings.normalize, settings.standard_errors, settings.seed]
        measures = [[measure.id, measure.version] for measure in self.study.measures]
        digests = [[key.digest for key in pair] for pair in keys.values()]
        key = digest(["overlap", run.identity, measures, how, digests])
        path = self.results.overlap(run.name, key)
        return OverlapCell("compare", run.name, key, (path,), skipped=why, run=run, features=features)

    def consequence_cells(self, *, present_only: bool) -> list[ConsequenceCell]:
        """One cell for every run of `causes:` whose experiment has `consequences:`.

        Args:
            present_only: whether networks that are not trained are skipped.
        """
        asked = {cause.cause.entry.name: cause.cause.entry.consequences for cause in self.causes}
        return [
            self._consequence_cell(run, entry, present_only)
            for run in self.overlap_runs
            if (entry := asked[run.cause]) is not None
        ]

    def _consequence_cell(
        self, run: OverlapRun, entry: ConsequenceEntry, present_only: bool
    ) -> ConsequenceCell:
        missing = [card.name for card in run.cards if not card.weights.is_file()]
        why = f"not trained: {' and '.join(missing)}" if present_only and missing else ""
        names = dict.fromkeys(dataset for dataset, _ in run.evaluation.values())
        shown = [[self.samples[one].revision, self.samples[one].rule] for one in names if one in self.samples]
        trained = [card.training for card in run.cards]
        how = [entry.model_dump(), self.study.settings.seed]
        key = digest(["consequences", CONSEQUENCES_VERSION, run.identity, trained, shown, how])
        path = self.results.consequences(run.name, key)
        name = f"{run.name}: consequences"
        return ConsequenceCell("compare", name, key, (path,), skipped=why, run=run, entry=entry)

    def analyse_cells(self, *, present_only: bool) -> list[AnalyseCell]:
        """One cell for every analysis."""
        sources = self._sources(present_only)
        cards = [[card.name, card.fields, card.published_top1] for card in self.study.models]
        cells = []
        for bound in self.study.analyses:
            needs = bound.analysis.needs
            made_from = [sources[need] for need in needs if need in sources]
            key = digest(["analyse", bound.id, cards, *made_from])
            options = ", ".join(f"{k}={v}" for k, v in bound.options.items())
            cells.append(
                AnalyseCell(
                    stage="analyse",
                    name=f"{bound.analysis.name}({options})",
                    digest=key,
                    paths=(self.results.analysis(bound.analysis.name, key),),
                    skipped=next((_NOTHING[need] for need in needs if not sources.get(need, [""])), ""),
                    bound=bound,
                )
            )
        return cells

    def _sources(self, present_only: bool) -> dict[str, list[object]]:
        """What the tables that analyses need are made from, beside the cards of the models."""
        compared = self.compare_cells(present_only=present_only)
        probed = self.probe_cells(present_only=present_only)
        return {
            "similarities": [
                *(cell.digest for cell in compared if not (cell.skipped or cell.smaller)),
                *(cell.digest for cell in self.read_cells),
            ],
            "similarities_by_size": [
                cell.digest for cell in sized(compared) if not (cell.skipped or cell.failed)
            ],
            "overlap_runs": _there(self.overlap_cells(present_only=present_only), present_only),
            "consequences": _there(self.consequence_cells(present_only=present_only), present_only),
            "datasets": [[card.name, card.fields] for card in self.study.datasets],
            "performance": [
                *(cell.digest for cell in probed if not present_only or cell.paths[0].exists()),
                *(list(vars(value).values()) for value in self.study.published),
            ],
            "predictions": [
                [card.name, dataset, path.name]
                for card, dataset, path in self.scored()
                if not present_only or path.exists()
            ],
        }

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
            *self.train_cells,
            *self.extract_cells,
            *self.trained_cells,
            *self.compare_cells(present_only=present_only),
            *self.overlap_cells(present_only=present_only),
            *self.consequence_cells(present_only=present_only),
            *self.read_cells,
            *self.probe_cells(present_only=present_only),
            *self.judge_cells(present_only=present_only),
            *self.analyse_cells(present_only=present_only),
        ]


def _there(cells: Sequence[Cell], present_only: bool) -> list[object]:
    """Digests of cells, of those alone that are done if nothing else is asked."""
    return [cell.digest for cell in cells if not present_only or cell.paths[0].exists()]
