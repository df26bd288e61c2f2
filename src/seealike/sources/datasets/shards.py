"""Which tars make up a WebDataset, and the names of its classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from seealike.errors import DataError


def shards(paths: Sequence[Path], split: str | None, where: str) -> list[Path]:
    """The tars of one split.

    Args:
        paths: tars, or one folder: of a split, or with a folder a split.
        split: the split's folder.
        where: the dataset, for the error.

    Raises:
        DataError: no tars, no such split, or other shards than ``nshards.txt`` counts.
    """
    if not (len(paths) == 1 and paths[0].is_dir()):
        folders = [path.name for path in paths if path.is_dir()]
        if split is not None or folders:
            got = (
                f"`split: {split}` with tars"
                if split is not None
                else f"the folder {folders[0]} among others"
            )
            raise DataError(where=where, expected="tars, or one folder", got=got, fix="Check `path:`.")
        return list(paths)
    folder = paths[0] if split is None else paths[0] / split
    if (folder / "nshards.txt").is_file():
        return _counted(folder, where)
    splits = sorted(path.parent.name for path in paths[0].glob("*/nshards.txt"))
    found = sorted(folder.glob("*.tar"))
    if not found:
        raise DataError(
            where=where,
            expected=f"tars in {folder}",
            got=f"the splits {', '.join(splits)}" if splits else "none",
            fix=f"Set `split: {splits[-1]}`." if splits else "Check `path:` and `split:`.",
        )
    return found


def _counted(folder: Path, where: str) -> list[Path]:
    """The shards 0.tar to (n - 1).tar that nshards.txt counts, and no others."""
    text = (folder / "nshards.txt").read_text(encoding="utf-8", errors="replace").strip()
    if not text.isdecimal():
        raise DataError(
            where=f"{where}, {folder.name}/nshards.txt",
            expected="the number of shards",
            got=repr(text[:40]),
            fix="Download it again.",
        )
    wanted = [f"{k}.tar" for k in range(int(text))]
    there = {path.name for path in folder.glob("*.tar")}
    wrong = sorted(set(wanted) ^ there)
    if wrong:
        verb = "misses" if wrong[0] in wanted else "also has"
        raise DataError(
            where=f"{where}, {folder.name}",
            expected=f"the {len(wanted)} shards that nshards.txt counts",
            got=f"a folder that {verb} {', '.join(wrong[:3])}" + " …" * (len(wrong) > 3),
            fix="Download the dataset again, or give `path:` a list of tars.",
        )
    return [folder / name for name in wanted]


def class_names(tars: Sequence[Path]) -> tuple[str, ...]:
    """The lines of ``classnames.txt`` beside the shards or one folder up; none where there is no such file."""
    for folder in (tars[0].parent, tars[0].parent.parent):
        path = folder / "classnames.txt"
        if path.is_file():
            return tuple(path.read_text(encoding="utf-8").rstrip("\n").split("\n"))
    return ()
