"""Triplets of images: drawn by rules on classes or clusters, answered as a teacher would."""

from seealike.triplets.clusters import Clusters, k_means
from seealike.triplets.responses import Responses, respond
from seealike.triplets.sampling import Rule, Weighting, sample_triplets, too_small, triplet_blocks

__all__ = [
    "Clusters",
    "Responses",
    "Rule",
    "Weighting",
    "k_means",
    "respond",
    "sample_triplets",
    "too_small",
    "triplet_blocks",
]
