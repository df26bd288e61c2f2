"""Order, names and groups: everything about a figure that is neither data nor drawing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
import polars as pl
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from seealike.data.tables import MODELS

Tables = Mapping[str, pl.DataFrame]
V = TypeVar("V")

#: More groups than this are told apart neither by colour nor by eye.
MAX_GROUPS = 12

_NAMES = {"cka": "CKA", "rsa": "RSA", "distance_correlation": "distance correlation"}
_VALUES = {"rbf": "RBF", "pearson": "Pearson", "spearman": "Spearman", "kendall": "Kendall"}


def table(tables: Tables, name: str) -> pl.DataFrame | None:
    """The table of that name, or None where it is missing or empty.

    Example:
        >>> table({}, "consistency") is None
        True
    """
    found = tables.get(name)
    return None if found is None or found.is_empty() else found


def distinct(values: Sequence[V | None]) -> list[V]:
    """The different values in order of first appearance, without nulls.

    Example:
        >>> distinct(["b", "a", None, "b"])
        ['b', 'a']
    """
    return [value for value in dict.fromkeys(values) if value is not None]


def card_fields(models: pl.DataFrame) -> list[str]:
    """The free fields of the models' cards: every column beyond the schema `MODELS`.

    Example:
        >>> card_fields(pl.DataFrame({"model": ["a"], "objective": ["text"]}))
        ['objective']
    """
    return [name for name in models.columns if name not in MODELS]


def grouping_fields(tables: Tables) -> list[str]:
    """Fields that sort models into a few sets: those of the consistency table first, then those of the cards.

    Example:
        >>> models = pl.DataFrame({"model": ["a", "b", "c"], "objective": ["text", "text", "class"], "seed": [1, 1, 1]})
        >>> grouping_fields({"models": models})
        ['objective']
    """
    models = tables["models"]
    cards = [
        field
        for field in card_fields(models)
        if 2 <= models[field].n_unique() <= min(MAX_GROUPS, max(2, models.height - 1))
        and not models[field].dtype.is_float()
        and not models[field].dtype.is_nested()
    ]
    consistency = table(tables, "consistency")
    measured = [] if consistency is None else distinct(consistency["field"].to_list())
    return distinct([*measured, *cards])


def set_pair(set_x: str, set_y: str) -> str:
    """How a pair of model sets is written in the page.

    Example:
        >>> set_pair("image-text", "self-supervised")
        'image-text × self-supervised'
    """
    return f"{set_x} × {set_y}"


def measure_label(measure: str) -> str:
    """A measure's id in words; an id without parameters stays as it is.

    Example:
        >>> measure_label("cka-kernel=linear-unbiased=true")
        'linear unbiased CKA'
        >>> measure_label("rsa-compare=pearson-rdm=correlation")
        'correlation-RDM Pearson RSA'
        >>> measure_label("mutual_knn(k=10)")
        'mutual_knn k=10'
    """
    if "=" not in measure:
        return _NAMES.get(measure, measure)
    name, *parameters = re.split(r"[(),;\s]+|-(?=\w+=)", measure.strip(") "))
    pairs = sorted(
        (part.partition("=") for part in parameters if part), key=lambda pair: pair[0] == "compare"
    )
    words = [_word(key, value.strip("'\"")) for key, equals, value in pairs if equals]
    before = [word for word in words if word and "=" not in word]
    after = [word for word in words if "=" in word]
    return " ".join([*before, _NAMES.get(name, name), *after])


def _word(key: str, value: str) -> str:
    if value in ("None", "null"):
        return ""
    if key == "rdm":
        return f"{value}-RDM"
    if key == "unbiased" and value.lower() in ("true", "false"):
        return "unbiased" if value.lower() == "true" else "biased"
    if value.lower() in ("true", "false"):
        return key if value.lower() == "true" else f"not-{key}"
    return f"{key}={value}" if re.fullmatch(r"[-+.\de]+", value) else _VALUES.get(value, value)


def model_order(similarities: pl.DataFrame, models: Sequence[str]) -> list[str]:
    """Models so that similar ones stand side by side: the leaves of average linkage on the mean similarities.

    The distance is the largest similarity minus the similarity, averaged over datasets and both directions
    (a measure with the smaller value on the diagonal is a distance already). Pairs without a value count as average.

    Args:
        similarities: rows of one measure, all datasets (`SIMILARITIES`).
        models: all models; those without similarities come last, in the given order.

    Example:
        >>> rows = [("a", "b", .1), ("a", "c", .9), ("b", "c", .2)]
        >>> frame = pl.DataFrame(rows, schema=["model_x", "model_y", "similarity"], orient="row")
        >>> model_order(frame, ["a", "b", "c"])
        ['b', 'c', 'a']
    """
    present = set(similarities["model_x"]) | set(similarities["model_y"])
    known = [model for model in models if model in present]
    rest = [model for model in models if model not in present]
    if len(known) < 3:
        return [*known, *rest]
    leaves = leaves_list(
        linkage(squareform(_distances(similarities, known)), "average", optimal_ordering=True)
    )
    return [*(known[leaf] for leaf in leaves), *rest]


def _distances(similarities: pl.DataFrame, models: list[str]) -> np.ndarray:
    place = {model: i for i, model in enumerate(models)}
    means = similarities.group_by("model_x", "model_y").agg(pl.col("similarity").mean())
    matrix = np.full((len(models), len(models)), np.nan)
    for x, y, value in means.iter_rows():
        if x in place and y in place and value is not None:
            matrix[place[x], place[y]] = value
    both = np.stack([matrix, matrix.T])
    counts = np.isfinite(both).sum(axis=0)
    known = counts > 0
    mean = np.where(known, np.nansum(both, axis=0) / np.maximum(counts, 1), 0.0)
    mean[~known] = mean[known].mean() if known.any() else 0.0
    off = mean[~np.eye(len(models), dtype=bool)].mean()
    distance = mean - mean.min() if np.diagonal(mean).mean() < off else mean.max() - mean
    np.fill_diagonal(distance, 0.0)
    return distance
