"""A model times a dataset gives features: pooling, batching, and writes that survive being killed."""

from seealike.extract.job import Ended, Reading
from seealike.extract.reader import Reader
from seealike.extract.run import Pass, extract, extract_together

__all__ = ["Ended", "Pass", "Reader", "Reading", "extract", "extract_together"]
