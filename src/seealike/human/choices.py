"""Two-alternative choice (2AFC): how often a model finds the same of two images nearer to a third as people do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from seealike.data.features import Features
from seealike.data.judgements import Choices, Trials
from seealike.errors import DataError, UnknownName, suggestion
from seealike.human.distances import Distance, distances
from seealike.human.intervals import share_interval
from seealike.human.rows import located
from seealike.human.triplets import Ties
from seealike.numerics.checks import Array

#: The credit of a tie.
_TIE = {"strict": 0.0, "half": 0.5, "lenient": 1.0}


@dataclass(frozen=True)
class TwoAfc:
    """What `two_afc` finds.

    Attributes:
        accuracy: mean credit over choices; chance is 1/2.
        low: of the 95 % interval of the accuracy, over references.
        high: likewise.
        cross_entropy: mean of -Σ_k p_k log q_k in nats, with the model's q = softmax(-distances); log 2 = .6931 for
            no preference.
        n: choices.
        n_references: distinct references.
        tied: the share of choices with equal distances.
        correct: (n,) the credit of each choice.
        distances: (n, 2) from the reference to the nearer (or first) and the farther (or second).
        units: (n,) the number of each choice's reference.
        raters: always None; the other scores have it too.
    """

    accuracy: float
    low: float
    high: float
    cross_entropy: float
    n: int
    n_references: int
    tied: float
    correct: np.ndarray = field(repr=False)
    distances: np.ndarray = field(repr=False)
    units: np.ndarray = field(repr=False)
    raters: np.ndarray | None = field(default=None, repr=False)


def two_afc(
    features: Features | Array,
    triplets: Choices | np.ndarray | Sequence[Sequence[object]],
    distance: Distance = "euclidean",
    ties: Ties = "half",
    *,
    ids: Sequence[str] | None = None,
) -> TwoAfc:
    """How well a model's distances predict which of two samples people find nearer to a reference.

    With p the share of votes for the second sample, a choice is worth 1 - p where the first is nearer for the
    model, p where the second is. For triplets p = 0: the second is the nearer one for everybody.

    Args:
        features: `Features`, or an array (n_samples, n_dims).
        triplets: `Choices`, or (n, 3) sample ids or row numbers from 0: **reference, nearer, farther**.
        distance: one of the distances of `human.distances.pair_distances`: euclidean, sqeuclidean, cosine,
            correlation, dot (-x·y), normalized_euclidean …
        ties: what equal distances are worth: 0 ("strict"), 1/2 ("half") or 1 ("lenient").
        ids: one a row, for an array of features and triplets of ids.

    Returns:
        Accuracy with its interval, cross-entropy, and each choice's credit.

    Raises:
        UnknownName: no such distance, or tie rule.
        DataError: features that are not finite and 2-D; samples that they lack; the same sample twice in a triplet.
        UndefinedMeasure: a sample that has no such distance.

    Example:
        >>> x = np.array([[0.0], [1.0], [3.0], [-1.0]])
        >>> two_afc(x, [[0, 1, 2], [0, 2, 1], [0, 1, 3]]).accuracy
        0.5

    Source:
        Zhang et al. 2018, "The unreasonable effectiveness of deep features as a perceptual metric" (the soft score);
        Fu et al. 2023, "DreamSim".
    """
    _check(ties)
    members = triplets.samples if isinstance(triplets, Choices) else triplets
    found = located(features, members, ids=ids)
    if isinstance(triplets, Choices):
        second = np.asarray(triplets.second_share, dtype=np.float64)
    else:
        Trials(found.members, name="triplets")  # has the right shape, and three samples a row
        second = np.zeros(len(found.members))
    if not len(found.members):
        raise DataError(where="two_afc", expected="choices", got="none", fix="Give at least one.")
    return scored_choices(distances(found, ((0, 1), (0, 2)), distance), found.samples[:, 0], second, ties)


def scored_choices(
    made: np.ndarray, references: np.ndarray, second: np.ndarray, ties: Ties = "half"
) -> TwoAfc:
    """Like `two_afc`, for distances that come from elsewhere (PSNR, SSIM, LPIPS …).

    Args:
        made: (n, 2) distances from the reference to the first and to the second.
        references: (n,) sample ids or row numbers: the units of the interval.
        second: (n,) the share of votes for the second.
        ties: as in `two_afc`.

    Raises:
        UnknownName: no such tie rule.

    Example:
        >>> scored_choices(np.array([[0.1, 0.4], [0.3, 0.2]]), np.array([0, 1]), np.array([0.2, 1.0])).accuracy
        0.9
    """
    _check(ties)
    tied = made[:, 0] == made[:, 1]
    correct = np.where(tied, _TIE[ties], np.where(made[:, 0] < made[:, 1], 1 - second, second))
    units = np.unique(references, return_inverse=True)[1].reshape(-1)
    low, high = share_interval(correct, units)
    return TwoAfc(
        accuracy=float(correct.mean()),
        low=low,
        high=high,
        cross_entropy=_cross_entropy(made, second),
        n=len(correct),
        n_references=int(units.max()) + 1,
        tied=float(tied.mean()),
        correct=correct,
        distances=made,
        units=units,
    )


def _check(ties: str) -> None:
    if ties not in _TIE:
        raise UnknownName(
            where="ties", expected="the name of a tie rule", got=repr(ties), fix=suggestion(ties, _TIE)
        )


def _cross_entropy(made: np.ndarray, second: np.ndarray) -> float:
    gap = made[:, 1] - made[:, 0]  # log odds of the first
    return float(((1 - second) * np.logaddexp(0, -gap) + second * np.logaddexp(0, gap)).mean())
