"""A feature matrix that was found on disk, and the files that stand beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from seealike.data.imports.reading import READERS

#: Names of the published pipeline's files.
PUBLISHED = re.compile(r"features_([A-Za-z]\w*)\.pt$")

#: Names of platonic-rep's files.
PLATONIC = re.compile(r"(?P<model>.+)_pool-(?P<pooling>[^_]+)(?P<prompt>_prompt-.+)?\.pt$")


@dataclass(frozen=True)
class Found:
    """One feature matrix to import, or several layers of one model in one file.

    Attributes:
        files: its file, or its pieces in order (they are joined by rows).
        dataset: the name of the dataset.
        model: the name of the model.
        layer: the name of the layer, "" where nothing says it.
        layout: how the path was understood, for the report.
        names: a file with the sample ids beside it.
        labels: a file with the labels beside it.
        pooling: how the layer's output became one row, where the path says it.
        stacked: the array is (n_samples, n_layers, n_dims).
    """

    files: tuple[Path, ...]
    dataset: str
    model: str
    layer: str
    layout: str
    names: Path | None = None
    labels: Path | None = None
    pooling: str = "none"
    stacked: bool = False


def feature_files(source: Path) -> list[Path]:
    """All files below a folder that may hold features, hidden ones and side files left out."""
    return sorted(
        p
        for p in source.rglob("*")
        if p.suffix.lower() in READERS
        and p.name != "file_names.txt"
        and not p.name.endswith(".ids.txt")
        and not any(part.startswith(".") for part in p.relative_to(source).parts)
        and p.is_file()
    )


def with_neighbors(found: Found) -> Found:
    """With what its name says, and the files of ids and of labels that stand beside it, if some do."""
    path = found.files[0]
    platonic = PLATONIC.match(path.name)
    ids = (path.with_name(f"{path.stem}.ids.txt"), path.with_name("file_names.txt"))
    targets = path.with_name(path.name.replace("features_", "targets_", 1))
    return replace(
        found,
        names=next((p for p in ids if p.exists() and p != path), None),
        labels=targets if PUBLISHED.match(path.name) and targets.exists() else None,
        pooling=platonic["pooling"] if platonic else found.pooling,
        stacked=platonic is not None,
    )
