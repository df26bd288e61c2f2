"""A model times a dataset gives features: pooling, batching, and writes that survive being killed."""

from seealike.extract.run import extract

__all__ = ["extract"]
