"""The folders of programs that people have: ours, the published pipeline's, platonic-rep's, thingsvision's."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from seealike.data.arrays import read_header
from seealike.data.imports.found import PLATONIC, PUBLISHED, Found, feature_files, with_neighbors
from seealike.data.imports.patterns import by_pattern
from seealike.errors import SpecError, StoreError

#: Names of numbered pieces of one matrix, alone or with the rows they hold.
PIECE = re.compile(r"features_(\d+)(?:-(\d+))?$")


def _own(source: Path) -> list[Found]:
    found = []
    for path in feature_files(source):
        key = _key(path) if path.suffix == ".safetensors" else None
        if key:
            names = key["dataset"], key["model"], key["layer"]
            found.append(Found((path,), *names, "features of our own", pooling=key["pooling"]))
    return found


def _key(path: Path) -> dict[str, str] | None:
    """The key that we noted in a file; None where it is none of ours, or damaged."""
    try:
        notes = read_header(path).notes
    except StoreError:
        return None
    return json.loads(notes["key"]) if notes.get("kind") == "features" and notes.get("key") else None


def _published(source: Path) -> list[Found]:
    found = []
    for path in feature_files(source):
        if match := PUBLISHED.match(path.name):
            parents = [source.parent.name, *_parents(source, path)]
            name = f"{parents[-2]}-{match[1]}"
            found.append(
                with_neighbors(Found((path,), name, parents[-1], "", "the published pipeline's features"))
            )
    return found


def _platonic(source: Path) -> list[Found]:
    found = []
    for path in feature_files(source):
        if match := PLATONIC.match(path.name):
            below = path.relative_to(source).parent.as_posix()
            dataset = source.name if below == "." else below
            model = match["model"] + (match["prompt"] or "")
            found.append(with_neighbors(Found((path,), dataset, model, "", "platonic-rep's features")))
    return found


def _thingsvision(source: Path) -> list[Found]:
    pieces: dict[Path, list[tuple[int, Path]]] = defaultdict(list)
    for path in feature_files(source):
        number = PIECE.match(path.stem)
        if path.stem != "features" and not number:
            return []
        pieces[path.parent].append((int(number[1]) if number else -1, path))
    found = []
    for folder, parts in sorted(pieces.items()):
        near = (f for f in (folder, *folder.parents) if f.is_relative_to(source.parent))
        names = next((f / "file_names.txt" for f in near if (f / "file_names.txt").exists()), None)
        below = folder.relative_to(source).parts
        found.append(
            Found(
                _in_order(folder, sorted(parts)),
                source.name if below else source.parent.name,
                below[0] if below else source.name,
                "/".join(below[1:]),
                "thingsvision's features",
                names=names,
            )
        )
    return found


def _in_order(folder: Path, parts: list[tuple[int, Path]]) -> tuple[Path, ...]:
    """One whole file, or all numbered pieces; both at once would be rows twice."""
    whole = [path for number, path in parts if number < 0]
    numbers = [number for number, _ in parts]
    if len(whole) > 1 or (whole and len(parts) > 1) or len(set(numbers)) < len(numbers):
        raise SpecError(
            where=str(folder),
            expected="one file features.*, or its numbered pieces",
            got=", ".join(path.name for _, path in parts),
            fix="Keep one of them there, or import the one you mean by its path.",
        )
    return tuple(path for _, path in parts)


def _plain(source: Path) -> list[Found]:
    files = feature_files(source)
    depths = {len(p.relative_to(source).parts) for p in files}
    if len(depths) > 1 or (depths and max(depths) > 3):
        raise SpecError(
            where=str(source),
            expected="files MODEL.*, DATASET/MODEL.* or DATASET/MODEL/LAYER.*, all of one kind",
            got=", ".join(p.relative_to(source).as_posix() for p in files[:4]),
            fix="Describe them by --pattern, for example --pattern '{dataset}/{model}.npy'.",
        )
    depth = max(depths, default=0)
    pattern = ("", "{model}.*", "{dataset}/{model}.*", "{dataset}/{model}/{layer}.*")[depth]
    return list(by_pattern(source, pattern, source.name if depth == 1 else None, None)) if depth else []


def _parents(source: Path, path: Path) -> list[str]:
    """The folders between the source and a file, the source's own name first."""
    return [source.name, *path.relative_to(source).parent.parts]


#: Each gives what it finds of its own kind in a folder; the first that finds something is it.
LAYOUTS: tuple[Callable[[Path], list[Found]], ...] = (_own, _published, _platonic, _thingsvision, _plain)
