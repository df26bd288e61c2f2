"""Which samples are compared: those of the dataset that all models have, joined by id."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from seealike.data.arrays import mapped, read_header
from seealike.data.digests import cached_file_digest
from seealike.data.features import Features
from seealike.data.views import read_affine
from seealike.errors import MisalignedSamples, StoreError
from seealike.sources.datasets.card import Samples


def rows_mark(path: Path, samples: Samples) -> list[str]:
    """What identifies the rows of a feature file, if they are not the dataset's samples as its key says."""
    if not path.exists():
        return []
    try:
        header = read_header(path)
        if header.arrays["values"]["shape"][0] == len(samples.sample_ids) and header.notes.get("key"):
            return []
        return [hashlib.sha256(bytes(mapped(header, "sample_ids"))).hexdigest()[:16]]
    except (StoreError, KeyError):
        return []  # whoever reads the features will say what is wrong with the file


def seen(features: Features, ids: Sequence[str], transform: Path | None, normalize: str) -> Features:
    """The rows of these samples, in this order, through the views: first the transform, then unit rows."""
    rows = features.select(tuple(ids))
    if transform is not None:
        rows = read_affine(transform, cached_file_digest(transform))(rows)
    return rows.normalized() if normalize == "unit_rows" else rows


def common_ids(features: Mapping[str, Features], samples: Samples, dataset: str) -> tuple[str, ...]:
    """The dataset's samples that every model has features of, in the dataset's order.

    Args:
        features: of each model, by label.
        samples: of the dataset.
        dataset: its name, for the error.

    Raises:
        MisalignedSamples: a model has none of them.
    """
    common = set(samples.sample_ids)
    for label, one in features.items():
        if one.sample_ids == samples.sample_ids:
            continue
        if common.isdisjoint(one.sample_ids):
            theirs, ours = one.sample_ids[:1], samples.sample_ids[:1]
            raise MisalignedSamples(
                where=f"{label} on {dataset}",
                expected=f"features of the dataset's samples ({', '.join(ours)}, …)",
                got=f"other samples ({', '.join(theirs)}, …)",
                fix="Give features and dataset the same sample ids.",
            )
        common &= set(one.sample_ids)
    return tuple(name for name in samples.sample_ids if name in common)
