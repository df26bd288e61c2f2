"""The cells of probes: every model, dataset and way to probe."""

from __future__ import annotations

from seealike.data.identity import digest
from seealike.study.opened import OpenedData
from seealike.study.probes import BoundProbe
from seealike.study.tested import unfit
from seealike.study.units import Compared, ProbeCell


def probe_cells(opened: OpenedData, *, present_only: bool) -> list[ProbeCell]:
    """One cell for every model, dataset and way to probe.

    Args:
        opened: the study.
        present_only: as for `compare_cells`.
    """
    if not opened.study.probes:
        return []
    return [
        _probe_cell(opened, label, dataset.name, probe, (train, test))
        for dataset in opened.study.datasets
        if dataset.name in opened.samples
        for train in [opened.compared(dataset.name, present_only)]
        for test in [_tested(opened, dataset.name, present_only)]
        for label in (*train[0], *train[2])
        for probe in opened.study.probes
    ]


def _tested(opened: OpenedData, dataset: str, present_only: bool) -> Compared | None:
    """The features of the test samples of a dataset; None where a part of it is held out."""
    card = opened.study.tests.get(dataset)
    if card is None:
        return None
    if card.name in opened.samples:
        return opened.compared(card.name, present_only)
    return {}, [], dict.fromkeys(opened.compared(dataset, present_only)[0], opened.broken[card.name]), {}


def _probe_cell(
    opened: OpenedData, label: str, dataset: str, probe: BoundProbe, both: tuple[Compared, Compared | None]
) -> ProbeCell:
    (features, _, missing, views), test = both
    mine = [[key for key in one[1] if key[0] == label] for one in both if one is not None]
    parts = ["probe", probe.id, opened.study.settings.normalize, opened.study.settings.seed, mine]
    key_digest = digest(parts)
    why = unfit(opened.samples[dataset], test is None) or missing.get(label, "")
    if test is not None and not why:
        why = test[2].get(label, "")
    return ProbeCell(
        stage="probe",
        name=f"{label} × {dataset}, {probe.method}",
        digest=key_digest,
        paths=(opened.results.probe(dataset, label, probe.id, key_digest),),
        skipped=why,
        label=label,
        dataset=dataset,
        probe=probe,
        train=features.get(label),
        test=None if test is None else test[0].get(label),
        view=views.get(label),
    )
