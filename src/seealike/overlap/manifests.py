"""Splits on disk: two tables of samples, what evaluates them, and what was asked for and realized."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import polars as pl

from seealike.data.atomic import write_atomically
from seealike.errors import DamagedArtifact, MissingArtifact
from seealike.overlap.splits import Split


@dataclass(frozen=True)
class Realized:
    """What a split on disk is.

    Attributes:
        kind: what is shared: data, task or both.
        wanted: the share that was asked for.
        overlap: the share that was realized, of samples (data) or classes (task, both).
        sample_overlap: the share of samples that both have.
        n_samples: of each.
        n_classes: of each.
        common_classes: how many classes both have.
        seed: of the draw.
    """

    kind: str
    wanted: float
    overlap: float
    sample_overlap: float
    n_samples: int
    n_classes: int
    common_classes: int
    seed: int


def write_split(
    folder: Path, made: Split, table: pl.DataFrame, label: str, test: pl.DataFrame | None = None
) -> Realized:
    """Write ``first.csv`` and ``second.csv``, the evaluation sets of `test`, and ``split.json``.

    The tables have the columns of `table` and ``class_number``, with the common classes first and numbered alike in
    both: what a manifest of images needs (source `manifest`). ``test-common.csv`` has the test samples of classes that
    both models learn, ``test-one.csv`` those of classes of only one of them; a set without samples is not written.

    Args:
        folder: where to; made if it is not there.
        made: the split of the rows of `table`.
        table: one row a sample.
        label: its column of classes, text as `made` was drawn from.
        test: further samples with the same columns.

    Raises:
        StoreError: the disk is full or not writable.

    Example:
        >>> import tempfile
        >>> from seealike.overlap import split
        >>> table = pl.DataFrame({"file": [f"{k}.png" for k in range(8)], "label": list("aabbccdd")})
        >>> folder = Path(tempfile.mkdtemp())
        >>> write_split(folder, split(table["label"].to_numpy(), "both", 0.5), table, "label").overlap
        0.5
        >>> read_split(folder)[0].columns
        ['file', 'label', 'class_number']
    """
    sides = ((made.first, made.classes_first, "first"), (made.second, made.classes_second, "second"))
    for rows, classes, name in sides:
        _write(folder / f"{name}.csv", _numbered(table[rows.tolist()], label, classes))
    if test is not None:
        for name, rows in evaluation_rows(made, test[label].to_numpy()).items():
            if len(rows):
                order = (*made.classes_first, *made.classes_second[len(made.common_classes) :])
                _write(folder / f"test-{name}.csv", _numbered(test[rows.tolist()], label, order))
    said = Realized(
        made.kind,
        made.wanted,
        made.overlap,
        made.sample_overlap,
        len(made.first),
        len(made.classes_first),
        len(made.common_classes),
        made.seed,
    )
    text = json.dumps(asdict(said), indent=2) + "\n"
    write_atomically(folder / "split.json", lambda path: path.write_text(text, encoding="utf-8"))
    return said


def read_split(folder: Path) -> tuple[pl.DataFrame, pl.DataFrame, Realized]:
    """The two tables of `write_split`, and what they are.

    Raises:
        MissingArtifact: no split there.
        DamagedArtifact: the tables are not what split.json says.
    """
    if not (folder / "split.json").is_file():
        raise MissingArtifact(
            where=str(folder),
            expected="a split",
            got="no split.json",
            fix="Write one: seealike causes split TABLE --out FOLDER.",
        )
    said = Realized(**json.loads((folder / "split.json").read_text(encoding="utf-8")))
    first, second = (pl.read_csv(folder / f"{name}.csv") for name in ("first", "second"))
    if not first.height == second.height == said.n_samples:
        raise DamagedArtifact(
            where=str(folder),
            expected=f"{said.n_samples} samples in each table",
            got=f"{first.height} and {second.height}",
            fix="Write the split anew.",
        )
    return first, second, said


def evaluation_rows(made: Split, labels: np.ndarray) -> dict[str, np.ndarray]:
    """Rows of a test set that ask about classes of both models ("common") and of one of them alone ("one").

    Args:
        made: the split that the models were trained on.
        labels: (n,) classes of the test set.

    Example:
        >>> from seealike.overlap import split
        >>> y = np.repeat(list("abcd"), 4)
        >>> {name: len(rows) for name, rows in evaluation_rows(split(y, "both", 0.5), y).items()}
        {'common': 4, 'one': 8}
    """
    first, second = set(made.classes_first), set(made.classes_second)
    known = labels.tolist()
    return {
        "common": np.flatnonzero([one in first & second for one in known]),
        "one": np.flatnonzero([one in first ^ second for one in known]),
    }


def _numbered(table: pl.DataFrame, label: str, classes: tuple[object, ...]) -> pl.DataFrame:
    numbers = {str(one): k for k, one in enumerate(classes)}
    column = pl.col(label).cast(pl.String).replace_strict(numbers, return_dtype=pl.Int64)
    return table.with_columns(class_number=column)


def _write(path: Path, table: pl.DataFrame) -> None:
    write_atomically(path, lambda temporary: table.write_csv(temporary))
