"""Labeled features, checked, and the stratified fifth of them that settings are chosen on.

Letters: n samples, d dimensions, C classes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import torch

from seealike.errors import BadParameter, DataError, MisalignedSamples, NonFiniteError, TooFewSamples
from seealike.numerics.checks import Array, samples

#: The published share of the training samples that settings are chosen on.
HELD_OUT = 0.2
#: Squares of slopes along larger features would overflow.
_LARGEST = 1e12


@dataclass(frozen=True)
class Split:
    """The features of one part of a dataset ("train" or "test") with their labels.

    Attributes:
        values: (n, d) features, kept as float32; the probes read them as they are (the published ones have rows
            of unit length).
        labels: (n,) classes, whole numbers from 0, kept as int64.

    Raises:
        DataError: features that are not finite numbers in two dimensions, or labels that are no whole numbers ≥ 0.
        MisalignedSamples: not one label for each row.

    Example:
        >>> Split(np.eye(3), np.array([0, 1, 1])).n_classes
        2
    """

    values: np.ndarray = field(repr=False)
    labels: np.ndarray = field(repr=False)

    @classmethod
    def of(cls, values: Array, labels: Array) -> Split:
        """Of numpy arrays or torch tensors of any precision."""
        return cls(*cast(tuple[np.ndarray, np.ndarray], (values, labels)))

    def __post_init__(self) -> None:
        labels = _labels(self.labels)
        checked = samples(self.values, "features of the probe", minimum=1)
        if len(labels) != checked.n:
            raise MisalignedSamples(
                where="labels of the probe",
                expected=f"one for each of the {checked.n} rows of features",
                got=str(len(labels)),
                fix="Join labels and features by sample id first.",
            )
        if checked.largest > _LARGEST:
            raise NonFiniteError(
                where="features of the probe",
                expected=f"numbers up to {_LARGEST:.0e}, whose products are float32",
                got=f"{checked.largest:.1e}",
                fix="Scale the features; the published probe reads rows of unit length.",
            )
        values = torch.as_tensor(self.values).detach().to("cpu", torch.float32).numpy()
        object.__setattr__(self, "values", np.ascontiguousarray(values))
        object.__setattr__(self, "labels", labels)

    @property
    def n(self) -> int:
        """The number of samples."""
        return len(self.labels)

    @property
    def d(self) -> int:
        """The number of dimensions."""
        return int(self.values.shape[1])

    @property
    def n_classes(self) -> int:
        """One more than the largest label, as published: classes without samples count."""
        return int(self.labels.max()) + 1

    def select(self, rows: np.ndarray) -> Split:
        """Some of the rows, as a split of their own."""
        return Split(self.values[rows], self.labels[rows])


def _labels(labels: Array) -> np.ndarray:
    array = np.asarray(labels)
    if array.ndim != 1 or array.dtype.kind not in "iu" or (len(array) and array.min() < 0):
        raise DataError(
            where="labels of the probe",
            expected="one whole number from 0 a sample",
            got=f"shape {array.shape} of {array.dtype}"
            + (", some below 0" if array.dtype.kind == "i" else ""),
            fix="Number the classes from 0.",
        )
    return array.astype(np.int64)


def check_pair(train: Split, test: Split) -> int:
    """How many classes a probe of these two has: those of the training samples.

    Raises:
        MisalignedSamples: different numbers of dimensions.
        TooFewSamples: fewer than two classes, or five training samples.

    Example:
        >>> a = Split(np.eye(5), np.array([0, 1, 1, 0, 2]))
        >>> check_pair(a, a)
        3
    """
    if train.d != test.d:
        raise MisalignedSamples(
            where="features of the probe",
            expected=f"{train.d} dimensions in test as in train",
            got=str(test.d),
            fix="Take both from the same layer of the same model.",
        )
    present = len(np.unique(train.labels))
    if present < 2 or train.n < 5:
        raise TooFewSamples(
            where="training samples of the probe",
            expected="at least 5 of at least 2 classes",
            got=f"{train.n} of {present}",
            fix="Use a dataset with labels of more than one class.",
        )
    return train.n_classes


def held_out(labels: np.ndarray, seed: int, share: float = HELD_OUT) -> tuple[np.ndarray, np.ndarray]:
    """Rows to fit on and rows to choose settings on: of every class the same share, drawn by the seed.

    The rows are those of scikit-learn's ``train_test_split(stratify=labels, random_state=seed)``, as published: ⌈share
    · n⌉ held-out ones. Unlike there it is no error that a class has one sample, which is fitted on; or that
    ⌈share · n⌉ is less than the number of the other classes, which is then how many are held out.

    Args:
        labels: (n,) classes.
        seed: of the draw.
        share: between 0 and 1.

    Returns:
        Two arrays of row numbers, without common members.

    Raises:
        BadParameter: a share that leaves nothing on one side.
        TooFewSamples: no class has two samples.

    Example:
        >>> fit, choose = held_out(np.array([0] * 5 + [1] * 10), seed=0)
        >>> len(fit), np.bincount(np.repeat([0, 1], [5, 10])[choose]).tolist()
        (12, [1, 2])
    """
    from sklearn.model_selection import train_test_split

    n_out = math.ceil(share * len(labels))
    if not 0 < n_out < len(labels):
        raise BadParameter(
            where="held-out share",
            expected=f"some but not all of {len(labels)} samples",
            got=f"{share} of them",
            fix="Use a share such as 0.2.",
        )
    classes, counts = np.unique(labels, return_counts=True)
    single = np.isin(labels, classes[counts == 1])
    n_classes, rows = int((counts > 1).sum()), np.flatnonzero(~single)
    if not n_classes:
        raise TooFewSamples(
            where="samples to choose settings on",
            expected="a class of two samples",
            got=f"{len(labels)} classes of one",
            fix="Use more samples a class.",
        )
    # scikit-learn wants as many samples as classes on either side.
    n_out = min(max(n_out, n_classes), len(rows) - n_classes)
    fit, choose = train_test_split(rows, test_size=n_out, stratify=labels[rows], random_state=seed)
    return np.concatenate([fit, np.flatnonzero(single)]), np.asarray(choose)
