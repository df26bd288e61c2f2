"""Consistency by domains of datasets: against `consistency`, and by simulation of the interval."""

from itertools import combinations

import numpy as np
import polars as pl
import pytest

from seealike.analyses import ANALYSES, consistency, consistency_domains
from seealike.data.similarity import SimilarityMatrix
from seealike.errors import DataError, UnknownName

DOMAINS = ["natural", "natural", "medical", "drawn", "drawn"]


def drawn(rng, n_models, n_datasets=5):
    common = rng.standard_normal((n_models, 2))
    values = []
    for _ in range(n_datasets):
        place = 0.8 * common + 0.6 * rng.standard_normal((n_models, 2))
        noise = np.triu(0.1 * rng.standard_normal((n_models, n_models)), 1)
        values.append(np.exp(-((place[:, None] - place) ** 2).sum(axis=-1) / 4) + noise + noise.T)
    return np.stack(values)


def tables(values, domains=DOMAINS):
    names = tuple(f"m{k}" for k in range(values.shape[1]))
    datasets = [f"d{k}" for k in range(len(values))]
    frames = [
        SimilarityMatrix(one, names, "cka", 50, dataset).to_frame()
        for dataset, one in zip(datasets, values, strict=True)
    ]
    return {
        "similarities": pl.concat(frames),
        "models": pl.DataFrame({"model": names, "kind": [f"k{k % 2}" for k in range(len(names))]}),
        "datasets": pl.DataFrame({"dataset": datasets, "domain": domains}),
    }


def test_every_row_is_made_of_those_of_consistency():
    given = tables(drawn(np.random.default_rng(0), 10))
    found = consistency_domains(given, sets="kind")
    each = consistency(given, sets="kind", permutations=0)
    of = dict(zip(given["datasets"]["dataset"], DOMAINS, strict=True))
    assert found.height == 2 * 4 * 7  # correlations x set pairs x (all + unordered pairs of domains)
    for row in found.iter_rows(named=True):
        same = each.filter(correlation=row["correlation"], set_x=row["set_x"], set_y=row["set_y"])
        wanted = {row["domain_x"], row["domain_y"]}
        values = [
            one["consistency"]
            for one in same.iter_rows(named=True)
            if row["domain_x"] == "all" or {of[one["dataset_x"]], of[one["dataset_y"]]} == wanted
        ]
        assert row["n_dataset_pairs"] == len(values)
        if not values:
            assert (row["domain_x"], row["domain_y"]) == ("medical", "medical")
            assert row["reason"] == "no two datasets with one in each of these domains"
            assert row["median"] is row["mean"] is row["low"] is None
            continue
        assert row["mean"] == pytest.approx(np.mean(values))
        assert row["median"] == pytest.approx(np.median(values))
        assert row["low"] < row["median"] < row["high"]
        if len(values) > 1:
            assert row["standard_deviation"] == pytest.approx(np.std(values, ddof=1))
        else:
            assert row["standard_deviation"] is None


def test_one_pair_of_datasets_has_nearly_the_interval_of_consistency():
    given = tables(drawn(np.random.default_rng(1), 20))
    one = consistency_domains(given, correlations=("pearson",)).filter(domain_x="natural", domain_y="natural")
    other = consistency(given, correlations=("pearson",), permutations=0).filter(
        dataset_x="d0", dataset_y="d1"
    )
    assert one["low"][0] == pytest.approx(other["low"][0], abs=0.06)
    assert one["high"][0] == pytest.approx(other["high"][0], abs=0.06)


def test_domains_may_be_put_together_from_values_and_datasets():
    given = tables(drawn(np.random.default_rng(2), 8))
    found = consistency_domains(given, domains={"seen": ("natural", "d2"), "made": ("drawn",)})
    counts = {
        (row["domain_x"], row["domain_y"]): row["n_dataset_pairs"]
        for row in found.filter(correlation="pearson").iter_rows(named=True)
    }
    assert counts == {("all", "all"): 10, ("seen", "seen"): 3, ("seen", "made"): 6, ("made", "made"): 1}
    only = consistency_domains(
        {**given, "datasets": given["datasets"].drop("domain")}, domains={"some": ("d0", "d3")}
    )
    assert only.filter(correlation="pearson")["n_dataset_pairs"].to_list() == [10, 1]


def test_mistakes_in_domains():
    given = tables(drawn(np.random.default_rng(3), 6))
    with pytest.raises(UnknownName, match="a field of the datasets, got 'domains'.*Did you mean 'domain'"):
        consistency_domains(given, domains="domains")
    with pytest.raises(UnknownName, match="a dataset, or the domain of one, got 'nature'"):
        consistency_domains(given, domains={"natural": ("nature",)})
    with pytest.raises(DataError, match="every dataset in one domain at most, got d0 in several"):
        consistency_domains(given, domains={"a": ("natural",), "b": ("d0",)})
    holes = given["datasets"].with_columns(domain=pl.Series([*DOMAINS[:4], None]))
    with pytest.raises(DataError, match="the field 'domain', got none for d4"):
        consistency_domains({**given, "datasets": holes})


def test_few_models_and_equal_similarities_have_a_reason():
    values = drawn(np.random.default_rng(4), 4)
    found = consistency_domains(tables(values), sets="kind", correlations=("pearson",))
    within = found.filter(set_x="k0", set_y="k0", domain_x="all").row(0, named=True)
    assert within["reason"] == "1 model pairs between these sets; a correlation needs 3"
    assert within["n_dataset_pairs"] == 0
    values[:2] = 0.5
    flat = consistency_domains(tables(values), correlations=("pearson",)).filter(domain_x="natural")
    assert "that vary on both datasets" in flat["reason"][0]
    assert flat["median"].null_count() == flat.height


def test_anchors_and_options():
    given = tables(drawn(np.random.default_rng(5), 9))
    found = consistency_domains(given, sets="kind", anchors=("m1",), correlations=("spearman",))
    assert ("m1", "k0") in list(zip(found["set_x"], found["set_y"], strict=True))
    bound = ANALYSES["consistency_domains"].bind({"domains": {"natural": ["a", "b"]}, "sets": "kind"})
    assert bound.options["domains"] == {"natural": ("a", "b")}
    assert bound.fields == ("kind",)


@pytest.mark.slow
def test_the_interval_of_the_median_covers():
    rng, runs = np.random.default_rng(6), 80
    pairs = list(combinations(range(5), 2))
    truth = []
    for _ in range(5):
        flat = drawn(rng, 200)[:, *np.triu_indices(200, 1)]
        r = np.corrcoef(flat)
        truth.append(np.arctanh(np.median([r[x, y] for x, y in pairs])))
    value, covered = np.tanh(np.mean(truth)), 0
    for _ in range(runs):
        row = consistency_domains(tables(drawn(rng, 14)), correlations=("pearson",)).row(0, named=True)
        covered += row["low"] <= value <= row["high"]
    assert covered / runs >= 0.86  # the Monte-Carlo error of 95 % in 80 runs is 2.4 points
