"""What a task of the proof gives, and what it is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.stats import t as student

from seealike.data.features import Features


@dataclass(frozen=True)
class Value:
    """One number.

    Attributes:
        task: its name in the table.
        value: the number.
        n: judgements or samples that it is a mean of.
        standard_error: where known.
        low: of the 95 % interval, where known.
        high: likewise.
    """

    task: str
    value: float
    n: int
    standard_error: float | None = None
    low: float | None = None
    high: float | None = None


class Look(Protocol):
    """What one arm of the proof gives: features of any of the datasets, and the classes of their samples."""

    def features(self, dataset: str) -> Features:
        """Features of a dataset.

        Raises:
            SeealikeError: there are none.
        """
        ...

    def labels(self, dataset: str) -> Mapping[str, str]:
        """Sample id -> class.

        Raises:
            SeealikeError: none are known.
        """
        ...


def mean_of(task: str, values: np.ndarray, *, shares: bool = False) -> Value:
    """The mean of independent values with Student's interval; without one where there is a single value.

    Args:
        task: its name.
        values: (n,).
        shares: whether they lie between 0 and 1; then the interval does.

    Example:
        >>> mean_of("few_shot", np.array([0.5, 0.7])).value
        0.6
    """
    n = len(values)
    middle = float(np.mean(values))
    if n < 2:
        return Value(task, middle, n)
    error = float(np.std(values, ddof=1) / np.sqrt(n))
    reach = float(student.ppf(0.975, n - 1)) * error
    low, high = middle - reach, middle + reach
    return Value(task, middle, n, error, *((max(low, 0.0), min(high, 1.0)) if shares else (low, high)))
