"""Tasks that ask people: odd one out, dissimilarities, a teacher's answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator
from scipy.optimize import minimize_scalar
from scipy.special import entr, log_softmax, softmax

from seealike.data.judgements import HumanRdm, Trials
from seealike.data.triplet_files import read_triplets
from seealike.errors import DataError
from seealike.human.ceilings import noise_ceiling
from seealike.human.crowds import crowd_divergences
from seealike.human.distances import Distance
from seealike.human.intervals import clustered_error
from seealike.human.rdm import Compare, rsa_to_human
from seealike.human.tally import numbered, tallied
from seealike.human.triplets import OddOneOut, odd_one_out
from seealike.proof.value import Look, Value, mean_of
from seealike.sources.entry import Entry, LocalPath
from seealike.sources.judgements import JUDGEMENT_SOURCES, JudgementCard

#: Folds of triplets for the temperature of the divergence.
_FOLDS = 5
#: Ceilings by the arm that their rows stand in.
_CEILINGS = {"ceiling": "leave_one_out", "majority": "majority", "agreement": "agreement"}


class PeopleTask(Entry):
    """A task about people's judgements.

    Attributes:
        dataset: whose features are asked.
        judgements: an entry of a source of judgements (see docs/human.md): source, path and its options.
    """

    dataset: str = Field(min_length=1)
    judgements: JudgementCard

    @field_validator("judgements", mode="before")
    @classmethod
    def _card(cls, value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, dict):
            return value
        kind = JUDGEMENT_SOURCES[str(value.get("source", ""))]
        return kind.model_validate({"name": value.get("source"), **value}, context=info.context)


class OddOneOutTask(PeopleTask):
    """Accuracy on odd-one-out trials; and where triplets were judged repeatedly, the divergence from people's shares.

    The divergence is at the temperature that suits the *other* triplets (five folds), for every arm alike: features
    that were never fitted to people have no scale of their own.

    Attributes:
        similarity: as for `seealike.odd_one_out`.
    """

    task: Literal["odd_one_out"]
    similarity: Distance = "dot"

    def values(self, look: Look, base: Look | None) -> Iterator[Value]:
        """Accuracy, and divergence in nats."""
        del base
        trials = trials_of(self.judgements)
        found = odd_one_out(look.features(self.dataset), trials, self.similarity)
        yield accuracy("odd_one_out", found)
        if found.n_triplets < found.n:
            yield mean_of("kl_divergence", divergences(found, trials))

    def lines(self, look: Look) -> Iterator[tuple[str, Value]]:
        """Chance, and how well the choices can be predicted at all."""
        del look
        trials = trials_of(self.judgements)
        yield from people_lines("odd_one_out", trials)
        repeated = tallied(numbered(trials.triplets))
        if repeated.repeated:
            yield "chance", mean_of("kl_divergence", np.log(3) - _entropies(repeated.counts))
            yield "ceiling", mean_of("kl_divergence", crowd_divergences(repeated.counts))


class RsaTask(PeopleTask):
    """Correlation of the model's dissimilarities with people's.

    Attributes:
        dissimilarity: as for `seealike.human.rdm.rsa_to_human`.
        compare: spearman, pearson or kendall.
    """

    task: Literal["rsa"]
    dissimilarity: Distance | Literal["triplet"] = "correlation"
    compare: Compare = "spearman"

    def values(self, look: Look, base: Look | None) -> Iterator[Value]:
        """The correlation."""
        del base
        human = self.judgements.read()
        if not isinstance(human, HumanRdm):
            raise other_kind("a matrix of dissimilarities", human)
        found = rsa_to_human(
            look.features(self.dataset), human, self.dissimilarity, self.compare, permutations=1
        )
        yield Value(f"rsa_{self.compare}", found.correlation, found.n, None, found.low, found.high)

    def lines(self, look: Look) -> Iterator[tuple[str, Value]]:
        """No relation."""
        del look
        yield "chance", Value(f"rsa_{self.compare}", 0.0, 0)


class AnsweredTask(Entry):
    """Agreement with a teacher's answers to triplets (`seealike triplets respond`) that nobody was trained on.

    Attributes:
        dataset: whose features are asked.
        triplets: an .npz in the published layout; sample ids are its file names.
        similarity: as for `seealike.odd_one_out`.
    """

    task: Literal["answered"]
    dataset: str = Field(min_length=1)
    triplets: LocalPath
    similarity: Distance = "dot"

    def values(self, look: Look, base: Look | None) -> Iterator[Value]:
        """Accuracy, and the mean divergence from the teacher's probabilities to the model's, in nats."""
        del base
        asked = read_triplets(self.triplets)
        trials = Trials(asked.filenames, name=self.triplets.name)
        found = odd_one_out(look.features(self.dataset), trials, self.similarity)
        yield accuracy("odd_one_out", found)
        targets = softmax(np.asarray(asked.similarities, dtype=np.float64), axis=1)
        crossed = held_out_cross_entropy(found.similarities, targets, found.units)
        yield mean_of("kl_divergence", crossed - entr(targets).sum(axis=1))

    def lines(self, look: Look) -> Iterator[tuple[str, Value]]:
        """Chance."""
        del look
        yield "chance", Value("odd_one_out", 1 / 3, 0)


def accuracy(task: str, found: OddOneOut) -> Value:
    """The accuracy of odd-one-out trials as a row, with its error over triplets and raters."""
    repeated = found.units if found.n_triplets < found.n else None
    error = clustered_error(found.correct, repeated, found.raters)
    return Value(task, found.accuracy, found.n, error, found.low, found.high)


def divergences(found: OddOneOut, trials: Trials) -> np.ndarray:
    """KL(people ‖ model) of each triplet in nats, at the temperature that suits the others.

    The mean over a triplet's trials of -log q(choice) is the cross-entropy of people's shares with the model's.

    Args:
        found: of `odd_one_out`.
        trials: those that it scored.
    """
    hard = np.broadcast_to([1.0, 0.0, 0.0], found.similarities.shape)
    crossed = held_out_cross_entropy(found.similarities, hard, found.units)
    tally = tallied(numbered(trials.triplets))
    sums = np.bincount(tally.units, crossed)
    return sums / np.bincount(tally.units) - _entropies(tally.counts)


def held_out_cross_entropy(similarities: np.ndarray, targets: np.ndarray, units: np.ndarray) -> np.ndarray:
    """(n,) -Σ_k p_k log softmax(s/T)_k, T fitted to the triplets of the other folds.

    Args:
        similarities: (n, 3).
        targets: (n, 3) probabilities.
        units: (n,) numbers of the triplets; all trials of one are in one fold.

    Example:
        >>> s = np.random.default_rng(0).standard_normal((100, 3))
        >>> crossed = held_out_cross_entropy(7 * s, softmax(s, axis=1), np.arange(100))
        >>> bool(abs(crossed - entr(softmax(s, axis=1)).sum(axis=1)).max() < 1e-5)
        True
    """
    fold_of = np.random.default_rng(0).permutation(int(units.max()) + 1)[units] % _FOLDS
    made = np.empty(len(similarities))
    for fold in range(_FOLDS):
        held = fold_of == fold
        sharpness = _sharpness(similarities[~held], targets[~held])
        made[held] = _crossed(similarities[held], targets[held], sharpness)
    return made


def _sharpness(s: np.ndarray, p: np.ndarray) -> float:
    """The β = 1/T of the smallest cross-entropy; convex, and looked for on a scale of logarithms."""
    spread = float(np.abs(s - s.mean(axis=1, keepdims=True)).mean())
    if spread == 0:
        return 0.0
    ends = (np.log(1e-5 / spread), np.log(1e5 / spread))
    best = minimize_scalar(
        lambda b: float(_crossed(s, p, np.exp(b)).mean()),
        bounds=ends,
        method="bounded",
        options={"xatol": 1e-8},
    )
    return float(np.exp(best.x))  # pyright: ignore[reportAttributeAccessIssue]


def _crossed(s: np.ndarray, p: np.ndarray, sharpness: float) -> np.ndarray:
    return -(p * log_softmax(sharpness * s, axis=1)).sum(axis=1)


def _entropies(counts: np.ndarray) -> np.ndarray:
    """(U,) entropy of the shares of each triplet, in nats."""
    return entr(counts / counts.sum(axis=1, keepdims=True)).sum(axis=1)


def trials_of(card: JudgementCard) -> Trials:
    """Odd-one-out trials.

    Raises:
        DataError: judgements of another kind.
    """
    trials = card.read()
    if not isinstance(trials, Trials):
        raise other_kind("odd-one-out trials", trials)
    return trials


def people_lines(task: str, trials: Trials) -> Iterator[tuple[str, Value]]:
    """Chance, and where triplets were judged repeatedly what people reach, by the arm that it stands in."""
    yield "chance", Value(task, 1 / 3, len(trials))
    if not tallied(numbered(trials.triplets)).repeated:
        return
    found = noise_ceiling(trials)
    for arm, name in _CEILINGS.items():
        low, high = found.intervals[name]
        yield arm, Value(task, getattr(found, name), found.n, None, low, high)


def other_kind(expected: str, got: object) -> DataError:
    """The error for judgements that a task cannot ask."""
    return DataError(
        where="judgements", expected=expected, got=type(got).__name__, fix="Give another source or task."
    )
