"""Datasets that the library «datasets» opens: saved on disk, folders of Parquet, or pinned on the hub."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from PIL import Image
from pydantic import Field, ValidationInfo, field_validator, model_validator

from seealike.data.digests import Progress
from seealike.data.identity import digest
from seealike.errors import DataError, SourceError, UnknownName, needed, suggestion
from seealike.sources.datasets.captions import nth
from seealike.sources.datasets.card import DatasetCard
from seealike.sources.datasets.columns import each_once
from seealike.sources.datasets.decoding import open_image
from seealike.sources.datasets.ids import distinct
from seealike.sources.datasets.labels import checked, labelled
from seealike.sources.datasets.rows import row_digests
from seealike.sources.datasets.samples import Samples
from seealike.sources.datasets.text import checked_texts


class HuggingFaceCard(DatasetCard):
    """Images, texts or pairs of both from a Hugging Face dataset; nothing of it is run as code.

    Ids and revision come from the content of the columns that are used. The 1,024 pairs of images and captions
    of the Platonic Representation Hypothesis are ``dataset: minhuh/prh, revision: wit_1024, text: text``.

    Attributes:
        dataset: a folder that ``save_to_disk`` wrote, a folder or file of Parquet, or a name on the hub.
        revision: the commit or tag, for a name on the hub.
        config: the configuration, where there are several.
        split: the split.
        image: the column with the images; null for texts alone.
        label: the column with the class.
        text: the column with the text, or a list of texts.
        caption: which text of a list is used, from 0.
        id: the column with the sample ids; from content where not given.
    """

    source_name: ClassVar[str] = "huggingface"
    dataset: str
    revision: str | None = None
    config: str | None = None
    split: str = "train"
    image: str | None = "image"
    label: str | None = None
    text: str | None = None
    caption: int = Field(default=0, ge=0)
    id: str | None = None

    @field_validator("dataset")
    @classmethod
    def _local(cls, value: str, info: ValidationInfo) -> str:
        path = ((info.context or {}).get("root", Path()) / Path(value).expanduser()).resolve()
        return str(path) if path.exists() else value

    @model_validator(mode="after")
    def _pinned(self) -> HuggingFaceCard:
        if self.image is None and self.text is None:
            raise ValueError("expected `image:` or `text:`, the column to read")
        if not Path(self.dataset).is_absolute() and self.revision is None:
            raise ValueError(
                f"expected a folder, or a name on the hub with its `revision:` (a commit or tag), got {self.dataset!r}"
            )
        return self

    def read(self, progress: Progress | None = None) -> Samples:
        """Open the split and digest the columns that are used."""
        where = f"dataset {self.name}"
        rows = self._opened(where)
        digests = row_digests(rows, self._used(), f"{self.split}", progress)
        ids = tuple(str(v) for v in rows[self.id]) if self.id else tuple(distinct(digests))
        each_once(ids, "id", where)
        texts = self._texts(rows, where)
        labels, classes = self._labels(rows, where)
        listed = None if labels is None else [labels.tolist(), classes]
        return Samples(
            sample_ids=ids,
            image=None if self.image is None else (lambda row: self._image(rows, row, ids[row])),
            labels=labels,
            classes=classes,
            revision=digest([ids, digests, listed, texts]),
            text=None if texts is None else (lambda row: texts[row]),
        )

    def _used(self) -> list[str]:
        return [column for column in (self.image, self.text) if column]

    def _opened(self, where: str) -> Any:
        """The split with the columns of the card, its images left as bytes."""
        with needed("datasets", "huggingface", where=where):
            import datasets
        with _quiet(datasets):
            rows = self._loaded(datasets, where)
            for column in (self.image, self.label, self.text, self.id):
                if column is not None and column not in rows.column_names:
                    raise UnknownName(
                        where=where,
                        expected=f"a column {column!r}",
                        got=", ".join(rows.column_names),
                        fix=suggestion(column, rows.column_names),
                    )
            if self.image is not None:
                rows = self._as_bytes(datasets, rows, where)
        return rows

    def _loaded(self, datasets: Any, where: str) -> Any:
        path = Path(self.dataset)
        try:
            if (path / "dataset_dict.json").exists() or (path / "state.json").exists():
                saved = datasets.load_from_disk(self.dataset)
                return self._of_split(saved, where) if isinstance(saved, datasets.DatasetDict) else saved
            if path.is_file():
                return datasets.load_dataset("parquet", data_files=[self.dataset], split="train")
            return datasets.load_dataset(
                self.dataset, name=self.config, split=self.split, revision=self.revision
            )
        except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:
            raise SourceError(
                where=where,
                expected=f"the dataset {self.dataset}",
                got=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}",
                fix="Check `dataset:`, `split:` and `revision:`; of a gated one accept the terms and log in; "
                "offline it must be in the cache.",
            ) from error

    def _of_split(self, saved: Any, where: str) -> Any:
        if self.split not in saved:
            raise UnknownName(
                where=where, expected="a split", got=repr(self.split), fix=suggestion(self.split, saved)
            )
        return saved[self.split]

    def _as_bytes(self, datasets: Any, rows: Any, where: str) -> Any:
        try:
            return rows.cast_column(self.image, datasets.Image(decode=False))
        except (TypeError, ValueError, NotImplementedError, datasets.exceptions.DatasetsError) as error:
            raise DataError(
                where=where,
                expected=f"images in the column {self.image!r}",
                got=str(rows.features[self.image]),
                fix="Set `image:` to another column, or to null for texts alone.",
            ) from error

    def _image(self, rows: Any, row: int, name: str) -> Image.Image:
        where = f"dataset {self.name}, image {name}"
        value = rows[row][self.image] or {}
        source = value["bytes"] if value.get("bytes") is not None else Path(value.get("path") or "")
        return open_image(b"" if source == Path() else source, where, self.decoding)

    def _texts(self, rows: Any, where: str) -> list[str] | None:
        if self.text is None:
            return None
        chosen = [
            nth(value, self.caption, f"{where}, row {row + 1}") if isinstance(value, list) else value
            for row, value in enumerate(rows[self.text])
        ]
        return checked_texts(chosen, where)

    def _labels(self, rows: Any, where: str) -> tuple[np.ndarray | None, tuple[str, ...]]:
        if self.label is None:
            return None, ()
        values = list(rows[self.label])
        names = getattr(rows.features[self.label], "names", None)
        if names is not None and None not in values:
            return checked(np.array(values, dtype=np.int64), names, where)
        return labelled(values, where)


@contextmanager
def _quiet(datasets: Any) -> Iterator[None]:
    """Without the library's own progress bars."""
    were_off = datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if not were_off:
            datasets.enable_progress_bars()
