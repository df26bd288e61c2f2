"""What `seealike align evaluate` is asked: arms, classes and tasks."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from seealike.proof.classes import FewShotTask, LinearProbeTask, NeighborsTask, ShiftTask
from seealike.proof.levels import LevelsTask
from seealike.proof.people import AnsweredTask, OddOneOutTask, RsaTask
from seealike.sources.entry import Entry, LocalPath

#: Any task, told by its `task`.
Task = Annotated[
    OddOneOutTask
    | LevelsTask
    | RsaTask
    | AnsweredTask
    | NeighborsTask
    | FewShotTask
    | LinearProbeTask
    | ShiftTask,
    Field(discriminator="task"),
]


class Arm(Entry):
    """Features before or after something was done to them.

    Attributes:
        arm: "base" (nothing), "control" (all but the human part), "aligned", or another word.
        model: whose features these are; the arms of one model have the same name.
        seed: of what was done, where there are several.
        label: its name in the study, where that is another than `model`.
        features: dataset -> file, for features that are in no study.
        transform: a map that is applied to them, as `seealike align fit` writes it.
    """

    arm: str = Field(min_length=1)
    model: str = Field(min_length=1)
    seed: int | None = None
    label: str | None = None
    features: dict[str, LocalPath] = Field(default_factory=dict)
    transform: LocalPath | None = None


class ProofCard(Entry):
    """A whole proof.

    Attributes:
        study: the study that has the features and the classes; not needed where arms have files.
        arms: what is compared.
        labels: dataset -> a table of its classes, for datasets of no study.
        id: the column of sample ids in these tables.
        label: the column of classes.
        tasks: what is asked.
    """

    study: LocalPath | None = None
    arms: tuple[Arm, ...] = Field(min_length=1)
    labels: dict[str, LocalPath] = Field(default_factory=dict)
    id: str = "file"
    label: str = "label"
    tasks: tuple[Task, ...] = Field(min_length=1)
