"""The exact median distance between a model's rows, without ever holding n² of them.

A pilot of rows brackets the median; a pass over the tiles counts what lies below the bracket and keeps what
lies inside. Where too much lies inside to be kept, a histogram of it narrows the bracket for another pass.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

import torch

from seealike.engine.rows import Prepared
from seealike.engine.tiles import Plan

_PILOT_ROWS = 384
_PILOT_MARGIN = 0.04  # in quantiles, either side of the median: several standard errors of the pilot's
_BINS = 2048
_MOST_KEPT = 2**22


def median_distance(rows: Prepared, plan: Plan) -> float:
    """The median Euclidean distance of all pairs of different rows, in units of the prepared rows.

    Pairs whose features are equal number for number are at distance zero and left out. As rounding cannot
    put them above the median, they are not looked for among the distances: their count shifts the rank.
    Of an even number of distances the two middle ones are averaged as squares.

    Args:
        rows: the prepared rows; their features are known to vary, so that some pair differs.
        plan: the tiles to pass over.

    Example:
        >>> import numpy as np
        >>> from seealike.engine.rows import Centered
        >>> from seealike.numerics.checks import samples
        >>> x = samples(np.array([[0.0], [0.0], [1.0], [5.0]]), "x")  # distances 0 | 1 1 4 5 5
        >>> rows = Centered().prepare(x, torch.float64, hold=True)
        >>> round(median_distance(rows, Plan(4, 2, True, 0, 2**20, torch.float64)) * rows.unit, 12)
        4.0
    """
    n = plan.n_samples
    equal = equal_pairs(rows)
    different = n * (n - 1) // 2 - equal
    ranks = (equal + (different - 1) // 2, equal + different // 2)
    capacity = min(_MOST_KEPT, max(2 * _BINS, plan.budget_bytes // (4 * plan.dtype.itemsize)))
    bracket = _pilot_bracket(rows, equal / (equal + different))
    found: dict[int, float] = {}
    while missing := [rank for rank in ranks if rank not in found]:
        scan = _scan(rows, plan, bracket, capacity)
        found |= {rank: value for rank in missing if (value := scan.value(rank)) is not None}
        bracket = next((scan.next_bracket(rank) for rank in missing if rank not in found), bracket)
    return math.sqrt(sum(found[rank] for rank in ranks) / 2)


def pilot_distances(rows: Prepared) -> torch.Tensor:
    """The distances (float64, one-dimensional, i < j) among a few hundred rows spread over all of them.

    Example:
        >>> import numpy as np
        >>> from seealike.engine.rows import Centered
        >>> from seealike.numerics.checks import samples
        >>> rows = Centered().prepare(samples(np.eye(1000, 3), "x"), torch.float32, hold=True)
        >>> pilot_distances(rows).shape
        torch.Size([55611])
    """
    n = len(rows.norms)
    picked = rows.read(slice(0, n, -(-n // _PILOT_ROWS))).to(torch.float64)
    norms = picked.square().sum(dim=1)
    squared = torch.mm(picked, picked.T).mul_(-2.0).add_(norms[:, None]).add_(norms).clamp_(min=0.0)
    return squared[torch.ones_like(squared, dtype=torch.bool).triu_(1)].sqrt_()


def equal_pairs(rows: Prepared) -> int:
    """How many pairs of samples have the same features, number for number."""
    seen: Counter[bytes] = Counter()
    for block in rows.samples.blocks():
        values = rows.samples.rows(block).add_(0.0).numpy()  # adding zero turns -0.0 into 0.0
        seen.update(blake2b(row.tobytes(), digest_size=16).digest() for row in values)
    return sum(count * (count - 1) // 2 for count in seen.values())


@dataclass(frozen=True)
class _Scan:
    """What one pass saw of the squared distances in the bracket [low, high]."""

    low: float
    high: float
    top: float  # no squared distance is larger
    below: int
    histogram: torch.Tensor
    seen: tuple[float, float]  # the smallest and the largest inside
    kept: torch.Tensor | None  # all that lie inside, unless they were too many

    def holds(self, rank: int) -> bool:
        return self.below <= rank < self.below + int(self.histogram.sum())

    def value(self, rank: int) -> float | None:
        """The squared distance of this rank, if this pass determines it."""
        if not self.holds(rank):
            return None
        if self.seen[0] == self.seen[1]:
            return self.seen[0]
        return None if self.kept is None else float(self.kept.kthvalue(rank - self.below + 1).values)

    def next_bracket(self, rank: int) -> tuple[float, float]:
        if self.holds(rank):
            return self._narrower(rank)
        return (0.0, self.low) if rank < self.below else (self.high, self.top)

    def _narrower(self, rank: int) -> tuple[float, float]:
        """The bin of the rank and one more on either side, as bin edges are rounded."""
        upto = self.below + self.histogram.cumsum(0)
        k = int(torch.searchsorted(upto, rank, right=True))
        width = (self.high - self.low) / _BINS
        low, high = self.low + (k - 1) * width, self.low + (k + 2) * width
        return max(low, self.seen[0]), min(high, self.seen[1])


def _scan(rows: Prepared, plan: Plan, bracket: tuple[float, float], capacity: int) -> _Scan:
    low, high = bracket
    below, count, kept = 0, 0, list[torch.Tensor]()
    histogram, seen = torch.zeros(_BINS, dtype=torch.int64), (math.inf, -math.inf)
    for squared in _squared_distances(rows, plan):
        below += int(torch.count_nonzero(squared < low))
        inside = squared[(squared >= low) & (squared <= high)]
        if not len(inside):
            continue
        histogram += torch.histc(inside, _BINS, low, high).to(torch.int64)
        seen = min(seen[0], float(inside.min())), max(seen[1], float(inside.max()))
        count += len(inside)
        kept = [*kept, inside] if count <= capacity else []
    values = torch.cat(kept) if 0 < count <= capacity else None
    return _Scan(low, high, _top(rows), below, histogram, seen, values)


def _squared_distances(rows: Prepared, plan: Plan) -> Iterator[torch.Tensor]:
    """The squared distances of all pairs i < j, tile by tile, one-dimensional."""
    norms = rows.norms.to(plan.dtype)
    for i in plan.blocks():
        left = rows.read(i)
        for j in plan.blocks(i.start):
            squared = torch.mm(left, rows.read(j).T).mul_(-2.0)
            squared.add_(norms[i, None]).add_(norms[j]).clamp_(min=0.0)
            above = torch.ones_like(squared, dtype=torch.bool).triu_(1)
            yield squared[above] if i == j else squared.flatten()


def _pilot_bracket(rows: Prepared, equal_share: float) -> tuple[float, float]:
    """Squared distances a few per cent of all pairs below and above the wanted rank."""
    pilot = pilot_distances(rows).square_().sort().values
    middle = (1 + equal_share) / 2
    low, high = (
        float(pilot[min(max(int(quantile * len(pilot)), 0), len(pilot) - 1)])
        for quantile in (middle - _PILOT_MARGIN, middle + _PILOT_MARGIN)
    )
    return low, high


def _top(rows: Prepared) -> float:
    return 4.1 * float(rows.norms.max())
