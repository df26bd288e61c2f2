"""A model times a dataset gives features: pooling, batching, and writes that survive being killed."""

from seealike.extract.job import Ended, Reading
from seealike.extract.pair_stream import LayerReadout
from seealike.extract.reader import Reader
from seealike.extract.run import Pass, extract, extract_together
from seealike.extract.streaming import StreamedDistances, pair_distances_of_layers

__all__ = [
    "Ended",
    "LayerReadout",
    "Pass",
    "Reader",
    "Reading",
    "StreamedDistances",
    "extract",
    "extract_together",
    "pair_distances_of_layers",
]
