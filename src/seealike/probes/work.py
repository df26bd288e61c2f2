"""How much arithmetic a probe is, before it is done.

Letters: n samples, d dimensions, C classes, m the smaller of n and d.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seealike.probes.peak import Grid
from seealike.probes.split import HELD_OUT, Split

#: About this share of the fits of the published search is what the quick one does.
_QUICK = 0.3
#: About so many products of samples and weights, and as many back, lead from one penalty's optimum to the next.
_STEPS = 40
#: Of m³: the eigenvalues and vectors of a symmetric matrix.
_EIGEN = 9
#: How much longer a probe takes than its products at the rate of large ones in single precision: for what goes on
#: between them, or for double precision and for eigenvectors.
_BETWEEN, _DOUBLE = 1.4, 4.0


@dataclass(frozen=True)
class Work:
    """How much there is to do.

    Attributes:
        flops: about.
        n_bytes: beside the features, about.
        slower: how much longer it takes than the flops of large products in single precision; None where it is not
            they that take the time.
    """

    flops: float
    n_bytes: float
    slower: float | None


def expected_work(method: str, train: Split, test: Split, options: Mapping[str, Any]) -> Work:
    """What a probe of these samples will take.

    Args:
        method: "adamw", "logistic", "ridge" or "knn".
        train: as for the probe.
        test: likewise.
        options: all those of the method.

    Example:
        >>> import numpy as np
        >>> split = Split.of(np.ones((1000, 16)), np.arange(1000) % 10)
        >>> expected_work("knn", split, split, {"seeds": (0, 1, 2)}).flops
        79360000.0
    """
    n, d, seeds, fit = train.n, train.d, len(options["seeds"]), 1 - HELD_OUT
    if method == "knn":
        pairs = n * (n + test.n) + seeds * fit * HELD_OUT * n * n
        return Work(2.0 * pairs * d, 8 * (n + test.n) * d, None)
    if method == "adamw":
        return _adamw(train, options)
    m = min(n, d)
    axes = (1 + seeds) * (2.0 * n * d * m + _EIGEN * m**3)
    if method == "ridge":
        chosen = 2.0 * HELD_OUT * n * m * train.n_classes * len(options["penalties"])
        return Work(axes + seeds * chosen, 8 * (2 * n * d + 2 * m * m), _DOUBLE)
    fits = 4.0 * fit * n * m * train.n_classes * _STEPS * options["grid"].most_fits
    return Work(axes + seeds * fits, 8 * (2 * n * d + 2 * n * train.n_classes), None)


def _adamw(train: Split, options: Mapping[str, Any]) -> Work:
    fits = (options["grid"] or Grid()).most_fits * (1 if options["exhaustive"] else _QUICK)
    seen = train.n * options["epochs"] * len(options["seeds"]) * ((1 - HELD_OUT) * fits + 1)
    kept = (train.n + options["batch_size"] + 4 * max(256, train.n_classes)) * (train.d + 1)
    return Work(4.0 * seen * (train.d + 1) * train.n_classes, 4 * kept, _BETWEEN)
