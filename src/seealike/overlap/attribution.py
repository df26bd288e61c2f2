"""How similarity depends on overlap: slope with an interval, ranks, shared information, and a plain verdict.

Letters: n runs, x overlap, y similarity, G seeds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from scipy.stats import rankdata

from seealike.errors import TooFewSamples
from seealike.overlap.information import discrete_information, published_information
from seealike.overlap.seeds import Sure, leaving_out_seeds

Verdict: TypeAlias = Literal["supported", "not supported", "reversed"]

#: Why a slope has no interval.
NO_INTERVAL = "an interval needs at least 2 seeds, each without which the overlap still varies"


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
        p_value: two-sided, of no slope; None where there is no interval.
        n_seeds: seeds among the runs.
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
    p_value: float | None = None
    n_seeds: int | None = None
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
        Information of discrete with continuous values: Ross, PLoS ONE 2014; of continuous values: Kraskov et al.,
        Phys. Rev. E 2004.
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
    sure = _sure(x, y, groups, level)
    low, high = (None, None) if sure is None else (float(sure.low[0]), float(sure.high[0]))
    left = 1 - start
    return Attribution(
        n=len(x),
        slope=slope,
        slope_low=low,
        slope_high=high,
        r_squared=_r_squared(x, y, slope, start),
        spearman=rank_correlation(x, y),
        mutual_information=discrete_information(x, y),
        mutual_information_published=published_information(x, y),
        head_room=slope / left if left > 0 else None,
        p_value=None if sure is None else float(sure.p_values[0]),
        n_seeds=int(groups.max()) + 1,
        verdict=verdict(low, high),
        reason=NO_INTERVAL if sure is None else None,
    )


def verdict(low: float | None, high: float | None) -> Verdict:
    """What an interval of a slope says: it lies above zero, below, or neither.

    Example:
        >>> verdict(0.1, 0.3), verdict(-0.3, -0.1), verdict(-0.1, 0.1)
        ('supported', 'reversed', 'not supported')
    """
    if low is None or high is None or low <= 0 <= high:
        return "not supported"
    return "supported" if low > 0 else "reversed"


def _line(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Slope, and value at x = 0."""
    away = x - x.mean()
    slope = float(away @ y / (away @ away))
    return slope, float(y.mean() - slope * x.mean())


def _sure(x: np.ndarray, y: np.ndarray, groups: np.ndarray, level: float) -> Sure | None:
    def fit(kept: np.ndarray) -> np.ndarray | None:
        some = x[kept]
        known = len(some) > 1 and np.ptp(some) > 0
        return np.array([_line(some, y[kept])[0]]) if known else None

    return leaving_out_seeds(fit, groups, level=level)


def _r_squared(x: np.ndarray, y: np.ndarray, slope: float, start: float) -> float | None:
    total = ((y - y.mean()) ** 2).sum()
    return None if total == 0 else float(1 - ((y - start - slope * x) ** 2).sum() / total)


def rank_correlation(x: np.ndarray, y: np.ndarray) -> float | None:
    """Spearman's; None where one of them does not vary.

    Example:
        >>> rank_correlation(np.array([0.0, 0.5, 1.0]), np.array([1.0, 5.0, 9.0]))
        1.0
    """
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    return float(np.corrcoef(rankdata(x), rankdata(y))[0, 1])
