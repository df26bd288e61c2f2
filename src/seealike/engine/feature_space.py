"""Linear kernels through feature space: exact, without any n x n tile, for many samples and few dimensions.

<X Xᵀ, Y Yᵀ> = ‖XᵀY‖², so that two models cost n d_x d_y instead of n² (d_x + d_y); and what a sample r adds,
Σ_j <x_r, x_j><y_r, y_j> = x_rᵀ (XᵀY) y_r, costs as much again.

Letters: n samples, M models, P pairs, G = X Xᵀ off its diagonal, q squared row norms, c centers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from seealike.engine.maps import Gram
from seealike.engine.rows import Prepared
from seealike.engine.stream import Group, Tick
from seealike.engine.sums import Gathered, RowProducts, Totals
from seealike.engine.tiles import Load

#: Rows that are multiplied in the precision of the tiles before float64 takes over.
_BLOCK = 4096


def flops(load: Load, *, errors: bool) -> int:
    """Operations of linear kernels of all pairs through feature space.

    Example:
        >>> flops(Load(100, (2, 3), 1, 1), errors=False)
        3800
    """
    sides = 2 if errors else 1
    return sides * load.n_samples * (sum(load.dims) ** 2 + sum(d * d for d in load.dims))


def cheaper(load: Load, *, errors: bool) -> bool:
    """Whether linear kernels cost fewer operations through feature space than through tiles.

    Example:
        >>> cheaper(Load(100_000, (512,) * 8, 1, 1), errors=False)
        True
        >>> cheaper(Load(4096, (768,) * 16, 1, 1), errors=False)
        False
    """
    n, dims, sides = load.n_samples, load.dims, 2 if errors else 1
    return flops(load, errors=errors) < n * n * (sum(dims) + sides * len(dims) ** 2)


def gather_linear(group: Group, wanted: Sequence[Gathered], tick: Tick) -> None:
    """Gather what is wanted of the Gram matrices, as a pass over their tiles would."""
    row_sums = [Gram().row_sums(rows) for rows in group.prepared]
    for a, b, crossed in _crossed(group.prepared):
        x, y = group.prepared[a], group.prepared[b]
        for one in wanted:
            if isinstance(one, Totals) and one.products is not None:
                whole = crossed.square().sum() - torch.dot(x.norms, y.norms)
                one.products[a, b] = one.products[b, a] = whole.cpu()
            if isinstance(one, RowProducts):
                pair = int(torch.nonzero((one.pairs[0] == a) & (one.pairs[1] == b)))
                center = one.center[:, [a, b]].to("cpu", torch.float64)
                one.sums[:, pair] = _contributions((x, y), crossed, center, (row_sums[a], row_sums[b]))
    for one in wanted:
        if isinstance(one, Totals) and one.counts:
            one.row_sums += torch.stack(row_sums, dim=1)
    for _ in range(group.plan.n_tiles):
        tick()


def _crossed(prepared: Sequence[Prepared]) -> Iterator[tuple[int, int, torch.Tensor]]:
    """(a, b, XᵀY) of every pair a <= b, float64."""
    n = len(prepared[0].norms)
    for a, x in enumerate(prepared):
        sums = [torch.zeros((x.samples.d, y.samples.d), dtype=torch.float64) for y in prepared[a:]]
        for start in range(0, n, _BLOCK):
            which = slice(start, min(start + _BLOCK, n))
            left = x.read(which)
            for total, y in zip(sums, prepared[a:], strict=True):
                total += (left.T @ y.read(which)).to("cpu", torch.float64)
        for b, total in enumerate(sums, start=a):
            yield a, b, total


def _contributions(
    models: tuple[Prepared, Prepared],
    crossed: torch.Tensor,
    center: torch.Tensor,
    row_sums: tuple[torch.Tensor, torch.Tensor],
) -> torch.Tensor:
    """(n,) Σ over j ≠ r of (G_rj - c_r - c_j)(G'_rj - c'_r - c'_j)."""
    x, y = models
    n, (c, d) = len(x.norms), center.T
    whole = torch.empty(n, dtype=torch.float64)
    with_d, with_c = torch.empty((2, n), dtype=torch.float64)
    sums = [_weighted(x, d), _weighted(y, c)]
    for start in range(0, n, _BLOCK):
        r = slice(start, min(start + _BLOCK, n))
        left, right = (rows.read(r).to("cpu", torch.float64) for rows in (x, y))
        whole[r] = ((left @ crossed) * right).sum(dim=1)
        with_d[r], with_c[r] = left @ sums[0], right @ sums[1]
    rows_x, rows_y = row_sums
    centered = (n - 4) * c * d + c * d.sum() + d * c.sum() + torch.dot(c, d)
    apart = d * rows_x + with_d - x.norms * d + c * rows_y + with_c - y.norms * c
    return whole - x.norms * y.norms - apart + centered


def _weighted(rows: Prepared, weights: torch.Tensor) -> torch.Tensor:
    """(d,) the sum of all rows, each times its weight."""
    total = torch.zeros(rows.samples.d, dtype=torch.float64)
    for start in range(0, len(weights), _BLOCK):
        r = slice(start, min(start + _BLOCK, len(weights)))
        total += rows.read(r).to("cpu", torch.float64).T @ weights[r]
    return total
