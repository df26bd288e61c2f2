"""Measures of representational similarity, one family a file, each declared with its claims."""

from seealike.measures.alignment import cka
from seealike.measures.base import MEASURES, BoundMeasure, Measure, bind, measure
from seealike.measures.claims import Claims, Invariance
from seealike.measures.dissimilarity import rsa
from seealike.measures.doubts import DoubtfulSimilarity

__all__ = [
    "MEASURES",
    "BoundMeasure",
    "Claims",
    "DoubtfulSimilarity",
    "Invariance",
    "Measure",
    "bind",
    "cka",
    "measure",
    "rsa",
]
