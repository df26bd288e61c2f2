"""Consistency against scipy, set by set and dataset pair by dataset pair."""

from itertools import combinations

import numpy as np
import polars as pl
import pytest
from scipy.stats import kendalltau, pearsonr, spearmanr

from seealike.analyses import ANALYSES, consistency, head_accuracy
from seealike.data.similarity import SimilarityMatrix
from seealike.errors import BadParameter, DamagedArtifact, DataError, UnknownName
from seealike.numerics.correlation import row_correlations

MODELS = [f"m{i}" for i in range(9)]
FIELD = ["ssl", "sup", "sup", "ssl", "clip", "clip", "ssl", "sup", "clip"]


def tables(n_datasets=3, missing=()):
    rng = np.random.default_rng(0)
    base = rng.random((9, 9))
    matrices = {}
    for d in range(n_datasets):
        values = base + 0.3 * rng.random((9, 9))
        values = (values + values.T) / 2
        np.fill_diagonal(values, 1)
        reasons = {}
        for x, y in missing if d == 1 else ():
            values[x, y] = values[y, x] = np.nan
            reasons |= {(MODELS[x], MODELS[y]): "failed", (MODELS[y], MODELS[x]): "failed"}
        matrices[f"d{d}"] = SimilarityMatrix(values, tuple(MODELS), "cka", 99, f"d{d}", missing=reasons)
    frames = {"similarities": pl.concat([m.to_frame() for m in matrices.values()])}
    return {**frames, "models": pl.DataFrame({"model": MODELS, "objective": FIELD})}, matrices


def expected(matrices, a, b, sets, kind):
    x, y = [], []
    for i, j in combinations(range(9), 2):
        if sets == ("all", "all") or (
            {FIELD[i], FIELD[j]} == set(sets) and (FIELD[i] != FIELD[j]) == (sets[0] != sets[1])
        ):
            x.append(matrices[a].values[i, j])
            y.append(matrices[b].values[i, j])
    x, y = np.array(x), np.array(y)
    both = ~np.isnan(x) & ~np.isnan(y)
    return {"pearson": pearsonr, "spearman": spearmanr}[kind](x[both], y[both])[0], int(both.sum())


@pytest.mark.parametrize("missing", [(), ((0, 3), (1, 2), (4, 7))])
def test_every_row_is_what_scipy_says(missing):
    given, matrices = tables(missing=missing)
    result = consistency(given, sets="objective")
    assert result.height == 2 * (1 + 6) * 3  # correlations x (all + unordered set pairs) x dataset pairs
    for row in result.iter_rows(named=True):
        r, n = expected(
            matrices, row["dataset_x"], row["dataset_y"], (row["set_x"], row["set_y"]), row["correlation"]
        )
        assert row["n_pairs"] == n
        if n < 3:
            assert row["consistency"] is None
            assert "a correlation needs 3" in row["reason"]
        else:
            assert row["consistency"] == pytest.approx(r, abs=1e-12)
            assert row["spread_x"] > 0


def test_number_of_pairs_of_each_set_pair():
    given, _ = tables()
    counts = consistency(given, sets="objective").filter(
        correlation="pearson", dataset_x="d0", dataset_y="d1"
    )
    assert dict(zip(counts["set_x"] + "-" + counts["set_y"], counts["n_pairs"], strict=True)) == {
        "all-all": 36,
        "clip-clip": 3,
        "clip-ssl": 9,
        "clip-sup": 9,
        "ssl-ssl": 3,
        "ssl-sup": 9,
        "sup-sup": 3,
    }


def test_equal_similarities_have_no_correlation_but_a_reason():
    given, _ = tables(2)
    flat = given["similarities"].with_columns(
        pl.when(dataset="d1").then(0.5).otherwise("similarity").alias("similarity")
    )
    row = consistency({**given, "similarities": flat}).row(0, named=True)
    assert row["consistency"] is None
    assert "all similarities are equal on one of the datasets" in row["reason"]


def test_an_asymmetric_measure_counts_with_the_mean_of_its_directions():
    given, _ = tables(2)
    skew = given["similarities"].with_columns(
        similarity=pl.col("similarity")
        + pl.when(pl.col("model_x") < pl.col("model_y")).then(0.2).otherwise(-0.2)
    )
    a, b = (consistency({**given, "similarities": s})["consistency"] for s in (given["similarities"], skew))
    np.testing.assert_allclose(a, b, atol=1e-12)


def test_sets_by_expression_and_anchors():
    given, matrices = tables()
    sets = {"ssl": "objective == ssl", "others": "not objective == ssl", "few": "name in (m0, m1, m2, m3)"}
    result = consistency(given, sets=sets, anchors=("m2",), correlations=("pearson",), permutations=19)
    first = result.filter(dataset_x="d0", dataset_y="d1")
    pairs = dict(zip(zip(first["set_x"], first["set_y"], strict=True), first["n_pairs"], strict=True))
    assert pairs == {
        ("all", "all"): 36,
        ("ssl", "ssl"): 3,
        ("ssl", "others"): 18,
        ("ssl", "few"): 6
        + 3,  # m0 and m3 are in both sets: pairs m0-m3, and each with m1, m2, m6; m6 with m1, m2
        ("others", "others"): 15,
        (
            "others",
            "few",
        ): 21,  # m1 and m2 are in both: m1-m2, each with the 4 other others; m0, m3 with all 6
        ("few", "few"): 6,
        ("m2", "all"): 8,
        ("m2", "ssl"): 3,
        ("m2", "others"): 5,
        ("m2", "few"): 3,
    }
    anchored = first.filter(set_x="m2", set_y="others").row(0, named=True)
    others = [i for i in range(9) if FIELD[i] != "ssl" and i != 2]
    x, y = (matrices[d].values[2, others] for d in ("d0", "d1"))
    assert anchored["consistency"] == pytest.approx(pearsonr(x, y)[0])
    assert anchored["influential"] != "m2"
    assert result["field"].unique().to_list() == ["sets"]


