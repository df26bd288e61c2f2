"""The runs of a study's `causes:` with their data open: which networks learn what, and what they are compared on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from seealike.data.identity import digest
from seealike.errors import DataError, SeealikeError, place
from seealike.overlap.designs import Planned, Side, planned_runs
from seealike.sources.datasets.card import Samples
from seealike.sources.models.trained import TrainedCard, network_digest
from seealike.study.cause_entries import LanguageEntry
from seealike.study.causes import Cause
from seealike.study.results import Results
from seealike.study.spec import Settings
from seealike.study.tested import held_out
from seealike.study.trained_cards import making_of
from seealike.training.corpora import chunk_numbers
from seealike.training.recipe import Recipe
from seealike.training.record import RECORD, WEIGHTS
from seealike.training.task import derived_seed

#: Raised when the same training gives other weights.
_VERSION = 1
#: The file that says how a network does on test samples, beside its weights.
TESTED = "tested.parquet"


@dataclass(frozen=True)
class Training:
    """One network to train: its card, its recipe, and what it learns of the training samples (or chunks of them)."""

    card: TrainedCard
    recipe: Recipe
    side: Side = field(repr=False)

    @property
    def paths(self) -> tuple[Path, ...]:
        """What its training leaves: weights, record, how it does on test samples, and what its tokenizer learned."""
        weights, learned = self.card.weights, getattr(self.card, "vocabulary", None)
        made = [weights, weights.with_name(RECORD), weights.with_name(TESTED)]
        return (*made, *([learned] if learned else []))


@dataclass(frozen=True)
class OverlapRun:
    """Two networks that share a stated part of their data and of their tasks, and what they are compared on.

    Attributes:
        cause: the experiment's name.
        design: "data", "task", "both" or "factorial".
        data_overlap: the realized share of samples.
        task_overlap: the realized share of classes (or attributes).
        seed: of the split.
        cards: the two networks.
        classes: what the outputs of each stand for; common classes first.
        evaluation: name of an evaluation set -> dataset, and its rows of it; None for all.
        detail: which tasks, where several have the same overlap.
    """

    cause: str
    design: str
    data_overlap: float
    task_overlap: float
    seed: int
    cards: tuple[TrainedCard, TrainedCard]
    classes: tuple[tuple[str, ...], tuple[str, ...]] = field(repr=False)
    evaluation: Mapping[str, tuple[str, np.ndarray | None]] = field(repr=False)
    detail: str = ""

    @property
    def identity(self) -> list[object]:
        """What it is, as JSON values: the shares, the networks and the samples of each evaluation set."""
        sets = {
            name: [where, rows if rows is None else rows.tolist()]
            for name, (where, rows) in self.evaluation.items()
        }
        shares = [self.design, self.data_overlap, self.task_overlap, self.seed, self.detail]
        return [self.cause, *shares, [card.name for card in self.cards], sets]

    @property
    def columns(self) -> dict[str, object]:
        """What all rows of the run say, in any table."""
        return {
            "experiment": self.cause,
            "design": self.design,
            "data_overlap": self.data_overlap,
            "task_overlap": self.task_overlap,
            "seed": self.seed,
            "model_x": self.cards[0].name,
            "model_y": self.cards[1].name,
        }

    @property
    def name(self) -> str:
        """For people."""
        shares = f"{self.data_overlap:.3g} of the data, {self.task_overlap:.3g} of the task"
        detail = f", {self.detail}" if self.detail else ""
        return f"{self.cause}, {self.design}: {shares}, seed {self.seed}{detail}"


@dataclass(frozen=True)
class OpenedCause:
    """An experiment with its samples.

    Attributes:
        cause: as the study file says.
        samples: what parts are trained on.
        trainings: every network once, also where several runs have it.
        runs: all runs.
        broken: why there are none.
    """

    cause: Cause
    samples: Samples | None
    trainings: tuple[Training, ...] = ()
    runs: tuple[OverlapRun, ...] = ()
    broken: str = ""

    @property
    def datasets(self) -> list[str]:
        """Every network is run on these."""
        return [self.cause.tested, *self.cause.entry.evaluate] if self.trainings else []


def open_cause(
    cause: Cause, settings: Settings, samples: dict[str, Samples], results: Results
) -> OpenedCause:
    """Open the data of an experiment, split it and name its networks; its test samples are added to `samples`.

    What cannot be is noted, not raised.
    """
    try:
        with place(f"cause {cause.entry.name}"):
            train, test = _opened(cause, settings)
            planned = _planned(cause, train)
    except SeealikeError as error:
        return OpenedCause(cause, None, broken=str(error))
    samples[cause.tested] = test
    trainings: dict[str, Training] = {}
    runs = [_run(cause, one, (train, test), trainings, results) for one in planned]
    return OpenedCause(cause, train, tuple(trainings.values()), tuple(runs))


def _opened(cause: Cause, settings: Settings) -> tuple[Samples, Samples]:
    """What is trained on, and what evaluates, labelled by the same numbers; texts without labels are one corpus."""
    whole = _labelled(cause, cause.data.open(settings.seed, settings.subset))
    if cause.test is not None:
        test = _labelled(cause, cause.test.open(settings.seed, settings.subset))
        number = {name: k for k, name in enumerate(whole.classes)}
        labels = np.array([number.get(name, -1) for name in test.classes], dtype=np.int64)
        return whole, replace(test, labels=None if test.labels is None else labels[test.labels])
    chosen = held_out(whole, settings.seed)
    parts = [whole.rows(np.flatnonzero(mask)) for mask in (~chosen, chosen)]
    rules = [digest([whole.revision, whole.rule, "held out", settings.seed, k]) for k in (0, 1)]
    train, test = (replace(part, revision=rule) for part, rule in zip(parts, rules, strict=True))
    return train, test


def _labelled(cause: Cause, samples: Samples) -> Samples:
    if samples.labels is not None:
        return samples
    if not isinstance(cause.entry, LanguageEntry):
        raise DataError(
            where="data",
            expected="a dataset with labels",
            got="none",
            fix="Give its entry a column or folder of classes.",
        )
    labels = np.zeros(len(samples.sample_ids), dtype=np.int64)
    return replace(samples, labels=labels, classes=(cause.entry.name,))


def chunks_of(samples: Samples, n_chunks: int) -> tuple[np.ndarray, np.ndarray]:
    """The chunk of each passage, and the corpus of each chunk (see `seealike.training.corpora.chunk_numbers`)."""
    text = samples.items("text")
    lengths = np.array([len(str(text(row))) for row in range(len(samples.sample_ids))])
    assert samples.labels is not None
    return chunk_numbers(lengths, samples.labels, n_chunks)


def _planned(cause: Cause, train: Samples) -> list[Planned]:
    entry, labels = cause.entry, train.labels
    assert labels is not None
    if isinstance(entry, LanguageEntry):
        labels = chunks_of(train, entry.chunks)[1]
    return [
        run
        for design in entry.designs
        for run in planned_runs(
            design,
            labels,
            train.classes,
            entry.overlaps,
            range(entry.first_seed, entry.first_seed + entry.seeds),
            attributes=entry.named_attributes,
            constrained=entry.constrained,
        )
    ]


def _run(
    cause: Cause,
    planned: Planned,
    parts: tuple[Samples, Samples],
    trainings: dict[str, Training],
    results: Results,
) -> OverlapRun:
    train, test = parts
    cards = []
    for number, side in enumerate((planned.first, planned.second)):
        made = _training(cause, planned, number, side, train, results)
        cards.append(trainings.setdefault(made.card.training, made).card)
    assert test.labels is not None
    name = cause.entry.name
    known = {f"{name}: {key}": (cause.tested, rows) for key, rows in planned.evaluation(test.labels).items()}
    others = {other: (other, None) for other in cause.entry.evaluate}
    return OverlapRun(
        name,
        planned.design,
        planned.data_overlap,
        planned.task_overlap,
        planned.seed,
        (cards[0], cards[1]),
        (planned.first.classes, planned.second.classes),
        {**known, **others},
        planned.detail,
    )


def _training(
    cause: Cause, planned: Planned, number: int, side: Side, train: Samples, results: Results
) -> Training:
    """One network of a run; equal ones (same samples, labels and start) have the same digest."""
    entry, made = cause.entry, making_of(cause, side, train)
    seed = derived_seed(entry.recipe.seed, planned.seed, number)
    recipe = entry.recipe.model_copy(update={"seed": seed})
    learned = hashlib.sha256(side.rows.tobytes() + side.labels.tobytes()).hexdigest()
    said = [
        _VERSION,
        network_digest(entry.network, made.arguments, cause.root),
        recipe.digest,
        train.revision,
        learned,
    ]
    key = digest(["train", train.rule, *said, *made.decides])
    shares = f"({planned.data_overlap:.3g} data, {planned.task_overlap:.3g} task)"
    which = f"{planned.detail} " if planned.detail else ""
    side_name = ("first", "second")[number]
    card = made.card(
        source="trained",
        name=f"{entry.name} {planned.design} {shares} {which}seed {planned.seed} {side_name}",
        layer=(entry.layer,),
        pooling=entry.pooling,
        fields={"cause": entry.name, "seed": str(planned.seed)},
        network=entry.network,
        arguments=made.arguments,
        root=cause.root,
        training=key,
        weights=results.trained(entry.name, key) / WEIGHTS,
        seed=derived_seed(seed, "torch"),
        **made.fields,
    )
    return Training(card, recipe, side)
