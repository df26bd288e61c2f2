"""How large effects are that were measured with errors: variance of effects, its interval and its test.

Estimated effects are further apart than the effects themselves, because errors part them too. Here that is taken
off, and the interval comes from the noncentral χ² distribution, so that it may end at 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import chndtr, fdtrc, fdtri
from scipy.stats import chi2
from scipy.stats import t as student

#: Where the unknown size of the errors is taken (Gauss-Legendre on its probabilities).
_NODES, _SHARES = np.polynomial.legendre.leggauss(16)

#: Beyond so many times its error, the square root of an observed size is as good as normal.
_CERTAIN = 1e4


@dataclass(frozen=True)
class Squared:
    """The size of some effects: |θ|².

    Attributes:
        value: unbiased, and so below 0 at times.
        low: lower end of the interval; below 0 where errors alone may have brought more than the value.
        high: upper end.
        p_value: of no effect at all.
    """

    value: float
    low: float
    high: float
    p_value: float


def squared_effect(
    effects: np.ndarray, covariance: np.ndarray, degrees: float, level: float = 0.95
) -> Squared:
    """Size |θ|² of effects from their estimates t = θ + error: |t|² less what errors bring to it, tr C.

    |t|² is taken for c χ'² with tr C / c degrees of freedom and noncentrality |θ|² / c; c makes its variance right,
    which is 2 tr C² + 4 θ'Cθ. The size of C is known from `degrees` degrees of freedom: the interval holds on
    average over what it may be. With one effect the interval is that of Student's t, squared; the test is an F
    test.

    Args:
        effects: (k,) t.
        covariance: (k, k) C of the errors, not all 0.
        degrees: of freedom of the errors.
        level: of the interval.

    Returns:
        What was found. Nothing is below 0 but in a sum of several, whose errors cancel.

    Example:
        >>> found = squared_effect(np.array([3.0]), np.eye(1), 30)
        >>> found.value, round(found.low**0.5, 2), round(found.high**0.5, 2), round(found.p_value, 4)
        (8.0, 0.95, 5.04, 0.0054)

    Source:
        Satterthwaite, «An approximate distribution of estimates of variance components», Biometrics 1946; Steiger,
        «Beyond the F test: effect size confidence intervals», Psychol. Methods 2004.
    """
    observed, total = float(effects @ effects), float(np.trace(covariance))
    squares = float((covariance**2).sum())
    value = observed - total
    p = float(fdtrc(total**2 / squares, degrees, observed / total))
    along = float(effects @ covariance @ effects) / observed if observed > 0 else 0.0
    scale = (squares + 2 * max(value, 0.0) * along) / (total + 2 * max(value, 0.0))
    if observed > _CERTAIN * scale:
        reach = float(student.ppf((1 + level) / 2, degrees)) * scale**0.5
        return Squared(value, (observed**0.5 - reach) ** 2, (observed**0.5 + reach) ** 2, p)
    sizes = scale * degrees / chi2.ppf((1 + _NODES) / 2, degrees)

    def as_large(true: float, seen: float) -> float:
        """The probability of at least the |t|² seen."""
        below = chndtr(seen / sizes, total / scale, true / sizes)
        return 1.0 - float(_SHARES @ below) / 2

    # Less than errors alone bring on average says no more than just that: it would end the interval at 0.
    most = max(observed, total)
    low = _where(lambda true: as_large(true, observed), (1 - level) / 2, most)
    high = _where(lambda true: as_large(true, most), (1 + level) / 2, most + 10 * total)
    if low == 0:
        low = min(0.0, observed - total * float(fdtri(total**2 / squares, degrees, (1 + level) / 2)))
    return Squared(value, low, high, p)


def _where(as_large: Callable[[float], float], p: float, start: float) -> float:
    """The size at which so much as was seen has the probability p; 0 if it is more probable than that anyway."""
    if as_large(0.0) >= p:
        return 0.0
    far = start
    while as_large(far) < p:
        far *= 2
    found = brentq(lambda true: as_large(true) - p, 0.0, far, xtol=1e-9 * far)
    assert isinstance(found, float)  # not the full output
    return found
