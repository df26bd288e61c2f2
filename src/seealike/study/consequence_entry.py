"""What a study file says under `consequences:` of an experiment: what its pairs of networks are tried for."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from seealike.consequences.attacks import Attack
from seealike.consequences.between import KINDS, Kind
from seealike.sources.entry import Entry


class AttackEntry(Entry):
    """A way to change images until a network errs.

    Attributes:
        name: "mi_fgsm" or "pgd".
        radius: how far each pixel may move, of pixels from 0 to 1.
        steps: how many.
        momentum: of mi_fgsm.
    """

    name: Literal["mi_fgsm", "pgd"] = "mi_fgsm"
    radius: float = Field(default=2 / 255, gt=0, le=1)
    steps: int = Field(default=3, gt=0)
    momentum: float = Field(default=1.0, ge=0)

    @property
    def attack(self) -> Attack:
        """The attack itself."""
        return Attack(self.name, self.radius, self.steps, self.momentum)


class ConsequenceEntry(Entry):
    """What the networks of each run are tried for.

    Attributes:
        kinds: which consequences.
        attacks: for transfer; the same for all runs.
        samples: the most samples of an evaluation set, drawn at random where it has more.
    """

    kinds: tuple[Kind, ...] = Field(default=KINDS, min_length=1)
    attacks: tuple[AttackEntry, ...] = Field(default=(AttackEntry(),), min_length=1)
    samples: int = Field(default=500, gt=0)
