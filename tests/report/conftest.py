"""Small realistic tables: six models of three objectives, three datasets, two measures, one failed cell."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, combinations_with_replacement, product

import numpy as np
import polars as pl
import pytest

from seealike.data.tables import CONSISTENCY, DATASETS, HEAD_ACCURACY, OUTCOMES, SIMILARITIES

OBJECTIVES = ("classification", "image-text", "self-supervised")
MEASURES = ("cka-kernel=linear-unbiased=true", "rsa-compare=pearson-rdm=correlation")
REASON = "the features of classification-1 on faces failed"
MEDIANS = {0: 0.25, 1: 0.5, 2: 0.81}


def make_tables(n_models: int, n_datasets: int, n_measures: int = 2) -> dict[str, pl.DataFrame]:
    rng = np.random.default_rng(0)
    seeds = range(-(-n_models // 3))
    names = [f"{objective}-{seed}" for seed, objective in product(seeds, OBJECTIVES)][:n_models]
    datasets = ["digits", "faces", "textures", *(f"dataset-{i}" for i in range(3, n_datasets))][:n_datasets]
    measures = [*MEASURES, *(f"measure-{i}" for i in range(2, n_measures))][:n_measures]
    return {
        "models": _models(names),
        "datasets": _datasets(datasets),
        "similarities": _similarities(names, datasets, measures, rng),
        "consistency": _consistency(datasets, measures),
        "head_accuracy": pl.DataFrame(
            [
                (names[0], "digits", "head", 100, 0.9, 0.03, 0.91),
                (names[3], "digits", "head", 100, 0.8, 0.04, None),
            ],
            schema=HEAD_ACCURACY,
            orient="row",
        ),
        "outcomes": pl.DataFrame(
            [
                ("extract", "classification-0 on digits", "done", None, 1.5, "ab"),
                ("extract", "classification-1 on faces", "failed", "3 NaN in sample 17", 0.2, None),
            ],
            schema=OUTCOMES,
            orient="row",
        ),
    }


def _models(names: list[str]) -> pl.DataFrame:
    rows = [
        (n, "checkpoint", "pool", f"digest-{n}", n.rpartition("-")[0], 1000 + i) for i, n in enumerate(names)
    ]
    columns = ["model", "source", "layer", "weights", "objective", "parameters"]
    return pl.DataFrame(rows, schema=columns, orient="row")


def _datasets(names: list[str]) -> pl.DataFrame:
    rows = [(name, "arrays", 100 + i, 10, "r1", f"domain-{i % 2}") for i, name in enumerate(names)]
    return pl.DataFrame(rows, schema={**DATASETS, "domain": pl.String}, orient="row")


def _similarities(names: list[str], datasets: list[str], measures: list[str], rng) -> pl.DataFrame:
    n = len(names)
    blocks = []
    for dataset, measure in product(datasets, measures):
        values = np.tril(rng.uniform(0.1, 0.8, (n, n)), -1)
        values = values + values.T + np.eye(n)
        errors = rng.uniform(0.001, 0.01, n)
        lost = [dataset == "faces" and "classification-1" in pair for pair in product(names, names)]
        blocks.append(
            pl.DataFrame(
                {
                    "dataset": dataset,
                    "measure": measure,
                    "model_x": np.repeat(names, n).tolist(),
                    "model_y": names * n,
                    "similarity": [
                        None if gone else v for gone, v in zip(lost, values.ravel().tolist(), strict=True)
                    ],
                    "standard_error": np.maximum.outer(errors, errors).ravel(),
                    "chance": [None] * (n * n),
                    "above_chance": [None] * (n * n),
                    "n_samples": 100,
                    "reason": [REASON if gone else None for gone in lost],
                },
                schema=SIMILARITIES,
            )
        )
    return pl.concat(blocks)


def _consistency(datasets: list[str], measures: list[str]) -> pl.DataFrame:
    """Within-set medians are MEDIANS, across sets .4; the pair (faces, textures) of image-text has no value."""
    rows = []
    for measure, correlation, (x, y) in product(
        measures, ("pearson", "spearman"), combinations_with_replacement(range(3), 2)
    ):
        for i, (a, b) in enumerate(combinations(datasets, 2)):
            gone = x == y == 1 and (a, b) == ("faces", "textures")
            value = None if gone else (MEDIANS[x] if x == y else 0.4) + 0.01 * ((i % 3) - 1)
            reason = "the similarities on faces have no spread" if gone else None
            given = (measure, correlation, "objective", OBJECTIVES[x], OBJECTIVES[y], a, b, value)
            names = (
                "measure",
                "correlation",
                "field",
                "set_x",
                "set_y",
                "dataset_x",
                "dataset_y",
                "consistency",
            )
            over = {} if value is None else {"low": value - 0.2, "high": min(value + 0.1, 1), "p_value": 0.01}
            more = {"n_models": 6, "n_pairs": 12, "spread_x": 0.1, "spread_y": 0.2, "reason": reason}
            rows.append({**dict(zip(names, given, strict=True)), **over, **more})
    return pl.DataFrame(rows, schema=CONSISTENCY)


@pytest.fixture(scope="session")
def tables() -> dict[str, pl.DataFrame]:
    return make_tables(6, 3)


@pytest.fixture(scope="session")
def table_maker() -> Callable[..., dict[str, pl.DataFrame]]:
    return make_tables


@pytest.fixture(scope="session")
def record() -> dict[str, object]:
    return {
        "name": "small",
        "seed": 7,
        "started": "2025-03-14T22:58:03+00:00",
        "elapsed_s": 12.5,
        "seealike": "0.1.0",
        "versions": {"numpy": "2.4.6"},
        "git_revision": None,
        "cells": {"done": 5, "failed": 1, "skipped": 0},
        "elapsed_by_stage": {"extract": 11.0},
    }
