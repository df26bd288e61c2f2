"""Stitching: one network's features, read by another's head through one affine map."""

from __future__ import annotations

import numpy as np

from seealike.consequences.classifier import Classifier
from seealike.errors import TooFewSamples

#: Strengths of the ridge that are tried, on standardized features.
_STRENGTHS = np.logspace(-3, 4, 15)


def stitched_accuracy(
    first: Classifier, second: Classifier, images: np.ndarray, labels: np.ndarray, seed: int = 0
) -> tuple[float, int]:
    """The accuracy of `second`'s head on features of `first`, mapped to look like those of `second`.

    The map is ridge regression of one network's features on the other's over half of the samples (the strength by
    leave-one-out), and needs no labels; the accuracy is over the other half. No gradient is taken through the head, so
    this is less than a stitching layer that is trained for the task can reach.

    Args:
        first: whose body is used.
        second: whose head is used.
        images: (n, C, H, W) in [0, 1].
        labels: (n,) classes; those that `second` does not know serve the map alone.
        seed: of the halves.

    Returns:
        The accuracy, and over how many samples.

    Raises:
        TooFewSamples: fewer than 4 samples, or none in the second half whose class `second` knows.

    Example:
        >>> import torch
        >>> from torch import nn
        >>> images = np.random.default_rng(0).random((40, 1, 2, 2), dtype=np.float32)
        >>> labels = (images[:, 0, 0, 0] > 0.5).astype(np.int64)
        >>> head = nn.Linear(4, 2)
        >>> known = {"weight": [[-9.0, 0, 0, 0], [9.0, 0, 0, 0]], "bias": [4.5, -4.5]}
        >>> _ = head.load_state_dict({name: torch.tensor(value) for name, value in known.items()})
        >>> second = Classifier("b", nn.Flatten(), head, np.array([0, 1]))
        >>> class Turned(nn.Module):
        ...     def forward(self, x):
        ...         return 3 - 2 * x.flatten(1).flip(1)
        >>> first = Classifier("a", Turned(), nn.Linear(4, 2), np.array([0, 1]))
        >>> stitched_accuracy(first, second, images, labels)
        (1.0, 20)

    Source:
        Lenc & Vedaldi, «Understanding image representations by measuring their equivariance and equivalence», CVPR
        2015; direct matching: Csiszárik et al., «Similarity and matching of neural network representations», NeurIPS
        2021.
    """
    from sklearn.linear_model import RidgeCV
    from sklearn.preprocessing import StandardScaler

    order = np.random.default_rng(seed).permutation(len(labels))
    fitted, tested = order[: len(order) // 2], order[len(order) // 2 :]
    right = second.outputs_of(labels)
    tested = tested[right[tested] >= 0]
    if len(fitted) < 2 or not len(tested):
        raise TooFewSamples(
            where="stitching",
            expected="4 samples or more, some of classes that the head knows",
            got=f"{len(labels)} samples, {int((right >= 0).sum())} of such classes",
            fix="Evaluate on more samples.",
        )
    theirs, wanted = first.features(images), second.features(images)
    scaler = StandardScaler().fit(theirs[fitted].reshape(len(fitted), -1))
    flat = scaler.transform(theirs.reshape(len(theirs), -1))
    ridge = RidgeCV(alphas=_STRENGTHS).fit(flat[fitted], wanted[fitted].reshape(len(fitted), -1))
    mapped = ridge.predict(flat[tested]).reshape(len(tested), *wanted.shape[1:])
    predicted = second.logits_of(mapped).argmax(axis=1)
    return float((predicted == right[tested]).mean()), len(tested)
