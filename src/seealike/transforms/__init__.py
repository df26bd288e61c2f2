"""Affine maps of features, fitted so that they choose as people do."""

from seealike.transforms.cross_validation import Chosen, Grid, choose_transform
from seealike.transforms.fitting import Fit, Settings, fit_transform
from seealike.transforms.objectives import Choices, choice_loss, distance_from_identity, neighbor_loss
from seealike.transforms.saved import Saved, read_transform, save_transform

__all__ = [
    "Choices",
    "Chosen",
    "Fit",
    "Grid",
    "Saved",
    "Settings",
    "choice_loss",
    "choose_transform",
    "distance_from_identity",
    "fit_transform",
    "neighbor_loss",
    "read_transform",
    "save_transform",
]
