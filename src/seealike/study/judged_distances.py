"""Distances of judged pairs: from features that are stored, and on disk for whoever scores them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from seealike.data.arrays import read_arrays, write_arrays
from seealike.data.asked import Judged, asked, judged_samples
from seealike.data.judgements import HumanRdm
from seealike.data.store import read_features
from seealike.errors import NonFiniteError, UndefinedMeasure, UnknownName, place
from seealike.human.distances import distances
from seealike.human.rdm import dissimilarities
from seealike.human.rows import Located, located
from seealike.study.rows import seen
from seealike.study.units import JudgeCell

#: Errors of one layer under one distance, which leave the others as they are.
ALONE = (UndefinedMeasure, NonFiniteError, UnknownName)


class Which(NamedTuple):
    """What distances are of."""

    layer: str
    readout: str
    distance: str


@dataclass(frozen=True)
class JudgedDistances:
    """The distances of one model for one set of judgements.

    Attributes:
        values: (n, pairs) each, as `data.asked.asked` lists the pairs.
        reasons: why others could not be had.
    """

    values: Mapping[Which, np.ndarray]
    reasons: Mapping[Which, str]


def named(cell: JudgeCell, which: Which) -> dict[str, object]:
    """The first columns of a row of ALIGNMENT or ALIGNMENT_LAYERS: whose distances, and of what."""
    return {
        "model": cell.model,
        "layer": which.layer,
        "depth": cell.layers.get(which.layer),
        "human": cell.human.name,
        "level": cell.human.level,
        "readout": which.readout,
        "distance": which.distance,
    }


def of_features(cell: JudgeCell, judged: Judged, normalize: str) -> JudgedDistances:
    """The distances of all stored layers of a cell, as the study reads features.

    Args:
        cell: with its features.
        judged: what people said.
        normalize: as the study's settings say.

    Raises:
        MisalignedSamples: features that lack a judged sample.
    """
    names = judged_samples(judged)
    values, reasons = {}, {}
    for layer in cell.layers:
        which = [Which(layer, "features", distance) for distance in cell.human.distances(judged)]
        if layer not in cell.features:
            reasons |= dict.fromkeys(which, cell.missing.get(layer, "no features"))
            continue
        with place(f"{cell.name}, layer {layer}"):
            features = seen(read_features(cell.features[layer]), names, cell.views.get(layer), normalize)
            found = located(features, asked(judged)[0])
            for one in which:
                try:
                    values[one] = _distances(found, judged, one.distance)
                except ALONE as error:
                    reasons[one] = str(error)
    return JudgedDistances(values, reasons)


def _distances(found: Located, judged: Judged, distance: str) -> np.ndarray:
    """(n, pairs) distances; `triplet` has every sample of a matrix as context."""
    if distance != "triplet" or not isinstance(judged, HumanRdm):
        return distances(found, asked(judged)[1], distance)
    n = len(judged.sample_ids)
    rows = np.concatenate([found.members[:1, 0], found.members[: n - 1, 1]])
    made = dissimilarities(Located(found.values, rows[:, None]), "triplet")
    return made[np.triu_indices(n, 1)][:, None]


def keep(path: Path, made: JudgedDistances) -> None:
    """Write distances to a file."""
    notes = {
        "kind": "distances",
        "which": json.dumps([list(which) for which in made.values]),
        "reasons": json.dumps([[*which, why] for which, why in made.reasons.items()]),
    }
    write_arrays(path, {str(k): values for k, values in enumerate(made.values.values())}, notes)


def kept(path: Path) -> JudgedDistances:
    """Read what `keep` wrote; the arrays are memory maps.

    Raises:
        MissingArtifact, DamagedArtifact: no such file, or not all of it.
    """
    arrays, notes = read_arrays(path)
    values = {Which(*which): arrays[str(k)] for k, which in enumerate(json.loads(notes["which"]))}
    return JudgedDistances(values, {Which(*one[:3]): one[3] for one in json.loads(notes["reasons"])})
