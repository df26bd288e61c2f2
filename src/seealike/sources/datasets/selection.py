"""Parts of a dataset: some of its classes, or the samples that a file lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from seealike.data.identity import digest
from seealike.errors import DataError, UnknownName, suggestion
from seealike.sources.datasets.samples import Samples


def part(samples: Samples, keep: np.ndarray, made_from: list[object]) -> Samples:
    """The samples where `keep` is true, under a revision that says which they are.

    Args:
        samples: the whole dataset.
        keep: (n_samples,) of booleans.
        made_from: the rule, as JSON values.
    """
    revision = digest([samples.revision, *made_from])
    return replace(samples.rows(np.flatnonzero(keep)), revision=revision)


def of_classes(samples: Samples, names: Sequence[str]) -> Samples:
    """The samples of these classes; class numbers and names stay as they are.

    Raises:
        DataError: a dataset without labels.
        UnknownName: it has no such class.
    """
    if samples.labels is None:
        raise DataError(
            where="only_classes", expected="a dataset with labels", got="none", fix="Use `only_samples:`."
        )
    number = {name: k for k, name in enumerate(samples.classes)}
    for name in names:
        if name not in number:
            raise UnknownName(
                where="only_classes",
                expected="the name of a class",
                got=repr(name),
                fix=suggestion(name, samples.classes),
            )
    wanted = sorted(number[name] for name in names)
    return part(samples, np.isin(samples.labels, wanted), ["only_classes", wanted])


def listed(samples: Samples, path: Path) -> Samples:
    """The samples whose ids a file lists, in the dataset's own order.

    Args:
        samples: the whole dataset.
        path: text with one id a line, or a table (.csv, .parquet) with a column sample_id.

    Raises:
        DataError: an id that the dataset does not have, no text, or no such column.
    """
    wanted = _ids(path)
    unknown = sorted(wanted - set(samples.sample_ids))
    if unknown:
        raise DataError(
            where=path.name,
            expected="ids of samples",
            got=f"{len(unknown)} that the dataset does not have ({unknown[0]} …)",
            fix=f"Its ids look like {samples.sample_ids[0] if samples.sample_ids else 'nothing'}.",
        )
    keep = np.fromiter((name in wanted for name in samples.sample_ids), bool, len(samples.sample_ids))
    return part(samples, keep, ["only_samples", sorted(wanted)])


def _ids(path: Path) -> set[str]:
    if path.suffix in (".csv", ".parquet"):
        return set(_column(path))
    try:
        return set(path.read_text(encoding="utf-8").splitlines()) - {""}
    except UnicodeDecodeError as error:
        raise DataError(
            where=path.name, expected="UTF-8 text", got=str(error), fix="Save it as UTF-8."
        ) from error


def _column(path: Path) -> list[str]:
    """The column sample_id of a table."""
    try:
        table = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataError(
            where=path.name, expected="a table", got=str(error).splitlines()[0], fix="Write it again."
        ) from error
    if "sample_id" not in table.columns:
        columns = ", ".join(table.columns)
        raise DataError(
            where=path.name, expected="a column sample_id", got=columns or "none", fix="Name it so."
        )
    return table["sample_id"].cast(pl.String).drop_nulls().to_list()
