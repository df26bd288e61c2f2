"""What came of one probe, and the three published scores.

Letters: n samples, C classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from seealike.probes.split import Split


@dataclass(frozen=True)
class Scores:
    """How often a classifier is right.

    Attributes:
        top1: share of samples whose class has the highest logit, 0 to 1.
        top5: share whose class is among the five highest; None with five classes or fewer.
        mean_class_recall: mean over the classes that have samples of the share that is right in each
            ("balanced accuracy").
    """

    top1: float
    top5: float | None
    mean_class_recall: float


@dataclass(frozen=True)
class ProbeResult:
    """One probe of one model: its scores and what was chosen.

    Attributes:
        method: "adamw", "logistic", "ridge" or "knn".
        seed: of the held-out samples (and of initialization and order, for adamw).
        test: scores on the test samples.
        train: scores on all training samples.
        settings: what was chosen on the held-out samples, such as {"learning_rate": 0.1, "weight_decay": 0.01}.
        validation_top1: of the chosen settings on the held-out samples.
        predicted: (n_test,) the class with the highest logit for each test sample.
        n_train: training samples.
        n_classes: outputs of the classifier.
    """

    method: str
    seed: int
    test: Scores
    train: Scores
    settings: Mapping[str, float]
    validation_top1: float
    predicted: np.ndarray = field(repr=False)
    n_train: int
    n_classes: int

    @property
    def top1(self) -> float:
        """Share of the test samples that are right, 0 to 1."""
        return self.test.top1

    @property
    def top5(self) -> float | None:
        """Share of the test samples whose class is among the five highest; None with five classes or fewer."""
        return self.test.top5

    @property
    def mean_class_recall(self) -> float:
        """Mean over classes of the share of test samples that are right."""
        return self.test.mean_class_recall

    @property
    def train_top1(self) -> float:
        """As `top1`, of the training samples."""
        return self.train.top1


@dataclass(frozen=True)
class Chosen:
    """What the held-out samples of one seed decided.

    Attributes:
        seed: of the held-out samples.
        settings: name -> number.
        validation_top1: share of the held-out samples that are right with these settings.
    """

    seed: int
    settings: Mapping[str, float]
    validation_top1: float


def scored(
    method: str, chosen: Chosen, train: Split, train_logits: np.ndarray, test: Split, test_logits: np.ndarray
) -> ProbeResult:
    """The result of a probe from the logits of its last fit, (n, C) of both splits."""
    return ProbeResult(
        method=method,
        seed=chosen.seed,
        test=scores(test_logits, test.labels),
        train=scores(train_logits, train.labels),
        settings=chosen.settings,
        validation_top1=chosen.validation_top1,
        predicted=test_logits.argmax(axis=1),
        n_train=train.n,
        n_classes=train_logits.shape[1],
    )


def scores(logits: np.ndarray, labels: np.ndarray) -> Scores:
    """The three published scores of a classifier.

    A label is among the five highest if fewer than five classes have higher logits or the same and a lower number.

    Args:
        logits: (n, C), higher is likelier.
        labels: (n,) the true classes; those that the classifier does not know (≥ C) are never right.

    Example:
        >>> scores(np.array([[2.0, 1.0], [0.0, 3.0], [1.0, 0.0]]), np.array([0, 1, 1]))
        Scores(top1=0.666..., top5=None, mean_class_recall=0.75)
    """
    right = logits.argmax(axis=1) == labels
    counts = np.bincount(labels)
    present = counts > 0
    recall = np.bincount(labels, weights=right)[present] / counts[present]
    n_classes = max(logits.shape[1], len(counts))
    top5 = _among_highest(logits, labels, 5) if n_classes > 5 else None
    return Scores(float(right.mean()), top5, float(recall.mean()))


def _among_highest(logits: np.ndarray, labels: np.ndarray, k: int) -> float:
    known = labels < logits.shape[1]
    own = np.where(known, labels, 0)[:, None]
    mine = np.take_along_axis(logits, own, axis=1)
    before = (logits == mine) & (np.arange(logits.shape[1]) < own)
    higher = ((logits > mine) | before).sum(axis=1)
    return float((known & (higher < k)).mean())
