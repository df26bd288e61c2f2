"""What distances are worth against judgements of any kind: every score of that kind, with its interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seealike.data.asked import Judged
from seealike.data.judgements import Choices, HumanRdm, Ratings, SamePairs, Trials
from seealike.errors import TooFewSamples
from seealike.human.choices import TwoAfc, scored_choices
from seealike.human.intervals import clustered_error
from seealike.human.ratings import agreement, same_precision
from seealike.human.rdm import agreement_with_rdm
from seealike.human.temperature import calibration, entropy_response_times
from seealike.human.triplets import OddOneOut, Ties, scored_trials

#: At this temperature any model has no preference.
_NO_PREFERENCE = 1e12
#: Response times that are correlated.
_FEWEST_TIMES = 3


@dataclass(frozen=True)
class Score:
    """One score of one model.

    Attributes:
        name: spearman, kendall, pearson, pearson_logistic; two_afc; jnd; odd_one_out, cross_entropy,
            calibration_error, entropy_response_times, kl_divergence; rsa_spearman, rsa_pearson. Of trials of several
            sorts also "odd_one_out (SORT)".
        value: the score; None where it cannot be had.
        standard_error: where it is known in closed form.
        low: of the 95 % interval, where there is one.
        high: likewise.
        n: judgements.
        reason: why there is no value.
    """

    name: str
    value: float | None
    standard_error: float | None
    low: float | None
    high: float | None
    n: int
    reason: str | None = None


def scores(
    judged: Judged, far: np.ndarray, ties: Ties | None = None, *, draws: int | None = None, seed: int = 0
) -> list[Score]:
    """All scores of one model against judgements.

    Of trials the cross-entropy and the calibration error are at a temperature fitted to other triplets
    (`human.temperature.calibration`), the divergence and the correlation with response times at the one fitted to
    all: distances have no scale of their own.

    Args:
        judged: what people said.
        far: (n, pairs) distances of the pairs that `data.asked.asked` lists, in its order.
        ties: strict, half or lenient; None is strict for trials and half for choices.
        draws: bootstrap samples of the intervals of ratings (200) and sameness (1,000).
        seed: of folds, draws and permutations.

    Returns:
        The main score first.

    Raises:
        UndefinedMeasure: distances or opinions that are all the same.
        TooFewSamples: too few ratings, or samples of a matrix.

    Example:
        >>> trials = Trials(np.array([["a", "b", "c"], ["a", "c", "d"]]))
        >>> [(s.name, s.value) for s in scores(trials, np.array([[0.1, 0.9, 0.8], [0.5, 0.2, 0.4]]))][:1]
        [('odd_one_out', 0.5)]
    """
    if isinstance(judged, Trials):
        return _of_trials(judged, far, ties or "strict", seed)
    if isinstance(judged, Choices):
        found = credited(judged, far, ties)
        return [_mean("two_afc", found)]
    if isinstance(judged, SamePairs):
        same = same_precision(far[:, 0], judged, draws=draws or 1000, seed=seed)
        return [Score("jnd", same.average_precision, None, same.low, same.high, same.n)]
    if isinstance(judged, Ratings):
        rated = agreement(far[:, 0], judged, draws=draws or 200, seed=seed)
        return [
            Score(name, getattr(rated, name), None, *ends, rated.n) for name, ends in rated.intervals.items()
        ]
    return _of_matrix(judged, far[:, 0], seed)


def credited(judged: Trials | Choices, far: np.ndarray, ties: Ties | None = None) -> OddOneOut | TwoAfc:
    """The credit of each judgement of a kind that gives credits.

    Args:
        judged: trials or choices.
        far: as for `scores`.
        ties: as for `scores`.
    """
    if isinstance(judged, Trials):
        return scored_trials(-far, judged.triplets, ties or "strict", raters=judged.raters)
    return scored_choices(far, judged.references, judged.second_share, ties or "half")


def main_score(judged: Judged) -> str:
    """The name of the first of `scores` for judgements of this kind.

    Example:
        >>> main_score(Trials(np.array([["a", "b", "c"]])))
        'odd_one_out'
    """
    return next(iter(chance(judged)))


def chance(judged: Judged) -> dict[str, float]:
    """What guessing reaches, score by score.

    Example:
        >>> chance(Trials(np.array([["a", "b", "c"]])))["odd_one_out"]
        0.3333333333333333
    """
    if isinstance(judged, Trials):
        return {"odd_one_out": 1 / 3, "cross_entropy": float(np.log(3))}
    if isinstance(judged, Choices):
        return {"two_afc": 0.5}
    if isinstance(judged, SamePairs):
        return {"jnd": float(np.mean(judged.same_share))}
    return {"spearman": 0.0} if isinstance(judged, Ratings) else {"rsa_spearman": 0.0}


def _of_trials(judged: Trials, far: np.ndarray, ties: Ties, seed: int) -> list[Score]:
    found = scored_trials(-far, judged.triplets, ties, raters=judged.raters)
    made = [_mean("odd_one_out", found)]
    try:
        fitted = calibration(found, seed=seed)
    except TooFewSamples as error:
        made.append(Score("cross_entropy", None, None, None, None, found.n, str(error)))
    else:
        made.append(Score("cross_entropy", fitted.cross_entropy, None, None, None, found.n))
        made.append(Score("calibration_error", fitted.error, None, None, None, found.n))
        made += _of_times(judged, found, fitted.temperature, seed)
        if found.kl_divergence is not None:
            wide = min(fitted.temperature, _NO_PREFERENCE)
            at_it = scored_trials(-far, judged.triplets, ties, temperature=wide)
            made.append(Score("kl_divergence", at_it.kl_divergence, None, None, None, found.n_triplets))
    for kind in [] if judged.kinds is None else np.unique(judged.kinds).tolist():
        some = np.flatnonzero(judged.kinds == kind)
        one = scored_trials(-far[some], judged[some].triplets, ties, raters=judged[some].raters)
        made.append(_mean(f"odd_one_out ({kind})", one))
    return made


def _of_times(judged: Trials, found: OddOneOut, temperature: float, seed: int) -> list[Score]:
    """Whether people take longer where the model is unsure; nothing where times are not known or all alike."""
    times = judged.response_times
    if times is None or np.isfinite(times).sum() < _FEWEST_TIMES:
        return []
    wide = min(temperature, _NO_PREFERENCE)
    made = entropy_response_times(found, np.asarray(times, float), temperature=wide, draws=200, seed=seed)
    if not np.isfinite(made.correlation):
        return []
    return [Score("entropy_response_times", made.correlation, None, made.low, made.high, made.n)]


def _of_matrix(judged: HumanRdm, far: np.ndarray, seed: int) -> list[Score]:
    made = []
    for compare in ("spearman", "pearson"):
        found = agreement_with_rdm(far, judged, compare, permutations=99, seed=seed)
        made.append(Score(f"rsa_{compare}", found.correlation, None, found.low, found.high, found.n_pairs))
    return made


def _mean(name: str, found: OddOneOut | TwoAfc) -> Score:
    error = clustered_error(found.correct, found.units, found.raters)
    known = float(error) if np.isfinite(error) else None
    return Score(name, found.accuracy, known, found.low, found.high, found.n)
