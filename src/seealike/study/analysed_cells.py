"""The cells of analyses: each with what the tables that it reads are made from."""

from __future__ import annotations

from collections.abc import Sequence

from seealike.data.identity import digest
from seealike.study.compared_cells import compare_cells
from seealike.study.opened import OpenedData
from seealike.study.probed_cells import probe_cells
from seealike.study.run_cells import consequence_cells, overlap_cells
from seealike.study.sizes import sized
from seealike.study.units import AnalyseCell, Cell

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


def analyse_cells(opened: OpenedData, *, present_only: bool) -> list[AnalyseCell]:
    """One cell for every analysis.

    Args:
        opened: the study.
        present_only: whether what is not there yet is left out of what tables are made from.
    """
    sources = _sources(opened, present_only)
    cards = [[card.name, card.fields, card.published_top1] for card in opened.study.models]
    cells = []
    for bound in opened.study.analyses:
        needs = bound.analysis.needs
        made_from = [sources[need] for need in needs if need in sources]
        key = digest(["analyse", bound.id, cards, *made_from])
        options = ", ".join(f"{k}={v}" for k, v in bound.options.items())
        cells.append(
            AnalyseCell(
                stage="analyse",
                name=f"{bound.analysis.name}({options})",
                digest=key,
                paths=(opened.results.analysis(bound.analysis.name, key),),
                skipped=next((_NOTHING[need] for need in needs if not sources.get(need, [""])), ""),
                bound=bound,
            )
        )
    return cells


def _sources(opened: OpenedData, present_only: bool) -> dict[str, list[object]]:
    """What the tables that analyses need are made from, beside the cards of the models."""
    compared = compare_cells(opened, present_only=present_only)
    probed = probe_cells(opened, present_only=present_only)
    return {
        "similarities": [
            *(cell.digest for cell in compared if not (cell.skipped or cell.smaller)),
            *(cell.digest for cell in opened.read_cells),
        ],
        "similarities_by_size": [
            cell.digest for cell in sized(compared) if not (cell.skipped or cell.failed)
        ],
        "overlap_runs": _there(overlap_cells(opened, present_only=present_only), present_only),
        "consequences": _there(consequence_cells(opened, present_only=present_only), present_only),
        "datasets": [[card.name, card.fields] for card in opened.study.datasets],
        "performance": [
            *(cell.digest for cell in probed if not present_only or cell.paths[0].exists()),
            *(list(vars(value).values()) for value in opened.study.published),
        ],
        "predictions": [
            [card.name, dataset, path.name]
            for card, dataset, path in opened.scored()
            if not present_only or path.exists()
        ],
    }


def _there(cells: Sequence[Cell], present_only: bool) -> list[object]:
    """Digests of cells, of those alone that are done if nothing else is asked."""
    return [cell.digest for cell in cells if not present_only or cell.paths[0].exists()]
