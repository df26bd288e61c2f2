"""The jackknife over models: how far leaving out one after the other moves a statistic of pairs, and how sure that is.

What is a single pair's own, and neither model's, is left out twice, with either of its models, and counts twice
where it should once. So a squared error over models is a difference of two, and less sure than either.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, stdtrit

#: The squares of two models share the noise of a pair, and statistics have heavy tails: m squares are worth no more
#: than this part of m - 1 independent normal ones.
_WORTH = 2 / 3
_LEAST = 1e-300


@dataclass(frozen=True)
class Squares:
    """Squared errors of statistics; all arrays have the statistics' shape.

    Attributes:
        sums: estimates of the squared errors; NaN where unknown.
        variances: of these estimates.
        drawn: models less the sets they were drawn from; 0 where there is no error.
    """

    sums: np.ndarray
    variances: np.ndarray
    drawn: np.ndarray

    @property
    def degrees(self) -> np.ndarray:
        """Degrees of freedom (Satterthwaite's) of a χ² that varies as much, at least 1; NaN where unknown."""
        return np.maximum(2 * self.sums**2 / np.maximum(self.variances, _LEAST), 1.0)

    def __add__(self, other: Squares) -> Squares:
        """Of two independent sets of models."""
        return Squares(self.sums + other.sums, self.variances + other.variances, self.drawn + other.drawn)


def jackknife(without: np.ndarray) -> Squares:
    """(m - 1) / m Σ (θ_(i) - mean θ)², and how much that varies: as the squares do, and no less than normal ones.

    Args:
        without: (n, ...) θ_(i), the statistics without one of the n models of a set; NaN where undefined.

    Example:
        >>> values = np.array([1.0, 2, 3, 6])
        >>> found = jackknife((values.sum() - values) / 3)
        >>> bool(np.isclose(found.sums, values.var(ddof=1) / 4)), float(found.degrees)
        (True, 2.0)

    Source:
        Efron & Stein, «The jackknife estimate of variance», Ann. Stat. 1981; Satterthwaite, «An approximate
        distribution of estimates of variance components», Biometrics 1946, for the degrees of freedom.
    """
    known = ~np.isnan(without)
    m = known.sum(axis=0)
    free = np.maximum(m - 1, 1)
    mean = np.where(known, without, 0).sum(axis=0) / np.maximum(m, 1)
    squares = np.where(known, without - mean, 0) ** 2 * free**2
    sums = squares.sum(axis=0) / ((free + 1) * free)
    apart = np.where(known, squares - sums * free, 0) ** 2
    seen = apart.sum(axis=0) / ((free + 1) * free**3)
    variances = np.maximum(seen, 2 * sums**2 / (_WORTH * free))
    return Squares(np.where(m < 2, np.nan, sums), variances, np.maximum(m - 1, 0))


def counted_once(models: Squares, twice: np.ndarray, pairs: Squares) -> Squares:
    """Squared errors in which the noise of pairs counts once.

    s² = pairs + E max(0, D), where D = models - twice - pairs is what models bring beyond pairs that are independent.
    D may come out below 0, and just above 0 it says little; so its positive part is taken on average over D's own
    error, which is normal and has the variance of `models`. Thus s² has no steps and is rarely much too small. It
    varies as much as `models` do, as far as these count in it, and as `pairs`.

    Args:
        models: of leaving out models.
        twice: how far these are too large because of the pairs' noise.
        pairs: if all pairs were independent: the least there is.

    Example:
        >>> models = Squares(np.array(4.0), np.array(0.32), np.array(50))
        >>> pairs = Squares(np.array(1.0), np.array(0.02), np.array(50))
        >>> found = counted_once(models, np.array(1.0), pairs)
        >>> round(float(found.sums), 2), round(float(found.degrees))
        (3.0, 53)
    """
    error = np.sqrt(models.variances)
    beyond = models.sums - twice - pairs.sums
    far = beyond / np.maximum(error, 1e-9 * np.abs(beyond) + _LEAST)
    share = ndtr(far)
    sums = pairs.sums + error * np.exp(-(far**2) / 2) / (2 * np.pi) ** 0.5 + beyond * share
    return Squares(sums, share**2 * models.variances + pairs.variances, models.drawn)


def reach(
    squares: np.ndarray, degrees: np.ndarray, level: float, others: np.ndarray | float = 0.0
) -> np.ndarray:
    """How far an interval goes to either side: Student's t, of the degrees of freedom, times the error.

    Args:
        squares: squared errors over models.
        degrees: their degrees of freedom.
        level: of the interval.
        others: squared errors for other reasons, well known, which are added: the sum is surer by that.

    Example:
        >>> one = np.array(1.0)
        >>> round(float(reach(one, np.array(5.0), 0.95)), 2), round(float(reach(one, np.array(5.0), 0.95, 99.0)), 2)
        (2.57, 19.6)
    """
    total = squares + others
    free = np.maximum(degrees * (total / np.maximum(squares, _LEAST)) ** 2, degrees)
    return stdtrit(free, (1 + level) / 2) * np.sqrt(total)
