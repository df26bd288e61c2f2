"""Paths described by the user: ``{dataset}/{model}.npy``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from seealike.data.imports.found import Found, feature_files, with_neighbors
from seealike.errors import BadParameter

_FIELDS = ("dataset", "model", "layer", "split")


def by_pattern(source: Path, pattern: str, dataset: str | None, model: str | None) -> Iterator[Found]:
    """The files whose paths below a folder fit a pattern.

    Args:
        source: the folder.
        pattern: with ``{dataset}``, ``{model}``, ``{layer}`` and ``{split}``, each once at most; ``*`` fits any name.
        dataset: its name, where the pattern does not hold it; the folder's name where nothing does.
        model: its name, where the pattern does not hold it; the file's name where nothing does.

    Raises:
        BadParameter: other words in braces.
    """
    expression = _expression(pattern)
    for path in feature_files(source):
        match = expression.fullmatch(path.relative_to(source).as_posix())
        if match is None:
            continue
        said = {name: value for name, value in match.groupdict().items() if value is not None}
        split = f"-{said['split']}" if "split" in said else ""
        yield with_neighbors(
            Found(
                (path,),
                said.get("dataset", dataset or source.name) + split,
                said.get("model", model or path.stem),
                said.get("layer", ""),
                f"files {pattern}",
            )
        )


def _expression(pattern: str) -> re.Pattern[str]:
    r"""A pattern of paths as a regular expression.

    Example:
        >>> _expression("{dataset}/{model}.*").pattern
        '(?P<dataset>[^/]+?)/(?P<model>[^/]+?)\\.[^/]*'
    """
    parts = []
    for part in re.split(r"(\{\w*\}|\*)", pattern):
        name = part[1:-1] if part.startswith("{") else ""
        if part.startswith("{") and (name not in _FIELDS or f"(?P<{name}>" in "".join(parts)):
            raise BadParameter(
                where=f"--pattern {pattern}",
                expected=f"{', '.join('{' + f + '}' for f in _FIELDS)}, each once",
                got=part,
                fix="For example: --pattern '{dataset}/{model}.npy'",
            )
        parts.append(f"(?P<{name}>[^/]+?)" if name else "[^/]*" if part == "*" else re.escape(part))
    return re.compile("".join(parts))
