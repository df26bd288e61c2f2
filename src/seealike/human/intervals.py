"""How sure a mean over judgements is, when judgements of one triplet, reference or rater are not independent.

The standard error of a mean that the bootstrap over units would give is known in closed form, so nothing is drawn for
means; everything else is resampled by whole units.

Letters: n judgements, G units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy.stats import t as student

from seealike.errors import BadParameter


def clustered_error(values: np.ndarray, *units: np.ndarray | None) -> float:
    """The standard error of the mean over judgements that come in units, such as triplets, or triplets × raters.

    For one kind of unit se² = G/(G - 1) Σ_g (Σ_{i∈g} (v_i - v̄))² / n². For two that cross, se² = se₁² + se₂² - se₁₂²,
    with units of both for the last (at least the larger of the two).

    Args:
        values: (n,) credits.
        units: (n,) whole numbers each; None is passed over, and no unit at all means every judgement for itself.

    Returns:
        The standard error; NaN for a single unit.

    Example:
        >>> values = np.array([1.0, 0, 1, 0])
        >>> round(clustered_error(values), 4), round(clustered_error(values, np.array([0, 1, 0, 1])), 4)
        (0.2887, 0.5)

    Source:
        Cameron, Gelbach & Miller 2011, "Robust inference with multiway clustering".
    """
    known = [u for u in units if u is not None] or [np.arange(len(values))]
    rest = values - values.mean()
    squares = [_squares(rest, unit) for unit in known]
    if len(known) == 2:
        both = np.unique(known[0] * (int(known[1].max()) + 1) + known[1], return_inverse=True)[1]
        squares.append(max(*squares, squares[0] + squares[1] - _squares(rest, both)))
    return float(np.sqrt(squares[-1])) / len(values)


def share_interval(values: np.ndarray, *units: np.ndarray | None, level: float = 0.95) -> tuple[float, float]:
    """An interval of the mean of values in [0, 1], judgements in units as for `clustered_error`.

    Wilson's interval for the number of independent judgements that would have this standard error,
    v̄(1 - v̄)/se², with Student's t for few units: it stays within [0, 1] and has a width where all are right.

    Args:
        values: (n,) credits in [0, 1].
        units: as for `clustered_error`.
        level: of the interval.

    Returns:
        Its ends; 0 and 1 for a single unit.

    Example:
        >>> [round(end, 3) for end in share_interval(np.ones(20))]
        [0.82, 1.0]
    """
    check_level(level)
    known = [u for u in units if u is not None] or [np.arange(len(values))]
    groups = min(_count(unit) for unit in known)
    if groups < 2:
        return 0.0, 1.0
    mean, error = float(values.mean()), clustered_error(values, *units)
    independent = mean * (1 - mean) / error**2 if error > 0 and 0 < mean < 1 else groups
    square = float(student.ppf((1 + level) / 2, groups - 1)) ** 2 / independent
    middle = (mean + square / 2) / (1 + square)
    reach = np.sqrt(square * mean * (1 - mean) + square**2 / 4) / (1 + square)
    return max(0.0, float(middle - reach)), min(1.0, float(middle + reach))


def resampled(units: np.ndarray, draws: int, seed: int) -> Iterator[np.ndarray]:
    """Row numbers of bootstrap samples: as many units as there are, drawn with replacement, with all their rows.

    Example:
        >>> sorted(next(resampled(np.array([0, 0, 1]), 1, 0)).tolist()) in ([0, 0, 1, 1], [0, 1, 2], [2, 2])
        True
    """
    rng = np.random.default_rng(seed)
    order = np.argsort(units, kind="stable")
    starts = np.flatnonzero(np.diff(units[order], prepend=units[order][:1] - 1))
    sizes = np.diff(starts, append=len(units))
    for _ in range(draws):
        chosen = rng.integers(len(starts), size=len(starts))
        ends = np.cumsum(sizes[chosen])
        shifts = np.repeat(starts[chosen] - ends + sizes[chosen], sizes[chosen])
        yield order[shifts + np.arange(ends[-1])]


def bootstrap_interval(
    statistic: Callable[[np.ndarray], float | np.ndarray],
    units: np.ndarray,
    *,
    draws: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> np.ndarray:
    """Percentile interval of a statistic of some rows, over units drawn with replacement.

    Args:
        statistic: from row numbers to a number or an array of numbers; NaN draws are passed over.
        units: (n,) the unit of each row.
        draws: bootstrap samples.
        level: of the interval.
        seed: of the draws.

    Returns:
        (2, …) lower and upper ends.

    Example:
        >>> values = np.random.default_rng(0).random(200)
        >>> low, high = bootstrap_interval(lambda rows: float(np.median(values[rows])), np.arange(200))
        >>> bool(low < 0.5 < high)
        True

    Source:
        Efron 1979, "Bootstrap methods: another look at the jackknife".
    """
    check_level(level)
    made = np.array([statistic(rows) for rows in resampled(units, draws, seed)], dtype=np.float64)
    return np.nanquantile(made, [(1 - level) / 2, (1 + level) / 2], axis=0)


def check_level(level: float) -> None:
    """Refuse a level that is none.

    Raises:
        BadParameter: not between 0 and 1.
    """
    if not 0 < level < 1:
        raise BadParameter(
            where="interval", expected="a level between 0 and 1", got=f"level={level}", fix="Take 0.95."
        )


def _squares(rest: np.ndarray, unit: np.ndarray) -> float:
    sums = np.bincount(unit, rest)
    groups = _count(unit)
    return float(sums @ sums) * groups / (groups - 1) if groups > 1 else float("nan")


def _count(unit: np.ndarray) -> int:
    """How many different whole numbers there are."""
    return int(np.count_nonzero(np.bincount(unit)))
