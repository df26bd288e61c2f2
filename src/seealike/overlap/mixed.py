"""Slopes of several terms at once, where every seed has a level of its own: y = Xβ + u_seed + e.

Letters: n runs, k terms, G seeds, ρ = var u / var e.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from seealike.errors import ShapeError, TooFewSamples
from seealike.overlap.seeds import leaving_out_seeds

#: The largest share of variance that the seeds' levels may have, var u / (var u + var e).
_MOST = 1 - 1e-9
#: Residuals smaller than this part of the variance are roundings.
_ROUNDING = 1e-24


@dataclass(frozen=True)
class MixedSlopes:
    """What several terms say of a value, in one model.

    Attributes:
        start: the value where all terms are zero.
        slopes: (k,) of the terms.
        low: (k,) lower ends of their intervals; NaN where these are unknown.
        high: (k,) upper ends.
        p_values: (k,) two-sided, of no slope; NaN where unknown.
        r_squared: the share of the variance that the terms explain, the seeds' levels apart; NaN for constant values.
        seed_share: of what the terms leave, the share that is the seeds' levels, ρ / (1 + ρ).
        n_seeds: G.
    """

    start: float
    slopes: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p_values: np.ndarray
    r_squared: float
    seed_share: float
    n_seeds: int


def mixed_slopes(
    terms: np.ndarray, values: np.ndarray, seeds: np.ndarray, *, level: float = 0.95
) -> MixedSlopes | None:
    """Regress values on several terms with a random level for every seed.

    β is that of generalized least squares at the ρ of restricted maximum likelihood: least squares after
    (1 - 1 / √(1 + n_g ρ)) of each seed's mean is taken from its runs. With one random level that is closed but for
    ρ, one number on [0, ∞) that is searched for directly: at its end, where seeds do not differ, general programs for
    mixed models fail. The intervals leave out one seed after the other (`leaving_out_seeds`) and so hold where seeds
    differ in slope, too.

    Args:
        terms: (n, k) finite.
        values: (n,) finite.
        seeds: (n,) the seed of each run.
        level: of the intervals.

    Returns:
        The slopes; None where the runs do not determine them (a term that does not vary, say).

    Raises:
        ShapeError: not as many terms as values and seeds.
        TooFewSamples: not more runs than there are numbers to find.

    Example:
        >>> data, task = (one.ravel() for one in np.meshgrid([0, 0.5, 1], [0, 0.5, 1]))
        >>> terms = np.tile(np.column_stack([data, task, data * task]), (4, 1))
        >>> seeds, rng = np.repeat(np.arange(4), 9), np.random.default_rng(0)
        >>> values = 0.2 + terms @ [0.3, 0.1, 0.2] + 0.1 * rng.random(4)[seeds] + 0.001 * rng.standard_normal(36)
        >>> found = mixed_slopes(terms, values, seeds)
        >>> found.slopes.round(2).tolist(), bool(found.seed_share > 0.5)
        ([0.3, 0.1, 0.2], True)

    Source:
        Fuller & Battese, «Transformations for estimation of linear models with nested-error structure», JASA 1973;
        Patterson & Thompson, «Recovery of inter-block information when block sizes are unequal», Biometrika 1971.
    """
    n, k = terms.shape
    if not len(values) == len(seeds) == n:
        raise ShapeError(
            where="runs",
            expected="a value and a seed for each of the rows of terms",
            got=f"{n} rows, {len(values)} values, {len(seeds)} seeds",
            fix="Give one of each a run.",
        )
    if n <= k + 1:
        raise TooFewSamples(
            where="runs", expected=f"more than {k + 1}, for {k} terms", got=str(n), fix="Add runs."
        )
    design = np.column_stack([np.ones(n), terms])
    groups = np.unique(seeds, return_inverse=True)[1]
    if not _determined(design):
        return None
    share = _seed_share(design, values, groups)

    def fit(kept: np.ndarray) -> np.ndarray | None:
        x, y, g = design[kept], values[kept], groups[kept]
        return _least_squares(x, y, g, share)[0][1:] if _determined(x) else None

    beta, _ = _least_squares(design, values, groups, share)
    sure = leaving_out_seeds(fit, groups, level=level)
    unknown = np.full(k, np.nan)
    total = ((values - values.mean()) ** 2).sum()
    rest = values - terms @ beta[1:]
    return MixedSlopes(
        start=float(beta[0]),
        slopes=beta[1:],
        low=unknown if sure is None else sure.low,
        high=unknown if sure is None else sure.high,
        p_values=unknown if sure is None else sure.p_values,
        r_squared=float(1 - ((rest - rest.mean()) ** 2).sum() / total) if total else float("nan"),
        seed_share=share,
        n_seeds=int(groups.max()) + 1,
    )


def _determined(design: np.ndarray) -> bool:
    return len(design) >= design.shape[1] and np.linalg.matrix_rank(design) == design.shape[1]


def _without_levels(x: np.ndarray, groups: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    """The rows less a part of their seeds' means, and (G,) 1 + n_g ρ."""
    counts = np.bincount(groups)
    spread = 1 + counts * share / (1 - share)
    part = 1 - 1 / np.sqrt(spread)
    sums = np.zeros((len(counts), x.shape[1]))
    np.add.at(sums, groups, x)
    means = sums / np.maximum(counts, 1)[:, None]
    return x - (part[:, None] * means)[groups], spread


def _least_squares(
    design: np.ndarray, values: np.ndarray, groups: np.ndarray, share: float
) -> tuple[np.ndarray, float]:
    """Coefficients, and -2 times the restricted log likelihood but for a constant."""
    both, spread = _without_levels(np.column_stack([design, values]), groups, share)
    x, y = both[:, :-1], both[:, -1]
    q, r = np.linalg.qr(x)
    beta = np.linalg.solve(r, q.T @ y)
    residual = max(((y - x @ beta) ** 2).sum(), _ROUNDING * max((values**2).sum(), _ROUNDING))
    determinant = 2 * np.log(np.abs(np.diag(r))).sum()
    return beta, float((len(y) - x.shape[1]) * np.log(residual) + np.log(spread).sum() + determinant)


def _seed_share(design: np.ndarray, values: np.ndarray, groups: np.ndarray) -> float:
    """ρ / (1 + ρ) of the highest restricted likelihood; zero where seeds do not differ."""
    if groups.max() == 0:
        return 0.0

    def cost(share: float) -> float:
        return _least_squares(design, values, groups, share)[1]

    found = minimize_scalar(cost, bounds=(0.0, _MOST), method="bounded", options={"xatol": 1e-9})
    return float(found.x) if found.fun < cost(0.0) else 0.0
