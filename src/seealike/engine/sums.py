"""Folding the tiles of all models into the sums of all pairs.

Letters: M models, T the (M, rows x columns) matrix of their flattened tiles.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch

from seealike.engine.estimators import Sums
from seealike.engine.maps import Fitted
from seealike.engine.tiles import Plan
from seealike.errors import UndefinedMeasure

#: Products are summed in the precision of the tiles over so many entries, and in float64 beyond.
_CHUNK = 512


class Accumulator:
    """The running sums of one kind of matrix, and the buffer that its tiles are written to.

    Args:
        fitted: position of a model -> its map.
        undefined: position of a model -> why it has no such matrix.
        plan: the tiles to come.

    Example:
        >>> plan = Plan(2, 2, True, 0, 0, torch.float64)
        >>> sums = Accumulator({7: Fitted('x', print, torch.ones(2, dtype=torch.float64))}, {}, plan)
        >>> everything = slice(0, 2)
        >>> _ = sums.tiles(everything, everything).copy_(torch.tensor([[[1.0, 3.0], [3.0, 1.0]]]))
        >>> sums.fold(everything, everything)
        >>> sums.result().products.item(), sums.result().row_sums.tolist()
        (18.0, [[3.0, 3.0]])
    """

    def __init__(
        self, fitted: Mapping[int, Fitted], undefined: Mapping[int, UndefinedMeasure], plan: Plan
    ) -> None:
        n_models = len(fitted)
        self.fitted, self.undefined = fitted, undefined
        self._places = {model: place for place, model in enumerate(fitted)}
        self._epsilon = torch.finfo(plan.dtype).eps
        self._buffer = torch.empty(n_models * plan.tile**2, dtype=plan.dtype)
        self._products = torch.zeros((n_models, n_models), dtype=torch.float64)
        self._row_sums = torch.zeros((n_models, plan.n_samples), dtype=torch.float64)

    def position(self, model: int) -> int:
        """Where the model's tile lies among the tiles."""
        return self._places[model]

    def tiles(self, i: slice, j: slice) -> torch.Tensor:
        """The buffer for the tiles of all models at these rows and columns: (M, rows, columns)."""
        shape = (len(self.fitted), i.stop - i.start, j.stop - j.start)
        return self._buffer[: shape[0] * shape[1] * shape[2]].view(shape)

    def fold(self, i: slice, j: slice) -> None:
        """Add what the buffer holds; a tile off the diagonal stands for its mirror image too."""
        tiles = self.tiles(i, j)
        if i == j:
            tiles.diagonal(dim1=1, dim2=2).zero_()
        else:
            self._row_sums[:, j] += tiles.sum(dim=1)
        self._row_sums[:, i] += tiles.sum(dim=2)
        self._products += _products(tiles.flatten(1)) * (1 if i == j else 2)

    @property
    def shifts(self) -> torch.Tensor:
        """The constant taken away from every model's matrix, float64."""
        return torch.tensor([fitted.shift for fitted in self.fitted.values()], dtype=torch.float64)

    def result(self) -> Sums:
        """The sums over all that was folded."""
        noise = [fitted.noise * self._epsilon for fitted in self.fitted.values()]
        diagonals = torch.empty_like(self._row_sums)
        for place, fitted in enumerate(self.fitted.values()):
            diagonals[place] = fitted.diagonal
        return Sums(
            self._products, self._row_sums, diagonals, torch.tensor(noise, dtype=torch.float64), self._epsilon
        )


def _products(T: torch.Tensor) -> torch.Tensor:
    """T Tᵀ in float64 sums of chunks, symmetric to the last bit."""
    whole = T.shape[1] // _CHUNK * _CHUNK
    chunks = T[:, :whole].unflatten(1, (-1, _CHUNK)).transpose(0, 1)
    rest = T[:, whole:]
    products = torch.bmm(chunks, chunks.transpose(1, 2)).sum(dim=0, dtype=torch.float64)
    products += (rest @ rest.T).to(torch.float64)
    return (products + products.T) / 2
