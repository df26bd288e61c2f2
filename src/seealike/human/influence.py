"""What each unit (a triplet, a reference, a sample) contributes to a score: numbers whose mean is the score.

With them the scores of two models on the same judgements are compared unit by unit, whatever the score is.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.stats import rankdata

from seealike.data.asked import Judged, asked
from seealike.data.judgements import Choices, HumanRdm, Ratings, SamePairs, Trials
from seealike.human.ratings import average_precision
from seealike.human.scoring import credited
from seealike.human.tally import numbered
from seealike.human.triplets import Ties

#: More units than this are left out in so many groups, where a score is no mean.
_GROUPS = 100


def influences(judged: Judged, far: np.ndarray, ties: Ties | None = None) -> np.ndarray:
    """The contributions of units to the main score of a model.

    Of a mean credit v over n judgements in U units: v + U Σ_{i∈u} (c_i - v)/n. Of all other scores v, by the jackknife:
    v - (G - 1) (v_(-g) - mean v_(-g)), where units are references (ratings), pairs (sameness) or samples (matrices),
    in at most 100 groups. The mean of either is v, and its standard error that of v.

    Args:
        judged: what people said.
        far: (n, pairs) distances, as for `human.scoring.scores`.
        ties: as for `human.scoring.scores`.

    Returns:
        (U,) in an order that depends on the judgements alone.

    Example:
        >>> trials = Trials(np.array([["a", "b", "c"], ["a", "c", "d"]]))
        >>> influences(trials, np.array([[0.1, 0.9, 0.8], [0.5, 0.2, 0.4]])).tolist()
        [1.0, 0.0]

    Source:
        Efron & Tibshirani 1993, "An introduction to the bootstrap" (jackknife).
    """
    if isinstance(judged, Trials | Choices):
        found = credited(judged, far, ties)
        rest = np.bincount(found.units, found.correct - found.accuracy)
        filled = np.bincount(found.units) > 0
        return found.accuracy + rest[filled] * filled.sum() / len(found.correct)
    near = -far[:, 0]
    if isinstance(judged, Ratings):
        opinion = judged.scores if judged.higher_is_better else -judged.scores
        return _jackknife(
            lambda rows: _spearman(near[rows], opinion[rows]), numbered(judged.references)[:, None]
        )
    if isinstance(judged, SamePairs):
        same = np.asarray(judged.same_share, dtype=np.float64)
        every = np.arange(len(same))[:, None]
        return _jackknife(lambda rows: average_precision(far[rows, 0], same[rows]), every)
    people = judged.values[np.triu_indices(len(judged.values), 1)]
    members = numbered(asked(judged)[0])
    return _jackknife(lambda rows: _spearman(far[rows, 0], people[rows]), members)


def _jackknife(score: Callable[[np.ndarray], float], members: np.ndarray) -> np.ndarray:
    """Contributions, leaving out all judgements that a group of units is in; `members` are (n, units a judgement)."""
    units = np.unique(members, return_inverse=True)[1].reshape(members.shape)
    groups = units % _GROUPS
    count = int(groups.max()) + 1
    whole = score(np.arange(len(members)))
    without = [score(np.flatnonzero((groups != group).all(axis=1))) for group in range(count)]
    return whole - (count - 1) * (np.array(without) - np.mean(without))


def _spearman(x: np.ndarray, y: np.ndarray) -> float:
    x, y = rankdata(x), rankdata(y)
    x, y = x - x.mean(), y - y.mean()
    size = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / size if size > 0 else 0.0


def agreeing(judged: Judged, far: np.ndarray, ties: Ties | None = None) -> np.ndarray:
    """(n,) how far a model agrees with each judgement, in [0, 1].

    The credit of trials and choices; of all others 1 - |r - s|/(n - 1), with r and s the ranks of the model's distance
    and of people's opinion among all judgements.

    Args:
        judged: as for `influences`.
        far: as for `influences`.
        ties: as for `influences`.

    Example:
        >>> matrix = HumanRdm(np.array([[0, 1, 2], [1, 0, 3], [2, 3, 0]]), ("a", "b", "c"))
        >>> agreeing(matrix, np.array([[1.0], [3.0], [2.0]])).tolist()
        [1.0, 0.5, 0.5]
    """
    if isinstance(judged, Trials | Choices):
        return credited(judged, far, ties).correct
    apart = np.abs(rankdata(far[:, 0]) - rankdata(_dissimilar(judged)))
    return 1 - apart / max(1, len(far) - 1)


def _dissimilar(judged: Ratings | SamePairs | HumanRdm) -> np.ndarray:
    """(n,) larger where people find two samples less alike."""
    if isinstance(judged, Ratings):
        return -judged.scores if judged.higher_is_better else judged.scores
    if isinstance(judged, SamePairs):
        return -judged.same_share
    return judged.values[np.triu_indices(len(judged.values), 1)]
