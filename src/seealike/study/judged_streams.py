"""Distances of judged images that need the images again: those between images, and those over a model's tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from seealike.data.asked import Judged, asked
from seealike.data.identity import digest
from seealike.errors import SeealikeError
from seealike.extract import Pass
from seealike.extract.image_distances import image_distances
from seealike.extract.pair_stream import LayerReadout
from seealike.extract.reader import Reader
from seealike.extract.streaming import StreamedDistances, pair_distances_of_layers
from seealike.sources.datasets.card import Samples
from seealike.sources.models import ModelCard
from seealike.study.cells import Progress
from seealike.study.devices import device
from seealike.study.extraction import Models
from seealike.study.judged_distances import JudgedDistances, Which
from seealike.study.plan import OpenedStudy
from seealike.study.units import Cell, JudgeCell

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


class SharedPasses:
    """Distances over the tokens of one model: sets of judgements over the same images are read in one pass.

    Args:
        opened: the study.
        cells: of one model, to do.
        models: that can be loaded.
    """

    def __init__(self, opened: OpenedStudy, cells: Sequence[Cell], models: Models) -> None:
        self._opened, self._models = opened, models
        streamed = [cell for cell in cells if isinstance(cell, JudgeCell) and cell.streamed]
        self._waiting = {cell.human.name: cell for cell in streamed if not cell.paths[0].exists()}
        self._found: dict[str, JudgedDistances] = {}

    def of(self, cell: JudgeCell, card: ModelCard, progress: Progress) -> JudgedDistances:
        """The distances of all layers of a cell in the readouts that are not stored.

        The first cell over some images has those of all others over them read too, and kept until they are asked for.

        Args:
            cell: of the model.
            card: the model.
            progress: told of images done.
        """
        name = cell.human.name
        if name not in self._found:
            self._found |= self._read(cell, self._models.reader(card), progress)
        return self._found.pop(name)

    def _read(self, cell: JudgeCell, reader: Reader, progress: Progress) -> dict[str, JudgedDistances]:
        together = [other for other in self._waiting.values() if _images(other) == _images(cell)]
        for other in together:
            del self._waiting[other.human.name]
        if len(together) > 1:
            try:
                return of_layers(self._opened, together, reader, progress)
            except SeealikeError:  # whose it is shows where each is read by itself
                pass
        return of_layers(self._opened, [cell], reader, progress)


def of_layers(
    opened: OpenedStudy, cells: Sequence[JudgeCell], reader: Reader, progress: Progress
) -> dict[str, JudgedDistances]:
    """The distances of all layers of some cells in the readouts that are not stored, from one pass over the images.

    A readout that does not fit a layer's output (tokens, of one row an image) is passed over where another one does.

    Args:
        opened: the study.
        cells: of one model and the same images.
        reader: the loaded model.
        progress: told of images done.

    Returns:
        Set of judgements -> distances.
    """
    settings = opened.study.settings
    scratch = cells[0].paths[0].parent
    scratch.mkdir(parents=True, exist_ok=True)
    wanted = {cell.human.name: _wanted(opened, cell) for cell in cells}
    found = pair_distances_of_layers(
        reader,
        joined([opened.samples[cell.human.dataset] for cell in cells]),
        {name: one.pairs for name, one in wanted.items()},
        [readout for one in wanted.values() for readout in one.readouts],
        list(dict.fromkeys(name for one in wanted.values() for name in one.distances)),
        Pass(settings.batch_size, settings.on_bad_image, device(settings.device)),
        scratch=scratch,
        progress=progress,
    )
    return {name: _of_set(found, name, one) for name, one in wanted.items()}


@dataclass(frozen=True)
class _Wanted:
    """What is asked of one set of judgements: pairs of ids, what to read, and under which distances."""

    pairs: np.ndarray
    readouts: tuple[LayerReadout, ...]
    distances: tuple[str, ...]


def _wanted(opened: OpenedStudy, cell: JudgeCell) -> _Wanted:
    judged = opened.judged[cell.human.name]
    members, sides = asked(judged)
    readouts = (LayerReadout(layer, readout) for layer in cell.layers for readout in cell.streamed)  # pyright: ignore[reportArgumentType]
    names = (name for name in cell.human.distances(judged) if name != _FEATURES_ONLY)
    return _Wanted(members[:, np.array(sides)], tuple(readouts), tuple(names))


def _of_set(found: StreamedDistances, name: str, wanted: _Wanted) -> JudgedDistances:
    """What one set asked for, of all that a pass has found."""
    keys = [
        Which(one.layer, one.readout, distance) for one in wanted.readouts for distance in wanted.distances
    ]
    values = {which: found.values[name, *which] for which in keys if (name, *which) in found.values}
    reasons = {which: found.reasons[name, *which] for which in keys if which not in values}
    read = {(which.layer, which.readout) for which in values}
    layers = {layer for layer, _ in read}
    missed = {
        which: why
        for which, why in reasons.items()
        if (which.layer, which.readout) in read or which.layer not in layers
    }
    return JudgedDistances(values, missed)


def _images(cell: JudgeCell) -> tuple[str, ...]:
    """Whose images a cell is about: a dataset of the study, or those below a folder."""
    own = cell.human.images
    return ("dataset", cell.human.dataset) if own is None else ("folder", str(own.images.resolve()))


def joined(some: Sequence[Samples]) -> Samples:
    """The images of several sets below one folder, each once.

    Example:
        >>> one, two = (Samples(tuple(names), lambda row, n=names: n[row], None, (), "ab") for names in ("ab", "bc"))
        >>> found = joined([one, two])
        >>> found.sample_ids, found.image(2)
        (('a', 'b', 'c'), 'c')
    """
    first = some[0]
    if all(other is first for other in some):
        return first
    places = {name: (one, row) for one in reversed(some) for row, name in enumerate(one.sample_ids)}
    names = tuple(sorted(places))

    def image(row: int) -> Image.Image:
        samples, place = places[names[row]]
        assert samples.image is not None
        return samples.image(place)

    revision = digest([one.revision for one in some])
    return Samples(names, None if first.image is None else image, None, (), revision)
