"""Transfer: images that fool one model, shown to another."""

from __future__ import annotations

import numpy as np

from seealike.consequences.attacks import Attack, perturbed
from seealike.consequences.classifier import Classifier


def transfer(
    source: Classifier,
    target: Classifier,
    images: np.ndarray,
    labels: np.ndarray,
    attack: Attack,
    seed: int = 0,
) -> tuple[float | None, int]:
    """The share of images that fool the target, too, among those that both knew and the attack made the source err on.

    Images that the target errs on without an attack, or that the attack fails on at the source, say nothing of transfer
    and do not count. Models that tell apart different things are right, or err, each in its own task.

    Args:
        source: whose gradients the attack sees.
        target: the other model.
        images: (n, C, H, W) in [0, 1].
        labels: (n,) classes.
        attack: how, the same for all models that are compared.
        seed: of the attack's random start.

    Returns:
        The share, from 0 to 1, and of how many images; None of none.

    Raises:
        MissingDependency: the Adversarial Robustness Toolbox is not installed.

    Example:
        >>> import torch
        >>> from torch import nn
        >>> head = nn.Linear(4, 2)
        >>> known = {"weight": [[-9.0, 0, 0, 0], [9.0, 0, 0, 0]], "bias": [4.5, -4.5]}
        >>> _ = head.load_state_dict({name: torch.tensor(value) for name, value in known.items()})
        >>> one = Classifier("a", nn.Flatten(), head, np.array([0, 1]))
        >>> images = np.random.default_rng(0).random((40, 1, 2, 2), dtype=np.float32)
        >>> labels = (images[:, 0, 0, 0] > 0.5).astype(np.int64)
        >>> rate, n = transfer(one, one, images, labels, Attack(radius=0.2))
        >>> rate, 0 < n < 40
        (1.0, True)

    Source:
        The published rate counts all images: Li et al., «Causes and consequences of representational similarity in
        machine learning models», 2025.
    """
    right = [one.logits(images).argmax(axis=1) == one.outputs_of(labels) for one in (source, target)]
    chosen = np.flatnonzero(right[0] & right[1])
    if not len(chosen):
        return None, 0
    outputs = [one.outputs_of(labels[chosen]) for one in (source, target)]
    changed = perturbed(source, images[chosen], outputs[0], attack, seed)
    errs = [
        one.logits(changed).argmax(axis=1) != mine
        for one, mine in zip((source, target), outputs, strict=True)
    ]
    n = int(errs[0].sum())
    return (float(errs[1][errs[0]].mean()) if n else None), n
