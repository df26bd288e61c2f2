"""The search of `fit_variational`: Adam on normal weights, with empty dimensions dropped on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch

from seealike.embeddings.counted import Counted
from seealike.embeddings.spike_slab import entropy, log_prior, significant_objects
from seealike.errors import BadParameter, UndefinedMeasure

#: Told after each step: (steps done, nats a trial of the evidence's bound, dimensions).
Progress: TypeAlias = Callable[[int, float, int], object]

#: Steps between two looks at which dimensions are empty.
_LOOK = 25


@dataclass(frozen=True)
class VariationalSettings:
    """How `fit_variational` searches.

    Attributes:
        n_dims: that the search starts with.
        spike: standard deviation of the prior's weights near zero.
        slab: of its other weights.
        spike_share: π, how many are near zero.
        objects: a dimension is kept if more than so many objects have a weight above zero in it.
        level: the false discovery rate of that.
        learning_rate: of Adam, on all trials at once.
        burn_in: steps before a dimension may be dropped.
        window: the search ends when no dimension was dropped in so many steps, and settles in as many more.
        max_steps: at most.
        seed: of starting places and of the noise.
    """

    n_dims: int = 100
    spike: float = 0.25
    slab: float = 1.0
    spike_share: float = 0.5
    objects: int = 5
    level: float = 0.05
    learning_rate: float = 0.03
    burn_in: int = 300
    window: int = 200
    max_steps: int = 3000
    seed: int = 0


class Search:
    """Adam on μ and log σ, with the dimensions that are left."""

    def __init__(self, known: Counted, settings: VariationalSettings) -> None:
        self.known, self.how = known, settings
        self.noise = torch.Generator().manual_seed(settings.seed)
        shape = (known.n_objects, settings.n_dims)
        self.means = torch.rand(shape, generator=self.noise)
        self.log_deviations = torch.full(shape, -2.0)
        self._restart([{}, {}])

    def run(self, progress: Progress | None) -> tuple[float, bool]:
        """The bound, in nats a trial, and whether the dimensions had settled."""
        how, bound, dropped_at = self.how, float("nan"), self.how.burn_in
        ends = how.max_steps  # brought forward when the dimensions have settled
        step = 0
        while step < ends:
            step += 1
            self.optimizer.param_groups[0]["lr"] = how.learning_rate * min(1, (ends - step + 1) / how.window)
            bound = self._step(bound)
            if progress is not None:
                progress(step, bound, self.means.shape[1])
            if step >= how.burn_in and step % _LOOK == 0 and self._drop():
                dropped_at = step
            if step - dropped_at == how.window:
                ends = min(ends, step + how.window)
        self._drop(gently=False)
        return bound, step - dropped_at >= how.window

    def _step(self, before: float) -> float:
        deviations = self.log_deviations.exp()
        x = self.means + deviations * torch.randn(self.means.shape, generator=self.noise)
        prior = log_prior(x, self.how.spike, self.how.slab, self.how.spike_share).sum()
        bound = self.known.log_likelihood(x.relu()) + prior + entropy(self.log_deviations)
        bound = bound / self.known.n_trials
        self.optimizer.zero_grad()
        (-bound).backward()
        self.optimizer.step()
        # One draw is noisy: what is told is a running mean.
        now = float(bound.detach())
        return now if before != before else 0.98 * before + 0.02 * now

    def _drop(self, *, gently: bool = True) -> bool:
        """Leave empty dimensions out, gently at most half of all at a time; whether there were any."""
        means, deviations = self.means.detach(), self.log_deviations.detach().exp()
        many = significant_objects(means.numpy(), deviations.numpy(), self.how.level)
        empty = many <= self.how.objects
        if not empty.any():
            return False
        if gently and len(many) > 1:  # what the others meant moves to those that stay
            fewest = np.lexsort((means.relu().sum(dim=0).numpy(), many))
            empty[fewest[len(many) // 2 :]] = False
        kept = torch.from_numpy(~empty)
        if not kept.any():
            raise UndefinedMeasure(
                where="fit_variational",
                expected=f"a dimension in which more than {self.how.objects} objects have a weight",
                got=f"at most {int(many.max(initial=0))}, of {self.known.n_objects} objects",
                fix="Give more trials, or lower `objects`.",
            )
        state = [self.optimizer.state[leaf] for leaf in (self.means, self.log_deviations)]
        moments = [{k: v[:, kept] if v.ndim == 2 else v for k, v in one.items()} for one in state]
        self.means, self.log_deviations = (
            means[:, kept].clone(),
            self.log_deviations.detach()[:, kept].clone(),
        )
        self._restart(moments)
        return True

    def _restart(self, moments: list[dict[str, torch.Tensor]]) -> None:
        """An optimizer for the dimensions that are left, with what it knew of them."""
        leaves = [self.means.requires_grad_(), self.log_deviations.requires_grad_()]
        self.optimizer = torch.optim.Adam(leaves, lr=self.how.learning_rate)
        for leaf, moment in zip(leaves, moments, strict=True):
            if moment:
                self.optimizer.state[leaf] = moment

    def result(self) -> tuple[np.ndarray, np.ndarray]:
        """(N, d) μ and σ in float64, dimensions by falling sum of relu(μ)."""
        means = self.means.detach().double()
        order = torch.argsort(means.relu().sum(dim=0), descending=True, stable=True)
        deviations = self.log_deviations.detach().double().exp()
        return means[:, order].numpy(), deviations[:, order].numpy()


def check_settings(how: VariationalSettings) -> None:
    """Refuse settings that cannot be.

    Raises:
        BadParameter: says which there are.
    """
    positive = (how.spike, how.slab, how.learning_rate, how.n_dims, how.window, how.max_steps)
    if (
        min(positive) > 0
        and 0 < how.spike_share < 1
        and 0 < how.level < 1
        and how.objects >= 0
        and how.burn_in >= 0
    ):
        return
    raise BadParameter(
        where="fit_variational",
        expected="positive spike, slab, learning_rate, n_dims, window and max_steps; spike_share and level in (0, 1)",
        got=str(how),
        fix="Leave them out.",
    )
