"""How far apart two images are for a model: every distance that people's judgements are compared with.

All but the dot product are squared differences of rows that are first centered, scaled or weighted, so that equal
images are exactly as far from a third one, and exactly at 0 from each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from seealike.data.features import Features
from seealike.errors import ShapeError, UndefinedMeasure, UnknownName, suggestion
from seealike.human.pairs import Rows, Sides, compared, mean_squares
from seealike.human.rows import Located, located
from seealike.numerics.checks import Array

#: The names of the distances.
Distance: TypeAlias = Literal[
    "euclidean",
    "rms",
    "sqeuclidean",
    "cosine",
    "correlation",
    "dot",
    "normalized_euclidean",
    "zscored_euclidean",
    "unit_channels",
    "whitened_euclidean",
]

Prepare: TypeAlias = Callable[[np.ndarray, np.ndarray, Sides], Rows]

#: An eigenvalue of a covariance matrix below this share of the largest, a dimension, is rounding.
_RANK = np.finfo(np.float64).eps


@dataclass(frozen=True)
class Rule:
    """How one distance is made: rows prepared, their squared differences (or dot products), and what follows.

    Attributes:
        prepare: from features, judged rows and sides.
        root: whether the square root is taken.
        factor: what the sum is multiplied by.
        most_alike: the similarity at distance 0: similarity = most_alike - distance.
    """

    prepare: Prepare
    root: bool = False
    factor: float = 1.0
    most_alike: float = 0.0


def pair_distances(
    features: Features | Array,
    pairs: np.ndarray | Sequence[Sequence[object]],
    distance: Distance = "euclidean",
    *,
    ids: Sequence[str] | None = None,
) -> np.ndarray:
    """The distance of each pair of samples.

    With x, y two rows of d channels:

    - euclidean ‖x - y‖; rms ‖x - y‖/√d (what published tools print as "Euclidean"); sqeuclidean ‖x - y‖²;
    - cosine 1 - cos(x, y); correlation 1 - Pearson's r over channels; dot -x·y;
    - normalized_euclidean √(mean_c (x_c - y_c)²/μ_c), where μ_c is the mean of (x_c - y_c)² over all pairs given, so
      that the mean squared distance is 1: it depends on the pairs;
    - zscored_euclidean √(mean_c (x_c - y_c)²/σ_c²), with the population variance over the samples that are in a pair;
    - unit_channels ‖x/‖x‖ - y/‖y‖‖², the distance of one position in LPIPS without its weights; a row of zeros stays;
    - whitened_euclidean √((x - y)ᵀ Σ⁺ (x - y)) (Mahalanobis), with the covariance over the samples in a pair and its
      pseudo-inverse.

    Dead channels, that do not differ in any pair (normalized) or among the samples (z-scored), are left out, of the
    mean too.

    Args:
        features: `Features` or an array (n_samples, n_dims); float32 is summed in float64.
        pairs: (n, 2) sample ids or row numbers from 0.
        distance: the name.
        ids: one a row, for an array of features and pairs of ids.

    Returns:
        (n,) float64; larger is less alike.

    Raises:
        UnknownName: no such distance.
        UndefinedMeasure: a row of zeros (cosine) or without variance (correlation); all channels dead; no more
            samples than dimensions (whitened: then all pairs are equally far).
        DataError: features that are not finite and 2-D, pairs that they lack.

    Example:
        >>> x = np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 8.0]])
        >>> pair_distances(x, [[0, 1], [1, 2]]).tolist()
        [5.0, 5.0]
        >>> pair_distances(x, [[0, 1], [1, 2]], "normalized_euclidean").round(3).tolist()
        [1.0, 1.0]

    Source:
        unit_channels: Zhang et al. 2018, "The unreasonable effectiveness of deep features as a perceptual metric".
        normalized_euclidean: Hernández-Cámara et al. 2024, "Measuring human-CLIP alignment at different abstraction
        levels".
    """
    found = located(features, pairs, ids=ids)
    if found.members.ndim != 2 or found.members.shape[1] != 2:
        raise ShapeError(
            where="pair_distances",
            expected="pairs of the shape (n, 2)",
            got=f"shape {found.members.shape}",
            fix="Give one row a pair.",
        )
    return distances(found, ((0, 1),), distance)[:, 0]


def distances(found: Located, sides: Sides, distance: str) -> np.ndarray:
    """(n, len(sides)) distances of pairs of each judgement's samples, as `pair_distances` defines them."""
    rule = rule_of(distance)
    rows = rule.prepare(found.values, found.members, sides)
    made = compared(rows, found.members, sides)
    if rule.factor != 1.0:
        made *= rule.factor
    return np.sqrt(made, out=made) if rule.root else made


def rule_of(distance: str) -> Rule:
    """The rule of a distance.

    Raises:
        UnknownName: there is none of that name.
    """
    if distance not in _RULES:
        raise UnknownName(
            where="distance",
            expected="the name of a distance",
            got=repr(distance),
            fix=suggestion(distance, _RULES),
        )
    return _RULES[distance]


def _plain(values: np.ndarray, _members: np.ndarray, _sides: Sides) -> Rows:
    return Rows(values)


