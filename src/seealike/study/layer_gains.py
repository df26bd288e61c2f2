"""All layers of a model tested together: which are above chance, and which may be the best."""

from __future__ import annotations

import polars as pl

from seealike.data.asked import Judged
from seealike.data.judgements import Choices, Trials
from seealike.data.tables import ALIGNMENT_LAYERS
from seealike.errors import UndefinedMeasure
from seealike.human.influence import influences
from seealike.human.layers import LayerProfile, profile_of_units
from seealike.human.paired import layer_profile
from seealike.human.scoring import chance, credited, main_score
from seealike.study.judged_distances import JudgedDistances, Which, named
from seealike.study.units import JudgeCell


def layer_gains(cell: JudgeCell, judged: Judged, found: JudgedDistances, seed: int) -> pl.DataFrame:
    """The table ALIGNMENT_LAYERS of one model (or baseline): under each distance its layers, in all readouts, together.

    Args:
        cell: of the model.
        judged: what people said.
        found: the model's distances.
        seed: of the tests.
    """
    rows: list[dict[str, object]] = []
    for distance in dict.fromkeys(which.distance for which in found.values):
        family = {str(k): which for k, which in enumerate(found.values) if which.distance == distance}
        rows += _rows(cell, judged, found, family, seed)
    return pl.DataFrame(rows, schema=ALIGNMENT_LAYERS)


def _rows(
    cell: JudgeCell, judged: Judged, found: JudgedDistances, family: dict[str, Which], seed: int
) -> list[dict[str, object]]:
    score = main_score(judged)
    rows: list[dict[str, object]] = [{**named(cell, which), "score": score} for which in family.values()]
    try:
        profile = _profile(cell, judged, found, family, seed)
    except UndefinedMeasure as error:
        return [row | {"reason": str(error)} for row in rows]
    columns = ("gain", "low", "high", "p_value", "p_value_familywise", "behind", "p_value_best")
    values = [getattr(profile, column).tolist() for column in columns]
    return [
        row | dict(zip(columns, numbers, strict=True)) | {"n": profile.n_units}
        for row, numbers in zip(rows, zip(*values, strict=True), strict=True)
    ]


def _profile(
    cell: JudgeCell, judged: Judged, found: JudgedDistances, family: dict[str, Which], seed: int
) -> LayerProfile:
    ties, guessing = cell.human.how.ties, chance(judged)[main_score(judged)]
    far = {name: found.values[which] for name, which in family.items()}
    if isinstance(judged, Trials | Choices):
        earned = {name: credited(judged, one, ties) for name, one in far.items()}
        return layer_profile(earned, guessing, seed=seed)
    units = {name: influences(judged, one, ties) for name, one in far.items()}
    return profile_of_units(units, guessing, seed=seed)
