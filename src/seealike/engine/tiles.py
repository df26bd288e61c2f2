"""The plan of a pass: upper-triangle tiles of n x n, and how large they may be within the budget.

Letters: n samples, M models.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from seealike.errors import BadParameter

#: Larger tiles are no faster on a CPU (the products are at full speed, the caches are not).
LARGEST_TILE = 512
_SMALLEST_TILE = 16


@dataclass(frozen=True)
class Plan:
    """How the tiles are cut; the memory of a pass follows from it, and never from n².

    Attributes:
        n_samples: rows (and columns) of every Gram matrix.
        tile: rows of a tile.
        hold: whether prepared rows are held, a copy of the features, or made again for every tile.
        n_bytes: what the pass allocates: tiles, row sums, prepared rows.
        budget_bytes: what it was allowed to.
        dtype: of the tiles.

    Example:
        >>> plan = Plan(5, 2, True, 0, 0, torch.float32)
        >>> [(i.start, j.start) for i, j in plan.tiles()], plan.n_tiles
        ([(0, 0), (0, 2), (0, 4), (2, 2), (2, 4), (4, 4)], 6)
    """

    n_samples: int
    tile: int
    hold: bool
    n_bytes: int
    budget_bytes: int
    dtype: torch.dtype

    @property
    def n_tiles(self) -> int:
        """How many tiles the upper triangle has, the diagonal ones included."""
        per_side = -(-self.n_samples // self.tile)
        return per_side * (per_side + 1) // 2

    def blocks(self, start: int = 0) -> Iterator[slice]:
        """The blocks of rows from `start` on."""
        for begin in range(start, self.n_samples, self.tile):
            yield slice(begin, min(begin + self.tile, self.n_samples))

    def tiles(self) -> Iterator[tuple[slice, slice]]:
        """(rows, columns) of every tile of the upper triangle."""
        return ((i, j) for i in self.blocks() for j in self.blocks(i.start))


@dataclass(frozen=True)
class Load:
    """What a pass has to carry: the sizes that its memory depends on.

    Attributes:
        n_samples: rows of the features.
        dims: the number of dimensions of each model.
        n_rows: distinct kinds of prepared rows.
        n_maps: distinct matrices a model.
        dtype: of the tiles.
    """

    n_samples: int
    dims: tuple[int, ...]
    n_rows: int
    n_maps: int
    dtype: torch.dtype

    def tile_bytes(self, tile: int) -> int:
        """Tiles of every model and map, two spare ones, and the prepared blocks they are made of."""
        blocks = self.n_rows * tile * (sum(self.dims) + max(self.dims)) + 2 * tile * max(self.dims)
        return self.dtype.itemsize * ((len(self.dims) * self.n_maps + 2) * tile**2 + blocks)

    @property
    def fixed_bytes(self) -> int:
        """Norms, row sums and diagonals, in float64."""
        return 8 * self.n_samples * len(self.dims) * (self.n_rows + 3 * self.n_maps)

    @property
    def held_bytes(self) -> int:
        """A copy of the features for every kind of prepared rows."""
        return self.dtype.itemsize * self.n_rows * self.n_samples * sum(self.dims)


def plan_pass(load: Load, budget_bytes: int) -> Plan:
    """The largest tiles that fit; rows are held where they fit beside tiles of half the largest size.

    Args:
        load: what has to be carried.
        budget_bytes: how much may be allocated; reading blocks and the libraries' own buffers (some
            tens of MiB, whatever n and M are) come on top.

    Raises:
        BadParameter: not even the smallest tiles fit; says what would.

    Example:
        >>> load = Load(4096, (768,) * 16, n_rows=1, n_maps=1, dtype=torch.float32)
        >>> plan = plan_pass(load, 2**30)
        >>> plan.tile, plan.hold, plan.n_bytes < 2**30
        (512, True, True)
        >>> tight = plan_pass(load, 2**25)
        >>> tight.tile < 512, tight.hold, tight.n_bytes < 2**25
        (True, False, True)
    """
    largest = min(LARGEST_TILE, -(-load.n_samples // _SMALLEST_TILE) * _SMALLEST_TILE)

    def total(tile: int, hold: bool) -> int:
        return load.fixed_bytes + load.tile_bytes(tile) + hold * load.held_bytes

    half = max(_SMALLEST_TILE, largest // 2 // _SMALLEST_TILE * _SMALLEST_TILE)
    hold = total(half, True) <= budget_bytes
    fitting = [t for t in range(largest, 0, -_SMALLEST_TILE) if total(t, hold) <= budget_bytes]
    if not fitting:
        raise BadParameter(
            where="budget_bytes",
            expected=f"at least {total(_SMALLEST_TILE, False)} bytes for {len(load.dims)} models of "
            f"{load.n_samples} samples",
            got=str(budget_bytes),
            fix="Allow more, or compare fewer models or measures at a time.",
        )
    return Plan(load.n_samples, fitting[0], hold, total(fitting[0], hold), budget_bytes, load.dtype)
