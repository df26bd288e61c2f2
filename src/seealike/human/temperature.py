"""How sure a model should be: the temperature that suits people's choices, fitted and judged on different triplets.

Letters: n trials, K alternatives, β = 1/T.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import brentq
from scipy.special import entr, log_softmax, softmax
from scipy.stats import spearmanr

from seealike.errors import BadParameter, MisalignedSamples, TooFewSamples
from seealike.human.intervals import bootstrap_interval
from seealike.human.triplets import OddOneOut

#: Beyond so many times the inverse spread of the similarities, the choices are separable and T is as good as 0.
_SHARPEST = 1e6


@dataclass(frozen=True)
class Calibration:
    """What `calibration` finds; cross-entropies in nats, all on triplets that the temperature was not fitted on.

    Attributes:
        temperature: fitted on all trials; infinite where people's choices run against the similarities.
        cross_entropy: mean over held-out trials of -log p(choice).
        error: expected calibration error (ECE) of held-out trials, Σ_b n_b/n |accuracy_b - confidence_b|.
        cross_entropy_at_one: the same at temperature 1.
        error_at_one: the same at temperature 1.
        temperatures: those of the folds.
    """

    temperature: float
    cross_entropy: float
    error: float
    cross_entropy_at_one: float
    error_at_one: float
    temperatures: tuple[float, ...] = field(repr=False)


def calibration(score: OddOneOut, *, folds: int = 5, bins: int = 15, seed: int = 0) -> Calibration:
    """The cross-entropy and calibration that a model reaches with one temperature fitted to people.

    All trials of a triplet are in one fold; each fold is judged at the temperature that suits the others.

    Args:
        score: of `odd_one_out`.
        folds: how many.
        bins: of equal width, of the probability of the model's choice, for the calibration error.
        seed: of the folds.

    Returns:
        Temperatures, and held-out numbers at them and at 1.

    Raises:
        BadParameter: fewer than two folds, or no bin.
        TooFewSamples: fewer triplets than folds.

    Example:
        >>> from seealike.human.triplets import odd_one_out
        >>> rng = np.random.default_rng(0)
        >>> x, trials = rng.random((30, 6)), np.array([rng.choice(30, 3, replace=False) for _ in range(200)])
        >>> found = calibration(odd_one_out(x, trials))
        >>> bool(abs(found.cross_entropy - np.log(3)) < 0.02)  # random choices: no preference is best
        True

    Source:
        Guo et al. 2017, "On calibration of modern neural networks".
    """
    if folds < 2 or bins < 1:
        raise BadParameter(
            where="calibration",
            expected="at least two folds and one bin",
            got=f"folds={folds}, bins={bins}",
            fix="Leave them out.",
        )
    if score.n_triplets < folds:
        raise TooFewSamples(
            where="calibration",
            expected=f"at least {folds} triplets, one a fold",
            got=str(score.n_triplets),
            fix="Use fewer folds.",
        )
    fold_of = np.random.default_rng(seed).permutation(score.n_triplets)[score.units] % folds
    chosen = np.empty((score.n, 3))
    temperatures = []
    for fold in range(folds):
        held = fold_of == fold
        temperatures.append(fitted_temperature(score.similarities[~held]))
        chosen[held] = log_softmax(score.similarities[held] / temperatures[-1], axis=1)
    plain = log_softmax(score.similarities, axis=1)
    return Calibration(
        temperature=fitted_temperature(score.similarities),
        cross_entropy=float(-chosen[:, 0].mean()),
        error=calibration_error(np.exp(chosen), bins=bins),
        cross_entropy_at_one=float(-plain[:, 0].mean()),
        error_at_one=calibration_error(np.exp(plain), bins=bins),
        temperatures=tuple(temperatures),
    )


def fitted_temperature(similarities: np.ndarray) -> float:
    """The temperature of the smallest cross-entropy, min_T mean(-log softmax(s/T)_0); convex in β = 1/T.

    Args:
        similarities: (n, K), the chosen alternative first.

    Returns:
        T > 0; infinite where no preference at all is best.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> s = rng.standard_normal((20000, 3))
        >>> noisy = s + 0.5 * rng.gumbel(size=s.shape)  # a choice at temperature 1/2
        >>> order = np.argsort(-noisy, axis=1)
        >>> round(fitted_temperature(np.take_along_axis(s, order, axis=1)), 1)
        0.5
    """
    s = similarities - similarities[:, :1]
    spread = float(np.abs(s).mean())

    def slope(beta: float) -> float:
        return float((softmax(beta * s, axis=1) * s).sum(axis=1).mean())

    if spread == 0 or slope(0.0) >= 0:
        return float("inf")
    high = 1 / spread
    while slope(high) < 0:
        high *= 4
        if high > _SHARPEST / spread:
            return 1 / high
    return 1 / brentq(slope, 0.0, high, xtol=1e-12 / spread)  # pyright: ignore[reportOperatorIssue]


def calibration_error(probabilities: np.ndarray, *, bins: int = 15) -> float:
    """Expected calibration error: Σ_b n_b/n |accuracy_b - confidence_b| over bins of the probability of the choice.

    Args:
        probabilities: (n, K) of the model, the alternative that was chosen by people first.
        bins: of equal width, over 0 to 1.

    Returns:
        In [0, 1]; 0 is calibrated. A choice among equally probable alternatives counts its share.

    Example:
        >>> calibration_error(np.array([[0.75, 0.25], [0.75, 0.25], [0.75, 0.25], [0.25, 0.75]]))
        0.0
    """
    confidence = probabilities.max(axis=1)
    best = probabilities == confidence[:, None]
    right = best[:, 0] / best.sum(axis=1)
    which = np.minimum((confidence * bins).astype(np.int64), bins - 1)
    gaps = np.bincount(which, right - confidence, minlength=bins)
    return float(np.abs(gaps).sum()) / len(confidence)


@dataclass(frozen=True)
class EntropyTimes:
    """What `entropy_response_times` finds: Spearman's correlation, its 95 % interval over triplets, and n trials."""

    correlation: float
    low: float
    high: float
    n: int


