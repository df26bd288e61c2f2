"""The layers of a network: what can be read, and which of them a card means."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Field, ValidationError

from seealike.errors import DataError, SpecError, UnknownName, suggestion
from seealike.sources.entry import Entry


@dataclass(frozen=True)
class Layer:
    """A place in a network: its name, what stands there, and its output's shape for one sample.

    Attributes:
        name: dotted; ``#k`` for the k-th call of a module that runs several times, ``[0]`` or ``[key]`` for one
            part of an output that is no tensor.
        kind: the class of the module, or what the output is.
        shape: of one sample's output, without the sample axis; None where it cannot be read.
        calls: how often the module runs in one pass.
        problem: why it cannot be read; empty where it can.
        same_as: the earlier layer that gave this very tensor (a container passes on what its last module gave).
    """

    name: str
    kind: str
    shape: tuple[int, ...] | None
    calls: int = 1
    problem: str = ""
    same_as: str = ""


class Depths(Entry):
    """Layers at fractions of the depth: of N matching layers in forward order, depth d is number ⌈d N⌉.

    Attributes:
        match: a pattern, or several.
        depth: fractions between 0 (the first) and 1 (the last).

    Example:
        >>> Depths(match="blocks.*", depth=[0.25, 0.5, 1.0]).depth
        (0.25, 0.5, 1.0)
    """

    match: Annotated[tuple[str, ...], BeforeValidator(lambda v: (v,) if isinstance(v, str) else v)] = Field(
        min_length=1
    )
    depth: tuple[Annotated[float, Field(ge=0, le=1)], ...] = Field(min_length=1)

    def __str__(self) -> str:
        return f"{' | '.join(self.match)} at {', '.join(f'{depth:g}' for depth in self.depth)}"


#: What may stand under a card's ``layer:``: a name, "all", a pattern, or depths.
Choice: TypeAlias = str | Depths


def as_choices(value: object) -> tuple[Choice, ...]:
    """The entries of a card's ``layer:``, from one of them or a list.

    Raises:
        ValueError: something that is no name, pattern or mapping of depths.

    Example:
        >>> as_choices("blocks.3")
        ('blocks.3',)
        >>> as_choices(["norm", {"match": "blocks.*", "depth": [1]}])
        ('norm', Depths(match=('blocks.*',), depth=(1.0,)))
    """
    entries = value if isinstance(value, list | tuple) else [value]
    return tuple(_choice(entry) for entry in entries)


def _choice(entry: Any) -> Choice:
    if isinstance(entry, Depths) or (isinstance(entry, str) and entry):
        return entry
    wanted = "a layer's name, a pattern, or {match: …, depth: […]}"
    if not isinstance(entry, dict):
        raise ValueError(f"expected {wanted}, got {entry!r}")
    try:
        return Depths.model_validate(entry)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"expected {wanted}, got {entry!r} ({place}: {first['msg']})") from error


def is_open(choice: Choice) -> bool:
    """Whether it takes a loaded model to know the layers that are meant."""
    return isinstance(choice, Depths) or choice == "all" or "*" in choice


def resolve(spec: Sequence[Choice], known: Sequence[Layer], *, where: str = "layer") -> tuple[str, ...]:
    """The names of the layers that are meant, each once: in the order of `spec`, within a pattern in forward order.

    ``all`` is every layer that can be read. In a pattern ``*`` stands for anything within one part of a name,
    ``**`` for anything across the dots. Of layers that share one tensor (a container and its last module) a
    pattern takes only the outermost.

    Args:
        spec: names, "all", patterns, depths.
        known: the model's layers in forward order.
        where: the model, for the error.

    Raises:
        UnknownName: a name or a pattern that fits no layer.
        SpecError, DataError: a named layer that cannot be read (see `find`).

    Example:
        >>> known = [Layer(f"blocks.{i}", "Block", (5, 8)) for i in range(12)] + [Layer("norm", "LayerNorm", (5, 8))]
        >>> resolve(["norm", "*.3"], known)
        ('norm', 'blocks.3')
        >>> resolve([Depths(match="blocks.*", depth=[0.25, 0.5, 1.0])], known)
        ('blocks.2', 'blocks.5', 'blocks.11')
    """
    names = (name for choice in spec for name in _meant(choice, known, where))
    return tuple(dict.fromkeys(names))


def _meant(choice: Choice, known: Sequence[Layer], where: str) -> list[str]:
    if isinstance(choice, Depths):
        fits = [_matcher(pattern) for pattern in choice.match]
        found = _matching(lambda name: any(fit(name) for fit in fits), known, choice.match, where)
        # A fraction such as 0.1 * 30 may come out a hair above the whole number it stands for.
        return [found[max(0, math.ceil(depth * len(found) - 1e-9) - 1)] for depth in choice.depth]
    if choice == "all":
        return _matching(lambda name: True, known, ("all",), where)
    if "*" in choice:
        return _matching(_matcher(choice), known, (choice,), where)
    return [find(choice, known, where=where).name]


def _matcher(pattern: str) -> Callable[[str], bool]:
    parts = re.split(r"(\*\*|\*)", pattern)
    meaning = {"**": ".*", "*": r"[^.]*"}
    fits = re.compile("".join(meaning.get(part, re.escape(part)) for part in parts), re.DOTALL).fullmatch
    return lambda name: fits(name) is not None


def _matching(
    fits: Callable[[str], bool], known: Sequence[Layer], patterns: Sequence[str], where: str
) -> list[str]:
    found = _once([layer for layer in known if layer.shape is not None and fits(layer.name)])
    if not found:
        raise UnknownName(
            where=where,
            expected="a pattern that fits a layer",
            got=" | ".join(map(repr, patterns)),
            fix=suggestion(patterns[0], [layer.name for layer in known]),
        )
    return found


def _once(layers: list[Layer]) -> list[str]:
    """Their names; of those that share one tensor only the one with the fewest dots, the first of these."""
    shared: dict[str, list[str]] = {}
    for layer in layers:
        shared.setdefault(layer.same_as or layer.name, []).append(layer.name)
    kept = {min(names, key=lambda name: name.count(".")) for names in shared.values()}
    return [layer.name for layer in layers if layer.name in kept]


def find(name: str, known: Sequence[Layer], *, where: str) -> Layer:
    """The layer of this name.

    Args:
        name: as a card says it.
        known: the model's layers.
        where: the model, for the error.

    Raises:
        UnknownName: no such layer (the nearest names are given).
        SpecError: a module that runs several times: which call?
        DataError: a layer that gives no tensor with one row a sample (the parts that are).

    Example:
        >>> find("fc", [Layer("fc", "Linear", (10,))], where="model m").shape
        (10,)
        >>> find("cf", [Layer("fc", "Linear", (10,))], where="model m")
        Traceback (most recent call last):
        ...
        seealike.errors.UnknownName: model m: expected the name of a layer, got 'cf'. Did you mean 'fc'?
    """
    layer = next((layer for layer in known if layer.name == name), None)
    if layer is None:
        calls = [other.name for other in known if re.fullmatch(re.escape(name) + r"#\d+", other.name)]
        if not calls:
            raise no_such_layer(where, name, [other.name for other in known])
        raise SpecError(
            where=f"{where}, layer {name}",
            expected="a module that runs once, or one of its calls",
            got=f"one that runs {len(calls)} times",
            fix=f"Name the call: {_few(iter(calls))}.",
        )
    if layer.shape is None:
        parts = (o.name for o in known if o.name.startswith(f"{name}[") and o.shape is not None)
        listed = _few(parts)
        raise DataError(
            where=f"{where}, layer {name}",
            expected="a tensor with one row a sample",
            got=f"{layer.problem} from {layer.kind}",
            fix=f"Read a part of it: {listed}."
            if listed
            else "Read another layer: see `seealike show-model`.",
        )
    return layer


def _few(names: Iterator[str]) -> str:
    listed = list(names)
    return " | ".join(listed if len(listed) <= 6 else [*listed[:4], "…", listed[-1]])


def no_such_layer(where: str, name: str, known: Sequence[str]) -> UnknownName:
    """The error for a layer that a model does not have."""
    return UnknownName(
        where=where, expected="the name of a layer", got=repr(name), fix=suggestion(name, known)
    )
