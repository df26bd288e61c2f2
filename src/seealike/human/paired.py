"""Comparing models, or the layers of one, on the same judgements: paired tests, and bands that hold for all layers.

Letters: n judgements, U units, L layers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.stats import t as student

from seealike.errors import DataError, MisalignedSamples, UndefinedMeasure
from seealike.human.intervals import check_level, clustered_error
from seealike.human.layers import LayerProfile, UnitSums, profiled

#: Sums nearer than this, of values of order one, are equal.
_EQUAL = 1e-9


class Score(Protocol):
    """What `odd_one_out` and `two_afc` give: credits of judgements, and the unit and rater of each."""

    @property
    def correct(self) -> np.ndarray:
        """(n,) credits in [0, 1]."""
        ...

    @property
    def units(self) -> np.ndarray:
        """(n,) the number of each judgement's unit."""
        ...

    @property
    def raters(self) -> np.ndarray | None:
        """(n,) the number of each judgement's rater, where known."""
        ...


@dataclass(frozen=True)
class PairedDifference:
    """What `paired_difference` finds.

    Attributes:
        difference: of the accuracies, first - second.
        low: of the interval, over units (and raters, where known).
        high: likewise.
        p_value: two-sided, of no difference.
        n_units: units.
    """

    difference: float
    low: float
    high: float
    p_value: float
    n_units: int


def paired_difference(
    first: Score, second: Score, *, draws: int = 9999, level: float = 0.95, seed: int = 0
) -> PairedDifference:
    """Whether one model is right more often than another, on the same judgements.

    The p-value exchanges the two models' credits at random, a whole unit at a time.

    Args:
        first: of `odd_one_out` or `two_afc`.
        second: the same of another model, layer or distance, on the same judgements in the same order.
        draws: random exchanges; no p-value is below 1/(draws + 1).
        level: of the interval.
        seed: of the draws.

    Raises:
        MisalignedSamples: scores of other judgements.
        UndefinedMeasure: a single unit.

    Example:
        >>> from seealike.human.triplets import odd_one_out
        >>> rng = np.random.default_rng(0)
        >>> x = rng.random((40, 5))
        >>> drawn = np.array([rng.choice(40, 3, replace=False) for _ in range(300)])
        >>> s = odd_one_out(x, drawn).similarities  # choose by x itself
        >>> order = np.array([[1, 2, 0], [0, 2, 1], [0, 1, 2]])[2 - s.argmax(axis=1)]
        >>> trials = np.take_along_axis(drawn, order, axis=1)
        >>> found = paired_difference(odd_one_out(x, trials), odd_one_out(rng.random((40, 5)), trials))
        >>> found.difference > 0.4, found.p_value
        (True, 0.0001)
    """
    check_level(level)
    _same({"first": first, "second": second})
    gap = first.correct - second.correct
    sums = np.bincount(first.units, gap)
    groups = len(np.unique(first.units))
    if groups < 2:
        raise UndefinedMeasure(
            where="paired_difference", expected="at least two units", got="one", fix="Use more judgements."
        )
    error = clustered_error(gap, first.units, first.raters)
    reach = float(student.ppf((1 + level) / 2, groups - 1)) * error
    mean = float(gap.mean())
    return PairedDifference(
        difference=mean,
        low=max(-1.0, mean - reach),
        high=min(1.0, mean + reach),
        p_value=_exchanged(sums, draws, seed),
        n_units=groups,
    )


def layer_profile(
    scores: Mapping[str, Score],
    against: float | Score,
    *,
    draws: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> LayerProfile:
    """The gains of many layers over chance, or over one score, with the largest of all layers as the test's statistic.

    Null draws turn the sign of each unit's gains at random, the same for all layers, so that what layers have in
    common is in the draws: exact against a score that is as good. For the band, and for which layers may be the best,
    the signs of deviations from the mean are turned. Where raters are known, errors are widened to what units and
    raters together give.

    Args:
        scores: layer -> score, all on the same judgements.
        against: chance (1/3 for odd one out, 1/2 for two alternatives), or a score on the same judgements.
        draws: null draws.
        level: of the band.
        seed: of the draws.

    Raises:
        MisalignedSamples: scores of other judgements.
        DataError: no score.
        UndefinedMeasure: a single unit.

    Example:
        >>> from seealike.human.triplets import odd_one_out
        >>> rng = np.random.default_rng(0)
        >>> trials = np.array([rng.choice(40, 3, replace=False) for _ in range(300)])
        >>> layers = {name: odd_one_out(rng.random((40, 5)), trials) for name in ("early", "late")}
        >>> found = layer_profile(layers, 1 / 3)
        >>> bool((found.p_value_familywise >= found.p_value).all()), bool((found.low < found.gain).all())
        (True, True)

    Source:
        Nichols & Holmes 2002 (largest statistic); Cameron, Gelbach & Miller 2008, "Bootstrap-based improvements for
        inference with clustered errors" (turned signs).
    """
    if not scores:
        raise DataError(where="layer_profile", expected="scores", got="none", fix="Give at least one.")
    base = None if isinstance(against, float | int) else against
    _same(scores if base is None else {**scores, "against": base})
    one = next(iter(scores.values()))
    values = np.stack(
        [score.correct - (against if base is None else base.correct) for score in scores.values()]
    )
    filled = np.bincount(one.units) > 0
    rest = values - values.mean(axis=1, keepdims=True)
    gains, deviations = (
        np.stack([np.bincount(one.units, row)[filled] for row in some], axis=1) for some in (values, rest)
    )
    sums = UnitSums(gains, deviations, values.shape[1], _widened(values, one))
    return profiled(tuple(scores), sums, draws=draws, level=level, seed=seed)


def _widened(values: np.ndarray, score: Score) -> np.ndarray | float:
    """(L,) how much wider errors are where the judgements of one rater hang together; 1 where raters are not known."""
    if score.raters is None:
        return 1.0
    alone = np.array([clustered_error(row, score.units) for row in values])
    both = np.array([clustered_error(row, score.units, score.raters) for row in values])
    return np.maximum(1.0, np.divide(both, alone, out=np.ones_like(alone), where=alone > 0))


def _same(scores: Mapping[str, Score]) -> None:
    names = list(scores)
    one = scores[names[0]]
    for name in names[1:]:
        if not np.array_equal(scores[name].units, one.units):
            raise MisalignedSamples(
                where=f"score of {name}",
                expected=f"the judgements of {names[0]}, in the same order",
                got=f"{len(scores[name].units)} others",
                fix="Score both on the same judgements.",
            )


def _exchanged(sums: np.ndarray, draws: int, seed: int) -> float:
    """The p-value of |Σ_u ±D_u|; units of equal |D| are turned together, by how many of them there are."""
    sizes, times = np.unique(np.round(np.abs(sums), 12), return_counts=True)
    sizes, times = sizes[sizes > 0], times[sizes > 0]
    rng = np.random.default_rng(seed)
    null = np.zeros(draws)
    for size, count in zip(sizes.tolist(), times.tolist(), strict=True):
        null += size * (2 * rng.binomial(count, 0.5, size=draws) - count)
    return float((1 + (np.abs(null) >= abs(float(sums.sum())) - _EQUAL).sum()) / (draws + 1))
