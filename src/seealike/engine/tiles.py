"""The plan of a pass: upper-triangle tiles of n x n, and how large they may be within the budget.

Letters: n samples, M models.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch

from seealike.errors import BadParameter

#: Larger tiles are no faster on a CPU (the products are at full speed, the caches are not).
LARGEST_TILE = 384
#: An accelerator wants more to do at a time.
_LARGEST_ON_DEVICE = 1024
#: Tiles of one model alone may be larger: nothing is there once a model.
_LARGEST_SCAN = 512
_SMALLEST_TILE = 16

CPU = torch.device("cpu")


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
        device: where the tiles are.
        workers: how many tiles are worked on at a time.

    Example:
        >>> plan = Plan(5, 2)
        >>> [(i.start, j.start) for i, j in plan.tiles()], plan.n_tiles
        ([(0, 0), (0, 2), (0, 4), (2, 2), (2, 4), (4, 4)], 6)
    """

    n_samples: int
    tile: int
    hold: bool = True
    n_bytes: int = 0
    budget_bytes: int = 2**31
    dtype: torch.dtype = torch.float32
    device: torch.device = CPU
    workers: int = 1

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

    def scan(self) -> Plan:
        """The plan of a pass over one model's tiles, with the memory that all models' tiles would take."""
        least = min(self.tile, _LARGEST_SCAN)
        room = int((self.budget_bytes / (16 * self.dtype.itemsize * self.workers)) ** 0.5)
        whole = -(-self.n_samples // _SMALLEST_TILE) * _SMALLEST_TILE
        return replace(
            self, tile=max(least, min(room // _SMALLEST_TILE * _SMALLEST_TILE, _LARGEST_SCAN, whole))
        )


@dataclass(frozen=True)
class Load:
    """What a pass has to carry: the sizes that its memory depends on.

    Attributes:
        n_samples: rows of the features.
        dims: the number of dimensions of each model.
        n_rows: distinct kinds of prepared rows.
        n_maps: distinct matrices a model.
        dtype: of the tiles.
        device: where they are.
        workers: how many tiles are worked on at a time.
        n_rowwise: matrices whose products of all pairs are kept for every sample.
    """

    n_samples: int
    dims: tuple[int, ...]
    n_rows: int
    n_maps: int
    dtype: torch.dtype = torch.float32
    device: torch.device = CPU
    workers: int = 1
    n_rowwise: int = 0

    @property
    def n_pairs(self) -> int:
        """Pairs of models, each with itself too."""
        return len(self.dims) * (len(self.dims) + 1) // 2

    def tile_bytes(self, tile: int) -> int:
        """What the workers need for tiles of all models and what they are made of, and what waits for its turn."""
        tiles = 6 * len(self.dims) * tile**2 + len(self.dims) ** 2 * tile
        blocks = 2 * tile * sum(self.dims)
        waiting = 3 * 2 * tile * self.n_rowwise * self.n_pairs
        return self.dtype.itemsize * self.workers * (tiles + blocks + waiting)

    @property
    def fixed_bytes(self) -> int:
        """Norms, row sums and diagonals, and every sample's products of all pairs, in float64."""
        models = len(self.dims) * (self.n_rows + 4 * self.n_maps)
        return 8 * self.n_samples * (models + self.n_rowwise * self.n_pairs)

    @property
    def held_bytes(self) -> int:
        """A copy of the features for every kind of prepared rows."""
        return self.dtype.itemsize * self.n_rows * self.n_samples * sum(self.dims)


def _even(n_samples: int, tile: int) -> int:
    """The smallest tile that makes no more blocks than this one: thin last blocks are multiplied slowly."""
    per_side = -(-n_samples // tile)
    return -(-n_samples // (per_side * _SMALLEST_TILE)) * _SMALLEST_TILE


def plan_pass(load: Load, budget_bytes: int) -> Plan:
    """The largest tiles that fit; rows are held where they fit beside tiles of half the largest size.

    Args:
        load: what has to be carried.
        budget_bytes: how much may be allocated; reading blocks and the libraries' own buffers (some
            tens of MiB, whatever n and M are) come on top.

    Raises:
        BadParameter: not even the smallest tiles fit; says what would.

    Example:
        >>> load = Load(4096, (768,) * 16, n_rows=1, n_maps=1)
        >>> plan = plan_pass(load, 2**30)
        >>> plan.tile, plan.hold, plan.n_bytes < 2**30
        (384, True, True)
        >>> tight = plan_pass(load, 2**25)
        >>> tight.tile < 384, tight.hold, tight.n_bytes < 2**25
        (True, False, True)
    """
    most = LARGEST_TILE if load.device.type == "cpu" else _LARGEST_ON_DEVICE
    largest = min(most, -(-load.n_samples // _SMALLEST_TILE) * _SMALLEST_TILE)

    def total(tile: int, hold: bool) -> int:
        return load.fixed_bytes + load.tile_bytes(tile) + hold * load.held_bytes

    half = max(_SMALLEST_TILE, largest // 2 // _SMALLEST_TILE * _SMALLEST_TILE)
    hold = total(half, True) <= budget_bytes
    fitting = [t for t in range(largest, 0, -_SMALLEST_TILE) if total(t, hold) <= budget_bytes]
    if not fitting and load.workers > 1:
        return plan_pass(replace(load, workers=load.workers // 2), budget_bytes)
    if not fitting:
        raise BadParameter(
            where="budget_bytes",
            expected=f"at least {total(_SMALLEST_TILE, False)} bytes for {len(load.dims)} models of "
            f"{load.n_samples} samples",
            got=str(budget_bytes),
            fix="Allow more, or compare fewer models or measures at a time.",
        )
    tile = _even(load.n_samples, fitting[0])
    plan = Plan(load.n_samples, tile, hold, total(tile, hold), budget_bytes, load.dtype, load.device)
    return replace(plan, workers=min(load.workers, plan.n_tiles))
