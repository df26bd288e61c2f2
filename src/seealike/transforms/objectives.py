"""What a transform is fitted to: choices in triplets, neighbors that should stay, and a map near the identity.

Letters: N objects, p dimensions, n triplets, S = Z Zᵀ the inner products of all objects.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch

#: Triplets of one block, whose numbers stay in the processor's cache.
_BLOCK = 1 << 15


#: With fewer inner products asked for than this share of all, only those are made: gathered rows cost more than a
#: product of matrices does.
_FEW = 0.01


@dataclass(frozen=True)
class Asked:
    """Which inner products some triplets ask for, in the order of the objects: neighbors lie side by side in memory.

    Attributes:
        pairs: (2, P) rows of the pairs that are made; None for all N² of them.
        places: (3, n) where among the pairs those of each triplet stand.
        targets: (3, n) how likely each is chosen.
    """

    pairs: torch.Tensor | None
    places: np.ndarray
    targets: np.ndarray


@dataclass(frozen=True)
class Choices:
    """Triplets with how likely each of their pairs is to be chosen as the most similar.

    Attributes:
        triplets: (n, 3) int64 rows of objects.
        targets: (n, 3) float64 probabilities of the pairs (0, 1), (0, 2), (1, 2); rows sum to one.
    """

    triplets: torch.Tensor = field(repr=False)
    targets: torch.Tensor = field(repr=False)
    _kept: dict[int, Asked] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.triplets)

    def within(self, objects: torch.Tensor) -> Choices:
        """The triplets whose three objects are all among `objects`, (N,) bool."""
        kept = objects[self.triplets].all(dim=1)
        return Choices(self.triplets[kept], self.targets[kept])

    def asked(self, n_objects: int) -> Asked:
        """Which inner products of N objects these choices ask for; found once."""
        if n_objects not in self._kept:
            rows, targets = self.triplets.cpu().numpy(), self.targets.cpu().double().numpy()
            order = np.lexsort((rows[:, 1], rows[:, 0]))
            a, b, c = rows[order].T
            flat = np.stack([a * n_objects + b, a * n_objects + c, b * n_objects + c])
            pairs = None
            if flat.size < n_objects**2:
                some, inverse = np.unique(flat, return_inverse=True)
                if some.size < _FEW * n_objects**2:
                    flat, pairs = inverse, torch.from_numpy(np.stack(np.divmod(some, n_objects)))
            places = flat.reshape(3, -1)
            self._kept[n_objects] = Asked(pairs, places, np.ascontiguousarray(targets[order].T))
        return self._kept[n_objects]

    @cached_property
    def entropy(self) -> float:
        """Mean entropy of the targets, in nats: what no prediction can do without."""
        return float(torch.special.entr(self.targets.double()).sum(dim=1).mean())


def choice_loss(z: torch.Tensor, choices: Choices) -> torch.Tensor:
    """Mean KL(target ‖ softmax of the three inner products), in nats; log space throughout.

    Triplets need three numbers of S each, not three rows of Z: S is one product, its gradient another, and between
    them numbers are gathered and scattered in float64, whatever n is. Few triplets need only some of S.

    Args:
        z: (N, d) the objects' places.
        choices: triplets and targets.

    Returns:
        A scalar: the cross-entropy less the targets' own entropy; 0 where choices are predicted as they are made.

    Example:
        >>> made = Choices(torch.tensor([[0, 1, 2]]), torch.full((1, 3), 1 / 3, dtype=torch.float64))
        >>> abs(round(float(choice_loss(torch.eye(3, dtype=torch.float64), made)), 12))
        0.0
    """
    asked = choices.asked(len(z))
    if asked.pairs is None:
        products = (z @ z.T).flatten()
    else:
        first, second = (z.index_select(0, rows.to(z.device)) for rows in asked.pairs)
        products = (first * second).sum(dim=1)
    crossed = _CrossEntropy.apply(products, asked)
    assert isinstance(crossed, torch.Tensor)
    return crossed - choices.entropy


class _CrossEntropy(torch.autograd.Function):
    """Mean of -Σ_k p_k log softmax_k(s) over triplets, as a function of the inner products that they ask for."""

    @staticmethod
    def forward(ctx: Any, products: torch.Tensor, asked: Asked) -> torch.Tensor:
        """The value; the gradient with respect to the products is made on the way, where it is wanted."""
        values = products.detach().cpu().double().numpy()
        mean, gradient = _crossed(values, asked, wanted=ctx.needs_input_grad[0])
        if gradient is not None:
            ctx.save_for_backward(torch.from_numpy(gradient).to(products))
        return products.new_tensor(mean)

    @staticmethod
    def backward(ctx: Any, *upstream: torch.Tensor) -> tuple[torch.Tensor, None]:
        """The gradient that was kept."""
        (gradient,) = ctx.saved_tensors
        return upstream[0] * gradient, None


def _crossed(products: np.ndarray, asked: Asked, *, wanted: bool) -> tuple[float, np.ndarray | None]:
    """The mean over triplets, and its gradient; blocks side by side, added in their order."""
    places, targets = asked.places, asked.targets
    n = places.shape[1]
    slopes = np.empty(targets.shape) if wanted else None

    def block(start: int) -> float:
        part = slice(start, start + _BLOCK)
        p = targets[:, part]
        s = products.take(places[:, part])
        s -= s.max(axis=0)
        odds = np.exp(s)
        sums = odds.sum(axis=0)
        if slopes is not None:
            np.subtract(odds / sums, p, out=slopes[:, part])
        return float(np.log(sums).sum() - np.einsum("kn,kn->", p, s))

    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        mean = sum(pool.map(block, range(0, n, _BLOCK))) / n
    if slopes is None:
        return mean, None
    return mean, np.bincount(places.ravel(), slopes.ravel(), minlength=len(products)) / n


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
