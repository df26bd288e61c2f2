"""Differences between pairs of model sets: against a plain loop, and by simulation."""

from itertools import combinations

import numpy as np
import polars as pl
import pytest

from seealike.analyses import consistency, consistency_differences
from seealike.data.similarity import SimilarityMatrix
from seealike.errors import DataError

NAMES = [f"m{k}" for k in range(10)]
KIND = ["a"] * 5 + ["b"] * 5


def tables(stack, kinds=KIND):
    names = [f"m{k}" for k in range(stack.shape[1])]
    frames = [
        SimilarityMatrix(one, tuple(names), "cka", 50, f"d{k}").to_frame() for k, one in enumerate(stack)
    ]
    return {"similarities": pl.concat(frames), "models": pl.DataFrame({"model": names, "kind": kinds})}


def drawn(rng, noise, n_models=10, n_datasets=3):
    """Similarities that all datasets share, with noise of a size for every model."""
    base = rng.random((n_models, n_models))
    stack = []
    for _ in range(n_datasets):
        one = base + np.maximum.outer(noise, noise) * rng.standard_normal((n_models, n_models))
        one = (one + one.T) / 2
        np.fill_diagonal(one, 1)
        stack.append(one)
    return np.stack(stack)


def test_medians_are_those_of_consistency():
    given = tables(drawn(np.random.default_rng(0), np.repeat([0.05, 0.4], 5)))
    found = consistency_differences(given, sets="kind", correlations=("pearson", "spearman"), permutations=9)
    each = consistency(given, sets="kind", permutations=0)
    medians = {
        key: part["consistency"].median() for key, part in each.group_by("correlation", "set_x", "set_y")
    }
    assert found.height == 2 * 3
    for row in found.iter_rows(named=True):
        assert row["median"] == pytest.approx(medians[row["correlation"], row["set_x"], row["set_y"]])
        assert row["other_median"] == pytest.approx(
            medians[row["correlation"], row["other_x"], row["other_y"]]
        )
        assert row["difference"] == pytest.approx(row["median"] - row["other_median"])
        assert row["p_value"] <= row["q_value"] <= row["p_value_familywise"] <= 1


def test_random_deals_are_a_plain_loop():
    stack = drawn(np.random.default_rng(1), np.repeat([0.1, 0.3], 5))
    row = consistency_differences(tables(stack), sets="kind", permutations=30, seed=4).row(1, named=True)
    assert (row["set_x"], row["other_x"], row["other_y"]) == ("a", "b", "b")

    def median(kinds, kind):
        chosen = [(i, j) for i, j in combinations(range(10), 2) if kinds[i] == kinds[j] == kind]
        values = [[one[i, j] for i, j in chosen] for one in stack]
        return np.median([np.corrcoef(values[x], values[y])[0, 1] for x, y in combinations(range(3), 2)])

    kinds, rng, as_far = np.repeat([0, 1], 5), np.random.default_rng(4), 0
    observed = abs(median(kinds, 0) - median(kinds, 1))
    for _ in range(30):
        dealt = rng.permutation(kinds)
        as_far += abs(median(dealt, 0) - median(dealt, 1)) >= observed - 1e-12
    assert row["p_value"] == (1 + as_far) / 31


@pytest.mark.slow
def test_a_planted_difference_is_found_and_none_is_not():
    rng, runs, hits, false = np.random.default_rng(2), 40, 0, 0
    for k in range(runs):
        planted = consistency_differences(
            tables(drawn(rng, np.repeat([0.02, 0.6], 5))), sets="kind", permutations=19, seed=k
        )
        nothing = consistency_differences(
            tables(drawn(rng, np.full(10, 0.3))), sets="kind", permutations=19, seed=k
        )
        hits += planted["p_value"][1] <= 0.05
        false += nothing["p_value"][1] <= 0.05
    assert hits / runs > 0.4
    assert false / runs <= 0.175  # 5 % expected; the Monte-Carlo error of 40 runs is 3.4 points


def test_models_that_miss_something_do_not_count():
    stack = drawn(np.random.default_rng(3), np.full(10, 0.2))
    without = consistency_differences(
        tables(np.delete(np.delete(stack, 2, 1), 2, 2), KIND[:2] + KIND[3:]), sets="kind", permutations=9
    )
    given = tables(stack)
    holes = (pl.col("dataset") == "d1") & ((pl.col("model_x") == "m2") | (pl.col("model_y") == "m2"))
    given["similarities"] = given["similarities"].with_columns(
        similarity=pl.when(holes).then(None).otherwise("similarity")
    )
    found = consistency_differences(given, sets="kind", permutations=9)
    assert found["difference"].to_list() == pytest.approx(without["difference"].to_list())
    assert found["n_models"].to_list() == [9] * 3


def test_too_few_pairs_have_a_reason_and_overlaps_are_refused():
    given = tables(drawn(np.random.default_rng(4), np.full(10, 0.2)), ["a"] * 8 + ["b"] * 2)
    found = consistency_differences(given, sets="kind", permutations=9)
    assert "fewer than 3 model pairs" in found["reason"][1]
    assert found["p_value"][1] is None
    with pytest.raises(DataError, match="every model in one set at most, got m0 in several"):
        consistency_differences(given, sets={"x": "kind == a", "y": "all"})
