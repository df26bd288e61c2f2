"""Triplets of images: drawn by rules on classes or clusters, answered as a teacher would."""

from seealike.triplets.responses import Responses, respond
from seealike.triplets.sampling import Rule, Weighting, sample_triplets, triplet_blocks

__all__ = ["Responses", "Rule", "Weighting", "respond", "sample_triplets", "triplet_blocks"]
