"""Finding models whose features are the same numbers: one network under two names, most likely."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from itertools import combinations

from seealike.numerics.checks import Array, Samples, samples


def identical_models(features: Mapping[str, Array]) -> list[tuple[str, str]]:
    """The pairs of models whose features are equal, number for number.

    Args:
        features: name of a model -> (n_samples, n_dims) array.

    Raises:
        DataError: features that are not 2-D and finite.

    Example:
        >>> import numpy as np
        >>> identical_models({"a": np.eye(3), "b": 2 * np.eye(3), "c": np.eye(3)})
        [('a', 'c')]
    """
    by_digest: dict[bytes, list[str]] = {}
    for name, x in features.items():
        by_digest.setdefault(_digest(samples(x, f"model {name}")), []).append(name)
    return [pair for names in by_digest.values() for pair in combinations(names, 2)]


def _digest(model: Samples) -> bytes:
    digest = blake2b(repr((model.n, model.d, model.exponent)).encode(), digest_size=16)
    for block in model.blocks():
        digest.update(model.rows(block).add_(0.0).numpy().data)  # adding zero turns -0.0 into 0.0
    return digest.digest()
