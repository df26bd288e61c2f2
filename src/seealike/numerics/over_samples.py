"""How sure a correlation over pairs of models is, given how far each similarity moves with the samples.

Letters: P pairs of models, D rows (one a dataset), G groups of samples of a dataset.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from seealike.numerics.correlation import ranked, row_correlations
from seealike.numerics.over_models import fisher


@dataclass(frozen=True)
class OverSamples:
    """What the samples of both rows do to Fisher's z of their correlation; (D, D), NaN where nothing is known of it.

    Attributes:
        errors: standard errors.
        biases: how much z is off on average, mostly too low: noise makes two rows less alike.
    """

    errors: np.ndarray
    biases: np.ndarray


def over_samples(values: np.ndarray, deviations: Sequence[np.ndarray | None], kind: str) -> OverSamples:
    """Standard errors and biases of Fisher's z of the correlations of all pairs of rows, over the samples of both.

    The values of a row are moved by each group's deviations, all pairs of models together, to either side, and the
    correlations with every other row taken again: se² = Σ_g ((z_+g - z)² + (z_-g - z)²) / 2 and the bias is
    Σ_g (z_+g + z_-g - 2z) / 2, each summed over both rows, whose samples are independent.

    Args:
        values: (D, P) float64; NaN where missing.
        deviations: for each row (G, P), whose products summed over G are the covariances of its values; None
            where they are not known.
        kind: "pearson" or "spearman"; ranks do not move with small deviations, so these are moved further (by
            √G times each, with the mean of the squares for the sum).

    Example:
        >>> rng = np.random.default_rng(0)
        >>> values = rng.random((2, 30))
        >>> still = [np.zeros((4, 30)), np.zeros((4, 30))]
        >>> over_samples(values, still, "pearson").errors.round(6).tolist()
        [[0.0, 0.0], [0.0, 0.0]]

    Source:
        Jaeckel, «The infinitesimal jackknife», Bell Laboratories 1972; Efron & Tibshirani, «An Introduction to the
        Bootstrap», 1993, section 10.6, for the bias.
    """
    z = fisher(row_correlations(values, kind)[0])
    moved = np.full((2, *z.shape), np.nan)
    for row, deviation in enumerate(deviations):
        if deviation is not None:
            moved[:, row] = _moved(values, row, deviation, kind) if len(deviation) else 0.0
    total = moved + moved.transpose(0, 2, 1)
    squares, biases = np.where(
        np.isnan(z) | np.isnan(total), np.nan, np.where(np.eye(len(z)) > 0, 0.0, total)
    )
    return OverSamples(np.sqrt(squares), biases)


def _moved(values: np.ndarray, row: int, deviations: np.ndarray, kind: str) -> np.ndarray:
    """(2, D) the squared error and the bias of one row with every row, when it alone moves."""
    scale = len(deviations) ** 0.5 if kind == "spearman" else 1.0
    far = scale * deviations
    rows = np.concatenate([values[row][None], values[row] + far, values[row] - far])
    known = ~np.isnan(values)
    if known.all() and not np.isnan(deviations).any():
        z = fisher(_between(rows, values, kind))
    else:
        mine = ~np.isnan(rows).any(axis=0)
        z = np.concatenate(
            [
                fisher(_between(rows[:, mine & there], one[None, mine & there], kind))
                for one, there in zip(values, known, strict=True)
            ],
            axis=1,
        )
    apart = z[1:] - z[0]
    return np.stack([(apart**2).sum(axis=0), apart.sum(axis=0)]) / 2 / scale**2


def _between(rows: np.ndarray, others: np.ndarray, kind: str) -> np.ndarray:
    """(rows, others) correlations, NaN where there are none."""
    if rows.shape[1] < 3:
        return np.full((len(rows), len(others)), np.nan)
    return _unit(rows, kind) @ _unit(others, kind).T


def _unit(rows: np.ndarray, kind: str) -> np.ndarray:
    rows = ranked(rows) if kind == "spearman" else rows
    rows = rows - rows.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(norms > 0, norms, np.nan)