def _inner(values: np.ndarray, _members: np.ndarray, _sides: Sides) -> Rows:
    return Rows(values, inner=True)


def _mean_over_channels(values: np.ndarray, _members: np.ndarray, _sides: Sides) -> Rows:
    return Rows(values, weights=np.full(values.shape[1], 1 / values.shape[1]))


def _unit_rows(values: np.ndarray, members: np.ndarray, _sides: Sides) -> Rows:
    norms = np.sqrt(_row_squares(values, None))
    _refuse(norms == 0, members, "a length", "a row of zeros", "the cosine")
    return Rows(values, scale=1 / np.where(norms > 0, norms, 1))


def _unit_or_zero_rows(values: np.ndarray, _members: np.ndarray, _sides: Sides) -> Rows:
    norms = np.sqrt(_row_squares(values, None))
    return Rows(values, scale=1 / np.where(norms > 0, norms, 1))


def _centered_unit_rows(values: np.ndarray, members: np.ndarray, _sides: Sides) -> Rows:
    means = values.mean(axis=1, dtype=np.float64)
    norms = np.sqrt(_row_squares(values, means))
    flat = values.min(axis=1) == values.max(axis=1)
    _refuse(flat, members, "a row that varies over its channels", "a constant row", "the correlation")
    return Rows(values, shift=means, scale=1 / np.where(flat, 1, norms))


def _unit_mean_squares(values: np.ndarray, members: np.ndarray, sides: Sides) -> Rows:
    return Rows(values, weights=channel_weights(mean_squares(Rows(values), members, sides)))


def _unit_variances(values: np.ndarray, members: np.ndarray, _sides: Sides) -> Rows:
    some = values[np.unique(members)]
    varies = some.min(axis=0) < some.max(axis=0)
    return Rows(values, weights=channel_weights(np.where(varies, some.var(axis=0, dtype=np.float64), 0)))


def _whitened(values: np.ndarray, members: np.ndarray, _sides: Sides) -> Rows:
    used = np.unique(members)
    centered = values.astype(np.float64) - values[used].mean(axis=0, dtype=np.float64)
    if len(used) <= values.shape[1] + 1:
        raise UndefinedMeasure(
            where="whitened_euclidean",
            expected=f"more than {values.shape[1] + 1} samples for {values.shape[1]} dimensions",
            got=str(len(used)),
            fix="Reduce the dimensions first: of so few samples all pairs are equally far.",
        )
    variances, axes = np.linalg.eigh(centered[used].T @ centered[used] / (len(used) - 1))
    kept = variances > _RANK * values.shape[1] * variances[-1]
    return Rows(centered @ (axes[:, kept] / np.sqrt(variances[kept])))


def channel_weights(spread: np.ndarray) -> np.ndarray:
    """What each channel's squared difference is multiplied by: 1 / (spread · living channels), 0 for dead ones.

    Args:
        spread: (d,) a mean squared difference or a variance; 0 for a dead channel.

    Raises:
        UndefinedMeasure: all are dead.

    Example:
        >>> channel_weights(np.array([4.0, 0.0, 1.0])).tolist()
        [0.125, 0.0, 0.5]
    """
    alive = spread > 0
    if not alive.any():
        raise UndefinedMeasure(
            where="distance",
            expected="a channel that differs between samples",
            got="none",
            fix="Use another layer.",
        )
    return np.where(alive, 1 / np.where(alive, spread, 1), 0) / alive.sum()


def _row_squares(values: np.ndarray, means: np.ndarray | None) -> np.ndarray:
    rows = Rows(values, shift=means)
    size = max(1, (1 << 20) // values.shape[1])
    blocks = (np.arange(start, min(start + size, len(values))) for start in range(0, len(values), size))
    return np.concatenate([np.einsum("ij,ij->i", taken, taken) for taken in map(rows.take, blocks)])


def _refuse(bad: np.ndarray, members: np.ndarray, expected: str, got: str, what: str) -> None:
    """Refuse samples that are judged and have no such distance."""
    hit = np.flatnonzero(bad)
    hit = hit[np.isin(hit, members)] if len(hit) else hit
    if len(hit):
        raise UndefinedMeasure(
            where=f"features row {hit[0]}",
            expected=f"{expected}, for {what}",
            got=f"{got} ({len(hit)} such samples)",
            fix="Use another distance or layer, or drop these samples.",
        )


_RULES: dict[str, Rule] = {
    "euclidean": Rule(_plain, root=True),
    "rms": Rule(_mean_over_channels, root=True),
    "sqeuclidean": Rule(_plain),
    "cosine": Rule(_unit_rows, factor=0.5, most_alike=1.0),
    "correlation": Rule(_centered_unit_rows, factor=0.5, most_alike=1.0),
    "dot": Rule(_inner, factor=-1.0),
    "normalized_euclidean": Rule(_unit_mean_squares, root=True),
    "zscored_euclidean": Rule(_unit_variances, root=True),
    "unit_channels": Rule(_unit_or_zero_rows),
    "whitened_euclidean": Rule(_whitened, root=True),
}
