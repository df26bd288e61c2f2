"""Holding the outputs of the wanted layers while a pass runs, copying only what the network overwrites."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Mapping

import torch

from seealike.sources.models.running import Enough, See
from seealike.sources.models.tracing import Place, picked


class Catch:
    """The outputs of the wanted places of one pass.

    A tensor is held as it is; its version, which torch counts up at every change in place, tells afterwards whether
    it still is what the module returned.

    Args:
        places: name -> place.
        overwritten: names of layers that the network changes in place later; they are copied at once.

    Example:
        >>> catch = Catch({"a": Place("a", 1)}, overwritten=())
        >>> tensor = torch.zeros(2)
        >>> try:
        ...     catch.seer("a")(tensor)
        ... except Enough:
        ...     print("that was the last")
        that was the last
        >>> catch.changed()
        []
        >>> _ = tensor.add_(1)
        >>> catch.changed()
        ['a']
    """

    def __init__(self, places: Mapping[str, Place], overwritten: Container[str]) -> None:
        self.tensors: dict[str, torch.Tensor] = {}
        self._versions: dict[str, int] = {}
        self._overwritten = overwritten
        self._calls: Counter[str] = Counter()
        self._wanted: dict[tuple[str, int], list[tuple[str, Place]]] = defaultdict(list)
        for name, place in places.items():
            self._wanted[place.module, place.call].append((name, place))
        self._count = len(places)

    @property
    def modules(self) -> set[str]:
        """The modules whose outputs are wanted."""
        return {module for module, _ in self._wanted}

    def seer(self, module: str) -> See:
        """Takes the outputs of this module, call by call; raises `Enough` at the last that is wanted."""

        def see(output: object) -> None:
            self._calls[module] += 1
            for name, place in self._wanted.get((module, self._calls[module]), ()):
                self._hold(name, picked(output, place.keys))
            if len(self.tensors) == self._count:
                raise Enough

        return see

    def _hold(self, name: str, tensor: torch.Tensor) -> None:
        if name in self._overwritten or tensor.is_inference():  # tensors of inference mode count no versions
            tensor = tensor.clone()
        else:
            self._versions[name] = tensor._version
        self.tensors[name] = tensor

    def changed(self) -> list[str]:
        """The layers whose tensors are no longer what their modules returned."""
        return [name for name, version in self._versions.items() if self.tensors[name]._version != version]
