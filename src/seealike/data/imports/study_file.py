"""A study file for a folder of imported features, so that they can be compared at once."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

from seealike.data.arrays import read_header
from seealike.data.atomic import write_atomically
from seealike.data.identity import digest
from seealike.data.imports.layout import samples_path

_FIRST = "# Written by `seealike import {}`. Once you change it, it is yours: later imports leave it alone."
_MARK = "# content: "


def write_study(folder: Path) -> tuple[Path, bool]:
    """Write ``study.yaml`` with every imported model and dataset of a folder.

    A file that was changed since is left alone; the new one is then ``study.imported.yaml``.

    Returns:
        The file that was written, and whether an own ``study.yaml`` was left alone.
    """
    return write_marked(folder, _text(folder), "features")


def write_marked(folder: Path, text: str, what: str) -> tuple[Path, bool]:
    """Write the text of a study file, as `write_study` does.

    Args:
        folder: where to.
        text: of the study.
        what: that was imported; it is named in the first line.
    """
    first = _FIRST.format(what)
    path = folder / "study.yaml"
    kept = path.exists() and not _ours(path.read_text(encoding="utf-8"), first)
    path = folder / "study.imported.yaml" if kept else path
    marked = f"{first}\n{_MARK}{digest(text)}\n{text}"
    write_atomically(path, lambda p: p.write_text(marked, encoding="utf-8"))
    return path, kept


def _ours(text: str, line: str) -> bool:
    first, _, rest = text.partition("\n")
    mark, _, body = rest.partition("\n")
    return first == line and mark == _MARK + digest(body)


def _text(folder: Path) -> str:
    import yaml

    layers: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for path in sorted((folder / "features").glob("*/*/*.safetensors")):
        key = json.loads(read_header(path).notes["key"])
        layers[key["model"]][key["dataset"]].append(key["layer"])
    datasets = list(dict.fromkeys(dataset for on in layers.values() for dataset in on))
    study = {
        "name": folder.resolve().name,
        "models": [_model(name, on, datasets) for name, on in layers.items()],
        "datasets": [
            {
                "source": "features",
                "name": name,
                "path": samples_path(folder, name).relative_to(folder).as_posix(),
            }
            for name in sorted(datasets)
        ],
        "measures": ["cka", "rsa"],
    }
    how = {"width": 10_000, "sort_keys": False, "allow_unicode": True}
    parts = [
        yaml.safe_dump({key: value}, default_flow_style=False if isinstance(value, str) else None, **how)
        for key, value in study.items()
    ]
    return "\n".join(parts)


def _model(name: str, on: dict[str, list[str]], datasets: list[str]) -> dict[str, object]:
    """The entry of one model; `datasets` is needed where it lacks some."""
    names = list(dict.fromkeys(layer for found in on.values() for layer in found))
    layer: object = names[0] if len(names) == 1 else names
    entry: dict[str, object] = {"source": "features", "name": name, "path": "features", "layer": layer}
    everywhere = len(on) == len(datasets)
    return entry if everywhere else {**entry, "datasets": sorted(on)}
