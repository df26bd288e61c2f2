"""The samples of an imported dataset: one table, which every model's features must agree with."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl

from seealike.data.store import read_table
from seealike.errors import MisalignedSamples


def samples_table(ids: list[str], labels: np.ndarray | None) -> pl.DataFrame:
    """The columns sample_id and, where there are labels, label (whole numbers) and class (their names, if text).

    Example:
        >>> samples_table(["a", "b"], np.array(["dog", "cat"])).rows()
        [('a', 1, 'dog'), ('b', 0, 'cat')]
    """
    columns: dict[str, object] = {"sample_id": ids}
    if labels is not None:
        if labels.dtype.kind not in "US" and len(labels) and labels.min() < 0:
            labels = labels.astype(str)
        if labels.dtype.kind in "US":
            columns["label"] = np.unique(labels, return_inverse=True)[1].astype(np.int64)
            columns["class"] = labels.tolist()
        else:
            columns["label"] = labels
    return pl.DataFrame(columns)


def agreed(labels: list[np.ndarray]) -> np.ndarray | None:
    """The labels that most files have; None where there are none.

    Example:
        >>> agreed([np.array([0, 1]), np.array([1, 0]), np.array([0, 1])]).tolist()
        [0, 1]
    """
    if not labels:
        return None
    contents = [(array.dtype.str, array.tobytes()) for array in labels]
    (most, _), *_ = Counter(contents).most_common(1)
    return labels[contents.index(most)]


def known_samples(path: Path) -> pl.DataFrame | None:
    """The table that an earlier import wrote."""
    return read_table(path) if path.exists() else None


def joined(known: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    """The known samples, once `table` holds the same ones, with labels if only the new table has some.

    Raises:
        MisalignedSamples: other samples, or other labels of the same samples.
    """
    own, new = set(known["sample_id"]), set(table["sample_id"])
    if own != new:
        raise _misaligned(
            "sample ids",
            f"the {len(own)} samples of the features that are there already",
            f"{len(new)} samples, {len(own - new)} of those missing and {len(new - own)} others "
            f"({', '.join(sorted(own ^ new)[:4])}, …)",
            "Import them as another dataset (--dataset), or give the ids that they share (--ids).",
        )
    if "label" not in table.columns:
        return known
    column = "class" if "class" in table.columns and "class" in known.columns else "label"
    both = known.join(table, on="sample_id", suffix="_new", maintain_order="left")
    if column not in known.columns:
        return both
    wrong = both.filter(pl.col(column) != pl.col(f"{column}_new"))
    if wrong.height:
        first = wrong.row(0, named=True)
        raise _misaligned(
            "labels",
            "the labels that the other models have",
            f"other labels for {wrong.height} of {known.height} samples ({first['sample_id']}: "
            f"{first[f'{column}_new']} instead of {first[column]})",
            "Its rows are in another order, or of another dataset: give its own ids (--ids), or leave it out.",
        )
    return known


def _misaligned(where: str, expected: str, got: str, fix: str) -> MisalignedSamples:
    return MisalignedSamples(where=where, expected=expected, got=got, fix=fix)
