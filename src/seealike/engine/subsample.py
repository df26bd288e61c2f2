"""Standard errors where leaving out one sample has no closed form: from subsamples without replacement.

Never with replacement: a sample that is drawn twice is its own nearest neighbor, at distance zero, and that
biases narrow kernels, ranks and neighborhoods.

Letters: n samples, b of them in a subsample, R subsamples, M models.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from seealike.engine.estimate import Estimate
from seealike.numerics.checks import Samples

#: How many subsamples there are, and their share of the samples: values that depend on how dense the samples
#: lie (neighbors) or how many there are for the dimensions (canonical correlations) want nearly all of them.
DRAWS, _SHARE = 20, 3 / 4

#: The values of all pairs, (M, M), from some of the samples.
Compute = Callable[[Sequence[Samples]], np.ndarray]


def subsampled(
    minimum: int, models: Sequence[Samples], compute: Compute, seed: int
) -> tuple[np.ndarray, int]:
    """The values of all pairs on subsamples.

    Args:
        minimum: how many samples the measure needs.
        models: the features.
        compute: gives the values of a subsample.
        seed: of the subsamples.

    Returns:
        replicates: (R, M, M), NaN where a subsample has no value.
        size: samples in each subsample.
    """
    n, rng = models[0].n, np.random.default_rng(seed)
    size = min(max(int(_SHARE * n), minimum), n - 1)
    replicates = np.full((DRAWS, len(models), len(models)), np.nan)
    if size >= minimum:
        for draw in replicates:
            which = np.sort(rng.choice(n, size, replace=False))
            draw[:] = compute([model.select(which) for model in models])
    return replicates, size


def with_subsamples(result: Estimate, values: np.ndarray, size: int, n: int, *, replicates: bool) -> Estimate:
    """The estimate with the errors that values of subsamples, (R, M, M), give.

    Args:
        result: of all samples.
        values: of subsamples.
        size: samples in each subsample.
        n: samples in all.
        replicates: whether to keep the values.
    """
    gone = np.isnan(result.values)
    errors, deviations = delete_many(values, size, n), subsample_deviations(values, size, n)
    errors[gone], deviations[:, gone] = np.nan, np.nan
    kept = values if replicates else None
    return replace(result, standard_errors=errors, deviations=deviations, replicates=kept)


def delete_many(replicates: np.ndarray, size: int, n: int) -> np.ndarray:
    """The delete-d jackknife: se² = b / (n - b) times the variance of the values of subsamples of b.

    Args:
        replicates: (R, M, M), NaN where a subsample has no value.
        size: b.
        n: samples in all.

    Returns:
        (M, M), NaN where fewer than half of the subsamples have a value.

    Source:
        Shao & Wu 1989, "A general theory for jackknife variance estimation".

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal(100)
        >>> means = np.array([rng.choice(x, 50, replace=False).mean() for _ in range(500)])
        >>> error = delete_many(means[:, None, None], 50, 100).item()
        >>> bool(abs(error / (x.std(ddof=1) / 10) - 1) < 0.1)
        True
    """
    return np.sqrt((subsample_deviations(replicates, size, n) ** 2).sum(axis=0))


def subsample_deviations(replicates: np.ndarray, size: int, n: int) -> np.ndarray:
    """(R, M, M) whose squares add up to the squared errors of `delete_many`, and products to covariances."""
    known = np.isfinite(replicates)
    count = known.sum(axis=0)
    center = np.where(known, replicates, 0).sum(axis=0) / np.maximum(count, 1)
    scale = np.sqrt(size / (n - size) / np.maximum(count - 1, 1))
    return np.where(count > len(replicates) // 2, np.where(known, replicates - center, 0) * scale, np.nan)
