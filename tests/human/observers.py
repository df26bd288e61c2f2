"""Planted observers: people whose choices follow known features, with known noise."""

import numpy as np


def drawn_triplets(rng, n_samples, n_triplets):
    return np.array([rng.choice(n_samples, 3, replace=False) for _ in range(n_triplets)])


def probabilities(z, triplets, temperature=1.0):
    """(n, 3) the probability that each sample of a triplet is called odd, by softmax over the dot products left."""
    a, b, c = z[triplets].transpose(1, 0, 2)
    left = np.stack([(b * c).sum(1), (a * c).sum(1), (a * b).sum(1)], axis=1) / temperature
    e = np.exp(left - left.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def choose(rng, triplets, p):
    """Triplets with the chosen odd one last."""
    odd = (rng.random(len(p))[:, None] > p.cumsum(axis=1)[:, :2]).sum(axis=1)
    order = np.array([[1, 2, 0], [0, 2, 1], [0, 1, 2]])[odd]
    return np.take_along_axis(triplets, order, axis=1)
