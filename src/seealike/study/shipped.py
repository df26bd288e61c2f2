"""The study files that come with the package: each has a name, and can be run, planned and copied by it."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from seealike.errors import UnknownName, suggestion


def shipped_names() -> list[str]:
    """The names of the study files that come with the package.

    Example:
        >>> "human-clip-2024" in shipped_names()
        True
    """
    found = files("seealike") / "studies"
    return sorted(f.name.removesuffix(".yaml") for f in found.iterdir() if f.name.endswith(".yaml"))


def shipped_text(name: str) -> str:
    """The text of a study file that comes with the package.

    Raises:
        UnknownName: there is none of this name.

    Example:
        >>> "name: consistency-2025-30k" in shipped_text("consistency-2025-30k")
        True
    """
    if name not in shipped_names():
        raise UnknownName(
            where="studies",
            expected="the name of a study that comes with seealike",
            got=repr(name),
            fix=suggestion(name, shipped_names()),
        )
    return (files("seealike") / "studies" / f"{name}.yaml").read_text(encoding="utf-8")


def shipped_file(file: Path) -> tuple[Path, str] | None:
    """What a path means that is no file: the study of that name, as if it lay in the current folder; None for others.

    Example:
        >>> shipped_file(Path("consistency-2025"))[0].as_posix(), shipped_file(Path("studies/mine.yaml"))
        ('consistency-2025.yaml', None)
    """
    name = file.name.removesuffix(".yaml")
    if file.exists() or file.parent != Path() or name not in shipped_names():
        return None
    return Path(f"{name}.yaml"), shipped_text(name)


def about(name: str) -> str:
    """The first sentence of a shipped study file's own words about itself.

    Example:
        >>> about("consistency-2025-layers")[:53]
        'The variant of the consistency study at intermediate '
    """
    lines = []
    for line in shipped_text(name).splitlines():
        if not line.startswith("# "):
            break
        lines.append(line.removeprefix("# "))
    text = " ".join(lines)
    end = text.find(": ")
    return text[: end if 0 < end < len(text) else len(text)].rstrip(":")
