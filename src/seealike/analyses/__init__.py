"""Analyses: tables in, one table out. Each is a function declared with `analysis`."""

from seealike.analyses.base import ANALYSES, Analysis, BoundAnalysis
from seealike.analyses.consistency import consistency
from seealike.analyses.differences import consistency_differences
from seealike.analyses.head_accuracy import head_accuracy

__all__ = [
    "ANALYSES",
    "Analysis",
    "BoundAnalysis",
    "consistency",
    "consistency_differences",
    "head_accuracy",
]
