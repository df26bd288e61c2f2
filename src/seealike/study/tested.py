"""The samples that probes are tested on: an entry's `test:`, or a part of the dataset that is held out."""

from __future__ import annotations

from typing import Any

import numpy as np

from seealike.sources.datasets.card import Samples

#: The share of a dataset without test samples of its own that is held out.
HELD_OUT = 0.2
#: Keys of an entry that say nothing of its test samples.
_OWN = {"name", "test", "sizes"}


def with_test_entry(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry of a dataset whose `test:`, if it has one, is a whole entry too.

    What the dataset's entry says holds for its test samples, but for what `test:` says differently.

    Example:
        >>> entry = {"source": "cifar", "name": "c", "path": "p", "split": "train", "test": {"split": "test"}}
        >>> with_test_entry(entry)["test"]
        {'source': 'cifar', 'path': 'p', 'split': 'test', 'name': 'c/test'}
    """
    different = entry.get("test")
    if not isinstance(different, dict) or not different:
        return entry
    same = {key: value for key, value in entry.items() if key not in _OWN}
    return {**entry, "test": {**same, **different, "name": f"{entry.get('name')}/test"}}


def unfit(samples: Samples, held_out: bool) -> str:
    """Why no probe can be trained on these samples; empty where one can.

    Args:
        samples: of the dataset.
        held_out: whether some of them are to be tested on.
    """
    if samples.labels is None:
        return "the dataset has no labels"
    counts = np.unique(samples.labels, return_counts=True)[1]
    if len(counts) < 2:
        return "all samples in use are of one class"
    if held_out and counts.max() < 2:
        return "every class has a single sample in use: none can be held out. Give the entry a `test:`"
    return ""


def held_out(samples: Samples, seed: int) -> np.ndarray:
    """(n_samples,) bool: a fifth of each class, at random, for testing; of a class of one sample none.

    The draw depends on the seed and on the samples alone: it is the same for all models.

    Example:
        >>> labels = np.array([0] * 10 + [1] * 3 + [2])
        >>> whole = Samples(tuple("abcdefghijklmn"), None, labels, ("x", "y", "z"), revision="1f")
        >>> np.bincount(labels[held_out(whole, 0)], minlength=3).tolist()
        [2, 1, 0]
    """
    assert samples.labels is not None
    rng = np.random.default_rng([seed, int(samples.revision, 16), len(samples.sample_ids)])
    chosen = np.zeros(len(samples.labels), dtype=bool)
    for label in np.unique(samples.labels):
        rows = rng.permutation(np.flatnonzero(samples.labels == label))
        count = max(1, round(len(rows) * HELD_OUT)) if len(rows) > 1 else 0
        chosen[rows[:count]] = True
    return chosen
