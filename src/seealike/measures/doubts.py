"""Saying that a number, though defined, says nothing about the features."""

from __future__ import annotations

import warnings
from collections.abc import Sequence


class DoubtfulSimilarity(UserWarning):
    """A similarity that would be much the same for any other features."""


def warn_if_faded(measure_id: str, models: Sequence[str]) -> None:
    """Warn that these models' kernels are numerically the identity, so that a biased estimate is about 1.

    Example:
        >>> warn_if_faded("cka-kernel=rbf-sigma=1.0-unbiased=false", [])
    """
    if models:
        some = ", ".join(models[:5]) + (f" and {len(models) - 5} more" if len(models) > 5 else "")
        warnings.warn(
            f"{measure_id}: the kernel of {some} is almost the identity (mean off the diagonal below 0.001), "
            "which makes the biased estimate about 1 for any features. Use a larger sigma, unit-length rows, "
            "or unbiased=True.",
            DoubtfulSimilarity,
            stacklevel=4,
        )
