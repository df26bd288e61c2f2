"""How the variance of values over pairs of models divides among what is known of the models.

    y_ij = mean + Σ_f (a_f(c_i) + a_f(c_j)) + Σ_f b_f [c_i = c_j] + m_i + m_j + e_ij

for fields f whose values c_i are known of every model: a_f is what models of a category bring to all their pairs (each
pair belongs to both models' categories), b_f what sharing the category adds, m what is a model's own, e what is
the pair's own. Models are drawn, categories are what they are.

Letters: M models, P pairs of them, k columns of a design, q of one component.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import fdtrc
from scipy.stats import chi2

from seealike.numerics.pair_levels import same_value, split, upper
from seealike.numerics.squared_effects import Squared, squared_effect

#: Singular values below this part of the largest are none.
_NOTHING = 1e-9
#: Variances below this part of the mean square are rounding.
_ROUNDING = 1e-20


@dataclass(frozen=True)
class Component:
    """What one source brings to the variance over pairs.

    Attributes:
        name: the field, "same " and the field, "model" or "pair"; fields joined by " + " where they cannot be told
            apart.
        variance: of the pairs' values, unbiased but for a cut at 0.
        share: of the sum of all components.
        low: lower end of the interval of `share`.
        high: upper end.
        p_value: of no such component; NaN for "pair".
    """

    name: str
    variance: float
    share: float
    low: float
    high: float
    p_value: float


@dataclass(frozen=True)
class Stratum:
    """A linear model of some values, with the columns of each component.

    Attributes:
        columns: (n, k), each of mean 0.
        parts: component -> the columns that are its own.
        spent: degrees of freedom that are not the columns' and not left.
    """

    columns: np.ndarray
    parts: Mapping[str, list[int]]
    spent: int

    @cached_property
    def inverse(self) -> np.ndarray:
        """(k, n) from values to the coefficients of the columns."""
        return np.linalg.pinv(self.columns, rcond=_NOTHING)

    @cached_property
    def free(self) -> int:
        """Degrees of freedom that are left."""
        return len(self.columns) - self.spent - _rank(self.columns)

    def residuals(self, values: np.ndarray) -> np.ndarray:
        """(n,) what the columns do not say."""
        return values - self.columns @ (self.inverse @ values)


def strata(fields: Mapping[str, np.ndarray]) -> tuple[Stratum, Stratum]:
    """What the fields say of models, and what sharing their values says of pairs beyond that.

    Fields whose effects cannot be told apart are one component, with their names joined by " + "; a field of which no
    effect remains (one value for all; or of sharing, two values of which one has a single model) has none.

    Args:
        fields: name -> (M,) int, the number of each model's category.

    Example:
        >>> models, pairs = strata({"a": np.array([0, 0, 0, 1, 1, 1]), "b": np.array([0, 1, 2, 0, 1, 2])})
        >>> list(models.parts), models.free, list(pairs.parts), pairs.free
        (['a', 'b'], 2, ['same a', 'same b'], 7)
    """
    n_models = len(next(iter(fields.values())))
    of_models, of_pairs = {}, {}
    for name, codes in fields.items():
        dummies = (codes[:, None] == np.unique(codes)).astype(np.float64)
        of_models[name] = dummies - dummies.mean(axis=0)
        of_pairs[name] = upper(split(same_value(codes)[None])[1])[0][:, None]
    return _stratum(of_models, 1, ""), _stratum(of_pairs, n_models, "same ")


def _stratum(blocks: dict[str, np.ndarray], spent: int, prefix: str) -> Stratum:
    known = {name: block for name, block in blocks.items() if np.abs(block).max(initial=0.0) > _NOTHING}
    columns = np.concatenate([*known.values(), np.zeros((len(next(iter(blocks.values()))), 0))], axis=1)
    owner = np.repeat(np.arange(len(known)), [block.shape[1] for block in known.values()])
    whole = _rank(columns)
    mixed, parts = [], {}
    for place, (name, block) in enumerate(known.items()):
        if _rank(columns[:, owner != place]) + _rank(block) > whole:
            mixed.append(name)
        else:
            parts[prefix + name] = np.flatnonzero(owner == place).tolist()
    if mixed:
        theirs = np.isin(owner, [place for place, name in enumerate(known) if name in mixed])
        parts[prefix + " + ".join(mixed)] = np.flatnonzero(theirs).tolist()
    return Stratum(columns, parts, spent)


def _rank(columns: np.ndarray) -> int:
    return int(np.linalg.matrix_rank(columns, tol=_NOTHING * len(columns) ** 0.5)) if columns.size else 0


def components(square: np.ndarray, fields: Mapping[str, np.ndarray], level: float = 0.95) -> list[Component]:
    """The components of the variance over all pairs of models, with intervals of their shares.

    The least-squares levels of the models (see `pair_levels.split`) are regressed on the categories of all fields at
    once, what is left of the pairs on whether they share them; the effects' squares, less what errors bring to them,
    are the fields' components (Henderson's method III: fitting constants). "model" is 2 var(m), "pair" is var(e).

    - The errors of categories' effects come from the models' levels, as in an analysis of variance of M models. The
      errors of sharing come from the pairs, of which those of one model may depend on each other: products of the
      residuals of pairs with a model in common are counted too, and errors are never less than if there were none.
    - `squared_effect` turns both into intervals; those of "model" and "pair" are of χ², with as many degrees of freedom
      as their squares, or the logarithm of their mean, vary (so that heavy tails widen them).
    - A share moves with its own component and with the rest: the distances from the estimate to either end are added
      in squares.

    Args:
        square: (M, M) symmetric, complete but for the diagonal, which does not count.
        fields: name -> (M,) int.
        level: of the intervals.

    Returns:
        First the fields, then "same" fields, "model" and "pair"; an empty list if no degrees of freedom are left or all
        values are equal.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> codes = np.repeat([0, 1], 10)
        >>> noise = rng.standard_normal((20, 20)) * 0.1
        >>> found = components(same_value(codes) + noise + noise.T, {"kind": codes})
        >>> [(one.name, round(one.share, 1)) for one in found]
        [('kind', 0.0), ('same kind', 0.9), ('model', 0.0), ('pair', 0.1)]

    Source:
        Searle, Casella & McCulloch, «Variance Components», 1992, chapter 5; Aronow, Samii & Assenova, «Cluster-robust
        variance estimation for dyadic data», Political Analysis 2015; Zou & Donner, «Construction of confidence limits
        about effect measures: a general approach», Stat. Med. 2008, for the ends of shares.
    """
    models, pairs = strata(fields)
    if min(models.free, pairs.free) < 1:
        return []
    (levels,), (rest,) = split(square[None])
    left = pairs.residuals(upper(rest))
    own = models.residuals(levels)
    between, within = float(own @ own) / models.free, float(left @ left) / pairs.free
    if within <= _ROUNDING * float(upper(square**2).mean()):
        return []
    of_models = _of_models(models, levels, between, level)
    found = of_models | _of_pairs(pairs, rest, left, level)
    found["model"] = _model((own, between, models.free), (within, pairs.free), level)
    low, high = _chi_squared(within, _pair_freedom(left, pairs.free), level)
    found["pair"] = Squared(within, low, high, np.nan)
    # If models vary more than they seem to, more of the categories' effects was error: as much as here.
    return _shares(found, _rank(models.columns) / len(levels))


def _of_models(stratum: Stratum, levels: np.ndarray, between: float, confidence: float) -> dict[str, Squared]:
    """Categories: a pair has two of them, and the variance of both."""
    found, twice = {}, 2 / len(levels)
    for name, own in stratum.parts.items():
        hat = stratum.columns[:, own] @ stratum.inverse[own]
        covariance = twice * between * hat @ hat.T
        found[name] = squared_effect(twice**0.5 * (hat @ levels), covariance, stratum.free, confidence)
    return found


def _of_pairs(stratum: Stratum, rest: np.ndarray, left: np.ndarray, confidence: float) -> dict[str, Squared]:
    """Sharing a category."""
    n_models, coefficients = len(rest), stratum.inverse @ upper(rest)
    covariance = stratum.inverse @ stratum.inverse.T * float(left @ left) / stratum.free
    dependent = _dependent(stratum, left, n_models)
    found = {}
    for name, own in stratum.parts.items():
        root = np.linalg.qr(stratum.columns[:, own] / len(left) ** 0.5)[1]
        both = [root @ some[np.ix_(own, own)] @ root.T for some in (covariance, dependent)]
        larger = max(both, key=np.trace)
        found[name] = squared_effect(root @ coefficients[own], larger, n_models - 1, confidence)
    return found


def _dependent(stratum: Stratum, left: np.ndarray, n_models: int) -> np.ndarray:
    """(k, k) covariance of the coefficients if pairs with a common model depend on each other."""
    moved = stratum.inverse.T * left[:, None]
    sums = _sums_of_models(moved, n_models)
    return (sums.T @ sums - moved.T @ moved) * len(left) / stratum.free


def _sums_of_models(values: np.ndarray, n_models: int) -> np.ndarray:
    """(M, k) sums over the pairs of each model."""
    sides = np.triu_indices(n_models, 1)
    sums = [sum(np.bincount(side, one, n_models) for side in sides) for one in values.T]
    return np.array(sums).reshape(-1, n_models).T


def _model(between: tuple[np.ndarray, float, int], within: tuple[float, int], level: float) -> Squared:
    """2 var(m): the variance between models' levels less what pairs bring to it."""
    own, variance, free = between
    noise = within[0] / (len(own) - 2)
    low, high = _chi_squared(variance, _log_freedom(own**2 * len(own) / free, free), level)
    p = float(fdtrc(free, within[1], variance / noise))
    return Squared(2 * (variance - noise), 2 * (low - noise), 2 * (high - noise), p)


