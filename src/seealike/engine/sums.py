"""What is gathered in a pass over the tiles of all models: sums of all pairs, in float64.

Letters: M models, P pairs, T the (rows, columns, M) tiles of all models: models last, which makes a product
of all pairs of models one batched product of matrices that lie in memory as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import torch

from seealike.engine.maps import Map, Tile

#: Products are summed in the precision of the tiles over so many entries a model, and in float64 beyond:
#: few models can afford short chunks, whose M² sums cost little beside the products.
_CHUNK_A_MODEL, _SHORTEST_CHUNK, _LONGEST_CHUNK = 16, 32, 512


class Gathered(Protocol):
    """Something gathered from one kind of matrix: tiles are folded by workers, and added in order."""

    @property
    def kind(self) -> Map:
        """Of which matrix."""
        ...

    def fold(self, T: torch.Tensor, where: Tile, scratch: torch.Tensor) -> Any:
        """What one tile of all models gives; `scratch` is memory of T's shape, `T` is not to be changed."""
        ...

    def add(self, folded: Any, where: Tile) -> None:
        """Add what a tile gave; off the diagonal it stands for its mirror image too."""
        ...


@dataclass
class Totals:
    """Row sums and, if wanted, the products of all pairs.

    Attributes:
        kind: of which matrix.
        row_sums: (n, M) float64, sum over j ≠ i of K_ij.
        products: (M, M) float64, sum over i ≠ j of K_ij L_ij, or None where it is not wanted.
        counts: whether the row sums are gathered; False where they are known beforehand.

    Example:
        >>> from seealike.engine.maps import Gram
        >>> totals = Totals.zeros(Gram(), n_samples=2, n_models=1)
        >>> where = (slice(0, 2), slice(0, 2))
        >>> T = torch.tensor([[[0.0], [3.0]], [[3.0], [0.0]]])
        >>> totals.add(totals.fold(T, where, T), where)
        >>> totals.products.item(), totals.row_sums.tolist()
        (18.0, [[3.0], [3.0]])
    """

    kind: Map
    row_sums: torch.Tensor = field(repr=False)
    products: torch.Tensor | None = field(repr=False)
    counts: bool = True

    @classmethod
    def zeros(cls, kind: Map, n_samples: int, n_models: int, *, products: bool = True) -> Totals:
        """Nothing yet."""
        square = torch.zeros((n_models, n_models), dtype=torch.float64) if products else None
        return cls(kind, torch.zeros((n_samples, n_models), dtype=torch.float64), square)

    def fold(self, T: torch.Tensor, where: Tile, scratch: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Products, sums over the columns, and over the rows: what of them is wanted."""
        products = () if self.products is None else (_products(T).cpu(),)
        sums = (T.sum(dim=1).cpu(), T.sum(dim=0).cpu()) if self.counts else ()
        return *products, *sums

    def add(self, folded: tuple[torch.Tensor, ...], where: Tile) -> None:
        """Add."""
        i, j = where
        if self.products is not None:
            self.products += folded[0] * (1 if i == j else 2)
        if self.counts:
            rows, columns = folded[-2:]
            self.row_sums[i] += rows
            if i != j:
                self.row_sums[j] += columns


def _products(T: torch.Tensor) -> torch.Tensor:
    """Σ over entries of K L for all pairs, float64 sums of chunks, symmetric to the last bit."""
    entries = T.view(-1, T.shape[2])
    chunk = min(max(_CHUNK_A_MODEL * T.shape[2], _SHORTEST_CHUNK), _LONGEST_CHUNK)
    whole = len(entries) // chunk * chunk
    chunks, rest = entries[:whole].unflatten(0, (-1, chunk)), entries[whole:]
    products = torch.bmm(chunks.transpose(1, 2), chunks).sum(dim=0, dtype=torch.float64)
    products += (rest.T @ rest).to(torch.float64)
    return (products + products.T) / 2


@dataclass
class RowProducts:
    """What every sample contributes to the inner products of all pairs of centered matrices.

    Attributes:
        kind: of which matrix.
        center: (n, M) in the precision and on the device of the tiles, c with K~_ij = K_ij - c_i - c_j.
        pairs: (2, P), the models of each pair.
        sums: (n, P) float64, s_r = sum over j ≠ r of K~_rj L~_rj.
    """

    kind: Map
    center: torch.Tensor = field(repr=False)
    pairs: torch.Tensor = field(repr=False)
    sums: torch.Tensor = field(repr=False)

    @classmethod
    def zeros(cls, kind: Map, center: torch.Tensor) -> RowProducts:
        """Nothing yet."""
        n, n_models = center.shape
        pairs = torch.triu_indices(n_models, n_models)
        return cls(kind, center, pairs, torch.zeros((n, pairs.shape[1]), dtype=torch.float64))

    def fold(self, T: torch.Tensor, where: Tile, scratch: torch.Tensor) -> list[torch.Tensor]:
        """(rows, P) sums over the columns, and (columns, P) sums over the rows of an off-diagonal tile."""
        i, j = where
        centered = torch.sub(T, self.center[i, None], out=scratch).sub_(self.center[j])
        if i == j:
            centered.diagonal(dim1=0, dim2=1).zero_()
        sides = [centered] if i == j else [centered, centered.transpose(0, 1)]
        place = (self.pairs[0] * T.shape[2] + self.pairs[1]).to(T.device)
        both = (torch.bmm(side.transpose(1, 2), side).flatten(1) for side in sides)
        return [products.index_select(1, place).cpu() for products in both]

    def add(self, folded: list[torch.Tensor], where: Tile) -> None:
        """Add to the samples of the rows and, off the diagonal, of the columns."""
        for block, one in zip(where, folded, strict=False):  # a tile on the diagonal has one of the two
            self.sums[block] += one
