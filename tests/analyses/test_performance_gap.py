"""Similarity against the difference of performance: against scipy, and in simulation."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import pearsonr, spearmanr

from seealike.analyses import ANALYSES, performance_gap
from seealike.data.similarity import SimilarityMatrix
from seealike.data.tables import PERFORMANCE, PERFORMANCE_GAP
from seealike.errors import BadParameter, DamagedArtifact

N = 9
MODELS = tuple(f"m{k}" for k in range(N))
RNG = np.random.default_rng(0)
LEFT, RIGHT = np.triu_indices(N, 1)


def matrix(values, dataset="d", models=MODELS, missing=()):
    square = np.eye(len(models))
    left, right = np.triu_indices(len(models), 1)
    square[left, right] = square[right, left] = values
    reasons = {}
    for x, y in missing:
        square[x, y] = square[y, x] = np.nan
        reasons |= {(models[x], models[y]): "failed", (models[y], models[x]): "failed"}
    return SimilarityMatrix(square, tuple(models), "cka", 50, dataset, missing=reasons).to_frame()


def reached(values, dataset="d", models=MODELS, **same):
    rows = [{"model": m, "dataset": dataset, "value": v} for m, v in zip(models, values, strict=True)]
    same = {"method": "ridge", "metric": "top1", "split": "test", **same}
    return pl.DataFrame([{**row, **same} for row in rows], schema=PERFORMANCE)


def test_it_is_the_correlation_that_scipy_says():
    similar, accuracy = RNG.random(36), RNG.random(N)
    # of the training samples, and by another metric: neither must count
    others = [reached(RNG.random(N), split="train"), reached(RNG.random(N), metric="top5")]
    tables = {"similarities": matrix(similar), "performance": pl.concat([reached(accuracy), *others])}
    found = performance_gap(tables)
    gap = np.abs(accuracy[LEFT] - accuracy[RIGHT])
    assert found.columns == list(PERFORMANCE_GAP)
    assert found["correlation"].to_list() == ["pearson", "spearman"]
    assert found["association"].to_list() == pytest.approx(
        [pearsonr(similar, gap)[0], spearmanr(similar, gap)[0]]
    )
    assert found["n_models"].to_list() == [N, N]
    assert found["n_pairs"].to_list() == [36, 36]
    assert (found["low"] < found["association"]).all()
    assert (found["association"] < found["high"]).all()


def test_methods_metrics_and_datasets_are_rows_of_their_own():
    performance = pl.concat(
        reached(RNG.random(N), d, method=method, metric=metric)
        for d in ("d", "e", "unknown")
        for method in ("ridge", "knn")
        for metric in ("top1", "top5")
    )
    similarities = pl.concat([matrix(RNG.random(36), d) for d in ("e", "d", "without")])
    tables = {"similarities": similarities, "performance": performance}
    found = performance_gap(tables, metrics=("top5", "top1"), correlations=("pearson",), permutations=19)
    assert found.height == 2 * 2 * 2
    assert found["dataset"].to_list()[:2] == ["e", "d"]
    assert found["metric"].to_list()[:4] == ["top5"] * 2 + ["top1"] * 2
    assert (found["q_value"] >= found["p_value"]).all()
    assert found["p_value"].min() >= 0.05


def test_models_that_miss_something_do_not_count():
    similar, accuracy = RNG.random(36), list(RNG.random(N))
    accuracy[8] = None
    tables = {"similarities": matrix(similar, missing=[(0, 1)]), "performance": reached(accuracy)}
    found = performance_gap(tables, permutations=0)
    kept = range(1, 8)  # of two that miss one another the first goes
    square = np.zeros((N, N))
    square[LEFT, RIGHT] = square[RIGHT, LEFT] = similar
    pairs = [(i, j) for i in kept for j in kept if i < j]
    expected = pearsonr([square[i, j] for i, j in pairs], [abs(accuracy[i] - accuracy[j]) for i, j in pairs])
    assert found["association"][0] == pytest.approx(expected[0])
    assert found["n_models"].to_list() == [7, 7]
    assert found["p_value"].to_list() == [None, None]
    assert found["low"][0] is not None


@pytest.mark.parametrize(
    ("similar", "accuracy", "reason"),
    [
        (RNG.random(36), [0.5, 0.6] + [None] * 7, "2 models have both similarities and a performance"),
        (RNG.random(36), [None] * 9, "0 models have both"),
        (np.full(36, 0.5), RNG.random(9), "all similarities are equal"),
        (RNG.random(36), [0.5] * 9, "all performances are equal"),
    ],
)
def test_what_has_no_answer_has_a_reason(similar, accuracy, reason):
    found = performance_gap({"similarities": matrix(similar), "performance": reached(accuracy)})
    assert found["association"].to_list() == [None, None]
    assert found["p_value"].to_list() == [None, None]
    assert all(reason in text for text in found["reason"])


def test_nothing_in_common_gives_no_rows():
    tables = {"similarities": matrix(RNG.random(36), "d"), "performance": reached(RNG.random(N), "e")}
    assert performance_gap(tables).is_empty()


def test_three_models_have_no_error_but_an_answer():
    models = MODELS[:3]
    tables = {
        "similarities": matrix([0.1, 0.5, 0.2], models=models),
        "performance": reached([0.1, 0.3, 0.9], models=models),
    }
    found = performance_gap(tables, correlations=("pearson",))
    assert found["association"][0] == pytest.approx(pearsonr([0.1, 0.5, 0.2], [0.2, 0.8, 0.6])[0])
    assert found["standard_error"][0] is None


def test_wrong_tables_and_options():
    good = {"similarities": matrix(RNG.random(36)), "performance": reached(RNG.random(N))}
    with pytest.raises(DamagedArtifact, match="performance: expected columns tested_on"):
        performance_gap({**good, "performance": good["performance"].drop("tested_on")})
    with pytest.raises(BadParameter, match="metrics"):
        ANALYSES["performance_gap"].bind({"metrics": ["top2"]})
    with pytest.raises(BadParameter, match="less than 1"):
        ANALYSES["performance_gap"].bind({"level": 1.5})


def simulated(effect, *, models, draws, seed=0):
    """As many datasets as draws, each with models of its own; the correlation in a large population."""
    rng = np.random.default_rng(seed)

    def draw(count):
        accuracy, seen = rng.random(count), rng.standard_normal((count, 3))
        i, j = np.triu_indices(count, 1)
        gap = np.abs(accuracy[i] - accuracy[j])
        alike = 0.1 * np.einsum("pk,pk->p", seen[i], seen[j]) + 0.05 * rng.standard_normal(len(i))
        return accuracy, alike - effect * gap, gap

    names = [f"m{k}" for k in range(models)]
    frames = []
    for k in range(draws):
        accuracy, alike, _ = draw(models)
        frames.append((matrix(alike, f"d{k}", names), reached(accuracy, f"d{k}", names)))
    _, alike, gap = draw(1500)
    tables = {name: pl.concat(part) for name, part in zip(("similarities", "performance"), zip(*frames))}  # noqa: B905
    return performance_gap(tables, correlations=("pearson",), permutations=99), float(
        np.corrcoef(alike, gap)[0, 1]
    )


def test_in_simulation_intervals_cover_and_the_test_keeps_its_level():
    found, truth = simulated(0.0, models=10, draws=60)
    level = (found["p_value"] <= 0.05).mean()
    assert level <= 0.05 + 3 * (0.05 * 0.95 / 60) ** 0.5
    assert abs(truth) < 0.02
    assert abs(found["association"].mean()) < 3 * found["association"].std() / 60**0.5
    planted, truth = simulated(0.6, models=12, draws=40, seed=1)
    assert truth < -0.5
    covered = ((planted["low"] <= truth) & (truth <= planted["high"])).mean()
    assert 0.88 <= covered <= 1.0
    assert (planted["p_value"] <= 0.05).mean() > 0.9
