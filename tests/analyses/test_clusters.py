"""Clusters of models and their agreement with card fields: planted groups, null fields, and reasons."""

import numpy as np
import polars as pl
import pytest

from seealike.analyses import ANALYSES, cluster_agreement, clusters
from seealike.data.similarity import SimilarityMatrix
from seealike.errors import BadParameter, UnknownName

CKA = "cka-kernel=linear-unbiased=true"
GROUP = np.array([0] * 7 + [1] * 5 + [2] * 4)
NAMES = [f"m{k}" for k in range(16)]


def grouped(rng, within=0.8, between=0.3, noise=0.03):
    s = np.where(GROUP[:, None] == GROUP, within, between) + noise * rng.standard_normal((16, 16))
    s = (s + s.T) / 2
    np.fill_diagonal(s, 1)
    return s


def table(values, measure=CKA, dataset="A"):
    return SimilarityMatrix(values, tuple(NAMES[: len(values)]), measure, 50, dataset).to_frame()


def cards(**fields):
    return pl.DataFrame({"model": NAMES, "source": ["s"] * 16, "layer": ["l"] * 16, **fields})


@pytest.mark.parametrize("method", ["linkage", "spectral", "affinity"])
@pytest.mark.parametrize("distance", [False, True])
def test_planted_groups_are_found(method, distance):
    s = grouped(np.random.default_rng(0))
    given = table(5 * (1 - s), "angular_procrustes") if distance else table(s)  # of any size
    found = clusters({"similarities": given}, methods=(method,), n_clusters=(3,)).filter(dataset="A")
    assert found["cluster"].to_list() == (GROUP + 1).tolist()
    assert found["n_clusters"].unique().to_list() == [3]


def test_one_row_a_clustering_and_model():
    found = clusters({"similarities": table(grouped(np.random.default_rng(0)))}, n_clusters=(2, 5, 2))
    sizes = found.filter(dataset="A").group_by("method", "n_clusters").len()
    assert sorted(sizes.rows()) == [
        ("affinity", 3, 16),
        ("linkage", 2, 16),
        ("linkage", 5, 16),
        ("spectral", 2, 16),
        ("spectral", 5, 16),
    ]


def test_too_many_clusters_and_constant_similarities_are_reasons():
    small = table(np.array([[1, 0.2, 0.4], [0.2, 1, 0.3], [0.4, 0.3, 1]]))
    found = clusters({"similarities": small}, methods=("linkage",), n_clusters=(2, 3)).filter(dataset="A")
    assert found.filter(n_clusters=2)["cluster"].null_count() == 0
    assert found.filter(n_clusters=3)["reason"].unique().to_list() == [
        "3 clusters need more than 3 models; there are 3"
    ]
    flat = table(np.full((6, 6), 0.5) + np.eye(6) / 2)
    found = clusters({"similarities": flat})
    assert found["reason"].unique().to_list() == ["all models are equally far from one another"]
    assert found["cluster"].null_count() == found.height


def test_agreement_with_what_was_planted_and_with_what_was_not():
    rng = np.random.default_rng(1)
    fields = cards(
        kind=[f"k{g}" for g in GROUP],
        coin=rng.permutation(["a", "b"] * 8).tolist(),
        own=NAMES,
        same=["x"] * 16,
        partly=[f"k{g}" if k % 3 else None for k, g in enumerate(GROUP)],
    )
    given = {"similarities": table(grouped(rng)), "models": fields}
    found = cluster_agreement(given, methods=("linkage", "affinity"), n_clusters=(3,)).filter(dataset="A")
    by_field = {row["field"]: row for row in found.filter(method="linkage").iter_rows(named=True)}
    assert by_field["kind"]["adjusted_rand"] == by_field["kind"]["adjusted_mutual_information"] == 1
    assert by_field["kind"]["p_value"] == pytest.approx(0.001)
    assert by_field["kind"]["p_value"] <= by_field["kind"]["q_value"] < 0.05
    assert abs(by_field["coin"]["adjusted_rand"]) < 0.25
    assert by_field["coin"]["p_value"] > 0.05
    assert by_field["own"]["reason"] == "every model has its own value"
    assert by_field["same"]["reason"] == "every model has the same value"
    assert by_field["partly"]["n_models"] == 10
    assert by_field["partly"]["adjusted_rand"] == 1
    assert by_field["same"]["p_value"] is None


@pytest.mark.slow
def test_the_test_holds_its_level_for_fields_that_say_nothing():
    rng = np.random.default_rng(5)
    fields = cards(**{f"f{k}": rng.permutation(["a"] * 6 + ["b"] * 10).tolist() for k in range(300)})
    given = {"similarities": table(grouped(rng, noise=0.2)), "models": fields}
    found = cluster_agreement(given, methods=("linkage",), n_clusters=(4,), permutations=199).filter(
        dataset="A"
    )
    rate = (found["p_value"] <= 0.05).mean()
    assert rate <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300)


def test_options_are_checked():
    given = {"similarities": table(grouped(np.random.default_rng(0))), "models": cards(kind=["a", "b"] * 8)}
    with pytest.raises(UnknownName, match="Did you mean 'kind'"):
        cluster_agreement(given, fields=("kin",))
    with pytest.raises(BadParameter, match="n_clusters"):
        ANALYSES["clusters"].bind({"n_clusters": [1]})
