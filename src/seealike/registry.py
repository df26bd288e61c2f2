"""One small registry: measures, analyses, model sources and dataset sources are entries of it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import Generic, TypeVar

from seealike.errors import SpecError, UnknownName, suggestion

T = TypeVar("T")


class Registry(Generic[T]):
    """Named things of one kind, in the order they were added.

    A name that is not here is looked for among the installed packages' entry points of the group
    ``seealike.<kind>``, so that others can add measures, sources and analyses without a change here.

    Args:
        kind: what one entry is, in the singular, for error messages ("measure").
        group: the entry-point group that other packages may use.

    Example:
        >>> colours = Registry[int]("colour", group="seealike.colours")
        >>> colours.add("red", 1)
        >>> colours["red"]
        1
        >>> colours["rad"]
        Traceback (most recent call last):
        ...
        seealike.errors.UnknownName: 'rad': expected the name of a colour, got 'rad'. Did you mean 'red'?
    """

    def __init__(self, kind: str, *, group: str) -> None:
        self.kind, self.group = kind, group
        self._entries: dict[str, T] = {}

    def add(self, name: str, entry: T) -> None:
        """Register `entry` under `name`; a name can be taken once only."""
        if name in self._entries:
            raise SpecError(
                where=self.group, expected=f"a new {self.kind}", got=f"a second {name!r}", fix="Rename one."
            )
        self._entries[name] = entry

    def __getitem__(self, name: str) -> T:
        if name not in self._entries:
            self._load_plugin(name)
        return self._entries[name]

    def _load_plugin(self, name: str) -> None:
        for point in entry_points(group=self.group, name=name):
            self._entries[name] = point.load()
            return
        article = "an" if self.kind[0] in "aeiou" else "a"
        raise UnknownName(
            where=repr(name),
            expected=f"the name of {article} {self.kind}",
            got=repr(name),
            fix=suggestion(name, self._entries),
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
