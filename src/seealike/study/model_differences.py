"""Models against one another on the same judgements: their best layers tested, and where they disagree."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl

from seealike.analyses.consistency import adjusted
from seealike.data.asked import Judged, asked
from seealike.data.judgements import Choices, Ratings, SamePairs, Trials
from seealike.data.tables import ALIGNMENT_DIFFERENCES, JUDGED
from seealike.errors import UndefinedMeasure
from seealike.human.best_layers import best_layers
from seealike.human.influence import agreeing, influences
from seealike.human.intervals import clustered_error
from seealike.human.scoring import credited, main_score
from seealike.human.tally import numbered, tallied
from seealike.study.judged_distances import JudgedDistances, kept
from seealike.study.units import DifferenceCell, JudgeCell

#: So many judgements of a set are shown.
_SHOWN = 200


def differences_and_judged(
    cell: DifferenceCell, judged: Judged, seed: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The tables ALIGNMENT_DIFFERENCES and JUDGED of one set of judgements.

    Every model takes part with the layers that its distances are there of; baselines under every distance.

    Args:
        cell: with the cells of the models.
        judged: what people said.
        seed: of the tests.
    """
    there = [(one, kept(one.paths[0])) for one in cell.judged_by if one.paths[0].exists()]
    names = cell.human.distances(judged)
    best: dict[str, tuple[str, np.ndarray]] = {}
    tested = []
    for distance in names:
        models = {one.model: _layers(one, found, distance) for one, found in there}
        models = {model: layers for model, layers in models.items() if layers}
        tested.append(_tested(cell, judged, distance, models, seed))
        for model, layers in models.items():
            if model not in best:
                best[model] = _best(judged, layers, cell)
    return pl.concat(tested), _judged(cell, judged, best)


def _layers(cell: JudgeCell, found: JudgedDistances, distance: str) -> dict[str, np.ndarray]:
    """Layer -> its distances; the readout stands beside the layer where there are several."""
    several = len(cell.human.how.readouts) > 1
    made = {}
    for which, far in found.values.items():
        if cell.card is None or which.distance == distance:
            made[f"{which.layer} ({which.readout})" if several and which.layer else which.layer] = far
    return made


def _best(judged: Judged, layers: dict[str, np.ndarray], cell: DifferenceCell) -> tuple[str, np.ndarray]:
    """The layer of the highest score, and its distances."""
    score = {
        layer: float(influences(judged, far, cell.human.how.ties).mean()) for layer, far in layers.items()
    }
    layer = max(score, key=lambda one: score[one])
    return layer, layers[layer]


def _tested(
    cell: DifferenceCell, judged: Judged, distance: str, models: dict[str, dict[str, np.ndarray]], seed: int
) -> pl.DataFrame:
    ties = cell.human.how.ties
    units = {
        m: {name: influences(judged, far, ties) for name, far in one.items()} for m, one in models.items()
    }
    best = {m: max(one, key=lambda layer, one=one: float(one[layer].mean())) for m, one in units.items()}
    rows: list[dict[str, object]] = []
    for x, y in combinations(models, 2):
        row: dict[str, object] = {"model_x": x, "model_y": y}
        wide = _widening(judged, models[x][best[x]], models[y][best[y]], cell)
        try:
            found = best_layers(units[x], units[y], widen=wide, seed=seed)
        except UndefinedMeasure as error:
            rows.append(row | {"reason": str(error)})
            continue
        row |= {"layer_x": found.first, "layer_y": found.second, "n": found.n_units}
        rows.append(row | {name: getattr(found, name) for name in ("difference", "low", "high", "p_value")})
    same = {"human": cell.human.name, "score": main_score(judged), "distance": distance}
    rows = [{**same, **row} for row in rows]
    table = pl.DataFrame(rows, schema=ALIGNMENT_DIFFERENCES)
    return table.with_columns(q_value=adjusted(table["p_value"]))


def _widening(judged: Judged, x: np.ndarray, y: np.ndarray, cell: DifferenceCell) -> float:
    """How much wider an interval is where the judgements of one rater hang together; 1 where raters are not known."""
    if not isinstance(judged, Trials) or judged.raters is None:
        return 1.0
    first, second = (credited(judged, far, cell.human.how.ties) for far in (x, y))
    gap = first.correct - second.correct
    alone = clustered_error(gap, first.units)
    both = clustered_error(gap, first.units, first.raters)
    return max(1.0, both / alone) if alone > 0 else 1.0


def _judged(cell: DifferenceCell, judged: Judged, best: dict[str, tuple[str, np.ndarray]]) -> pl.DataFrame:
    """The judgements that the models' best layers disagree about most, once a set of samples."""
    if len(best) < 2:
        return pl.DataFrame(schema=JUDGED)
    agree = np.stack([agreeing(judged, far, cell.human.how.ties) for _, far in best.values()])
    shown = _most(agree.std(axis=0), judged)
    members, said = asked(judged)[0].astype(str), _human_values(judged)
    rows = []
    for row in shown.tolist():
        three = [*members[row].tolist(), None][:3]
        same = dict(zip(("first", "second", "third"), three, strict=True))
        same |= {"human": cell.human.name, "trial": str(row + 1), "human_value": float(said[row])}
        rows += [
            {**same, "model": model, "layer": layer, "credit": float(agree[k, row])}
            for k, (model, (layer, _)) in enumerate(best.items())
        ]
    return pl.DataFrame(rows, schema=JUDGED)


def _most(spread: np.ndarray, judged: Judged) -> np.ndarray:
    """Row numbers of the largest spreads, the first judgement of each triplet alone, in descending order."""
    order = np.argsort(-spread, kind="stable")
    if isinstance(judged, Trials):
        first = np.unique(tallied(numbered(judged.triplets)).units[order], return_index=True)[1]
        order = order[np.sort(first)]
    return order[spread[order] > 0][:_SHOWN]


def _human_values(judged: Judged) -> np.ndarray:
    """(n,) what people said: the share that chose as the trial says, the share of votes for the second, the opinion."""
    if isinstance(judged, Trials):
        tally = tallied(numbered(judged.triplets))
        shares = tally.counts / tally.counts.sum(axis=1, keepdims=True)
        return shares[tally.units, tally.places]
    if isinstance(judged, Choices):
        return judged.second_share
    if isinstance(judged, Ratings):
        return judged.scores
    if isinstance(judged, SamePairs):
        return judged.same_share
    return judged.values[np.triu_indices(len(judged.values), 1)]
