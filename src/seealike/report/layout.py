"""Names and groups: what a figure says that is neither data nor drawing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TypeVar

import polars as pl

from seealike.data.tables import DATASETS, MODELS

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
    cards = [field for field in card_fields(models) if _sorts(models[field])]
    consistency = table(tables, "consistency")
    measured = [] if consistency is None else distinct(consistency["field"].to_list())
    return distinct([*measured, *cards])


def side_fields(tables: Tables, kind: str) -> list[str]:
    """Fields of which a square of models or datasets shows a bar: those that sort them into a few groups.

    Args:
        tables: with "models" and "datasets".
        kind: "model" or "dataset".

    Example:
        >>> datasets = pl.DataFrame({"dataset": ["d", "e"], "domain": ["natural", "medical"], "n_samples": [10, 20]})
        >>> side_fields({"datasets": datasets}, "dataset")
        ['domain']
    """
    if kind == "model":
        return [field for field in grouping_fields(tables) if field in tables["models"].columns]
    datasets = tables["datasets"]
    return [name for name in datasets.columns if name not in DATASETS and _sorts(datasets[name])]


def _sorts(column: pl.Series) -> bool:
    few = 2 <= column.n_unique() <= min(MAX_GROUPS, max(2, len(column) - 1))
    return few and not column.dtype.is_float() and not column.dtype.is_nested()


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