def _log_freedom(squares: np.ndarray, free: int) -> float:
    """The degrees of freedom of χ² whose logarithm varies as that of the mean of these squares (a jackknife).

    With heavy tails a few squares are most of the sum; its logarithm says better than its variance how little that is.
    """
    total = float(squares.sum())
    logs = np.log(np.maximum(total - squares, _ROUNDING * total))
    squared_error = float(((logs - logs.mean()) ** 2).sum()) * (len(logs) - 1) / len(logs)
    return max(1.0, min(free, 2 / squared_error)) if squared_error > 0 else free


def _pair_freedom(left: np.ndarray, free: int) -> float:
    """The degrees of freedom of χ² whose variance is that of the mean square of the pairs."""
    n_models = round((1 + (1 + 8 * len(left)) ** 0.5) / 2)
    apart = left**2 - (left**2).mean()
    sums = _sums_of_models(apart[:, None], n_models)
    return _freedom(float((sums**2).sum() - (apart**2).sum()), float(left @ left), free)


def _freedom(squared_error: float, total: float, most: int) -> float:
    """The degrees of freedom of χ² with this squared error of its total; no more than there are."""
    return min(most, 2 * total**2 / squared_error) if squared_error > 0 and total > 0 else most


def _chi_squared(variance: float, free: float, level: float) -> tuple[float, float]:
    """The interval of a variance that was estimated with so many degrees of freedom."""
    low, high = (variance * free / float(chi2.ppf((1 + side * level) / 2, free)) for side in (1, -1))
    return low, high


