"""How human-like a model's similarities are: scores against people's judgements, with ceilings and intervals."""

from seealike.human.ceilings import NoiseCeiling, noise_ceiling
from seealike.human.choices import TwoAfc, two_afc
from seealike.human.distances import Distance, pair_distances
from seealike.human.triplets import OddOneOut, odd_one_out

__all__ = [
    "Distance",
    "NoiseCeiling",
    "OddOneOut",
    "TwoAfc",
    "noise_ceiling",
    "odd_one_out",
    "pair_distances",
    "two_afc",
]
