"""Many linear classifiers trained by AdamW at once, on the same batches: one product for all of them.

Letters: n samples, d dimensions, C classes, F fits (one learning rate and weight decay each), B samples a batch.
The bias is a further column of the weights, that of a dimension which is always 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

#: Of torch.optim.AdamW, by default.
_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class Course:
    """What all fits of one seed share: where they start, and the order in which they see the samples.

    Attributes:
        start: (C, d + 1) weights and bias that every fit starts from.
        orders: (epochs, n) row numbers.
        batch_size: samples a step; the last step of an epoch has what is left.
    """

    start: torch.Tensor
    orders: torch.Tensor
    batch_size: int

    @property
    def n_steps(self) -> int:
        """Steps of all epochs."""
        return len(self.orders) * math.ceil(self.orders.shape[1] / self.batch_size)

    def batches(self) -> Iterator[torch.Tensor]:
        """The row numbers of each step."""
        for order in self.orders:
            yield from order.split(self.batch_size)


def course(seed: int, n: int, shape: tuple[int, int], *, epochs: int, batch_size: int) -> Course:
    """The very numbers of ``torch.manual_seed(seed)``, ``nn.Linear(d, C)`` and a shuffling DataLoader's epochs.

    Torch's own generator is left alone.

    Args:
        seed: of everything.
        n: training samples.
        shape: (C, d).
        epochs: how often every sample is seen.
        batch_size: samples a step.

    Example:
        >>> c = course(0, 5, (3, 2), epochs=2, batch_size=4)
        >>> _ = torch.manual_seed(0)
        >>> bool((torch.nn.Linear(2, 3).weight == c.start[:, :2]).all()), c.n_steps
        (True, 4)
    """
    generator = torch.Generator().manual_seed(seed)
    weight, bias = torch.empty(shape), torch.empty(shape[0])
    torch.nn.init.kaiming_uniform_(weight, a=math.sqrt(5), generator=generator)
    bound = 1 / math.sqrt(shape[1])
    torch.nn.init.uniform_(bias, -bound, bound, generator=generator)
    orders = torch.stack([_order(n, generator) for _ in range(epochs)])
    return Course(torch.cat([weight, bias[:, None]], dim=1), orders, batch_size)


def _order(n: int, generator: torch.Generator) -> torch.Tensor:
    # A DataLoader draws a seed for workers that it may not have, then its sampler draws one for the order.
    _, seed = (int(torch.empty((), dtype=torch.int64).random_(generator=generator)) for _ in range(2))
    return torch.randperm(n, generator=torch.Generator().manual_seed(seed))


def with_ones(values: np.ndarray) -> torch.Tensor:
    """(n, d + 1): the features and a dimension that is always 1, for the bias."""
    x = torch.ones((len(values), values.shape[1] + 1))
    x[:, :-1] = torch.from_numpy(values)
    return x


def fit(
    x: torch.Tensor, labels: torch.Tensor, path: Course, rates: torch.Tensor, decays: torch.Tensor
) -> torch.Tensor:
    """The weights of F classifiers after all steps of AdamW on the mean cross-entropy, with cosine decay.

    At step t = 1 … T of rate η_t = η (1 + cos(π (t - 1) / T)) / 2: W ← (1 - η_t λ) W - η_t m̂ / (√v̂ + 1e-8), with m̂
    and v̂ the bias-corrected running means (.9, .999) of the gradient and its square; the bias decays like the rest.
    The numbers of torch.optim.AdamW, to rounding, whatever the other fits are.

    Args:
        x: (n, d + 1) float32, from `with_ones`.
        labels: (n,) int64.
        path: start and order, the same for all fits.
        rates: (F,) float64, η of each fit.
        decays: (F,) float64, λ of each fit.

    Returns:
        (F, C, d + 1) float32.

    Source:
        Loshchilov & Hutter 2019, Decoupled weight decay regularization.
    """
    weights = path.start.repeat(len(rates), 1, 1)
    state = _Adam(weights)
    gradient = torch.empty_like(weights)
    memory = torch.empty((min(path.batch_size, path.orders.shape[1]), x.shape[1]))
    with _flushed():
        for step, rows in enumerate(path.batches()):
            # Into the same memory every time: fresh pages cost more than the copy.
            batch = torch.index_select(x, 0, rows, out=memory[: len(rows)])
            _gradient(weights, batch, labels[rows], gradient)
            now = rates * (0.5 * (1 + math.cos(math.pi * step / path.n_steps)))
            state.update(weights, gradient, now, 1 - now * decays)
    return weights


@contextmanager
def _flushed() -> Iterator[None]:
    """Numbers below 1e-38 are 0: squares of small slopes are, and processors are many times slower with them."""
    before = not torch.tensor([1e-40]).mul(1.0).item()
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


def _gradient(weights: torch.Tensor, x: torch.Tensor, labels: torch.Tensor, out: torch.Tensor) -> None:
    """The gradient of the mean cross-entropy over the batch x (B, d + 1), for each of the F classifiers."""
    n_fits, n_classes, d = weights.shape
    # Samples last: sums over the middle of (F, C, B) run over whole vectors, over the end they do not. Softmax in
    # place is two to four times as fast as torch.softmax there.
    wrong = torch.mm(weights.view(-1, d), x.T).view(n_fits, n_classes, len(x))
    wrong.sub_(wrong.amax(dim=1, keepdim=True)).exp_()
    wrong.div_(wrong.sum(dim=1, keepdim=True))
    wrong.scatter_add_(1, labels.expand(n_fits, 1, -1), torch.full((n_fits, 1, len(x)), -1.0))
    flat = out.view(-1, d)
    torch.addmm(flat, wrong.view(-1, len(x)), x, beta=0, alpha=1 / len(x), out=flat)


class _Adam:
    """Running means of F fits, and the step that they make."""

    def __init__(self, weights: torch.Tensor) -> None:
        self.mean, self.square = torch.zeros_like(weights), torch.zeros_like(weights)
        self.steps = 0

    def update(
        self, weights: torch.Tensor, gradient: torch.Tensor, rates: torch.Tensor, keep: torch.Tensor
    ) -> None:
        """One step in place; `rates` and `keep` (the factor of weight decay) are (F,). The gradient is used up."""
        self.steps += 1
        root = math.sqrt(1 - _BETA2**self.steps)
        self.mean.lerp_(gradient, 1 - _BETA1)
        self.square.mul_(_BETA2).addcmul_(gradient, gradient, value=1 - _BETA2)
        # m̂ / (√v̂ + ε) = (root / (1 - β₁ᵗ)) m / (√v + root ε): one pass over the numbers less.
        move = torch.sqrt(self.square, out=gradient).add_(root * _EPSILON)
        torch.div(self.mean, move, out=move)
        step = -rates * (root / (1 - _BETA1**self.steps))
        weights.mul_(_column(keep)).addcmul_(move, _column(step))


def _column(numbers: torch.Tensor) -> torch.Tensor:
    return numbers.to(torch.float32)[:, None, None]
