"""Paths of a study file that may stand for several files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationInfo

_RANGE = re.compile(r"\{(\d+)\.\.(\d+)\}")


def _found(value: object, info: ValidationInfo) -> tuple[Path, ...]:
    root = (info.context or {}).get("root", Path())
    given = [value] if isinstance(value, str | Path) else list(value)  # type: ignore[call-overload]
    found = [path for text in given for one in spread(str(text)) for path in _matching(root, one)]
    return tuple(dict.fromkeys(found))


def _matching(root: Path, text: str) -> list[Path]:
    pattern = (root / Path(text).expanduser()).resolve()
    found = [pattern] if pattern.exists() else sorted(pattern.parent.glob(pattern.name))
    if not found:
        raise ValueError(f"expected an existing file, got {pattern}, which matches nothing")
    return found


def spread(text: str) -> list[str]:
    """A path with number ranges -> one path a number, with the zeros in front that the range has.

    Example:
        >>> spread("train-{08..10}.tar")
        ['train-08.tar', 'train-09.tar', 'train-10.tar']
    """
    found = _RANGE.search(text)
    if not found:
        return [text]
    first, last = found.group(1), found.group(2)
    numbers = [str(k).zfill(len(first)) for k in range(int(first), int(last) + 1)]
    return [one for k in numbers for one in spread(text[: found.start()] + k + text[found.end() :])]


#: One path or a list, relative to the study file's folder; ``*`` and ``{000..012}`` stand for several files.
FilePaths = Annotated[tuple[Path, ...], BeforeValidator(_found), Field(min_length=1)]
