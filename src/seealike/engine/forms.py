"""What a measure is to the engine: which rows, which matrix of them, and how sums become the number."""

from __future__ import annotations

from dataclasses import dataclass

from seealike.engine.estimators import Estimator
from seealike.engine.maps import Map
from seealike.engine.rows import Rows


@dataclass(frozen=True)
class InnerProduct:
    """A cosine between per-model n x n matrices: CKA with any kernel, RSA.

    Forms with equal `rows` share their raw Gram tiles, and with equal `map` all their sums.

    Attributes:
        rows: how a model's rows are prepared, once.
        map: the matrix of the measure, elementwise from raw Gram tiles and per-row statistics.
        estimator: how the sums over all tiles become centered inner products.
    """

    rows: Rows
    map: Map
    estimator: Estimator