def _shares(found: dict[str, Squared], linked: float) -> list[Component]:
    """Shares of the sum, and their intervals from those of the component and of the rest.

    The rest goes down by `linked` times what "model" goes up.
    """
    cut = sum(max(one.value, 0.0) for one in found.values())
    total = sum(one.value for one in found.values())
    down = {name: max(one.value - one.low, 0.0) for name, one in found.items()}
    up = {name: max(one.high - one.value, 0.0) for name, one in found.items()}
    made = []
    for name, one in found.items():
        rest, share = total - one.value, _part(one.value, total - one.value)
        less, more = (sum(v**2 for n, v in side.items() if n != name) ** 0.5 for side in (down, up))
        at_low, at_high = rest, rest
        if name == "model":
            at_low, at_high = (rest - linked * (end - one.value) for end in (one.low, one.high))
        low = share - np.hypot(share - _part(one.low, at_low), share - _part(one.value, rest + more))
        high = share + np.hypot(_part(one.high, at_high) - share, _part(one.value, rest - less) - share)
        value = max(one.value, 0.0)
        made.append(Component(name, value, value / cut, max(low, 0.0), min(high, 1.0), one.p_value))
    return made


def _part(one: float, rest: float) -> float:
    """A share, both of whose parts may have come out below 0."""
    one, rest = max(one, 0.0), max(rest, 0.0)
    return one / (one + rest) if one > 0 else 0.0
