"""The task of three levels of abstraction: what people choose at each, and how long they take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from seealike.data.judgements import Trials
from seealike.errors import UndefinedMeasure
from seealike.human.distances import Distance
from seealike.human.temperature import entropy_response_times, fitted_temperature
from seealike.human.triplets import OddOneOut, odd_one_out
from seealike.proof.people import PeopleTask, accuracy, other_kind, people_lines, trials_of
from seealike.proof.value import Look, Value
from seealike.sources.judgements import JudgementCard

#: Times of fewer trials of a kind say nothing.
_FEWEST = 10
#: Bootstrap samples, for the interval of the correlation with times.
_DRAWS = 200
#: The temperature is at most so many times the similarities' spread; beyond, the order of entropies is the same.
_HOTTEST = 1e3


class LevelsTask(PeopleTask):
    """Accuracy on each kind of trials (coarse, fine, border), with people on the same scale; and response times.

    A model, a crowd without the person it predicts (ceiling) and another person (agreement) are all scored against
    single answers; `majority` is the share of the majority that counts the answer itself. Where times are known,
    `times_…` is Spearman's correlation of how long people took with how unsure the model is: the entropy of its choice,
    at the temperature that suits the choices of this kind.

    Attributes:
        similarity: as for `seealike.odd_one_out`.
    """

    task: Literal["levels"]
    similarity: Distance = "dot"

    def values(self, look: Look, base: Look | None) -> Iterator[Value]:
        """Accuracy of each kind, and the correlation with its response times."""
        del base
        features = look.features(self.dataset)
        for kind, trials in _kinds(self.judgements):
            found = odd_one_out(features, trials, self.similarity)
            yield accuracy(f"levels_{kind}", found)
            times = _times(trials)
            if times is not None:
                yield _of_times(f"times_{kind}", found, times)

    def lines(self, look: Look) -> Iterator[tuple[str, Value]]:
        """Chance and ceilings of each kind; no relation with times."""
        del look
        for kind, trials in _kinds(self.judgements):
            yield from people_lines(f"levels_{kind}", trials)
            if _times(trials) is not None:
                yield "chance", Value(f"times_{kind}", 0.0, 0)


def _kinds(card: JudgementCard) -> Iterator[tuple[str, Trials]]:
    trials = trials_of(card)
    if trials.kinds is None:
        raise other_kind("trials of several kinds", trials)
    for kind in np.unique(trials.kinds).tolist():
        yield str(kind), trials[trials.kinds == kind]


def _times(trials: Trials) -> np.ndarray | None:
    times = trials.response_times
    if times is None:
        return None
    known = times[np.isfinite(times)]
    return times if len(known) >= _FEWEST and known.min() < known.max() else None


def _of_times(task: str, found: OddOneOut, times: np.ndarray) -> Value:
    spread = float(np.ptp(found.similarities, axis=1).mean()) or 1.0
    temperature = min(fitted_temperature(found.similarities), _HOTTEST * spread)
    made = entropy_response_times(found, times, temperature=temperature, draws=_DRAWS)
    if not np.isfinite(made.correlation):
        raise UndefinedMeasure(
            where=task,
            expected="choices that the model is more and less sure of",
            got="equal similarities throughout",
            fix="Read another layer.",
        )
    return Value(task, made.correlation, made.n, None, made.low, made.high)
