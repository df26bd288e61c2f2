"""Samples with classes that overlap."""

import numpy as np

from seealike.probes import Split


def overlapping(n, d, n_classes, *, seed=0, noise=1.0):
    """Classes around random centers, rows of unit length."""
    rng = np.random.default_rng(seed)
    centers = np.random.default_rng(99).standard_normal((n_classes, d))
    labels = rng.integers(0, n_classes, n)
    labels[:n_classes] = np.arange(n_classes)
    values = centers[labels] + noise * rng.standard_normal((n, d))
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    return Split(values.astype(np.float32), labels)
