"""Entries of a study file, checked: what does not fit is noted where it stands."""

from __future__ import annotations

from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from seealike.errors import suggestion
from seealike.study.document import Document, Place

Card = TypeVar("Card", bound=BaseModel)


def validated(kind: type[Card], value: Any, place: Place, document: Document) -> Card | None:
    """The pydantic model, or None with every mistake noted."""
    try:
        return kind.model_validate(value, context={"root": document.file.parent})
    except ValidationError as error:
        for detail in error.errors():
            document.mistake((*place, *detail["loc"]), _message(detail, kind))
    return None


def _message(detail: Any, kind: type[BaseModel]) -> str:
    name = detail["loc"][-1] if detail["loc"] else ""
    if detail["type"] == "extra_forbidden":
        return f"unknown key {name!r}. {suggestion(str(name), _keys_at(kind, detail['loc'][:-1]))}"
    if detail["type"] == "missing":
        return f"the key {name!r} is missing; it is needed here"
    text = detail["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    return text if text.startswith("expected") else f"{name}: expected {text}, got {detail['input']!r}"


def _keys_at(kind: type[BaseModel], place: Place) -> list[str]:
    """The keys that may stand at a place inside an entry of this kind."""
    for name in place:
        info = kind.model_fields.get(str(name))
        types = (info.annotation, *get_args(info.annotation)) if info else ()
        kind = next((t for t in types if isinstance(t, type) and issubclass(t, BaseModel)), kind)
    return list(kind.model_fields)


def named(document: Document, section: str, default: list[Any]) -> list[tuple[Place, str, dict[str, Any]]]:
    """Entries of the form ``- name`` or ``- name: {options}``."""
    listed = document.data.get(section, default)
    if not isinstance(listed, list):
        document.mistake((section,), f"expected a list of {section}")
        return []
    found = []
    for number, entry in enumerate(listed):
        place = (section, number)
        if isinstance(entry, str):
            found.append((place, entry, {}))
        elif (
            isinstance(entry, dict)
            and len(entry) == 1
            and isinstance(next(iter(entry.values())), dict | None)
        ):
            name, options = next(iter(entry.items()))
            found.append(((*place, name), name, options or {}))
        else:
            document.mistake(place, f"expected `name` or `name: {{option: value}}`, got {entry!r}")
    return found
