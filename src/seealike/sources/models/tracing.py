"""One traced pass through a network: which modules run, in which order, how often, and what they give."""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch

from seealike.sources.models.layers import Layer

_DEEPEST = 3


class Place(NamedTuple):
    """Where a layer's values come from: a call of a module, and one part of its output."""

    module: str
    call: int
    keys: tuple[Any, ...] = ()


class _Seen(NamedTuple):
    """One tensor that a module gave (or, at `keys` (), anything that it gave)."""

    place: Place
    kind: str
    shape: tuple[int, ...] | None
    problem: str
    twin: Place | None


@dataclass(frozen=True)
class Trace:
    """What one pass showed.

    Attributes:
        layers: in the order in which the modules finish, the whole network last.
        places: name -> place, of the layers that can be read.
        ran: paths of the modules that ran.
    """

    layers: tuple[Layer, ...]
    places: Mapping[str, Place]
    ran: frozenset[str]


@dataclass
class Recorder:
    """Takes the outputs of a pass one by one; `trace` sums it up.

    Only shapes are kept, and weak references, so that a traced pass needs no more memory than another.

    Args:
        rows: how many samples the pass is of.
    """

    rows: int
    _seen: list[_Seen] = field(default_factory=list)
    _calls: Counter[str] = field(default_factory=Counter)
    _alive: dict[int, tuple[weakref.ref[torch.Tensor], int, Place]] = field(default_factory=dict)

    def see(self, module: str, kind: str, output: object) -> None:
        """Note one call of a module."""
        self._calls[module] += 1
        for keys, part in parts(output):
            place = Place(module, self._calls[module], keys)
            shape, problem = self._judged(part)
            twin = self._twin(part, place) if isinstance(part, torch.Tensor) else None
            self._seen.append(_Seen(place, "Tensor" if keys else kind, shape, problem, twin))

    def _judged(self, part: object) -> tuple[tuple[int, ...] | None, str]:
        """The shape of one sample's output, or why there is none."""
        if not isinstance(part, torch.Tensor):
            return None, "nothing" if part is None else f"a {type(part).__name__}"
        if part.is_complex():
            return None, "complex numbers"
        if part.ndim == 0 or part.shape[0] != self.rows:
            return None, f"a tensor of shape {tuple(part.shape)} for {self.rows} samples"
        return tuple(part.shape[1:]), ""

    def _twin(self, tensor: torch.Tensor, place: Place) -> Place | None:
        """The place that gave this very tensor before (a container and its last module, say), unchanged since."""
        version = -1 if tensor.is_inference() else tensor._version
        known = self._alive.get(id(tensor))
        if known and known[0]() is tensor and known[1] == version:
            return known[2]
        self._alive[id(tensor)] = (weakref.ref(tensor), version, place)
        return None

    def trace(self) -> Trace:
        """The layers by name."""
        names = {seen.place: self._name(seen.place) for seen in self._seen}
        layers = tuple(
            Layer(
                names[seen.place],
                seen.kind,
                seen.shape,
                calls=self._calls[seen.place.module],
                problem=seen.problem,
                same_as=names[seen.twin] if seen.twin else "",
            )
            for seen in self._seen
        )
        readable = {names[seen.place]: seen.place for seen in self._seen if seen.shape is not None}
        return Trace(layers, readable, frozenset(self._calls))

    def _name(self, place: Place) -> str:
        call = f"#{place.call}" if self._calls[place.module] > 1 else ""
        return f"{place.module}{call}" + "".join(f"[{key}]" for key in place.keys)


def parts(output: object, keys: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], object]]:
    """An output itself, then the tensors inside it, each with the keys that lead there.

    Example:
        >>> [keys for keys, _ in parts((torch.zeros(1), {"a": torch.zeros(1), "b": None}))]
        [(), (0,), (1, 'a')]
    """
    if not keys or isinstance(output, torch.Tensor):
        yield keys, output
    if len(keys) == _DEEPEST:
        return
    if isinstance(output, Mapping):
        inside = list(output.items())
    else:
        inside = list(enumerate(output)) if isinstance(output, list | tuple) else []
    for key, part in inside:
        yield from parts(part, (*keys, key))


def picked(output: Any, keys: tuple[Any, ...]) -> Any:
    """The part of an output that these keys lead to.

    Example:
        >>> picked(("x", {"a": "y"}), (1, "a"))
        'y'
    """
    for key in keys:
        output = output[key]
    return output
