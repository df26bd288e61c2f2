"""The layers of a network as a tree: its lines, with blocks that are alike folded into one line."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from seealike.sources.models.layers import Layer

_NAME = re.compile(r"(?P<module>[^\[#]*)(?P<call>#\d+)?(?P<keys>\[.*)?")


class Line(NamedTuple):
    """One line of the tree.

    Attributes:
        depth: how far it is indented.
        label: the last part of the name, or the first and the last of those that were folded ("1 … 11").
        layer: what stands there; None for a container that only holds others.
        alike: the label of the block that looks the same inside, for a folded line.
    """

    depth: int
    label: str
    layer: Layer | None
    alike: str = ""


@dataclass
class _Node:
    """A module: its calls and the parts of their outputs, and the modules inside it."""

    label: str
    layers: list[Layer] = field(default_factory=list)
    marks: list[bool] = field(default_factory=list)
    inside: dict[str, _Node] = field(default_factory=dict)

    def at(self, path: str) -> _Node:
        """The node of a module inside this one, made where it is missing."""
        node = self
        for label in path.split(".") if path else ():
            node = node.inside.setdefault(label, _Node(label))
        return node

    def look(self) -> tuple[object, ...]:
        """Equal for nodes that are alike in everything but their names and their own marks."""
        own = [(layer.kind, layer.shape, layer.problem, layer.calls) for layer in self.layers]
        return (*own, *((label, *node.marks, node.look()) for label, node in self.inside.items()))


def lines(layers: Sequence[Layer], marked: Container[str] = ()) -> Iterator[Line]:
    """The tree, line by line: containers before what they hold, siblings in the order in which they run.

    Args:
        layers: in forward order.
        marked: names; blocks are folded only with others that are marked alike.

    Example:
        >>> known = [Layer(f"blocks.{i}{part}", "B", (4,)) for i in range(3) for part in (".fc", "")]
        >>> for line in lines(known):
        ...     print("  " * line.depth + line.label, f"like {line.alike}" if line.alike else "")
        blocks
          0
            fc
          1 … 2 like 0
    """
    root = _Node("")
    for layer in layers:
        node = root.at(_parts(layer.name)[0])
        node.layers.append(layer)
        node.marks.append(layer.name in marked)
    return _inside(root, 0)


def _parts(name: str) -> tuple[str, str, str]:
    """A layer's name as module, call and keys."""
    found = _NAME.fullmatch(name)
    assert found is not None
    return found["module"], found["call"] or "", found["keys"] or ""


def _inside(node: _Node, depth: int) -> Iterator[Line]:
    for first, *others in _runs(list(node.inside.values())):
        yield from _lines(first, depth)
        for _, group in groupby(others, key=lambda other: other.marks):
            folded = list(group)
            label = folded[0].label + (f" … {folded[-1].label}" if len(folded) > 1 else "")
            yield Line(depth, label, next(iter(folded[0].layers), None), first.label)


def _runs(nodes: list[_Node]) -> list[list[_Node]]:
    """Neighbors that are alike, together; modules that hold none are never folded."""
    runs: list[list[_Node]] = []
    for node in nodes:
        alike = runs and node.inside and runs[-1][0].look() == node.look()
        runs[-1].append(node) if alike else runs.append([node])
    return runs


def _lines(node: _Node, depth: int) -> Iterator[Line]:
    if not node.layers:
        yield Line(depth, node.label, None)
    for layer in node.layers:
        _, call, keys = _parts(layer.name)
        yield Line(depth + bool(keys), keys or node.label + call, layer)
    yield from _inside(node, depth + 1)
