"""AligNet's Levels: odd-one-out trials at three levels of abstraction, with response times.

A dictionary participant -> trials, as ``.json`` or ``.pkl``; a trial has image1Path, image2Path, image3Path,
selected_image, rt, triplet_type and exp_trial_type.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from seealike.data.judgements import Trials
from seealike.errors import DataError
from seealike.sources.judgements.card import JudgementCard
from seealike.sources.judgements.plain_pickle import read_plain_pickle

#: The names of the sorts of triplets.
LEVELS = {"between_class": "coarse", "within_class": "fine", "class_border": "border"}
_IMAGES = ("image1Path", "image2Path", "image3Path")
_NEEDED = (*_IMAGES, "selected_image", "rt", "triplet_type", "exp_trial_type")


class LevelsCard(JudgementCard):
    """Levels: coarse (three classes), fine (one class) and border (two images of one class, one of another) triplets.

    Source: Muttenthaler et al. 2024, "Aligning machine and human visual representations across abstraction levels".

    Attributes:
        min_trials: leave out participants with fewer trials of the experiment (the authors' readers take 300).
    """

    source_name: ClassVar[str] = "levels"
    min_trials: int = Field(default=300, ge=0)

    def read(self) -> Trials:
        """The trials, by image path, the odd one last; `kinds` are coarse, fine and border."""
        triplets, raters, times, kinds = [], [], [], []
        for participant, given in self._participants().items():
            listed = list(given.values()) if isinstance(given, Mapping) else list(given)
            trials = [
                (f"{self.name}, participant {participant}, trial {k + 1}", trial)
                for k, trial in enumerate(listed)
            ]
            trials = [(where, trial) for where, trial in trials if _part_of_experiment(trial, where)]
            if len(trials) < self.min_trials:
                continue
            for where, trial in trials:
                triplets.append(_odd_last(trial, where))
                raters.append(str(participant))
                times.append(_time(trial["rt"], where))
                kinds.append(LEVELS.get(trial["triplet_type"], str(trial["triplet_type"])))
        if not triplets:
            raise DataError(
                where=self.name,
                expected=f"participants with at least {self.min_trials} trials",
                got="none",
                fix="Lower `min_trials`, or check the file.",
            )
        return Trials(np.array(triplets), np.array(raters), np.array(times), np.array(kinds), self.name)

    def _participants(self) -> Mapping[Any, Any]:
        if self.path.suffix == ".json":
            try:
                made = json.loads(self.path.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                raise DataError(
                    where=self.name, expected="JSON", got=str(error), fix="Download it again."
                ) from error
        else:
            made = read_plain_pickle(self.path)
        if not isinstance(made, Mapping):
            raise DataError(
                where=self.name,
                expected="a dictionary participant -> trials",
                got=type(made).__name__,
                fix="Give the published file.",
            )
        return made


def _part_of_experiment(trial: Any, where: str) -> bool:
    missing = [key for key in _NEEDED if key not in trial] if isinstance(trial, Mapping) else list(_NEEDED)
    if missing:
        raise DataError(
            where=where, expected=f"the keys {', '.join(_NEEDED)}", got=f"no {missing[0]}", fix="Mend it."
        )
    return trial["exp_trial_type"] == "exp_trial"


def _odd_last(trial: Mapping[str, Any], where: str) -> list[str]:
    images = [str(trial[key]) for key in _IMAGES]
    selected = trial["selected_image"]
    odd = images.index(selected) if selected in images else _place(selected)
    if odd is None:
        raise DataError(
            where=where,
            expected="one of the three images, or its number from 1, as selected_image",
            got=repr(selected),
            fix="Drop the trial.",
        )
    return [image for k, image in enumerate(images) if k != odd] + [images[odd]]


def _place(selected: Any) -> int | None:
    digits = [c for c in str(selected) if c.isdigit()]
    return int(digits[0]) - 1 if len(digits) == 1 and digits[0] in "123" else None


def _time(value: Any, where: str) -> float:
    try:
        return float("nan") if value is None else float(value)
    except (TypeError, ValueError) as error:
        raise DataError(where=where, expected="a number as rt", got=repr(value), fix="Mend it.") from error
