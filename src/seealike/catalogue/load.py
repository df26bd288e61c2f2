"""The catalogue's files, read when they are first asked for."""

from __future__ import annotations

import fnmatch
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from importlib.resources import files
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from seealike.catalogue.entry import CatalogueEntry, DatasetEntry, ModelEntry
from seealike.errors import DamagedArtifact, UnknownName, suggestion

E = TypeVar("E", ModelEntry, DatasetEntry)
_PATTERN = set("*?[")


class Catalogue(Generic[E]):
    """The entries of one folder of TOML files.

    A file holds one table an entry, and under ``[defaults]`` what its entries share; tables inside (``card``)
    are joined key by key.

    Args:
        kind: "models" or "datasets", the folder.
        entry_type: what an entry is checked against.
    """

    def __init__(self, kind: str, entry_type: type[E]) -> None:
        self.kind, self._type = kind, entry_type

    @cached_property
    def _entries(self) -> dict[str, E]:
        entries: dict[str, E] = {}
        for family, text in self._texts():
            for entry in _read(family, text, self._type):
                if entry.id in entries:
                    raise _damaged(family, "every name once", f"{entry.id!r} a second time")
                entries[entry.id] = entry
        return entries

    def _texts(self) -> list[tuple[str, str]]:
        folder = files("seealike.catalogue") / self.kind
        found = [f for f in folder.iterdir() if f.name.endswith(".toml")]
        return sorted((f.name.removesuffix(".toml"), f.read_text(encoding="utf-8")) for f in found)

    def entries(self) -> tuple[E, ...]:
        """All entries, by file and in the order of the file."""
        return tuple(self._entries.values())

    def entry(self, name: str) -> E:
        """The entry of this name.

        Raises:
            UnknownName: none; the error names the nearest.

        Example:
            >>> MODELS.entry("dino-vit-base-p16").card["model"]
            'vit_base_patch16_224.dino'
            >>> MODELS.entry("dino-vit-bas-p16")
            Traceback (most recent call last):
            ...
            seealike.errors.UnknownName: catalogue: expected the name of one of the models, got 'dino-vit-bas-p16'.
            Did you mean 'dino-vit-base-p16' or 'dinov3-vit-base-p16' or 'dino-vit-base-p8'?
        """
        if name not in self._entries:
            raise self._unknown(name, f"the name of one of the {self.kind}", self._entries)
        return self._entries[name]

    def lists(self) -> dict[str, int]:
        """The published sets ("paper-64") with their sizes.

        Example:
            >>> MODELS.lists()["paper-64"], DATASETS.lists()["paper-23"]
            (64, 23)
        """
        names = sorted({name for entry in self.entries() for name in entry.lists})
        return {name: sum(name in entry.lists for entry in self.entries()) for name in names}

    def select(
        self, names: Iterable[str] = ("*",), where: Mapping[str, str | Sequence[str]] | None = None
    ) -> list[E]:
        """The entries that have one of these names and all of these labels.

        Args:
            names: ids, lists ("paper-64") or patterns ("dinov2-*").
            where: column -> value or values, any of which will do; values may be patterns.

        Raises:
            UnknownName: a name that nothing has, or a column or value that no entry has.

        Example:
            >>> [m.id for m in MODELS.select(["paper-64"], {"objective": "ssl", "training_class": "large"})]
            ['dinov2-vit-small-p14', 'dinov2-vit-base-p14', 'dinov2-vit-large-p14', 'dinov2-vit-giant-p14']
        """
        chosen: dict[str, E] = {}
        for name in names:
            chosen |= {entry.id: entry for entry in self._named(name)}
        kept = [entry for entry in self.entries() if entry.id in chosen]
        for column, wanted in (where or {}).items():
            kept = self._with(kept, column, [wanted] if isinstance(wanted, str) else list(wanted))
        return kept

    def _named(self, name: str) -> list[E]:
        if name in self._entries:
            return [self._entries[name]]
        found = [e for e in self.entries() if name in e.lists]
        if not found and _PATTERN & set(name):
            found = [e for e in self.entries() if fnmatch.fnmatchcase(e.id, name)]
        if not found:
            raise self._unknown(
                name, f"the name of one of the {self.kind}, a list of them, or a pattern", self._known
            )
        return found

    @property
    def _known(self) -> list[str]:
        return [*self.lists(), *self._entries]

    def _with(self, entries: list[E], column: str, wanted: list[str]) -> list[E]:
        columns = list(self.entries()[0].columns)
        if column not in columns:
            raise self._unknown(column, "a column", columns)
        values = {entry.columns[column] for entry in self.entries()}
        for value in wanted:
            if not any(fnmatch.fnmatchcase(known, value) for known in values):
                raise self._unknown(value, f"a value of {column}", values)
        return [e for e in entries if any(fnmatch.fnmatchcase(e.columns[column], value) for value in wanted)]

    def _unknown(self, name: str, expected: str, known: Iterable[str]) -> UnknownName:
        return UnknownName(where="catalogue", expected=expected, got=repr(name), fix=suggestion(name, known))


def _read(family: str, text: str, kind: type[E]) -> list[E]:
    tables: dict[str, dict[str, Any]] = tomllib.loads(text)
    defaults = tables.pop("defaults", {})
    try:
        return [
            kind.model_validate({"id": name, "family": family, **_joined(defaults, table)})
            for name, table in tables.items()
        ]
    except ValidationError as error:
        raise _damaged(family, "entries of the catalogue", str(error)) from error


def _joined(defaults: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults with the entry's own values over them, tables inside joined key by key."""
    joined = dict(defaults)
    for key, value in own.items():
        below = joined.get(key)
        joined[key] = _joined(below, value) if isinstance(value, dict) and isinstance(below, dict) else value
    return joined


def _damaged(family: str, expected: str, got: str) -> DamagedArtifact:
    return DamagedArtifact(
        where=f"catalogue, {family}.toml", expected=expected, got=got, fix="Install seealike again."
    )


#: All models of the catalogue.
MODELS = Catalogue("models", ModelEntry)
#: All datasets of the catalogue.
DATASETS = Catalogue("datasets", DatasetEntry)

__all__ = ["DATASETS", "MODELS", "Catalogue", "CatalogueEntry"]
