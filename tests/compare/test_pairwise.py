"""All pairs: what is missing and why, progress, names."""

import numpy as np
import pytest

from seealike.compare import expected_cost, pairwise, similarities
from seealike.errors import (
    BadParameter,
    DataError,
    MisalignedSamples,
    NonFiniteError,
    TooFewSamples,
    UnknownName,
)
from seealike.measures import DoubtfulSimilarity, IdenticalFeatures, bind, cka

RNG = np.random.default_rng(0)
FEATURES = {name: RNG.standard_normal((70, d)) for name, d in (("a", 4), ("b", 9), ("c", 30))}


def test_names_measures_and_bound_measures():
    by_name, by_measure, by_bound = (pairwise(m, FEATURES).values for m in ("cka", cka, bind("cka")))
    np.testing.assert_array_equal(by_name, by_measure)
    np.testing.assert_array_equal(by_name, by_bound)
    np.testing.assert_array_equal(by_name, by_name.T)


def test_undefined_models_are_missing_with_the_reason_and_the_others_are_there():
    broken = FEATURES | {"flat": np.ones((70, 3)), "row": FEATURES["a"].copy()}
    broken["row"][5] = 2.0
    linear, correlation = similarities([bind("cka"), bind("rsa")], broken)
    assert set(linear.missing) == {p for m in broken for p in (("flat", m), (m, "flat"))}
    assert "model flat: expected features that vary" in linear.missing["a", "flat"]
    assert np.isfinite(linear.values[:3, :3]).all()
    assert "constant rows (5)" in correlation.missing["row", "b"]
    assert correlation["a", "b"] == pytest.approx(pairwise("rsa", FEATURES)["a", "b"], abs=1e-12)


def test_all_models_undefined():
    matrix = pairwise("cka", {"p": np.ones((9, 2)), "q": np.zeros((9, 2))})
    assert len(matrix.missing) == 4


def test_one_model():
    assert pairwise("cka", {"a": FEATURES["a"]}).values.tolist() == [[1.0]]


def test_progress_ends_where_it_said():
    seen = []
    similarities(
        [bind("cka"), bind("cka", {"kernel": "rbf"}), bind("rsa")],
        FEATURES,
        budget_bytes=120_000,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert len(seen) > 5
    assert [d for d, _ in seen] == sorted({d for d, _ in seen})
    assert seen[-1][0] == seen[-1][1]


def test_doubtful_models_are_named():
    features = {"near": FEATURES["a"] / 10, "far": FEATURES["c"] * 10}
    with pytest.warns(DoubtfulSimilarity, match="kernel of far is almost the identity"):
        pairwise(cka.bind(kernel="rbf", sigma=1.0, unbiased=False), features)


def test_identical_models_are_named():
    twice = FEATURES | {"again": FEATURES["b"].copy(), "near": FEATURES["b"] + 1e-9}
    with pytest.warns(IdenticalFeatures, match="^b, again: the same features"):
        pairwise("cka", twice)


def test_at_most_so_many_samples():
    few = pairwise("cka", FEATURES, max_samples=30, seed=4, standard_error=True)
    which = np.sort(np.random.default_rng(4).choice(70, 30, replace=False))
    again = pairwise("cka", {name: x[which] for name, x in FEATURES.items()}, standard_error=True)
    np.testing.assert_array_equal(few.values, again.values)
    np.testing.assert_array_equal(few.standard_errors, again.standard_errors)
    assert few.n_samples == 30
    assert not np.array_equal(few.values, pairwise("cka", FEATURES, max_samples=30, seed=5).values)
    assert pairwise("cka", FEATURES, max_samples=70).n_samples == 70


def test_chance_is_in_the_table():
    row = pairwise(bind("mutual_knn", {"k": 7}), FEATURES).to_frame().row(1, named=True)
    assert row["chance"] == pytest.approx(7 / 69)
    assert row["above_chance"] == pytest.approx((row["similarity"] - 7 / 69) / (1 - 7 / 69))
    assert pairwise("cka", FEATURES).to_frame()["chance"].is_null().all()


@pytest.mark.parametrize(
    ("features", "error", "message"),
    [
        ({}, DataError, "expected at least one model"),
        ({"a": FEATURES["a"], "b": FEATURES["b"][1:]}, MisalignedSamples, "69 samples in b; 70 samples in a"),
        (
            {"a": FEATURES["a"][:3]},
            TooFewSamples,
            "model a: expected at least 4 samples for cka-kernel=linear-unbiased=true, got 3",
        ),
        ({"a": FEATURES["a"] * np.nan}, NonFiniteError, "model a: .* 70 rows"),
    ],
)
def test_bad_features(features, error, message):
    with pytest.raises(error, match=message):
        pairwise("cka", features)


def test_features_need_names():
    with pytest.raises(DataError, match=r"expected name of a model -> its features, got list. For example"):
        pairwise("cka", [np.eye(5), np.eye(5)])


def test_a_cost_is_of_shapes_and_looks_at_no_number():
    broken = {name: np.full((5000, 32), np.nan, dtype=np.float32) for name in "ab"}
    assert expected_cost([cka.bind()], broken).path == "feature space"
    with pytest.raises(NonFiniteError):
        similarities([cka.bind()], broken)


def test_unknown_measure():
    with pytest.raises(UnknownName, match="Did you mean 'rsa'"):
        pairwise("rs", FEATURES)


def test_budget_too_small():
    with pytest.raises(BadParameter, match="budget_bytes: expected at least .* got 1000"):
        pairwise("cka", FEATURES, budget_bytes=1000)
