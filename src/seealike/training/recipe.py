"""How something is trained: all that decides the weights, apart from the task and its data."""

from __future__ import annotations

import math
from typing import Literal, Self

from pydantic import Field, model_validator

from seealike.data.identity import digest
from seealike.sources.entry import Entry


class Recipe(Entry):
    """Optimizer, schedule and length of one training.

    A step is one update of the weights, from `accumulate` batches. The learning rate rises along a line over the
    warm-up to `learning_rate`, then stays ("constant"), or falls along a line ("linear") or half a cosine ("cosine") to
    `final_share` of it at the end.

    Attributes:
        steps: updates; or
        epochs: how often the task's batches are gone through; one of the two.
        batch_size: samples of a batch, for the task to heed.
        optimizer: "sgd", "adam" or "adamw" (Loshchilov and Hutter 2019, arXiv:1711.05101).
        learning_rate: the largest one.
        weight_decay: decoupled with "adamw", a gradient of λ‖w‖²/2 with the others.
        decay_matrices_only: whether biases, gains and other parameters of fewer than two axes are free of it.
        momentum: of "sgd".
        betas: of "adam" and "adamw".
        schedule: see above.
        final_share: see above.
        warmup_steps: length of the warm-up; or
        warmup_share: the same as a share of all steps.
        clip_norm: gradients are scaled down to this length together, where they are longer.
        precision: of the forward pass, where torch deems it safe; "float16" only on CUDA.
        accumulate: batches a step.
        ema: decay of the running average of the weights, which is what training then ends with; None for none.
        seed: of the order of batches, augmentation and dropout.
        checkpoint_every: steps between states on disk; changes no number.

    Example:
        >>> recipe = Recipe(steps=10, learning_rate=0.2, warmup_steps=2)
        >>> [round(recipe.rate(step, 10), 3) for step in (0, 1, 2, 6, 9)]
        [0.1, 0.2, 0.2, 0.1, 0.008]
        >>> recipe.digest == Recipe(steps=10, learning_rate=0.2, warmup_steps=2, checkpoint_every=5).digest
        True
    """

    steps: int | None = Field(default=None, gt=0)
    epochs: float | None = Field(default=None, gt=0)
    batch_size: int = Field(default=64, gt=0)
    optimizer: Literal["sgd", "adam", "adamw"] = "adamw"
    learning_rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=0.0, ge=0)
    decay_matrices_only: bool = False
    momentum: float = Field(default=0.9, ge=0, lt=1)
    betas: tuple[float, float] = (0.9, 0.999)
    schedule: Literal["constant", "linear", "cosine"] = "cosine"
    final_share: float = Field(default=0.0, ge=0, le=1)
    warmup_steps: int = Field(default=0, ge=0)
    warmup_share: float = Field(default=0.0, ge=0, lt=1)
    clip_norm: float | None = Field(default=None, gt=0)
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    accumulate: int = Field(default=1, gt=0)
    ema: float | None = Field(default=None, gt=0, lt=1)
    seed: int = Field(default=0, ge=0)
    checkpoint_every: int = Field(default=1000, gt=0)

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if (self.steps is None) == (self.epochs is None):
            raise ValueError("expected either `steps` or `epochs`")
        if self.warmup_steps and self.warmup_share:
            raise ValueError("expected either `warmup_steps` or `warmup_share`, not both")
        return self

    @property
    def digest(self) -> str:
        """Of everything that changes the weights."""
        return digest(self.model_dump(exclude={"checkpoint_every"}))

    def n_steps(self, n_batches: int) -> int:
        """Updates in all, for a task of so many batches an epoch.

        Example:
            >>> Recipe(epochs=2, accumulate=4).n_steps(n_batches=10)
            5
        """
        if self.steps is not None:
            return self.steps
        assert self.epochs is not None
        return max(1, round(self.epochs * n_batches / self.accumulate))

    def rate(self, step: int, steps: int) -> float:
        """The learning rate of one step of so many.

        Args:
            step: from 0.
            steps: updates in all.
        """
        rise = self.warmup_steps or round(self.warmup_share * steps)
        if step < rise:
            return self.learning_rate * (step + 1) / rise
        if self.schedule == "constant":
            return self.learning_rate
        gone = (step - rise) / max(1, steps - rise)
        left = 1 - gone if self.schedule == "linear" else (1 + math.cos(math.pi * gone)) / 2
        return self.learning_rate * (self.final_share + (1 - self.final_share) * left)
