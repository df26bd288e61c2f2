"""The cells of similarities: every dataset, and its nested subsets, under every measure."""

from __future__ import annotations

from seealike.data.identity import digest
from seealike.measures import BoundMeasure
from seealike.sources.datasets import DatasetCard
from seealike.sources.datasets.card import Subset
from seealike.study.opened import OpenedData
from seealike.study.sizes import said, same_samples, smaller
from seealike.study.units import CompareCell, Compared


def compare_cells(opened: OpenedData, *, present_only: bool) -> list[CompareCell]:
    """One cell for every dataset and measure.

    Args:
        opened: the study.
        present_only: compare the features that are on disk (when it is time to compare), or take it that
            extraction will give all of them (when planning).
    """
    return [
        _compare_cell(opened, dataset.name, measure, compared, rule)
        for dataset in opened.study.datasets
        if dataset.name in opened.samples and opened.study.models
        for compared in [opened.compared(dataset.name, present_only)]
        for rule in (None, *_smaller(opened, dataset))
        for measure in opened.study.measures
    ]


def _smaller(opened: OpenedData, dataset: DatasetCard) -> list[Subset]:
    """The rules of the nested subsets of a dataset; one that all of its samples fit is the dataset itself."""
    samples, seed = opened.samples[dataset.name], opened.study.settings.seed
    rules = dataset.sizes.subsets if dataset.sizes else []
    return [rule for rule in rules if not same_samples(samples, rule, seed)]


def _compare_cell(
    opened: OpenedData, dataset: str, measure: BoundMeasure, compared: Compared, rule: Subset | None
) -> CompareCell:
    features, keys, missing, views = compared
    few = f"{len(features)} models have features on it; two are needed" if len(features) < 2 else ""
    settings, samples, named, failed = opened.study.settings, opened.samples[dataset], dataset, ""
    how = [settings.normalize, settings.standard_errors, settings.seed]
    parts = ["compare", measure.id, measure.version, *how, keys, sorted(missing)]
    if rule is not None:
        samples, failed = smaller(samples, rule, settings.seed)
        named = f"{dataset} ({said(rule)})"
        parts.append([samples.rule, digest(samples.sample_ids)])
    key_digest = digest(parts)
    path = opened.results.similarities(named, measure.id, key_digest)
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
