"""Keeping a student near the weights that it started from.

Letters: θ a trained parameter, θ₀ what it was at the start, λ strength, η learning rate.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from seealike.errors import BadParameter


class InitialWeights:
    """A copy of the trained parameters as they were, and the two ways of pulling back to them.

    Args:
        parameters: name -> parameter, at their start.
        strength: λ ≥ 0.

    Raises:
        BadParameter: λ < 0.

    Example:
        >>> weight = torch.nn.Parameter(torch.zeros(2))
        >>> start = InitialWeights({"w": weight}, strength=0.5)
        >>> _ = weight.data.add_(1.0)
        >>> float(start.penalty().detach())
        1.0
        >>> start.pull(learning_rate=0.1)
        >>> [round(value, 4) for value in weight.tolist()]
        [0.95, 0.95]

    Source:
        Muttenthaler et al., Nature 2025: the paper adds λ‖θ - θ₀‖² to the loss, its code decays as AdamW does (λ = 1,
        the new head included). With Adam the two differ: what Adam rescales is the gradient of the penalty too.
    """

    def __init__(self, parameters: Mapping[str, torch.nn.Parameter], strength: float) -> None:
        if not strength >= 0:
            raise BadParameter(
                where="decay to the initial weights",
                expected="strength ≥ 0",
                got=str(strength),
                fix="See decay:.",
            )
        self.strength = strength
        self.names = tuple(parameters)
        self._now = [p for p in parameters.values() if p.requires_grad]
        self._start = [p.detach().clone() for p in self._now]

    def penalty(self) -> torch.Tensor:
        """λ Σ (θ - θ₀)², a scalar for the loss."""
        moved = [(now - start).square().sum() for now, start in zip(self._now, self._starts(), strict=True)]
        return self.strength * torch.stack(moved).sum()

    @torch.no_grad()
    def pull(self, learning_rate: float) -> None:
        """θ ← θ - η λ (θ - θ₀), decoupled from the optimizer; call it just before the optimizer's own step.

        That is the published update (Adam's direction plus λ (θ - θ₀), times η): both parts are of the weights before
        the step.
        """
        for now, start in zip(self._now, self._starts(), strict=True):
            now.lerp_(start, learning_rate * self.strength)

    def _starts(self) -> list[torch.Tensor]:
        """The copies, where the parameters are now."""
        if self._now and self._start[0].device != self._now[0].device:
            self._start = [start.to(now.device) for start, now in zip(self._start, self._now, strict=True)]
        return self._start
