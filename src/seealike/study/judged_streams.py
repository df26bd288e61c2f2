"""Distances of judged images that need the images again: those between images, and those over a model's tokens."""

from __future__ import annotations

import numpy as np

from seealike.data.asked import Judged, asked
from seealike.extract import Pass
from seealike.extract.image_distances import image_distances
from seealike.extract.pair_stream import LayerReadout
from seealike.extract.reader import Reader
from seealike.extract.streaming import pair_distances_of_layers
from seealike.study.cells import Progress
from seealike.study.devices import device
from seealike.study.judged_distances import JudgedDistances, Which
from seealike.study.plan import OpenedStudy
from seealike.study.units import JudgeCell

#: Rows and matrices of all samples have no meaning for tokens.
_FEATURES_ONLY = "triplet"


def of_images(opened: OpenedStudy, cell: JudgeCell, judged: Judged, progress: Progress) -> JudgedDistances:
    """The distances of a baseline; what it cannot do is its one reason.

    Args:
        opened: the study.
        cell: of the baseline.
        judged: what people said.
        progress: told of judgements done.
    """
    samples = opened.samples[cell.human.dataset]
    row = {name: k for k, name in enumerate(samples.sample_ids)}
    members, sides = asked(judged)
    names, inverse = np.unique(members.astype(str), return_inverse=True)
    rows = np.array([row[name] for name in names.tolist()])[inverse].reshape(members.shape)
    which = Which("", "images", cell.model)
    far = image_distances(cell.model, samples, rows, sides, progress=progress)  # pyright: ignore[reportArgumentType]
    return JudgedDistances({which: far}, {})


def of_layers(
    opened: OpenedStudy, cell: JudgeCell, judged: Judged, reader: Reader, progress: Progress
) -> JudgedDistances:
    """The distances of all layers of a cell in the readouts that are not stored, from one pass over the images.

    A readout that does not fit a layer's output (tokens, of one row an image) is passed over where another one does.

    Args:
        opened: the study.
        cell: of the model.
        judged: what people said.
        reader: the loaded model.
        progress: told of images done.
    """
    settings = opened.study.settings
    members, sides = asked(judged)
    names = [name for name in cell.human.distances(judged) if name != _FEATURES_ONLY]
    scratch = cell.paths[0].parent
    scratch.mkdir(parents=True, exist_ok=True)
    found = pair_distances_of_layers(
        reader,
        opened.samples[cell.human.dataset],
        {cell.human.name: members[:, np.array(sides)]},
        [LayerReadout(layer, readout) for layer in cell.layers for readout in cell.streamed],  # pyright: ignore[reportArgumentType]
        names,
        Pass(settings.batch_size, settings.on_bad_image, device(settings.device)),
        scratch=scratch,
        progress=progress,
    )
    values = {Which(*key[1:]): far for key, far in found.values.items()}
    reasons = {Which(*key[1:]): why for key, why in found.reasons.items()}
    read = {(which.layer, which.readout) for which in values}
    layers = {layer for layer, _ in read}
    missed = {
        which: why
        for which, why in reasons.items()
        if (which.layer, which.readout) in read or which.layer not in layers
    }
    return JudgedDistances(values, missed)
