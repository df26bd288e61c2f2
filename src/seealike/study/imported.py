"""A folder that a study can begin with, made of somebody else's similarities: a table, cards, a study file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from seealike.catalogue import DATASETS, MODELS
from seealike.data.atomic import write_atomically
from seealike.data.identity import filename
from seealike.data.imports.found_matrix import FoundMatrix
from seealike.data.imports.study_file import write_marked
from seealike.data.store import write_table
from seealike.data.tables import SIMILARITIES
from seealike.errors import BadParameter, SeealikeError

_FIELDS = ("objective", "architecture", "architecture_class", "training_data", "training_class", "size_class")
_ANALYSES = (
    "model_order",
    "similarity_spread",
    "model_map",
    "clusters",
    "cluster_agreement",
    "category_counts",
)


@dataclass(frozen=True)
class Brought:
    """What an import did.

    Attributes:
        matrices: that were read.
        refused: those that were not, with the reason.
        kept: files of the folder that were there already and were left alone.
        file: the study file, or the one table.
    """

    matrices: tuple[FoundMatrix, ...]
    refused: tuple[tuple[FoundMatrix, str], ...]
    kept: tuple[Path, ...]
    file: Path


def bring(found: list[FoundMatrix], out: Path) -> Brought:
    """Write the similarities and, where `out` is a folder, the cards of models and datasets and a study file.

    ``models.csv`` and ``datasets.csv`` hold what the catalogue knows of those names, and empty cells for the rest:
    they are the user's to fill in, and stay as they are where they are there.

    Args:
        found: see `find_matrices`.
        out: a folder, or a file ending in .parquet or .csv.

    Raises:
        BadParameter: a file of another ending.
    """
    tables, read, refused = [pl.DataFrame(schema=SIMILARITIES)], [], []
    for one in found:
        try:
            tables.append(one.read())
            read.append(one)
        except SeealikeError as error:
            refused.append((one, str(error)))
    whole = pl.concat(tables, how="diagonal")
    if out.suffix and not out.is_dir():
        _write_one(out, whole.select(*SIMILARITIES))
        return Brought(tuple(read), tuple(refused), (), out)
    if not read:
        return Brought((), tuple(refused), (), out / "study.yaml")
    write_table(out / "similarities.parquet", whole)
    models = list(dict.fromkeys(name for one in read for name in one.models))
    datasets = list(dict.fromkeys(one.dataset for one in read))
    cards = {"models.csv": _models(models), "datasets.csv": _datasets(datasets)}
    kept = [out / name for name, text in cards.items() if not _written(out / name, text)]
    study, own = write_marked(out, _study(out, read), "similarities")
    return Brought(tuple(read), tuple(refused), (*kept, *([out / "study.yaml"] if own else [])), study)


def _write_one(file: Path, table: pl.DataFrame) -> None:
    if file.suffix == ".parquet":
        write_table(file, table)
    elif file.suffix == ".csv":
        write_atomically(file, lambda p: table.write_csv(p))
    else:
        raise BadParameter(
            where=f"--out {file}",
            expected="a folder, or a file ending in .parquet or .csv",
            got=file.suffix,
            fix="Rename it.",
        )


def _written(path: Path, text: str) -> bool:
    if path.exists():
        return path.read_text(encoding="utf-8") == text
    write_atomically(path, lambda p: p.write_text(text, encoding="utf-8"))
    return True


def _models(names: list[str]) -> str:
    known = {entry.id: entry.fields for entry in MODELS.entries()}
    return _csv(("model", *_FIELDS), ({"model": name, **known.get(name, {})} for name in names))


def _datasets(names: list[str]) -> str:
    known = {alias: entry for entry in DATASETS.entries() for alias in (filename(entry.id), entry.id)}
    rows = (
        {"dataset": known[name].id, **known[name].fields} if name in known else {"dataset": name}
        for name in names
    )
    return _csv(("dataset", "domain"), rows)


def _csv(columns: tuple[str, ...], rows: Iterable[dict[str, str]]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def _study(out: Path, read: list[FoundMatrix]) -> str:
    """A study of all of them; it groups by objective where the cards know it of every model."""
    with (out / "models.csv").open(newline="", encoding="utf-8-sig") as stream:
        rows = list(csv.DictReader(stream))
    sets = "{sets: objective}" if rows and all(row.get("objective") for row in rows) else "{}"
    several = len({one.measure for one in read}) > 1
    analyses = [f"consistency: {sets}", *_ANALYSES, *(["measure_agreement"] if several else [])]
    fields = ", ".join(f'{name}: "{{{name}}}"' for name in _FIELDS if rows and name in rows[0])
    lines = [
        f"name: {out.resolve().name}",
        "similarities: similarities.parquet   # {path: …, models: all} keeps models that not every matrix has",
        "",
        "models:",
        "  - each: models.csv",
        '    name: "{model}"',
        f"    fields: {{{fields}}}",
        "datasets:",
        "  - each: datasets.csv",
        '    name: "{dataset}"',
        '    fields: {domain: "{domain}"}',
        "analyses:",
        *(f"  - {one}" for one in analyses),
    ]
    return "\n".join(lines) + "\n"
