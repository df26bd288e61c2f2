"""The cells of `causes:`: what the two networks of a run have in common, and what follows from it."""

from __future__ import annotations

from seealike.data.identity import digest
from seealike.study.consequence_entry import ConsequenceEntry
from seealike.study.opened import OpenedData
from seealike.study.overlap_runs import OverlapRun
from seealike.study.units import ConsequenceCell, OverlapCell

#: Raised when the same networks have other consequences.
CONSEQUENCES_VERSION = 1


def overlap_cells(opened: OpenedData, *, present_only: bool) -> list[OverlapCell]:
    """One cell for every run of `causes:`: its two networks on all its evaluation sets.

    Args:
        opened: the study.
        present_only: as for `compare_cells`.
    """
    return [_overlap_cell(opened, run, present_only) for run in opened.overlap_runs]


def _overlap_cell(opened: OpenedData, run: OverlapRun, present_only: bool) -> OverlapCell:
    keys = {
        dataset: [opened.key(card, card.layer_names[0], dataset) for card in run.cards]
        for dataset in dict.fromkeys(dataset for dataset, _ in run.evaluation.values())
        if dataset in opened.samples
    }
    features = {
        dataset: (opened.file(run.cards[0], x), opened.file(run.cards[1], y))
        for dataset, (x, y) in keys.items()
    }
    missing = sorted({path.parent.name for pair in features.values() for path in pair if not path.exists()})
    why = f"no features of {' and '.join(missing)}" if present_only and missing else ""
    settings = opened.study.settings
    how = [settings.normalize, settings.standard_errors, settings.seed]
    measures = [[measure.id, measure.version] for measure in opened.study.measures]
    digests = [[key.digest for key in pair] for pair in keys.values()]
    key = digest(["overlap", run.identity, measures, how, digests])
    path = opened.results.overlap(run.name, key)
    return OverlapCell("compare", run.name, key, (path,), skipped=why, run=run, features=features)


def consequence_cells(opened: OpenedData, *, present_only: bool) -> list[ConsequenceCell]:
    """One cell for every run of `causes:` whose experiment has `consequences:`.

    Args:
        opened: the study.
        present_only: whether networks that are not trained are skipped.
    """
    asked = {cause.cause.entry.name: cause.cause.entry.consequences for cause in opened.causes}
    return [
        _consequence_cell(opened, run, entry, present_only)
        for run in opened.overlap_runs
        if (entry := asked[run.cause]) is not None
    ]


def _consequence_cell(
    opened: OpenedData, run: OverlapRun, entry: ConsequenceEntry, present_only: bool
) -> ConsequenceCell:
    missing = [card.name for card in run.cards if not card.weights.is_file()]
    why = f"not trained: {' and '.join(missing)}" if present_only and missing else ""
    names = dict.fromkeys(dataset for dataset, _ in run.evaluation.values())
    shown = [
        [opened.samples[one].revision, opened.samples[one].rule] for one in names if one in opened.samples
    ]
    trained = [card.training for card in run.cards]
    how = [entry.model_dump(), opened.study.settings.seed]
    key = digest(["consequences", CONSEQUENCES_VERSION, run.identity, trained, shown, how])
    path = opened.results.consequences(run.name, key)
    name = f"{run.name}: consequences"
    return ConsequenceCell("compare", name, key, (path,), skipped=why, run=run, entry=entry)
