"""The order of models: those that are alike stand side by side."""

import numpy as np
import polars as pl
import pytest
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from seealike.analyses import model_order
from seealike.analyses.model_distances import is_distance, pair_distances
from seealike.data.similarity import SimilarityMatrix

NAMES = tuple("abcdefgh")
CKA, ANGLE = "cka-kernel=linear-unbiased=true", "angular_procrustes"


def frame(values, measure=CKA, dataset="d", names=NAMES):
    values = np.array(values, dtype=float)
    missing = {(names[x], names[y]): "failed" for x, y in np.argwhere(np.isnan(values))}
    return SimilarityMatrix(values, names, measure, 50, dataset, missing=missing).to_frame()


def drawn(seed, diagonal=1.0):
    values = np.random.default_rng(seed).random((8, 8))
    values = (values + values.T) / 2
    np.fill_diagonal(values, diagonal)
    return values


def order(found, dataset):
    rows = found.filter(dataset=dataset)
    assert rows["position"].to_list() == list(range(rows.height))
    return rows["model"].to_list()


def test_it_is_the_optimal_order_of_average_linkage_on_each_dataset_and_the_mean():
    one, other = drawn(0), drawn(1)
    found = model_order({"similarities": pl.concat([frame(one, dataset="A"), frame(other, dataset="B")])})
    for dataset, values in {"A": one, "B": other, "mean over datasets": (one + other) / 2}.items():
        tree = linkage(squareform(1 - values, checks=False), "average", optimal_ordering=True)
        assert order(found, dataset) == [NAMES[k] for k in leaves_list(tree)]


def test_two_planted_groups_stand_apart():
    rng = np.random.default_rng(2)
    group = np.array([0, 1] * 4)
    values = 0.3 + 0.5 * (group[:, None] == group) + 0.05 * rng.random((8, 8))
    values = (values + values.T) / 2
    found = order(model_order({"similarities": frame(values)}), "d")
    assert {frozenset(found[:4]), frozenset(found[4:])} == {frozenset("aceg"), frozenset("bdfh")}


def test_a_distance_is_taken_as_it_is():
    values = drawn(3, diagonal=0.0)
    found = model_order({"similarities": frame(values, ANGLE)})
    tree = linkage(squareform(values), "average", optimal_ordering=True)
    assert order(found, "d") == [NAMES[k] for k in leaves_list(tree)]
    similar = model_order(
        {"similarities": frame(3 - values, CKA)}
    )  # beyond 1: the largest less the similarity
    assert order(similar, "d") == order(found, "d")


def test_a_model_without_similarities_comes_last_and_a_missing_pair_is_average():
    values = drawn(4)
    values[2, :] = values[:, 2] = np.nan
    found = order(model_order({"similarities": frame(values)}), "d")
    without = [k for k in range(8) if k != 2]
    tree = linkage(
        squareform(1 - values[np.ix_(without, without)], checks=False), "average", optimal_ordering=True
    )
    assert found == [*(NAMES[without[k]] for k in leaves_list(tree)), "c"]
    pairs = np.array([0.1, np.nan, 0.5])
    assert pair_distances(pairs, distance=False).tolist() == pytest.approx([0.9, 0.7, 0.5])
    assert pair_distances(np.full(3, np.nan), distance=False).tolist() == [0, 0, 0]


def test_two_models_and_none():
    two = model_order({"similarities": frame([[1, 0.5], [0.5, 1]], names=("a", "b"))})
    assert order(two, "d") == ["a", "b"]
    assert model_order({"similarities": frame(drawn(0)).clear()}).is_empty()


@pytest.mark.parametrize(("measure", "diagonal", "expected"), [(CKA, 0.0, False), (ANGLE, 1.0, True)])
def test_a_measure_of_ours_says_its_direction_and_others_show_it(measure, diagonal, expected):
    assert is_distance(frame(drawn(0, diagonal), measure)) is expected
    assert is_distance(frame(drawn(0, diagonal), "their_own")) is (diagonal == 0)
    assert not is_distance(frame(drawn(0), "their_own").filter(pl.col("model_x") != pl.col("model_y")))
