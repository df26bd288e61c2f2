"""All consequences of the similarity of two models on one set of samples, as rows of a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from seealike.consequences.attacks import Attack
from seealike.consequences.classifier import Classifier, TestSamples
from seealike.consequences.predictions import agreement, ensemble_gain, error_consistency, kappa
from seealike.consequences.stitching import stitched_accuracy
from seealike.consequences.transfer import transfer
from seealike.errors import TooFewSamples

Kind: TypeAlias = Literal["transfer", "agreement", "kappa", "error_consistency", "stitching", "ensemble_gain"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_OF_ANSWERS = {"agreement", "kappa", "error_consistency", "ensemble_gain"}
_Found: TypeAlias = tuple[float | None, int, str | None]

_UNKNOWN = "no sample is of a class that both models know"


def consequences_between(
    first: Classifier,
    second: Classifier,
    test: TestSamples,
    *,
    kinds: Iterable[Kind] = KINDS,
    attacks: Sequence[Attack] = (Attack(),),
    seed: int = 0,
) -> list[dict[str, Any]]:
    """What two models do alike on the same samples.

    agreement and kappa are of the classes that the models name, over all samples; the others over the samples whose
    class both know (stitching: whose class the head knows). transfer and stitching have a direction and a row for each.
    Models that tell apart different things (shape, color) are compared in what they err on, each in its own task.

    Args:
        first: a model.
        second: another.
        test: samples that neither was trained on.
        kinds: which consequences.
        attacks: for transfer; the same of all pairs that are compared.
        seed: of the halves of stitching and the random start of attacks.

    Returns:
        Rows with the columns of `tables.CONSEQUENCES` but for experiment, design, overlaps and seed; accuracies are
        over the samples whose class the model knows, None where it knows none.

    Raises:
        MissingDependency: attacks need the Adversarial Robustness Toolbox.

    Example:
        >>> from torch import nn
        >>> one = Classifier("a", nn.Flatten(), nn.Linear(4, 2), np.array([0, 1]))
        >>> test = TestSamples("held out", np.full((6, 1, 2, 2), 0.5, dtype=np.float32), np.array([0, 1] * 3))
        >>> [(row["kind"], row["value"], row["accuracy_x"]) for row in consequences_between(one, one, test,
        ...     kinds=["agreement"])]
        [('agreement', 1.0, 0.5)]
    """
    wanted = set(kinds)
    pair = _Pair(first, second, test)
    rows = [pair.row(kind, "", pair.answers(kind)) for kind in KINDS if kind in wanted & _OF_ANSWERS]
    for one in (pair, _Pair(second, first, test)):
        if "transfer" in wanted:
            rows += [one.row("transfer", attack.detail, one.transfer(attack, seed)) for attack in attacks]
        if "stitching" in wanted:
            rows.append(one.row("stitching", "", one.stitching(seed)))
    return rows


@dataclass(frozen=True)
class _Pair:
    """Two models and what they say of the samples; what is found is (value, of how many samples, why there is none)."""

    first: Classifier
    second: Classifier
    test: TestSamples

    @cached_property
    def models(self) -> tuple[Classifier, Classifier]:
        return self.first, self.second

    @cached_property
    def logits(self) -> tuple[np.ndarray, ...]:
        return tuple(one.logits(self.test.images) for one in self.models)

    @cached_property
    def named(self) -> tuple[np.ndarray, ...]:
        """(n,) what each model says the samples are."""
        pairs = zip(self.models, self.logits, strict=True)
        return tuple(one.classes[values.argmax(axis=1)] for one, values in pairs)

    @cached_property
    def wanted(self) -> tuple[np.ndarray, ...]:
        """(n,) the output that is right for each sample, -1 where the model does not know its class."""
        return tuple(one.outputs_of(self.test.labels) for one in self.models)

    @cached_property
    def both(self) -> np.ndarray:
        """Samples whose class both know."""
        return np.flatnonzero((self.wanted[0] >= 0) & (self.wanted[1] >= 0))

    @cached_property
    def right(self) -> tuple[np.ndarray, ...]:
        """(n,) bool, of each model in its own task."""
        pairs = zip(self.logits, self.wanted, strict=True)
        return tuple(values.argmax(axis=1) == wanted for values, wanted in pairs)

    @cached_property
    def same_task(self) -> bool:
        """Whether the right answers of the two are the same, for samples whose class both know."""
        x, y = (one.classes[wanted[self.both]] for one, wanted in zip(self.models, self.wanted, strict=True))
        return bool((x == y).all())

    def answers(self, kind: Kind) -> _Found:
        n = len(self.test.labels)
        if not n:
            return None, 0, "there are no samples"
        if not self.same_task and kind != "error_consistency":
            return None, 0, "the two models tell apart different things"
        if kind == "agreement":
            return agreement(*self.named), n, None
        if kind == "kappa":
            value = kappa(*self.named)
            return value, n, "both models name one class only" if value is None else None
        if not len(self.both):
            return None, 0, _UNKNOWN
        right_x, right_y = (right[self.both] for right in self.right)
        if kind == "error_consistency":
            value = error_consistency(right_x, right_y)
            return (
                value,
                len(self.both),
                "both models are right on all, or wrong on all" if value is None else None,
            )
        x, y = (values[self.both] for values in self.logits)
        classes = (self.first.classes, self.second.classes)
        labels = self.first.classes[self.wanted[0][self.both]]
        return ensemble_gain((x, y), classes, labels), len(self.both), None

    def transfer(self, attack: Attack, seed: int) -> _Found:
        if not len(self.both):
            return None, 0, _UNKNOWN
        images, labels = self.test.images[self.both], self.test.labels[self.both]
        value, n = transfer(*self.models, images, labels, attack, seed)
        return (
            value,
            n,
            "the attack fooled the source on no image that both models knew" if value is None else None,
        )

    def stitching(self, seed: int) -> _Found:
        try:
            value, n = stitched_accuracy(*self.models, self.test.images, self.test.labels, seed)
        except TooFewSamples as error:
            return None, 0, f"{error.got}; expected {error.expected}"
        return value, n, None

    def row(self, kind: Kind, detail: str, found: _Found) -> dict[str, Any]:
        value, n, reason = found
        known = [right[wanted >= 0] for right, wanted in zip(self.right, self.wanted, strict=True)]
        accuracy_x, accuracy_y = (float(one.mean()) if len(one) else None for one in known)
        return {
            "kind": kind,
            "detail": detail,
            "model_x": self.first.name,
            "model_y": self.second.name,
            "dataset": self.test.dataset,
            "value": value,
            "n": n,
            "accuracy_x": accuracy_x,
            "accuracy_y": accuracy_y,
            "reason": reason,
        }
