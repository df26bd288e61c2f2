"""Consistency by the domains of the datasets: within one, and from one to another."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations_with_replacement
from typing import Annotated, Literal, TypeAlias

import numpy as np
import polars as pl
from pydantic import Field

from seealike.analyses.base import Tables, analysis
from seealike.analyses.consistency import known_or_none, pair_values
from seealike.analyses.set_pairs import ALL, SetPair, set_pairs
from seealike.data.tables import CONSISTENCY_DOMAINS, DATASETS, SIMILARITIES, checked
from seealike.errors import DataError, UnknownName, suggestion
from seealike.numerics.correlation import row_correlations
from seealike.numerics.leaving_out import leaving_out_models
from seealike.numerics.over_models import fisher

#: Names of two domains, and (n_datasets, n_datasets) bool: the pairs of datasets with one in each, above the diagonal.
DomainPair: TypeAlias = tuple[str, str, np.ndarray]


@analysis(needs=("similarities", "models", "datasets"), groups_by="sets", version=2)
def consistency_domains(
    tables: Tables,
    *,
    domains: str | dict[str, tuple[str, ...]] = "domain",
    sets: str | dict[str, str] = ALL,
    anchors: tuple[str, ...] = (),
    correlations: tuple[Literal["pearson", "spearman"], ...] = ("pearson", "spearman"),
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95,
) -> pl.DataFrame:
    """Mean, deviation and median of the consistencies of all pairs of datasets with one in each of two domains.

    Datasets are taken as they are; the interval of the median says how it would vary with other models of the same
    kind. One model after the other is left out, with all its pairs, on all datasets and of all consistencies at once
    (Fisher's z, Student's t), within the set that it is drawn from.

    Args:
        tables: "similarities" and "models", as for `consistency`, and "datasets", which has the fields.
        domains: the field of the datasets whose values are the domains; or name -> values of the field "domain",
            or names of datasets.
        sets: as for `consistency`.
        anchors: as for `consistency`.
        correlations: which correlations.
        level: of the intervals.

    Returns:
        A table with the columns of `tables.CONSISTENCY_DOMAINS`: one row a measure, correlation, pair of sets and
        unordered pair of domains; all datasets against all ("all") come first. `standard_deviation` (n - 1) is over
        pairs of datasets; `n_dataset_pairs` counts those that have a consistency.

    Raises:
        UnknownName, SpecError: as for `consistency`; no such field of the datasets, value or dataset.
        DataError: as for `consistency`; a dataset without a value for the field, or in two domains.

    Example:
        >>> import numpy as np, polars as pl, seealike
        >>> rng, frames, models = np.random.default_rng(0), [], [f"m{k}" for k in range(6)]
        >>> for dataset in ("cats", "dogs", "cells"):
        ...     seen = rng.standard_normal((60, 4))
        ...     features = {m: seen + 0.3 * k * rng.standard_normal((60, 4)) for k, m in enumerate(models)}
        ...     frames.append(seealike.pairwise("cka", features, dataset=dataset).to_frame())
        >>> tables = {"similarities": pl.concat(frames), "models": pl.DataFrame({"model": models}),
        ...           "datasets": pl.DataFrame({"dataset": ["cats", "dogs", "cells"],
        ...                                     "domain": ["natural", "natural", "medical"]})}
        >>> found = consistency_domains(tables, correlations=("pearson",))
        >>> found.select("domain_x", "domain_y", "n_dataset_pairs").rows()
        [('all', 'all', 3), ('medical', 'medical', 0), ('medical', 'natural', 2), ('natural', 'natural', 1)]

    Source:
        Ciernik et al., «Objective drives the consistency of representational similarity across datasets»,
        ICML 2025, section 4.6, which gives no intervals.
    """
    similarities = checked(tables["similarities"], SIMILARITIES, "similarities")
    named = set_pairs(tables["models"], sets, anchors)
    models = tables["models"]["model"].to_list()
    field = sets if isinstance(sets, str) else "sets"
    rows = []
    for measure in similarities["measure"].unique(maintain_order=True):
        table = similarities.filter(pl.col("measure") == measure)
        datasets = table["dataset"].unique(maintain_order=True).to_list()
        between = domain_pairs(tables["datasets"], domains, datasets)
        stack = pair_values(table, datasets, models)
        for kind in correlations:
            same = {"measure": measure, "correlation": kind, "field": field}
            rows += [{**same, **row} for pair in named for row in _rows(stack, pair, between, kind, level)]
    return pl.DataFrame(rows, schema=CONSISTENCY_DOMAINS)


def domain_pairs(
    table: pl.DataFrame, domains: str | Mapping[str, tuple[str, ...]], datasets: list[str]
) -> list[DomainPair]:
    """All datasets against all, and every unordered pair of domains.

    Args:
        table: the datasets with their fields (see `tables.DATASETS`).
        domains: as for `consistency_domains`.
        datasets: those that there are similarities on, in their order.

    Raises:
        UnknownName, DataError: as for `consistency_domains`.

    Example:
        >>> table = pl.DataFrame({"dataset": ["cats", "cells"], "domain": ["natural", "medical"]})
        >>> [(x, y, int(pairs.sum())) for x, y, pairs in domain_pairs(table, "domain", ["cats", "cells"])]
        [('all', 'all', 1), ('medical', 'medical', 0), ('medical', 'natural', 1), ('natural', 'natural', 0)]
    """
    there = table.filter(pl.col("dataset").is_in(datasets))
    of = _by_field(there, domains) if isinstance(domains, str) else _by_values(there, domains)
    masks = {name: np.array([one in members for one in datasets]) for name, members in of.items()}
    twice = np.sum(list(masks.values()), axis=0) > 1
    if twice.any():
        raise DataError(
            where="consistency_domains",
            expected="every dataset in one domain at most",
            got=f"{datasets[int(np.flatnonzero(twice)[0])]} in several",
            fix="Name it, or its domain, once.",
        )
    everything = np.ones(len(datasets), dtype=bool)
    named = [((ALL, everything), (ALL, everything)), *combinations_with_replacement(masks.items(), 2)]
    return [(x, y, np.triu(np.outer(in_x, in_y) | np.outer(in_y, in_x), 1)) for (x, in_x), (y, in_y) in named]


def _by_field(table: pl.DataFrame, field: str) -> dict[str, list[str]]:
    """Value -> datasets."""
    known = [name for name in table.columns if name not in DATASETS]
    if field not in known:
        raise UnknownName(
            where="consistency_domains",
            expected="a field of the datasets",
            got=repr(field),
            fix=suggestion(field, known),
        )
    without = table.filter(pl.col(field).is_null())["dataset"].to_list()
    if without:
        raise DataError(
            where="consistency_domains",
            expected=f"every dataset to have the field {field!r}",
            got=f"none for {', '.join(without[:5])}",
            fix="Add it to `fields:` of these datasets.",
        )
    values = sorted(table[field].unique().to_list())
    return {str(value): table.filter(pl.col(field) == value)["dataset"].to_list() for value in values}


def _by_values(table: pl.DataFrame, domains: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    """Name -> datasets that are named, or whose domain is."""
    own = table["domain"].to_list() if "domain" in table.columns else [None] * table.height
    rows = list(zip(table["dataset"].to_list(), own, strict=True))
    known = [name for row in rows for name in row if name is not None]
    for value in (value for values in domains.values() for value in values):
        if value not in known:
            raise UnknownName(
                where="consistency_domains",
                expected="a dataset, or the domain of one",
                got=repr(value),
                fix=suggestion(value, dict.fromkeys(known)),
            )
    return {
        name: [dataset for dataset, domain in rows if dataset in values or domain in values]
        for name, values in domains.items()
    }


def _rows(
    stack: np.ndarray, pair: SetPair, between: list[DomainPair], kind: str, level: float
) -> list[dict[str, object]]:
    """A row a pair of domains, for one pair of sets."""
    part = stack[:, pair.chosen]
    r = row_correlations(part, kind)[0]
    known = ~np.isnan(r)

    def medians(kept: np.ndarray) -> np.ndarray:
        left = row_correlations(part[:, kept], kind)[0]
        return fisher(np.array([_median(left[chosen & known]) for *_, chosen in between]))

    low, high = np.tanh(leaving_out_models(medians, pair.pairs).interval(level))
    rows = []
    for place, (x, y, chosen) in enumerate(between):
        values = r[chosen & known]
        rows.append(
            {
                "set_x": pair.set_x,
                "set_y": pair.set_y,
                "domain_x": x,
                "domain_y": y,
                "mean": float(values.mean()) if len(values) else None,
                "standard_deviation": float(values.std(ddof=1)) if len(values) > 1 else None,
                "median": known_or_none(_median(values)),
                "low": known_or_none(low[place]),
                "high": known_or_none(high[place]),
                "n_dataset_pairs": len(values),
                "reason": None if len(values) else _reason(int(chosen.sum()), part.shape[1]),
            }
        )
    return rows


def _median(values: np.ndarray) -> float:
    """The median; NaN of nothing, or where one is NaN."""
    return float(np.median(values)) if len(values) else np.nan


def _reason(n_dataset_pairs: int, n_pairs: int) -> str:
    if not n_dataset_pairs:
        return "no two datasets with one in each of these domains"
    if n_pairs < 3:
        return f"{n_pairs} model pairs between these sets; a correlation needs 3"
    return "fewer than 3 model pairs have similarities that vary on both datasets, for all pairs of datasets"
