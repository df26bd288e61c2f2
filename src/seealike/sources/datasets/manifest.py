"""A CSV or Parquet table that names image files and their labels."""

from __future__ import annotations

from typing import ClassVar

import polars as pl

from seealike.errors import DataError, UnknownName, suggestion
from seealike.sources.datasets.card import DatasetCard, Samples
from seealike.sources.datasets.image_folder import from_files
from seealike.sources.entry import LocalPath


class ManifestCard(DatasetCard):
    """One image a row of a table.

    Attributes:
        path: a ``.csv`` (or ``.tsv``, ``.parquet``) file.
        image: the column with the image's path, relative to `root`.
        label: the column with the class, if there is one.
        root: the folder that the paths start from; the table's own folder where not given.
    """

    source_name: ClassVar[str] = "manifest"
    path: LocalPath
    image: str = "file"
    label: str | None = None
    root: LocalPath | None = None

    def read(self) -> Samples:
        """Read the table and digest the images it names."""
        table = self._table()
        for column in filter(None, (self.image, self.label)):
            if column not in table.columns:
                raise UnknownName(
                    where=f"dataset {self.name}, {self.path.name}",
                    expected=f"a column {column!r}",
                    got=", ".join(table.columns),
                    fix=suggestion(column, table.columns),
                )
        root = self.root or self.path.parent
        names = table[self.image].to_list()
        files = [root / str(name) for name in names]
        for row, file in enumerate(files):
            if not file.is_file():
                raise DataError(
                    where=f"dataset {self.name}, {self.path.name} row {row + 1}",
                    expected="an image file",
                    got=f"no file {file}",
                    fix="Mend the row, or set `root:`.",
                )
        if len(set(names)) < len(names):
            twice = next(n for i, n in enumerate(names) if n in names[:i])
            raise DataError(
                where=f"dataset {self.name}",
                expected="every image once",
                got=f"{twice} twice",
                fix="Drop a row.",
            )
        return from_files(self.name, root, files, table[self.label].to_list() if self.label else None)

    def _table(self) -> pl.DataFrame:
        try:
            if self.path.suffix == ".parquet":
                return pl.read_parquet(self.path)
            separator = "\t" if self.path.suffix == ".tsv" else ","
            return pl.read_csv(self.path, separator=separator, infer_schema=False)
        except pl.exceptions.PolarsError as error:
            raise DataError(
                where=f"dataset {self.name}, {self.path.name}",
                expected="a table with a header",
                got=str(error).splitlines()[0],
                fix="Save it as UTF-8 CSV.",
            ) from error
