"""How a student is trained: all that decides its weights, apart from the network, the images and the triplets."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from seealike.data.identity import digest
from seealike.sources.entry import Entry
from seealike.sources.models.lora import Lora
from seealike.students.losses import LossName
from seealike.training import Recipe


class Decay(Entry):
    """The pull back to the weights that training started from.

    Attributes:
        kind: "decoupled" moves each weight back by learning rate × strength × its way from the start, beside Adam's
            step (as the published code does); "penalty" adds strength × ‖θ - θ₀‖² to the loss (as the paper says);
            "none" lets go.
        strength: λ.
        head: whether the new head is pulled back too, to its random start, as published.
    """

    kind: Literal["decoupled", "penalty", "none"] = "decoupled"
    strength: float = Field(default=1.0, ge=0)
    head: bool = True


class Tuning(Entry):
    """How a student is trained.

    Attributes:
        loss: "kl", "js" or "hard" (see `triplet_loss`).
        temperature: τ, of the student's products alone.
        head: width of the linear head; null for none.
        decay: the pull back to the start.
        lora: low-rank updates instead of whole weights.
        batch_statistics: whether batch normalization follows the batches; else it stays as it came.
        recipe: optimizer, schedule, length, precision; `batch_size` counts triplets (three images each).

    Example:
        >>> Tuning(recipe=Recipe(steps=10)).digest == Tuning(recipe=Recipe(steps=11)).digest
        False
    """

    loss: LossName = "kl"
    temperature: float = Field(default=100.0, gt=0)
    head: int | None = Field(default=1024, gt=0)
    decay: Decay = Decay()
    lora: Lora | None = None
    batch_statistics: bool = False
    recipe: Recipe

    @model_validator(mode="after")
    def _pulls_back_at_most_to_the_start(self) -> Self:
        share = self.decay.strength * self.recipe.learning_rate
        if self.decay.kind == "decoupled" and share > 1:
            raise ValueError(
                f"expected decay strength × learning rate ≤ 1, got {share:g}: weights would be pulled past their start"
            )
        return self

    @property
    def digest(self) -> str:
        """Of everything that changes the weights."""
        return digest([self.model_dump(exclude={"recipe"}), self.recipe.digest])
