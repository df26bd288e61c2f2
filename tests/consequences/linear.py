"""Classifiers whose every answer is known: linear ones, of two classes, on images of 2 x 2 pixels."""

import numpy as np
import torch
from torch import nn

from seealike.consequences import Classifier


def linear(name, weights, classes=(0, 1), body=None):
    """Says the second of the classes where weights · (pixels - 0.5) is positive."""
    head = nn.Linear(4, 2)
    rows = torch.tensor([[-float(w) for w in weights], [float(w) for w in weights]])
    head.load_state_dict({"weight": rows, "bias": -0.5 * rows.sum(1)})
    return Classifier(name, body or nn.Flatten(), head, np.array(classes))


def images(n=200, seed=0):
    """Pixels apart from 0.5 all to the same side, so that every pixel tells the class; and the classes."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n)
    away = 0.02 + 0.2 * rng.random((n, 1, 2, 2))
    return (0.5 + np.where(labels, 1, -1)[:, None, None, None] * away).astype(np.float32), labels
