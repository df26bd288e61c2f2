"""Odd one out: how often a model takes the same of three images for the odd one as people do."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
import torch
from scipy.special import entr

from seealike.data.features import Features
from seealike.data.judgements import Trials
from seealike.engine.workers import count_workers, in_order
from seealike.errors import BadParameter, DataError, UnknownName, suggestion
from seealike.human.distances import Distance, distances, rule_of
from seealike.human.intervals import share_interval
from seealike.human.rows import located
from seealike.human.tally import Tally, numbered, tallied
from seealike.numerics.checks import Array

#: What a tie is worth: nothing ("strict"), its share ("half"), everything ("lenient").
Ties: TypeAlias = Literal["strict", "half", "lenient"]

#: The pairs of a triplet in the order of `OddOneOut.similarities`.
SIDES = ((0, 1), (0, 2), (1, 2))

#: Trials of one block.
_BLOCK = 1 << 14


@dataclass(frozen=True)
class OddOneOut:
    """What `odd_one_out` finds.

    Attributes:
        accuracy: mean credit over trials; chance is 1/3.
        low: of the 95 % interval of the accuracy, over triplets (and raters, where known).
        high: likewise.
        cross_entropy: mean over trials of -log p(the human choice), in nats; log 3 = 1.0986 for no preference.
        kl_divergence: mean over triplets of KL(people ‖ model) in nats; None where each was judged once.
        n: trials.
        n_triplets: distinct triplets.
        tied: the share of trials in which the largest similarity is not the only one.
        correct: (n,) the credit of each trial.
        similarities: (n, 3) of the pairs (0, 1), (0, 2), (1, 2) of each trial.
        units: (n,) the number of each trial's triplet.
        raters: (n,) numbers of the raters, where known.
    """

    accuracy: float
    low: float
    high: float
    cross_entropy: float
    kl_divergence: float | None
    n: int
    n_triplets: int
    tied: float
    correct: np.ndarray = field(repr=False)
    similarities: np.ndarray = field(repr=False)
    units: np.ndarray = field(repr=False)
    raters: np.ndarray | None = field(default=None, repr=False)


def odd_one_out(
    features: Features | Array,
    triplets: Trials | np.ndarray | Sequence[Sequence[object]],
    similarity: Distance = "dot",
    ties: Ties = "strict",
    *,
    ids: Sequence[str] | None = None,
    temperature: float = 1.0,
) -> OddOneOut:
    """How well a model's similarities predict which of three samples people call the odd one.

    A trial is (a, b, odd). Calling a sample odd is choosing the pair of the two others, so each choice has the
    similarity of the pair that it leaves:

    - the last sample is odd (the human choice): s(a, b), of the columns 0 and 1;
    - the middle one is odd: s(a, odd), of the columns 0 and 2;
    - the first one is odd: s(b, odd), of the columns 1 and 2.

    The model is right where s(a, b) is the largest; the cross-entropy is the mean of
    -log(exp(s(a, b)/T) / (exp(s(a, b)/T) + exp(s(a, odd)/T) + exp(s(b, odd)/T))).

    Args:
        features: `Features`, or an array (n_samples, n_dims).
        triplets: `Trials`, or (n, 3) sample ids or row numbers from 0, **the odd one last**. The same triplet may
            stand there many times, in any order of its first two, or with another one odd.
        similarity: dot x·y, cosine, correlation (Pearson's r over dimensions), or one of the distances of
            `human.distances.pair_distances`, whose negative is the similarity (euclidean, normalized_euclidean …).
        ties: where the largest similarity is shared by m pairs, s(a, b) among them, the credit is 0 ("strict"),
            1/m ("half") or 1 ("lenient").
        ids: one a row, for an array of features and triplets of ids.
        temperature: T; changes the cross-entropy and the divergence alone.

    Returns:
        Accuracy with its interval, cross-entropy, divergence, and each trial's credit.

    Raises:
        UnknownName: no such similarity, or tie rule.
        BadParameter: a temperature that is not positive.
        DataError: features that are not finite and 2-D; samples that they lack; the same sample twice in a triplet.
        UndefinedMeasure: a sample that has no such similarity (a row of zeros under the cosine, say).

    Example:
        >>> x = np.array([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]])
        >>> found = odd_one_out(x, [[0, 1, 2], [0, 2, 1]])
        >>> found.accuracy, round(found.cross_entropy, 4), found.n_triplets
        (0.5, 1.0684, 1)

    Source:
        Hebart et al. 2020, "Revealing the multidimensional mental representations of natural objects underlying human
        similarity judgements"; Muttenthaler et al. 2023, "Human alignment of neural network representations".
    """
    _check(ties, temperature)
    trials = triplets if isinstance(triplets, Trials) else None
    members = triplets.triplets if isinstance(triplets, Trials) else triplets
    found = located(features, members, ids=ids)
    if trials is None:
        Trials(found.members)  # has the right shape, and three samples a trial
    if not len(found.members):
        raise DataError(where="odd_one_out", expected="trials", got="none", fix="Give at least one.")
    similarities = rule_of(similarity).most_alike - distances(found, SIDES, similarity)
    raters = None if trials is None else trials.raters
    return scored_trials(similarities, found.samples, ties, temperature=temperature, raters=raters)


def scored_trials(
    similarities: np.ndarray,
    triplets: np.ndarray,
    ties: Ties = "strict",
    *,
    temperature: float = 1.0,
    raters: np.ndarray | None = None,
) -> OddOneOut:
    """Like `odd_one_out`, for similarities that come from elsewhere.

    Args:
        similarities: (n, 3) of the pairs (0, 1), (0, 2), (1, 2) of each trial; the negative of a distance is one.
        triplets: (n, 3) sample ids or row numbers, the odd one last.
        ties: as in `odd_one_out`.
        temperature: as in `odd_one_out`.
        raters: (n,) who answered, where known.

    Raises:
        UnknownName: no such tie rule.
        BadParameter: a temperature that is not positive.

    Example:
        >>> scored_trials(np.array([[0.9, 0.1, 0.2], [0.1, 0.1, 0.5]]), np.array([[0, 1, 2], [3, 4, 5]])).accuracy
        0.5
    """
    _check(ties, temperature)
    members = numbered(triplets)
    with ThreadPoolExecutor(1) as beside:  # sorting takes one core, and as long as all the rest
        counting = beside.submit(tallied, members)
        correct, tied, surprise = _answers(similarities, ties, temperature)
        tally = counting.result()
    raters = None if raters is None else numbered(raters)
    low, high = share_interval(correct, tally.units if tally.repeated else None, raters)
    return OddOneOut(
        accuracy=float(correct.mean()),
        low=low,
        high=high,
        cross_entropy=float(surprise.mean()),
        kl_divergence=_divergence(surprise, tally) if tally.repeated else None,
        n=len(correct),
        n_triplets=len(tally.first),
        tied=float(tied.mean()),
        correct=correct,
        similarities=similarities,
        units=tally.units,
        raters=raters,
    )


def credit(similarities: np.ndarray, ties: Ties) -> tuple[np.ndarray, np.ndarray]:
    """The credit of each trial, and whether its largest value is shared.

    Args:
        similarities: (n, K), the human choice first.
        ties: as in `odd_one_out`.

    Example:
        >>> credit(np.array([[2.0, 2.0, 1.0], [3.0, 2.0, 2.0]]), "half")[0].tolist()
        [0.5, 1.0]
    """
    first = similarities[:, 0]
    rest = [similarities[:, k] for k in range(1, similarities.shape[1])]
    others = rest[0]
    for column in rest[1:]:
        others = np.maximum(others, column)
    largest = np.maximum(first, others)
    shared = sum(((column == largest).astype(np.int8) for column in (first, *rest)), np.int8(0))
    worth = {"strict": shared == 1, "half": 1 / shared, "lenient": 1.0}[ties]
    return (first >= others) * np.float64(1) * worth, np.asarray(shared > 1)


def _answers(
    similarities: np.ndarray, ties: Ties, temperature: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each trial the credit, whether it is tied, and -log softmax(s/T)_0, some trials at a time, in all threads."""
    n = len(similarities)
    correct, surprise, tied = np.empty(n), np.empty(n), np.empty(n, dtype=bool)

    def step(start: int) -> None:
        block = slice(start, start + _BLOCK)
        some = np.ascontiguousarray(similarities[block].T).T  # columns lie together
        correct[block], tied[block] = credit(some, ties)
        surprise[block] = _surprise(some / temperature)

    for _ in in_order(step, range(0, n, _BLOCK), count_workers(torch.device("cpu"))):
        pass
    return correct, tied, surprise


