"""What a transform is fitted to: choices in triplets, neighbors that should stay, and a map near the identity.

Letters: N objects, p dimensions, n triplets, S = Z Zᵀ the inner products of all objects.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch


@dataclass(frozen=True)
class Choices:
    """Triplets with how likely each of their pairs is to be chosen as the most similar.

    Attributes:
        triplets: (n, 3) int64 rows of objects.
        targets: (n, 3) float64 probabilities of the pairs (0, 1), (0, 2), (1, 2); rows sum to one.
    """

    triplets: torch.Tensor = field(repr=False)
    targets: torch.Tensor = field(repr=False)

    def __len__(self) -> int:
        return len(self.triplets)

    def within(self, objects: torch.Tensor) -> Choices:
        """The triplets whose three objects are all among `objects`, (N,) bool."""
        kept = objects[self.triplets].all(dim=1)
        return Choices(self.triplets[kept], self.targets[kept])


def choice_loss(z: torch.Tensor, choices: Choices) -> torch.Tensor:
    """Mean KL(target ‖ softmax of the three inner products), in nats; log space throughout.

    Triplets need three numbers of S each, not three rows of Z: S is one product, its gradient another, and between
    them numbers are gathered and scattered, whatever n is.

    Args:
        z: (N, d) the objects' places.
        choices: triplets and targets.

    Returns:
        A scalar: the cross-entropy less the targets' own entropy; 0 where choices are predicted as they are made.

    Example:
        >>> made = Choices(torch.tensor([[0, 1, 2]]), torch.full((1, 3), 1 / 3, dtype=torch.float64))
        >>> round(float(choice_loss(torch.eye(3, dtype=torch.float64), made)), 12)
        0.0
    """
    products = z @ z.T
    first, second, third = choices.triplets.T
    similarities = torch.stack(
        [products[first, second], products[first, third], products[second, third]], dim=1
    )
    log_p = torch.log_softmax(similarities, dim=1)
    targets = choices.targets.to(z.dtype)
    return (torch.xlogy(targets, targets) - targets * log_p).sum(dim=1).mean()


def neighbor_loss(x: torch.Tensor, z: torch.Tensor, temperature: float) -> torch.Tensor:
    """How far the neighbors before and after a map differ: mean cross-entropy of P with Q, less the entropy of P.

    P_i = softmax over j ≠ i of cos(x_i, x_j) / τ, and Q of z alike: the local contrastive term.

    Args:
        x: (B, p) before the map, standardized as the map's input is.
        z: (B, d) after it.
        temperature: τ > 0.

    Returns:
        A scalar ≥ 0; 0 where all neighborhoods are kept.

    Example:
        >>> x = torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
        >>> round(float(neighbor_loss(x, 2 * x, 0.1)), 12)
        0.0
    """
    itself = torch.eye(len(x), dtype=torch.bool, device=x.device)
    before, after = (_log_neighbors(rows, temperature, itself) for rows in (x, z))
    return (before.exp() * (before - after)).masked_fill(itself, 0.0).sum(dim=1).mean()


def _log_neighbors(rows: torch.Tensor, temperature: float, itself: torch.Tensor) -> torch.Tensor:
    """(B, B) log probabilities of being the neighbor; the diagonal means nothing."""
    unit = torch.nn.functional.normalize(rows, dim=1)
    lowest = torch.finfo(rows.dtype).min
    return torch.log_softmax((unit @ unit.T / temperature).masked_fill(itself, lowest), dim=1)


def distance_from_identity(weights: torch.Tensor) -> torch.Tensor:
    """‖W - c I‖², squared Frobenius, with c the mean of W's diagonal; gradients flow through c.

    Args:
        weights: (p, d); the identity has ones on the main diagonal.

    Example:
        >>> float(distance_from_identity(3 * torch.eye(4)))
        0.0
    """
    size = min(weights.shape)
    c = weights.diagonal().sum() / size
    return weights.square().sum() - 2 * c * weights.diagonal().sum() + size * c.square()