def entropy_response_times(
    score: OddOneOut,
    response_times: np.ndarray,
    *,
    temperature: float = 1.0,
    draws: int = 1000,
    seed: int = 0,
) -> EntropyTimes:
    """Whether people take longer where the model is less sure: Spearman's correlation over trials.

    Args:
        score: of `odd_one_out`.
        response_times: (n,) one a trial, in any unit; NaN where unknown.
        temperature: of the model's probabilities, whose entropy is taken.
        draws: bootstrap samples, by triplets.
        seed: of the draws.

    Raises:
        MisalignedSamples: not one time a trial.
        TooFewSamples: fewer than three known.

    Example:
        >>> from seealike.human.triplets import odd_one_out
        >>> score = odd_one_out(np.array([[2.0, 0], [1, 0], [0, 1], [0, 3]]), [[0, 1, 2], [1, 0, 3], [2, 3, 0], [1, 2, 0]])
        >>> entropy_response_times(score, np.array([1.0, 1.1, 0.2, 0.9]), draws=20).correlation > 0
        True
    """  # noqa: E501
    if len(response_times) != score.n:
        raise MisalignedSamples(
            where="entropy_response_times",
            expected=f"{score.n} times, one a trial",
            got=str(len(response_times)),
            fix="Give the times of the same trials.",
        )
    known = np.isfinite(response_times)
    if known.sum() < 3:
        raise TooFewSamples(
            where="entropy_response_times",
            expected="at least three times",
            got=str(int(known.sum())),
            fix="Leave this out.",
        )
    entropy = entr(softmax(score.similarities[known] / temperature, axis=1)).sum(axis=1)
    times = np.asarray(response_times, dtype=np.float64)[known]

    def correlation(rows: np.ndarray) -> float:
        x, y = entropy[rows], times[rows]
        varied = x.min() < x.max() and y.min() < y.max()
        return float(np.asarray(spearmanr(x, y))[0]) if varied else float("nan")

    found = correlation(np.arange(len(times)))
    if np.isnan(found):  # all times or all entropies alike
        return EntropyTimes(found, found, found, len(times))
    low, high = bootstrap_interval(correlation, score.units[known], draws=draws, seed=seed)
    return EntropyTimes(found, float(low), float(high), len(times))
