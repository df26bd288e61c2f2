"""Comparing models: all pairs of them, under any measures."""

from seealike.compare.pairwise import pairwise, similarities

__all__ = ["pairwise", "similarities"]
