"""What similarity leads to: attacks that transfer, answers and errors in common, stitched networks, ensembles."""

from seealike.consequences.attacks import Attack, perturbed
from seealike.consequences.between import KINDS, Kind, consequences_between
from seealike.consequences.classifier import Classifier, TestSamples
from seealike.consequences.predictions import agreement, ensemble_gain, error_consistency, kappa
from seealike.consequences.stitching import stitched_accuracy
from seealike.consequences.transfer import transfer

__all__ = [
    "KINDS",
    "Attack",
    "Classifier",
    "Kind",
    "TestSamples",
    "agreement",
    "consequences_between",
    "ensemble_gain",
    "error_consistency",
    "kappa",
    "perturbed",
    "stitched_accuracy",
    "transfer",
]
