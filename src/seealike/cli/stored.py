"""What `seealike features list` and `export` do and say."""

from __future__ import annotations

import sys
from fnmatch import fnmatch
from pathlib import Path

from seealike.cli.progress import Bars
from seealike.cli.show import show_table
from seealike.data.exporting import export_features
from seealike.data.identity import filename
from seealike.data.inventory import Stored, inventory, stored
from seealike.data.store import read_features
from seealike.errors import MissingArtifact, SpecError
from seealike.study.parse import read_studies
from seealike.study.results import Results

_UNITS = ("B", "kB", "MB", "GB", "TB")


def list_features(target: Path, dataset: str | None, model: str | None) -> int:
    """A table of the features on disk."""
    size = readable_size if sys.stdout.isatty() else str
    rows = [
        [
            one.dataset,
            one.model,
            one.layer,
            str(one.n_samples),
            str(one.n_dims),
            one.dtype or f"damaged: {one.problem}",
            size(one.n_bytes),
            one.written.strftime("%Y-%m-%d %H:%M"),
        ]
        for one in _chosen(target, dataset, model)
    ]
    return show_table(["dataset", "model", "layer", "samples", "dims", "type", "bytes", "written"], rows)


def readable_size(n_bytes: int) -> str:
    """Bytes as people say them.

    Example:
        >>> readable_size(41_000_000), readable_size(999)
        ('41 MB', '999 B')
    """
    value, unit = float(n_bytes), 0
    while value >= 1000 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.3g} {_UNITS[unit]}"


def is_study(target: Path) -> bool:
    """Whether it is a study file; a folder is none.

    Raises:
        MissingArtifact: nothing is there.
    """
    if not target.exists():
        raise MissingArtifact(
            where=str(target), expected="a study file or a folder", got="nothing there", fix="Check the path."
        )
    return target.is_file()


def found_files(target: Path) -> list[Stored]:
    """The feature files of a folder, or of the studies of a file with those that their models bring."""
    if not is_study(target):
        return inventory(target)
    found: dict[Path, Stored] = {}
    for study in read_studies(target):
        brought = {
            path
            for card in study.models
            if not card.needs_layers
            for dataset in study.datasets
            for layer in card.read_layers
            if (path := card.stored(dataset.name, layer)) is not None and path.exists()
        }
        several = [
            *inventory(Results(study.output, study.features).feature_root),
            *filter(None, map(stored, sorted(brought))),
        ]
        found |= {one.path: one for one in several}
    return list(found.values())


def _chosen(target: Path, dataset: str | None, model: str | None) -> list[Stored]:
    return [
        one
        for one in found_files(target)
        if fnmatch(one.dataset, dataset or "*") and fnmatch(one.model, model or "*")
    ]


def export(target: Path, out: Path, kind: str, dataset: str | None, model: str | None) -> int:
    """Write files for other programs."""
    files = _chosen(target, dataset, model)
    if not files:
        raise SpecError(
            where=str(target),
            expected="features to export",
            got="none",
            fix="seealike features list shows them.",
        )
    names = [out / filename(one.dataset) / filename(one.model) / filename(one.layer) for one in files]
    written: list[Path] = []
    with Bars() as bars:
        progress = bars.cell(f"writing {len(files)} files")
        for number, (one, name) in enumerate(zip(files, names, strict=True)):
            twice = names.count(name) > 1  # the same layer under two settings
            name = name.with_name(f"{name.name}-{one.path.stem.rpartition('-')[2]}") if twice else name
            written += export_features(name, read_features(one.path), kind)
            progress(number + 1, len(files))
    for path in written:
        sys.stdout.write(f"{path}\n")
    return 0
