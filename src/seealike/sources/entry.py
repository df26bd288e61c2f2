"""What the entries of a study file share: strict fields, and paths that start at the study file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationInfo, field_validator


class Entry(BaseModel):
    """A frozen, strict record: an unknown key is a mistake, not a silence."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SourcedEntry(Entry):
    """An entry whose `source` is its own source's name.

    Attributes:
        source_name: the name that a study file uses for this kind.
        source: the same, as written in the entry.
    """

    source_name: ClassVar[str]

    source: str

    @field_validator("source")
    @classmethod
    def _own(cls, value: str) -> str:
        if value != cls.source_name:
            raise ValueError(f"expected {cls.source_name!r}, got {value!r}")
        return value


def _resolved(path: Path, info: ValidationInfo) -> Path:
    root = (info.context or {}).get("root", Path())
    full = (root / path.expanduser()).resolve()
    if not full.exists():
        raise ValueError(f"expected an existing file or folder, got {full}, which does not exist")
    return full


#: A path relative to the study file's folder that must exist.
LocalPath = Annotated[Path, AfterValidator(_resolved)]


def _with_file(place: str, info: ValidationInfo) -> str:
    file = place.partition(":")[0]
    if file.endswith(".py"):
        _resolved(Path(file), info)
    return place


#: ``file.py:Name``, whose file must exist, or another place of code (``package.module:Name``, ``timm:NAME``).
CodePlace = Annotated[str, AfterValidator(_with_file)]
