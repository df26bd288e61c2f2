"""What the noise of single pairs does to the error that leaving out models gives.

Leaving out a model leaves out the noise of all its pairs, and that of each pair is left out twice, with either
model: it counts twice where it should count once. Here that noise is measured, so that it can be taken off.

Letters: D rows (one a dataset), P pairs of models.
"""

from __future__ import annotations

import numpy as np

from seealike.numerics.correlation import ranked
from seealike.numerics.pairs import Pairs

#: 1 - r² is not taken for less.
_LEAST = 1e-12


def pair_noise(
    values: np.ndarray, correlations: np.ndarray, pairs: Pairs, kind: str
) -> tuple[np.ndarray, np.ndarray]:
    """How far squared errors of Fisher's z, from leaving out models, are too large, and what they are at least.

    A pair moves z by ψ / P, where ψ = (uv - r (u² + v²) / 2) / (1 - r²) of its standardized values u and v. What a
    regression on the models does not say of ψ is the pairs' own noise, with variance σ².

    Args:
        values: (D, P) float64; NaN where missing.
        correlations: (D, D) of the rows, as `row_correlations` gives them.
        pairs: the models of each column.
        kind: "pearson" or "spearman".

    Returns:
        too_large: (D, D) what σ² adds to the jackknife's square beyond σ² / P; 0 where nothing is left of ψ.
        least: (D, D) the square if all pairs were independent, Σψ² / P².

    Example:
        >>> left, right = np.triu_indices(9, 1)
        >>> values = np.random.default_rng(0).standard_normal((2, 36))
        >>> too_large, least = pair_noise(values, np.corrcoef(values), Pairs(left, right, np.zeros(9, int)), "pearson")
        >>> bool(least[0, 1] < too_large[0, 1] < 2 * least[0, 1])
        True

    Source:
        Efron & Stein, «The jackknife estimate of variance», Ann. Stat. 1981, section 3; for pairs, Aronow, Samii &
        Assenova, «Cluster-robust variance estimation for dyadic data», Political Analysis 2015.
    """
    too_large, least = np.zeros_like(correlations), np.zeros_like(correlations)
    known = ~np.isnan(values)
    models: dict[bytes, tuple[np.ndarray, float]] = {}
    for x, y in zip(*np.triu_indices(len(values), 1), strict=True):
        both = known[x] & known[y]
        if np.isnan(correlations[x, y]):
            continue
        if (key := both.tobytes()) not in models:
            models[key] = _basis(pairs, both), _counted(pairs, both)
        basis, counted = models[key]
        moves = _moves(values[[x, y]][:, both], float(correlations[x, y]), kind)
        total, free = float(moves @ moves), len(moves) - basis.shape[1]
        own = (total - float(((basis.T @ moves) ** 2).sum())) / free if free > 0 else 0.0
        too_large[x, y] = too_large[y, x] = max(own, 0.0) * max(counted - 1 / len(moves), 0.0)
        least[x, y] = least[y, x] = total / len(moves) ** 2
    return too_large, least


def _moves(both: np.ndarray, r: float, kind: str) -> np.ndarray:
    """(P,) ψ."""
    rows = ranked(both) if kind == "spearman" else both
    rows = rows - rows.mean(axis=1, keepdims=True)
    u, v = rows / rows.std(axis=1, keepdims=True)
    return (u * v - r * (u * u + v * v) / 2) / max(1 - r * r, _LEAST)


def _basis(pairs: Pairs, chosen: np.ndarray) -> np.ndarray:
    """(P, k) orthonormal, of what the models alone can say of the chosen pairs."""
    members = (pairs.left[chosen][:, None] == pairs.members) + (pairs.right[chosen][:, None] == pairs.members)
    left, sizes, _ = np.linalg.svd(members.astype(np.float64), full_matrices=False)
    return left[:, sizes > 1e-9 * sizes.max(initial=0.0)]


def _counted(pairs: Pairs, chosen: np.ndarray) -> float:
    """The jackknife's square if all pairs were noise of variance 1: Σ (m - 1) / m Σ_i n_i / (P - n_i)²."""
    both = np.concatenate([pairs.left[chosen], pairs.right[chosen]])
    counts = np.bincount(both, minlength=len(pairs.strata))
    total, square = int(chosen.sum()), 0.0
    for stratum in np.unique(pairs.strata[pairs.members]):
        n = counts[(pairs.strata == stratum) & (counts > 0) & (counts < total)]
        if len(n) > 1:
            square += (len(n) - 1) / len(n) * float((n / (total - n) ** 2).sum())
    return square
