"""Nested subsets of one dataset (`sizes:`): which samples they are, and which cells belong to them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seealike.sources.datasets.card import Samples, Subset
from seealike.study.units import CompareCell


def said(rule: Subset) -> str:
    """A rule in a few words.

    Example:
        >>> said(Subset(samples=300)), said(Subset(per_class=10))
        ('300 samples', '10 per class')
    """
    return f"{rule.samples} samples" if rule.samples else f"{rule.per_class} per class"


def same_samples(samples: Samples, rule: Subset, seed: int) -> bool:
    """Whether a size is exactly what the dataset has: it is not computed a second time then."""
    drawn, why = smaller(samples, rule, seed)
    return not why and len(drawn.sample_ids) == len(samples.sample_ids)


def smaller(samples: Samples, rule: Subset, seed: int) -> tuple[Samples, str]:
    """The samples of one size, and why they cannot be had, if so.

    Example:
        >>> import numpy as np
        >>> whole = Samples(tuple("abcdef"), None, np.array([0, 0, 0, 0, 1, 1]), ("x", "y"), revision="1f")
        >>> smaller(whole, Subset(per_class=1), 0)[0].labels.tolist()
        [0, 1]
        >>> smaller(whole, Subset(samples=7), 0)[1]
        'size of 7 samples: the dataset has 6 in use'
    """
    largest = len(samples.sample_ids)
    if rule.per_class is not None:
        if samples.labels is None:
            return samples, f"size of {said(rule)}: the dataset has no labels. Use `samples:`"
        largest = int(np.bincount(samples.labels).max())
    asked = rule.samples or rule.per_class or 0
    if asked > largest:
        most = "" if rule.samples else " of its largest class"
        return samples, f"size of {said(rule)}: the dataset has {largest}{most} in use"
    return samples.subset(rule, seed), ""


def sized(cells: Sequence[CompareCell]) -> list[CompareCell]:
    """The cells of all sizes of the datasets that have several, the dataset itself among them."""
    families = {cell.dataset for cell in cells if cell.smaller}
    return [cell for cell in cells if cell.dataset in families]
