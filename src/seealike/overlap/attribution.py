"""How similarity depends on overlap: slope with an interval, ranks, shared information, and a plain verdict.

Letters: n runs, x overlap, y similarity, G seeds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from scipy.special import digamma
from scipy.stats import rankdata
from scipy.stats import t as student

from seealike.errors import TooFewSamples

Verdict: TypeAlias = Literal["supported", "not supported", "reversed"]

_NEIGHBORS = 3
_PERMUTATIONS = 100
_NO_INTERVAL = "an interval needs at least 2 seeds, each without which the overlap still varies"


@dataclass(frozen=True)
class Attribution:
    """What overlap says of similarity, in one panel.

    Attributes:
        n: runs with both values.
        slope: of y on x, least squares: the change from no overlap to all of it.
        slope_low: lower end of its 95 % interval.
        slope_high: upper end.
        r_squared: of the line.
        spearman: rank correlation.
        mutual_information: nats, of the discrete levels of x with y, less what chance gives; from 0 to the entropy
            of x.
        mutual_information_published: nats, by the published estimate, which takes x for continuous and may exceed
            the entropy of x; None where a level or the runs are too few for it.
        head_room: the slope relative to what is left, slope / (1 - line at x = 0); None where nothing is left.
        verdict: "supported" where the interval lies above zero, "reversed" below, else "not supported".
        reason: why numbers are missing.
    """

    n: int
    slope: float | None = None
    slope_low: float | None = None
    slope_high: float | None = None
    r_squared: float | None = None
    spearman: float | None = None
    mutual_information: float | None = None
    mutual_information_published: float | None = None
    head_room: float | None = None
    verdict: Verdict = "not supported"
    reason: str | None = None


def attribute(
    overlap: np.ndarray, similarity: np.ndarray, seeds: np.ndarray | None = None, *, level: float = 0.95
) -> Attribution:
    """How much of similarity overlap explains, over runs.

    The interval of the slope leaves out one seed after the other, with all its runs (delete-one-seed jackknife,
    Student's t with G - 1 degrees of freedom): runs of one seed share their initialization and their split. Without
    seeds every run counts as its own.

    Args:
        overlap: (n,) x; finite.
        similarity: (n,) y; NaN where a run is missing: it is left out.
        seeds: (n,) the seed of each run, or None.
        level: of the interval.

    Returns:
        What was found; `reason` where it is undefined.

    Raises:
        TooFewSamples: fewer than three runs with both values.

    Example:
        >>> x = np.tile([0.0, 0.5, 1.0], 4)
        >>> y = 0.3 + 0.2 * x + 0.01 * np.random.default_rng(0).standard_normal(12)
        >>> found = attribute(x, y, np.repeat([0, 1, 2, 3], 3))
        >>> round(found.slope, 2), found.verdict
        (0.2, 'supported')

    Source:
        Li et al., «Causes and consequences of representational similarity in machine learning models», 2025.
        Jackknife over clusters: Bell & McCaffrey, Survey Methodology 2002. Information of discrete with continuous
        values: Ross, PLoS ONE 2014; of continuous values: Kraskov et al., Phys. Rev. E 2004.
    """
    x, y = np.asarray(overlap, dtype=np.float64), np.asarray(similarity, dtype=np.float64)
    kept = ~(np.isnan(x) | np.isnan(y))
    x, y = x[kept], y[kept]
    groups = (
        np.arange(len(x)) if seeds is None else np.unique(np.asarray(seeds)[kept], return_inverse=True)[1]
    )
    if len(x) < 3:
        raise TooFewSamples(
            where="runs",
            expected="at least 3 with an overlap and a similarity",
            got=str(len(x)),
            fix="Add runs.",
        )
    if np.ptp(x) == 0:
        return Attribution(len(x), reason="all runs have the same overlap")
    slope, start = _line(x, y)
    low, high = _interval(x, y, groups, level)
    left = 1 - start
    return Attribution(
        n=len(x),
        slope=slope,
        slope_low=low,
        slope_high=high,
        r_squared=_r_squared(x, y, slope, start),
        spearman=_correlation(rankdata(x), rankdata(y)),
        mutual_information=discrete_information(x, y),
        mutual_information_published=published_information(x, y),
        head_room=slope / left if left > 0 else None,
        verdict=_verdict(low, high),
        reason=_NO_INTERVAL if low is None else None,
    )


def _verdict(low: float | None, high: float | None) -> Verdict:
    if low is None or high is None or low <= 0 <= high:
        return "not supported"
    return "supported" if low > 0 else "reversed"


def _line(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Slope, and value at x = 0."""
    away = x - x.mean()
    slope = float(away @ y / (away @ away))
    return slope, float(y.mean() - slope * x.mean())


def _interval(
    x: np.ndarray, y: np.ndarray, groups: np.ndarray, level: float
) -> tuple[float | None, float | None]:
    """Ends of the slope's interval by leaving out one seed after the other."""
    names = np.unique(groups)
    without = [(x[groups != one], y[groups != one]) for one in names]
    if len(names) < 2 or any(len(some) < 2 or np.ptp(some) == 0 for some, _ in without):
        return None, None
    slopes = np.array([_line(*some)[0] for some in without])
    count = len(names)
    error = np.sqrt((count - 1) / count * ((slopes - slopes.mean()) ** 2).sum())
    reach = student.ppf((1 + level) / 2, count - 1) * error
    slope = _line(x, y)[0]
    return float(slope - reach), float(slope + reach)


def _r_squared(x: np.ndarray, y: np.ndarray, slope: float, start: float) -> float | None:
    total = ((y - y.mean()) ** 2).sum()
    return None if total == 0 else float(1 - ((y - start - slope * x) ** 2).sum() / total)


def _correlation(x: np.ndarray, y: np.ndarray) -> float | None:
    return None if np.ptp(x) == 0 or np.ptp(y) == 0 else float(np.corrcoef(x, y)[0, 1])


def discrete_information(x: np.ndarray, y: np.ndarray, seed: int = 0) -> float | None:
    """Mutual information of discrete levels x with values y, less its mean under random pairings, in [0, H(x)].

    ψ(n) - <ψ(n_x)> + ψ(k) - <ψ(m)>, with k neighbors in y among runs of the same level and m runs within that
    distance among all. What a random pairing gives on average is the bias, and taken away.

    Args:
        x: (n,) levels; those with one run are left out.
        y: (n,) values.
        seed: of the random pairings.

    Returns:
        In nats; None where fewer than two levels have two runs.

    Example:
        >>> x = np.repeat([0.0, 0.5, 1.0], 20)
        >>> y = x + 0.01 * np.random.default_rng(0).standard_normal(60)
        >>> bool(0.9 < discrete_information(x, y) <= np.log(3) + 1e-12)
        True
    """
    _, numbers, counts = np.unique(x, return_inverse=True, return_counts=True)
    kept = counts[numbers] > 1
    numbers, y = numbers[kept], y[kept]
    if len(np.unique(numbers)) < 2:
        return None
    if np.ptp(y) == 0:
        return 0.0
    rng = np.random.default_rng(seed)
    distances = np.abs(y[:, None] - y)
    found = _ross(numbers, distances)
    chance = np.mean([_ross(rng.permutation(numbers), distances) for _ in range(_PERMUTATIONS)])
    shares = np.bincount(numbers)[np.unique(numbers)] / len(numbers)
    entropy = -(shares * np.log(shares)).sum()
    return float(np.clip(found - chance, 0, entropy))


def _ross(numbers: np.ndarray, distances: np.ndarray) -> float:
    n = len(numbers)
    size = np.bincount(numbers)[numbers]
    k = np.minimum(_NEIGHBORS, size - 1)
    same = np.where(numbers[:, None] == numbers, distances, np.inf)
    nearest = np.sort(np.partition(same, min(_NEIGHBORS, len(same) - 1), axis=1)[:, : _NEIGHBORS + 1], axis=1)
    reach = np.take_along_axis(nearest, k[:, None], axis=1)[:, 0]  # the first is the run itself
    within = (distances <= reach[:, None]).sum(axis=1) - 1
    return float(digamma(n) + digamma(k).mean() - digamma(size).mean() - digamma(within).mean())


def published_information(x: np.ndarray, y: np.ndarray) -> float | None:
    """The published estimate: scikit-learn's `mutual_info_regression` with its defaults, random_state 42, x continuous.

    It treats a handful of levels as a continuum and may exceed the entropy of x, which no information can.

    Args:
        x: (n,) overlap.
        y: (n,) similarity.

    Returns:
        In nats; None for fewer than 5 runs.
    """
    from sklearn.feature_selection import mutual_info_regression

    if len(x) < _NEIGHBORS + 2:
        return None
    return float(mutual_info_regression(x[:, None], y, random_state=42)[0])
