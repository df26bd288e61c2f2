"""How sure a slope over runs is: one seed is left out after the other, with all its runs.

Letters: k slopes, G seeds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student


@dataclass(frozen=True)
class Sure:
    """Intervals and tests of k slopes.

    Attributes:
        low: (k,) lower ends.
        high: (k,) upper ends.
        p_values: (k,) two-sided, of no slope.
    """

    low: np.ndarray
    high: np.ndarray
    p_values: np.ndarray


def leaving_out_seeds(
    fit: Callable[[np.ndarray], np.ndarray | None], groups: np.ndarray, *, level: float = 0.95
) -> Sure | None:
    """Intervals of slopes from a jackknife over seeds, with Student's t of G - 1 degrees of freedom.

    se² = (G - 1) / G Σ_g (β_(g) - mean β)². Runs of one seed share their initialization and their split: only seeds
    are independent. Where all seeds have the same runs this is the t-test of the seeds' own slopes, exactly.

    Args:
        fit: (n,) bool, the runs in use -> (k,) slopes, or None where these runs do not determine them.
        groups: (n,) the seed of each run.
        level: of the intervals.

    Returns:
        What is known; None with one seed, or where some seed is all that determines a slope.

    Example:
        >>> seeds, values = np.repeat([0, 1, 2], 2), np.array([1.0, 2.0, 1.1, 2.1, 0.9, 1.9])
        >>> found = leaving_out_seeds(lambda kept: np.array([values[kept].mean()]), seeds)
        >>> round(float(found.low[0]), 2), round(float(found.high[0]), 2)
        (1.25, 1.75)

    Source:
        Bell & McCaffrey, «Bias reduction in standard errors for linear regression with multi-stage samples», Survey
        Methodology 2002.
    """
    names = np.unique(groups)
    slopes = fit(np.ones(len(groups), dtype=bool))
    without = [fit(groups != one) for one in names]
    known = np.array([one for one in without if one is not None])
    if slopes is None or len(names) < 2 or len(known) < len(names):
        return None
    count = len(names)
    errors = np.sqrt((count - 1) / count * ((known - known.mean(axis=0)) ** 2).sum(axis=0))
    reach = student.ppf((1 + level) / 2, count - 1) * errors
    certain = np.where(slopes == 0, 0.0, np.inf)  # all seeds agree to the last digit
    ratios = np.divide(np.abs(slopes), errors, out=certain, where=errors > 0)
    return Sure(slopes - reach, slopes + reach, 2 * student.sf(ratios, count - 1))
