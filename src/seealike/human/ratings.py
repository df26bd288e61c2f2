"""Image quality: whether a model finds images far from their reference where people find them bad."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import least_squares
from scipy.special import expit
from scipy.stats import kendalltau, rankdata

from seealike.data.features import Features
from seealike.data.judgements import Ratings, SamePairs
from seealike.errors import TooFewSamples, UndefinedMeasure
from seealike.human.distances import Distance, distances
from seealike.human.intervals import bootstrap_interval
from seealike.human.rows import located
from seealike.human.tally import numbered
from seealike.numerics.checks import Array

_FEWEST = 5


class WrongDirection(UserWarning):
    """Scores that every model contradicts are probably read the wrong way round."""


@dataclass(frozen=True)
class RatingAgreement:
    """What `rating_agreement` finds: positive where what is far for the model looks bad to people.

    Attributes:
        spearman: rank correlation.
        kendall: tau-b.
        pearson: linear correlation of distances and scores as they are.
        pearson_logistic: the same after a monotone five-parameter logistic function of the distances.
        intervals: name -> 95 % interval, over references drawn with replacement.
        by_distortion: the rank correlation within each kind of distortion, where kinds are known.
        n: rated images.
        n_references: references.
    """

    spearman: float
    kendall: float
    pearson: float
    pearson_logistic: float
    intervals: dict[str, tuple[float, float]] = field(repr=False)
    by_distortion: dict[str, float] = field(repr=False)
    n: int
    n_references: int


def rating_agreement(
    features: Features | Array,
    ratings: Ratings,
    distance: Distance = "euclidean",
    *,
    draws: int = 200,
    seed: int = 0,
) -> RatingAgreement:
    """Correlations of a model's distances between image and reference with people's mean opinions.

    The direction is in the ratings (`higher_is_better`), never guessed from the sign of the correlation.

    Args:
        features: `Features`, or an array (n_samples, n_dims) for ratings by row number.
        ratings: what people said.
        distance: as in `pair_distances`.
        draws: bootstrap samples of the references.
        seed: of the draws.

    Returns:
        Correlations and their intervals.

    Raises:
        TooFewSamples: fewer than five ratings.
        UndefinedMeasure: all distances or all scores are the same.
        DataError: as for `pair_distances`.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = np.concatenate([np.zeros((1, 4)), rng.standard_normal((40, 4)) * np.linspace(0.1, 3, 40)[:, None]])
        >>> ratings = Ratings(np.zeros(40, int), np.arange(1, 41), 5 - np.linspace(0, 4, 40), True)
        >>> rating_agreement(x, ratings, draws=10).spearman > 0.8
        True

    Source:
        The logistic function: Sheikh, Sabir & Bovik 2006, "A statistical evaluation of recent full reference image
        quality assessment algorithms"; here its parameters are bounded so that it is monotone, and it is fitted anew
        to each bootstrap sample, from the fit to all.
    """
    pairs = np.stack([ratings.references, ratings.distorted], axis=1)
    found = located(features, pairs, where=f"features for {ratings.name}")
    far = distances(found, ((0, 1),), distance)[:, 0]
    return agreement(far, ratings, draws=draws, seed=seed)


def agreement(far: np.ndarray, ratings: Ratings, *, draws: int = 200, seed: int = 0) -> RatingAgreement:
    """Like `rating_agreement`, for distances that come from elsewhere (PSNR, SSIM, LPIPS …).

    Args:
        far: (n,) distances; the negative of a similarity is one.
        ratings: as for `rating_agreement`.
        draws: as for `rating_agreement`.
        seed: as for `rating_agreement`.

    Raises:
        TooFewSamples: fewer than five ratings.
        UndefinedMeasure: all distances or all scores are the same.

    Example:
        >>> made = Ratings(np.repeat(np.arange(6), 2), np.arange(12), np.arange(12.0), higher_is_better=False)
        >>> agreement(np.arange(12.0) ** 2, made, draws=10).spearman
        1.0
    """
    if len(far) < _FEWEST:
        raise TooFewSamples(
            where=ratings.name, expected=f"at least {_FEWEST} ratings", got=str(len(far)), fix="Use more."
        )
    opinion = ratings.scores if ratings.higher_is_better else -ratings.scores
    near = -np.asarray(far, dtype=np.float64)
    if near.min() == near.max() or opinion.min() == opinion.max():
        raise UndefinedMeasure(
            where=ratings.name,
            expected="distances and scores that vary",
            got="the same for all images",
            fix="Use another distance or layer.",
        )
    start = _logistic(near, opinion, None)
    references = np.unique(numbered(ratings.references), return_inverse=True)[1].reshape(-1)

    def all_four(rows: np.ndarray) -> np.ndarray:
        x, y = near[rows], opinion[rows]
        if x.min() == x.max() or y.min() == y.max():
            return np.full(4, np.nan)
        curve = _curve(_logistic(x, y, start), x)
        tau = float(np.asarray(kendalltau(x, y))[0])
        return np.array([_pearson(rankdata(x), rankdata(y)), tau, _pearson(x, y), _pearson(curve, y)])

    names = ("spearman", "kendall", "pearson", "pearson_logistic")
    values = all_four(np.arange(len(near)))
    ends = bootstrap_interval(all_four, references, draws=draws, seed=seed)
    return RatingAgreement(
        **dict(zip(names, values.tolist(), strict=True)),
        intervals={name: (float(a), float(b)) for name, a, b in zip(names, *ends, strict=True)},
        by_distortion=_by_distortion(near, opinion, ratings.distortions),
        n=len(near),
        n_references=int(references.max()) + 1,
    )


def warn_if_reversed(spearmans: Mapping[str, float], name: str) -> None:
    """Warn where every one of several models contradicts the ratings: their direction is probably wrong.

    Args:
        spearmans: model or baseline -> rank correlation, as `rating_agreement` gives it.
        name: of the dataset.

    Warns:
        WrongDirection: all are negative (of at least two).

    Example:
        >>> warn_if_reversed({"pixels": 0.6, "a network": -0.1}, "TID2013")
    """
    if len(spearmans) > 1 and all(value < 0 for value in spearmans.values()):
        warnings.warn(
            f"{name}: expected some positive correlation, got {max(spearmans.values()):.3f} at most, of "
            f"{len(spearmans)} models. Check `higher_is_better`: the scores may run the other way.",
            WrongDirection,
            stacklevel=2,
        )


@dataclass(frozen=True)
class Jnd:
    """What `jnd` finds: the average precision, its 95 % interval over pairs, and the number of pairs."""

    average_precision: float
    low: float
    high: float
    n: int


def jnd(
    features: Features | Array,
    pairs: SamePairs,
    distance: Distance = "euclidean",
    *,
    draws: int = 1000,
    seed: int = 0,
) -> Jnd:
    """Whether pairs that people take for the same are the near ones: average precision of "same" by distance.

    Args:
        features: `Features`, or an array for pairs of row numbers.
        pairs: what people said.
        distance: as in `pair_distances`.
        draws: bootstrap samples of the pairs.
        seed: of the draws.

    Raises:
        UndefinedMeasure: nobody took any pair for the same.
        DataError: as for `pair_distances`.

    Example:
        >>> pairs = SamePairs(np.array([0, 0, 0]), np.array([1, 2, 3]), np.array([1.0, 2 / 3, 0.0]))
        >>> round(jnd(np.array([[0.0], [1], [2], [9]]), pairs, draws=10).average_precision, 4)
        0.9333

    Source:
        Zhang et al. 2018 (BAPPS, just noticeable differences).
    """
    found = located(
        features, np.stack([pairs.first, pairs.second], axis=1), where=f"features for {pairs.name}"
    )
    return same_precision(distances(found, ((0, 1),), distance)[:, 0], pairs, draws=draws, seed=seed)


def same_precision(far: np.ndarray, pairs: SamePairs, *, draws: int = 1000, seed: int = 0) -> Jnd:
    """Like `jnd`, for distances that come from elsewhere.

    Args:
        far: (n,) distances.
        pairs: as for `jnd`.
        draws: as for `jnd`.
        seed: as for `jnd`.

    Raises:
        UndefinedMeasure: nobody took any pair for the same.

    Example:
        >>> pairs = SamePairs(np.array([0, 0]), np.array([1, 2]), np.array([1.0, 0.0]))
        >>> same_precision(np.array([0.1, 0.7]), pairs, draws=10).average_precision
        1.0
    """
    same = np.asarray(pairs.same_share, dtype=np.float64)
    if not same.any():
        raise UndefinedMeasure(
            where=pairs.name,
            expected="pairs that someone took for the same",
            got="none",
            fix="Use more pairs.",
        )

    def precision(rows: np.ndarray) -> float:
        return average_precision(far[rows], same[rows]) if same[rows].any() else float("nan")

    low, high = bootstrap_interval(precision, np.arange(len(far)), draws=draws, seed=seed)
    return Jnd(average_precision(far, same), float(low), float(high), len(far))


def average_precision(far: np.ndarray, same: np.ndarray) -> float:
    """The area below the upper envelope of precision against recall, with shares of votes as fractional positives.

    Going from near to far (equal distances together), a pair with share p adds p true and 1 - p false positives.

    Args:
        far: (n,) distances.
        same: (n,) shares in [0, 1], not all 0.

    Returns:
        In (0, 1]; the mean of `same` is what distances that know nothing reach, about. Where votes are divided, 1 is
        out of reach.

    Example:
        >>> round(average_precision(np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.0, 1.0])), 4)
        0.8333
    """
    order = np.argsort(far, kind="stable")
    last = np.append(np.flatnonzero(np.diff(far[order])), len(far) - 1)
    true = np.cumsum(same[order])[last]
    precision, recall = true / (last + 1), true / true[-1]
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(recall, prepend=0.0) * envelope).sum())


def _by_distortion(near: np.ndarray, opinion: np.ndarray, kinds: np.ndarray | None) -> dict[str, float]:
    made: dict[str, float] = {}
    for kind in [] if kinds is None else np.unique(kinds):
        x, y = near[kinds == kind], opinion[kinds == kind]
        if len(x) >= _FEWEST and x.min() < x.max() and y.min() < y.max():
            made[str(kind)] = _pearson(rankdata(x), rankdata(y))
    return made


def _pearson(x: np.ndarray, y: np.ndarray) -> float:
    x, y = x - x.mean(), y - y.mean()
    size = float(np.sqrt((x @ x) * (y @ y)))
    return min(1.0, max(-1.0, float(x @ y) / size)) if size > 0 else 0.0


def _logistic(x: np.ndarray, y: np.ndarray, start: np.ndarray | None) -> np.ndarray:
    """Parameters of the increasing curve nearest to y: b1 (expit(b2 (x - b3)) - 1/2) + b4 x + b5, standardized x."""
    middle, width = float(x.mean()), float(x.std())
    z, spread = (x - middle) / width, float(y.max() - y.min())

    def residuals(b: np.ndarray) -> np.ndarray:
        return b[0] * (expit(b[1] * (z - b[2])) - 0.5) + b[3] * z + b[4] - y

    def slopes(b: np.ndarray) -> np.ndarray:
        bend = expit(b[1] * (z - b[2]))
        steep = b[0] * bend * (1 - bend)
        return np.stack([bend - 0.5, steep * (z - b[2]), -steep * b[1], z, np.ones_like(z)], axis=1)

    first = np.array([spread, 1.0, 0.0, 0.01 * spread, y.mean()]) if start is None else start[2:]
    first = np.maximum(first, [1e-9, 1e-9, -9.0, 1e-9, -np.inf])  # inside the bounds
    bounds = ([0, 0, -np.inf, 0, -np.inf], np.inf)
    evaluations = 200 if start is None else 20
    found = least_squares(residuals, first, jac=slopes, bounds=bounds, max_nfev=evaluations)  # pyright: ignore[reportArgumentType]
    return np.concatenate([[middle, width], found.x])


def _curve(b: np.ndarray, x: np.ndarray) -> np.ndarray:
    z = (x - b[0]) / b[1]
    return b[2] * (expit(b[3] * (z - b[4])) - 0.5) + b[5] * z + b[6]
