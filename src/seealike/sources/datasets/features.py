"""Datasets of which only the samples' ids and labels are here, for features that exist already."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import polars as pl

from seealike.data.digests import Progress
from seealike.data.identity import digest
from seealike.errors import DataError
from seealike.sources.datasets.card import DatasetCard, Samples
from seealike.sources.datasets.labels import numbered
from seealike.sources.entry import LocalPath


class FeaturesDatasetCard(DatasetCard):
    """A table of sample ids, as `seealike import features` writes it; there are no images and no texts.

    Attributes:
        path: a ``.parquet`` or ``.csv`` file with the column sample_id, and label (whole numbers) or class
            (names), or both.
    """

    source_name: ClassVar[str] = "features"
    path: LocalPath

    def read(self, progress: Progress | None = None) -> Samples:
        """Read the table."""
        table = self._table()
        ids = tuple(table["sample_id"].cast(pl.String).to_list())
        if len(set(ids)) < len(ids) or None in ids:
            raise self._wrong("unique sample ids", f"{len(set(ids))} different ones in {len(ids)} rows")
        labels, classes = self._labels(table)
        listed = None if labels is None else labels.tolist()
        return Samples(
            sample_ids=ids,
            image=None,
            labels=labels,
            classes=classes,
            revision=digest(["features", ids, listed, classes]),
        )

    def _table(self) -> pl.DataFrame:
        try:
            read = pl.read_parquet if self.path.suffix == ".parquet" else pl.read_csv
            table = read(self.path)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise self._wrong("a .parquet or .csv table", str(error).splitlines()[0]) from error
        if "sample_id" not in table.columns:
            raise self._wrong("a column sample_id", ", ".join(table.columns))
        return table

    def _labels(self, table: pl.DataFrame) -> tuple[np.ndarray | None, tuple[str, ...]]:
        """Class numbers and names: of the column label, named by class; or of class alone, in sorted order."""
        if "label" not in table.columns:
            return (
                numbered(table["class"].cast(pl.String).to_list()) if "class" in table.columns else (None, ())
            )
        label = table["label"]
        if not label.dtype.is_integer() or label.null_count() or (len(label) and label.min() < 0):  # type: ignore[operator]
            raise self._wrong(
                "labels that are whole numbers from 0", f"{label.dtype}, {label.null_count()} empty"
            )
        labels = label.to_numpy().astype(np.int64)
        names = {int(k): str(k) for k in range(int(labels.max()) + 1)} if len(labels) else {}
        if "class" in table.columns:
            names |= dict(zip(labels.tolist(), table["class"].cast(pl.String).to_list(), strict=True))
        return labels, tuple(names.values())

    def _wrong(self, expected: str, got: str) -> DataError:
        return DataError(
            where=f"dataset {self.name}, {self.path.name}",
            expected=expected,
            got=got,
            fix="Mend the table, or import the features again.",
        )
