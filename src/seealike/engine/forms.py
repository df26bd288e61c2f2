"""What a measure is to the engine: how a model is prepared, once, and how pairs become numbers.

Two kinds: cosines of n x n matrices, which one pass over tiles serves all together, and everything else,
which is prepared once a model and compared pair by pair.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from seealike.engine.estimators import Estimator
from seealike.engine.maps import Map
from seealike.engine.rows import Rows
from seealike.numerics.checks import Samples


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

    @property
    def minimum(self) -> int:
        """How many samples it needs."""
        return self.estimator.minimum


class Preparation(Protocol):
    """What is made of one model's features, once; equal preparations (frozen dataclasses) share it."""

    def prepare(self, samples: Samples) -> Any:
        """The state of one model.

        Raises:
            UndefinedMeasure: the model has none.
        """
        ...


@dataclass(frozen=True)
class Comparison:
    """Prepared once a model, compared pair by pair: neighbors, canonical correlations, shapes.

    Measures claim `symmetric` and `self_value` once, in their `Claims`; from there they come here.

    Attributes:
        preparation: what is made of one model.
        compare: (state of x, state of y) -> the value; may raise UndefinedMeasure for a pair.
        minimum: how many samples it needs.
        symmetric: whether compare(x, y) = compare(y, x), so that one of them is enough.
        self_value: compare(x, x), where it is the same for all features; None where it has to be computed.
    """

    preparation: Preparation
    compare: Callable[[Any, Any], float] = field(repr=False)
    minimum: int = 2
    symmetric: bool = True
    self_value: float | None = None


Form: TypeAlias = InnerProduct | Comparison
