"""Analyses: tables in, one table out. Each is a function declared with `analysis`."""

from seealike.analyses.attribution import attribution
from seealike.analyses.base import ANALYSES, Analysis, BoundAnalysis
from seealike.analyses.category_counts import category_counts
from seealike.analyses.cluster_agreement import cluster_agreement
from seealike.analyses.clusters import clusters
from seealike.analyses.consequence_slopes import consequence_slopes
from seealike.analyses.consistency import consistency
from seealike.analyses.consistency_domains import consistency_domains
from seealike.analyses.differences import consistency_differences
from seealike.analyses.head_accuracy import head_accuracy
from seealike.analyses.inverse_u import inverse_u
from seealike.analyses.measure_agreement import measure_agreement
from seealike.analyses.model_map import model_map
from seealike.analyses.model_order import model_order
from seealike.analyses.partial_mantel import partial_mantel
from seealike.analyses.performance_gap import performance_gap
from seealike.analyses.sample_size import sample_size
from seealike.analyses.similarity_spread import similarity_spread
from seealike.analyses.variance_components import variance_components

__all__ = [
    "ANALYSES",
    "Analysis",
    "BoundAnalysis",
    "attribution",
    "category_counts",
    "cluster_agreement",
    "clusters",
    "consequence_slopes",
    "consistency",
    "consistency_differences",
    "consistency_domains",
    "head_accuracy",
    "inverse_u",
    "measure_agreement",
    "model_map",
    "model_order",
    "partial_mantel",
    "performance_gap",
    "sample_size",
    "similarity_spread",
    "variance_components",
]