def _surprise(s: np.ndarray) -> np.ndarray:
    a, b, c = s.T
    largest = np.maximum(np.maximum(a, b), c)
    odds = np.exp(a - largest)
    odds += np.exp(b - largest)
    odds += np.exp(c - largest)
    return np.log(odds, out=odds) + (largest - a)


def _divergence(surprise: np.ndarray, tally: Tally) -> float:
    """The mean over triplets of Σ_k p_k log(p_k / q_k), p the shares of choices.

    -Σ_k p_k log q_k of a triplet is the mean, over its trials, of -log q of what was chosen.
    """
    total = tally.counts.sum(axis=1)
    divided = tally.counts[tally.counts.max(axis=1) < total]  # where all agree there is no entropy
    shares = divided / divided.sum(axis=1, keepdims=True)
    surprises = float((surprise / total[tally.units]).sum())
    return (surprises - float(entr(shares).sum())) / len(total)


def _check(ties: str, temperature: float) -> None:
    rules = ("strict", "half", "lenient")
    if ties not in rules:
        raise UnknownName(
            where="ties", expected="the name of a tie rule", got=repr(ties), fix=suggestion(ties, rules)
        )
    if not 0 < temperature < np.inf:
        raise BadParameter(
            where="odd_one_out",
            expected="a positive temperature",
            got=f"temperature={temperature}",
            fix="Leave it out, or fit it with human.temperature.",
        )