def test_intervals_and_tests_stand_beside_the_values():
    given, _ = tables(3)
    result = consistency(given, permutations=99, seed=1).filter(correlation="pearson")
    assert (result["low"] < result["consistency"]).all()
    assert (result["consistency"] < result["high"]).all()
    assert result["p_value"].is_between(0.01, 1).all()
    assert (result["q_value"] >= result["p_value"]).all()
    assert result["n_models"].to_list() == [9] * 3
    for row in result.iter_rows(named=True):
        assert row["influential"] in MODELS
        assert row["without_it"] != row["consistency"]
    narrow = consistency(given, permutations=0, level=0.5, correlations=("pearson",))
    assert ((narrow["high"] - narrow["low"]) < (result["high"] - result["low"])).all()
    assert narrow["p_value"].null_count() == 3
    assert narrow["q_value"].null_count() == 3


def test_kendall_has_a_value_alone():
    given, matrices = tables(2)
    row = consistency(given, correlations=("kendall",)).row(0, named=True)
    upper = np.triu_indices(9, 1)
    expected_tau = kendalltau(matrices["d0"].values[upper], matrices["d1"].values[upper])[0]
    assert row["consistency"] == pytest.approx(expected_tau)
    assert row["p_value"] is row["low"] is row["standard_error"] is None


def test_the_seed_of_the_study_is_the_default():
    assert ANALYSES["consistency"].bind({}, seed=7).options["seed"] == 7
    assert ANALYSES["consistency"].bind({"seed": 3}, seed=7).options["seed"] == 3


def test_bad_fields_and_options():
    given, _ = tables()
    with pytest.raises(UnknownName, match="Did you mean 'objective'"):
        consistency(given, sets="objectives")
    with pytest.raises(UnknownName, match="the name of a model, got 'm99'"):
        consistency(given, anchors=("m99",))
    holes = given["models"].with_columns(
        pl.when(model="m4").then(None).otherwise("objective").alias("objective")
    )
    with pytest.raises(DataError, match="none for m4"):
        consistency({**given, "models": holes}, sets="objective")
    with pytest.raises(DamagedArtifact, match="expected columns similarity"):
        consistency({**given, "similarities": given["similarities"].drop("similarity")})
    with pytest.raises(BadParameter, match="expected correlations.*got \\['kendal'\\]"):
        ANALYSES["consistency"].bind({"correlations": ["kendal"]})
    with pytest.raises(BadParameter, match="Did you mean 'sets'"):
        ANALYSES["consistency"].bind({"set": "objective"})


def test_options_are_part_of_the_id():
    ids = {ANALYSES["consistency"].bind(o).id for o in ({}, {"sets": "a"}, {"correlations": ["pearson"]})}
    assert len(ids) == 3


def test_row_correlations_on_ties_and_few_columns():
    values = np.array([[1.0, 1, 2, 3, 3], [2.0, 1, 1, 5, 4], [7.0, 7, 7, 7, 7]])
    r, n = row_correlations(values, "spearman")
    assert r[0, 1] == pytest.approx(spearmanr(values[0], values[1])[0])
    assert np.isnan(r[2]).all()
    assert (n == 5).all()
    assert np.isnan(row_correlations(values[:, :2], "pearson")[0]).all()


def test_a_large_offset_does_not_hurt():
    rng = np.random.default_rng(0)
    x = rng.random((2, 500))
    shifted = row_correlations(x * 1e-6 + 1e3, "pearson")[0][0, 1]
    assert shifted == pytest.approx(row_correlations(x, "pearson")[0][0, 1], abs=1e-6)


def test_head_accuracy_has_the_published_value_beside():
    predictions = pl.DataFrame(
        {
            "model": ["a"] * 3 + ["b"] * 2,
            "dataset": "d",
            "layer": "fc",
            "label": [0, 1, 2, 0, 1],
            "predicted": [0, 1, 1, 1, 0],
        }
    )
    models = pl.DataFrame({"model": ["a", "b"], "published_top1": [0.7, None]})
    result = head_accuracy({"predictions": predictions, "models": models})
    assert result["top1"].to_list() == pytest.approx([2 / 3, 0])
    assert result["standard_error"].to_list() == pytest.approx([np.sqrt(2 / 9 / 3), 0])
    assert result["published_top1"].to_list() == [0.7, None]


@pytest.mark.parametrize("name", sorted(ANALYSES))
def test_every_analysis_names_the_tables_that_are_not_there(name):
    with pytest.raises(
        DataError, match=f"analysis {name}: expected the tables? .*, got no {ANALYSES[name].needs[0]}"
    ):
        ANALYSES[name].run({})
