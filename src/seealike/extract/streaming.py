"""Distances of pairs of images at many layers of a model, every image encoded once and its tokens soon let go."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from seealike.data.atomic import writable
from seealike.errors import BadParameter, UnknownName, suggestion
from seealike.extract.pair_stream import Key, LayerReadout, PairStream
from seealike.extract.reader import Reader
from seealike.extract.run import Pass, Progress
from seealike.human.distances import rule_of
from seealike.human.rows import row_numbers
from seealike.sources.datasets.card import Samples

#: Names of what can be compared of a layer.
READOUTS = ("tokens", "cls", "mean", "patch_mean", "projection")

#: Bytes of tokens that may be held.
BUDGET = 512 << 20

_PASS = Pass(batch_size=16)


@dataclass(frozen=True)
class StreamedDistances:
    """What `pair_distances_of_layers` finds.

    Attributes:
        values: (set, layer, readout, distance) -> distances in the shape of the set's pairs, float64.
        reasons: likewise, why there are none.
    """

    values: dict[Key, np.ndarray] = field(default_factory=dict)
    reasons: dict[Key, str] = field(default_factory=dict)


def pair_distances_of_layers(
    reader: Reader,
    samples: Samples,
    pairs: Mapping[str, np.ndarray],
    readouts: Sequence[LayerReadout],
    distances: Sequence[str],
    how: Pass = _PASS,
    *,
    scratch: Path,
    budget: int = BUDGET,
    progress: Progress = lambda done, total: None,
) -> StreamedDistances:
    """The distances of many pairs of images at many layers, over all tokens too, from one pass over the images.

    An image's tokens are held as long as images come that it is compared with; the order in which images are read
    keeps that short (`seealike.human.pair_order`). Where it cannot - every object of a set with every other, say -
    tokens go through a file. With x, y the T tokens × C channels of two images, the distances of the readout "tokens"
    are those of `seealike.human.pair_distances` of the T·C numbers side by side, except that channels are weighed:

    - normalized_euclidean √(mean_c m_c/μ_c), m_c = mean_t (x_tc - y_tc)², μ_c its mean over the set's pairs;
    - zscored_euclidean √(mean_c m_c/σ_c²), σ_c² the variance over all tokens of the set's images;
    - unit_channels mean_t ‖x_t/‖x_t‖ - y_t/‖y_t‖‖² (LPIPS without its weights);
    - whitened_euclidean has no value.

    Args:
        reader: the model.
        samples: the images.
        pairs: name of a set -> (…, 2) sample ids, or row numbers from 0, as `seealike.human.asked.pairs_asked` gives
            them; several sets cost one pass.
        readouts: what is compared.
        distances: names, as for `pair_distances`.
        how: batch size, device, threads. An image that cannot be read is always an error.
        scratch: a folder for files of this run alone; they are removed at the end, whatever happens.
        budget: bytes of tokens held in memory, of all layers together. The batches come on top.
        progress: called with (images done, images in all).

    Returns:
        Distances by set, layer, readout and name, and reasons for those that have none: a readout that does not fit a
        layer, a distance that is not defined for these images.

    Raises:
        BadParameter, UnknownName: no such readout, or distance; no pairs.
        MisalignedSamples: a sample in a pair that the dataset lacks.
        BadSample: an image that cannot be read.
        StoreError: too little room in `scratch`.
        OutOfMemory: not even one image fits.

    Source:
        normalized_euclidean over tokens: Hernández-Cámara et al. 2024, "Measuring human-CLIP alignment at different
        abstraction levels".
    """
    _check(reader, readouts, distances, pairs)
    n, ids = len(samples.sample_ids), samples.sample_ids
    rows = {name: row_numbers(some, n, ids=ids, where=f"images of {name}") for name, some in pairs.items()}
    with writable(scratch), tempfile.TemporaryDirectory(prefix="pairs-", dir=scratch) as folder:
        stream = PairStream(reader, samples, rows, tuple(distances), Path(folder))
        stream.run(tuple(dict.fromkeys(readouts)), how, budget, progress)
        return StreamedDistances(*stream.found())


def _check(
    reader: Reader,
    readouts: Sequence[LayerReadout],
    distances: Sequence[str],
    pairs: Mapping[str, np.ndarray],
) -> None:
    where = f"model {reader.name}"
    for one in readouts:
        if one.readout not in READOUTS:
            fix = suggestion(one.readout, READOUTS)
            raise UnknownName(where=where, expected="the name of a readout", got=repr(one.readout), fix=fix)
    for name in distances:
        rule_of(name)
    if not readouts or not distances or not any(np.size(some) for some in pairs.values()):
        raise BadParameter(
            where=where,
            expected="pairs of images, layers to read and distances",
            got=f"{len(pairs)} sets, {len(readouts)} readouts, {len(distances)} distances",
            fix="Give at least one of each.",
        )
    if reader.model.modality != "image":
        raise BadParameter(
            where=where, expected="a model of images", got="one of texts", fix="Compare its pooled features."
        )
    for name, some in pairs.items():
        if np.ndim(some) < 2 or np.shape(some)[-1] != 2 or not np.size(some):
            raise BadParameter(
                where=f"pairs of {name}",
                expected="an array (…, 2), not empty",
                got=f"shape {np.shape(some)}",
                fix="Use human.asked.pairs_asked.",
            )
