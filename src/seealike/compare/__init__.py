"""Comparing models: all pairs of them, under any measures."""

from seealike.compare.identical import identical_models
from seealike.compare.pairwise import pairwise, similarities

__all__ = ["identical_models", "pairwise", "similarities"]
