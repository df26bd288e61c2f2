"""The samples of a dataset on disk: ids and labels, once for all models."""

from __future__ import annotations

import polars as pl

from seealike.data.identity import digest
from seealike.data.store import write_table
from seealike.sources.datasets.card import Samples
from seealike.study.plan import OpenedStudy


def labels_table(samples: Samples) -> pl.DataFrame:
    """One row a sample: its id, and the number and name of its class, null where the dataset has no labels.

    Example:
        >>> import numpy as np
        >>> labels_table(Samples(("a", "b"), None, np.array([1, 0]), ("cat", "dog"), "r")).rows()
        [('a', 1, 'dog'), ('b', 0, 'cat')]
    """
    named = dict(enumerate(samples.classes))
    numbers: list[int | None] = [None] * len(samples.sample_ids)
    if samples.labels is not None:
        numbers = [int(number) for number in samples.labels]
    names = [None if number is None else named.get(number) for number in numbers]
    columns = {"sample_id": samples.sample_ids, "label": numbers, "class": names}
    return pl.DataFrame(columns, schema={"sample_id": pl.String, "label": pl.Int64, "class": pl.String})


def write_labels(opened: OpenedStudy, dataset: str) -> None:
    """Keep the ids and labels of a dataset beside its features, unless they are there."""
    samples = opened.samples[dataset]
    made_from = digest([samples.revision, samples.rule])
    path = opened.results.samples(dataset, made_from)
    if not path.exists():
        write_table(path, labels_table(samples), made_from=made_from)
