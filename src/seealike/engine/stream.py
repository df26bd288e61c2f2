"""One pass over the tiles of all models, for every matrix that is made of them.

Letters: n samples, M models, T tiles (rows, columns, M).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import Any, TypeAlias

import torch

from seealike.engine.maps import Fitted, Map, Stack, Tile
from seealike.engine.rows import Prepared
from seealike.engine.sums import Gathered
from seealike.engine.tiles import Plan
from seealike.engine.turning import Turning
from seealike.engine.workers import in_order
from seealike.errors import UndefinedMeasure

#: Called when another tile of all models is done.
Tick: TypeAlias = Callable[[], object]


@dataclass(frozen=True)
class Matrices:
    """One kind of matrix of all models of a group, fitted.

    Attributes:
        kind: which.
        fitted: a map a model, None where there is none.
        undefined: position among all models -> why it has no such matrix.
        stack: the constants of all.
    """

    kind: Map
    fitted: tuple[Fitted | None, ...]
    undefined: Mapping[int, UndefinedMeasure]
    stack: Stack

    def known(self, name: str) -> torch.Tensor:
        """A number (or a row of numbers) that every fitted map has, (M, …) float64, 0 where there is none."""
        found = [
            None if one is None else torch.as_tensor(getattr(one, name), dtype=torch.float64)
            for one in self.fitted
        ]
        like = next(value for value in found if value is not None)
        return torch.stack([torch.zeros_like(like) if value is None else value for value in found])


@dataclass(frozen=True)
class Group:
    """All models under one kind of rows, and every matrix that is made of them.

    Attributes:
        members: positions among all models.
        prepared: their rows, in the same order.
        matrices: the kinds of matrices.
        plan: the tiles.
        turning: how its tiles follow from those of the first group of a pass; None for that group itself.
    """

    members: Sequence[int]
    prepared: Sequence[Prepared]
    matrices: Mapping[Map, Matrices]
    plan: Plan
    turning: Turning | None = None
    _workers: threading.local = field(default_factory=threading.local, repr=False)

    @cached_property
    def halves(self) -> torch.Tensor:
        """(n, M): what makes -½‖x_i - x_j‖² of the products of rows."""
        halves = torch.stack([-0.5 * rows.norms for rows in self.prepared], dim=1)
        return halves.to(self.plan.device, self.plan.dtype)

    def inner_products(self, where: Tile) -> torch.Tensor:
        """<x_i, x_j> of all models."""
        i, j = where
        raw = self.buffer(1, where)
        products = self.buffer(0, where).view(-1, *raw.shape[:2])
        for place, rows in enumerate(self.prepared):
            if i == j:
                _own_products(rows.read(i), products[place])
            else:
                torch.mm(rows.read(i), rows.read(j).T, out=products[place])
        raw.copy_(products.permute(1, 2, 0))
        return _mirrored(raw) if i == j else raw

    def tiles(self, kind: Map, raw: torch.Tensor, where: Tile, out: torch.Tensor) -> torch.Tensor:
        """The tiles of one kind of matrix: `out`, or `raw` itself."""
        return _hollow(kind.apply(raw, self.matrices[kind].stack, where, out), where)

    def buffer(self, which: int, where: Tile) -> torch.Tensor:
        """A worker's own memory for tiles, used again and again."""
        held: dict[int, torch.Tensor] = self._workers.__dict__.setdefault("held", {})
        if which not in held:
            size = self.plan.tile**2 * len(self.members)
            held[which] = torch.empty(size, dtype=self.plan.dtype, device=self.plan.device)
        shape = (where[0].stop - where[0].start, where[1].stop - where[1].start, len(self.members))
        return held[which][: shape[0] * shape[1] * shape[2]].view(shape)


def gather(wanted: Sequence[tuple[Group, Sequence[Gathered]]], tick: Tick) -> None:
    """Pass over all tiles once and gather from every group's matrices.

    Args:
        wanted: groups and what to gather of each; the first is multiplied, the tiles of the others follow.
        tick: called when a tile of all models is done.
    """
    first = wanted[0][0]

    ordered = [
        one
        for of_distances in (False, True)
        for _, gathered in wanted
        for one in _by_kind(gathered, of_distances=of_distances)
    ]

    def step(where: Tile) -> tuple[Tile, list[Any]]:
        raw = first.inner_products(where)
        folded = _fold(first, _by_kind(wanted[0][1], of_distances=False), raw, where, first)
        if len(folded) == len(ordered):
            return where, folded
        raw.add_(first.halves[where[0], None]).add_(first.halves[where[1]])
        for group, gathered in wanted:
            tiles = raw if group.turning is None else group.turning.apply(raw, where, group.buffer(1, where))
            folded += _fold(group, _by_kind(gathered, of_distances=True), tiles, where, first)
        return where, folded

    for where, folded in in_order(step, first.plan.tiles(), first.plan.workers):
        for one, part in zip(ordered, folded, strict=True):
            one.add(part, where)
        tick()


def _by_kind(gathered: Sequence[Gathered], *, of_distances: bool) -> list[Gathered]:
    """Those of inner products, or of distances; equal kinds side by side."""
    kinds = list(dict.fromkeys(one.kind for one in gathered))
    return sorted(
        (one for one in gathered if one.kind.of_distances == of_distances),
        key=lambda one: kinds.index(one.kind),
    )


def _fold(
    group: Group, gathered: Sequence[Gathered], raw: torch.Tensor, where: Tile, memory: Group
) -> list[Any]:
    """What a tile gives to each; `memory` lends its buffers."""
    folded = list[Any]()
    for kind, same in groupby(gathered, key=lambda one: one.kind):
        tiles = group.tiles(kind, raw, where, memory.buffer(0, where))
        folded += [one.fold(tiles, where, memory.buffer(2, where)) for one in same]
    return folded


def _hollow(T: torch.Tensor, where: Tile) -> torch.Tensor:
    """T itself, zero where a sample meets itself."""
    if where[0] == where[1]:
        T.diagonal(dim1=0, dim2=1).zero_()
    return T


def _own_products(rows: torch.Tensor, out: torch.Tensor) -> None:
    """Products of rows with each other, but for the lower left quarter, which mirrors the upper right."""
    half = len(rows) // 2
    torch.mm(rows[:half], rows.T, out=out[:half])
    torch.mm(rows[half:], rows[half:].T, out=out[half:, half:])


def _mirrored(raw: torch.Tensor) -> torch.Tensor:
    half = len(raw) // 2
    raw[half:, :half] = raw[:half, half:].transpose(0, 1)
    return raw
