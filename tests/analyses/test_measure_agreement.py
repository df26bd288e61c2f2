"""Agreement of measures: against scipy, and by simulation of its intervals."""

from itertools import combinations

import numpy as np
import polars as pl
import pytest
from scipy.stats import pearsonr, spearmanr

from seealike.analyses import ANALYSES, consistency, measure_agreement
from seealike.data.similarity import SimilarityMatrix
from seealike.errors import UnknownName

LINEAR, LOCAL, ANGLE = (
    "cka-kernel=linear-unbiased=true",
    "cka-kernel=rbf-sigma=0.4-unbiased=true",
    "angular_procrustes",
)
R = {"pearson": pearsonr, "spearman": spearmanr}


def drawn(rng, n_models, n_datasets=3):
    """(2, n_datasets, n_models, n_models): two kernels of what is partly common to datasets, and partly to both."""
    common = rng.standard_normal((n_models, 2))
    values = np.empty((2, n_datasets, n_models, n_models))
    for d in range(n_datasets):
        place = 0.8 * common + 0.6 * rng.standard_normal((n_models, 2))
        for m, width in enumerate((6.0, 2.0)):
            seen = place + 0.5 * m * rng.standard_normal(place.shape)
            squares = ((seen[:, None] - seen) ** 2).sum(axis=-1)
            values[m, d] = np.exp(-squares / width)
    return values


def tables(values, measures=(LINEAR, LOCAL), kinds=2):
    names = tuple(f"m{k}" for k in range(values.shape[-1]))
    frames = []
    for measure, stack in zip(measures, values, strict=True):
        for d, one in enumerate(stack):
            missing = {(names[x], names[y]): "failed" for x, y in np.argwhere(np.isnan(one))}
            frames.append(SimilarityMatrix(one, names, measure, 50, f"d{d}", missing=missing).to_frame())
    fields = {
        "kind": [f"k{k % kinds}" for k in range(len(names))],
        "size": [f"s{k % 3}" for k in range(len(names))],
    }
    return {"similarities": pl.concat(frames), "models": pl.DataFrame({"model": names, **fields})}


@pytest.mark.parametrize("kind", ["pearson", "spearman"])
def test_every_row_is_what_scipy_says(kind):
    values = drawn(np.random.default_rng(0), 10)
    found = measure_agreement(tables(values), sets="kind", correlations=(kind,))
    upper = np.triu_indices(10, 1)
    flat = values[:, :, *upper]
    rows = {(row["of"], row["dataset"]): row for row in found.iter_rows(named=True)}
    assert len(rows) == found.height == 5
    for d in range(3):
        assert rows["similarities", f"d{d}"]["agreement"] == pytest.approx(R[kind](*flat[:, d])[0])
    means = rows["mean similarities", None]
    assert means["agreement"] == pytest.approx(R[kind](*flat.mean(axis=1))[0])
    assert (means["n_models"], means["n_pairs"], means["field"]) == (10, 45, None)
    points = rows["consistencies", None]
    each = consistency(tables(values), sets="kind", correlations=("pearson",), permutations=0)
    each = each.filter(pl.col("set_x") != "all")
    x, y = (each.filter(measure=measure)["consistency"].to_numpy() for measure in (LINEAR, LOCAL))
    assert points["agreement"] == pytest.approx(R[kind](x, y)[0])
    assert (points["n_models"], points["n_pairs"], points["field"]) == (10, 9, "kind")
    for row in rows.values():
        assert row["low"] < row["agreement"] < row["high"]
        assert row["standard_error"] > 0


def test_sets_of_several_fields_give_their_points_together():
    given = tables(drawn(np.random.default_rng(1), 12))
    of = pl.col("of") == "consistencies"
    both = measure_agreement(given, sets=("kind", "size"), correlations=("pearson",)).filter(of)
    kind, size = (
        measure_agreement(given, sets=field, correlations=("pearson",)).filter(of)
        for field in ("kind", "size")
    )
    assert both["n_pairs"][0] == kind["n_pairs"][0] + size["n_pairs"][0] == 9 + 18
    assert both["field"].to_list() == ["kind, size"]
    alone = measure_agreement(given, correlations=("pearson",)).filter(of)
    assert (alone["n_pairs"][0], alone["field"][0]) == (3, "all")
    by_name = {"one": "kind == k0", "other": "kind == k1"}
    named = measure_agreement(given, sets=by_name, correlations=("pearson",)).filter(of)
    assert named["agreement"][0] == pytest.approx(kind["agreement"][0])
    with pytest.raises(UnknownName, match="a field of the models, got 'sise'"):
        measure_agreement(given, sets=("kind", "sise"))


def test_a_distance_agrees_with_a_similarity():
    values = drawn(np.random.default_rng(2), 9)
    similar = measure_agreement(tables(values))
    turned = np.stack([values[0], 1 - values[1]])
    distant = measure_agreement(tables(turned, (LINEAR, ANGLE)))
    np.testing.assert_allclose(similar["agreement"], distant["agreement"], atol=1e-12)
    np.testing.assert_allclose(similar["high"], distant["high"], atol=1e-9)


def test_three_measures_at_once_are_as_two_by_two():
    rng = np.random.default_rng(3)
    values = np.concatenate([drawn(rng, 8), drawn(rng, 8)])[:3]
    values[1, 0, 2, 3] = values[1, 0, 3, 2] = np.nan
    names = (LINEAR, LOCAL, "their_own")
    together = measure_agreement(tables(values, names), sets="kind")
    assert together.height == 2 * 3 * 5
    for x, y in combinations(range(3), 2):
        two = measure_agreement(tables(values[[x, y]], (names[x], names[y])), sets="kind")
        same = together.filter(measure_x=names[x], measure_y=names[y])
        np.testing.assert_allclose(same["agreement"], two["agreement"], atol=1e-12)
        assert same["n_pairs"].to_list() == two["n_pairs"].to_list()


def test_means_are_over_the_datasets_that_both_measures_know():
    values = drawn(np.random.default_rng(4), 9)
    values[0, 0] = np.nan
    found = measure_agreement(tables(values), correlations=("pearson",))
    upper = np.triu_indices(9, 1)
    flat = values[:, 1:, *upper].mean(axis=1)
    row = found.filter(of="mean similarities").row(0, named=True)
    assert row["agreement"] == pytest.approx(pearsonr(*flat)[0])
    none = found.filter(dataset="d0").row(0, named=True)
    assert none["agreement"] is none["low"] is None
    assert none["reason"] == "0 model pairs have a value of both measures; a correlation needs 3"


def test_what_cannot_be_said_has_a_reason():
    values = drawn(np.random.default_rng(5), 8, n_datasets=1)
    values[1] = 0.5
    found = measure_agreement(tables(values), correlations=("pearson",))
    reasons = dict(zip(found["of"], found["reason"], strict=True))
    assert reasons["similarities"] == "all similarities of one of the measures are equal"
    assert reasons["consistencies"].startswith("0 pairs of sets and datasets have a value of both")
    assert found["agreement"].null_count() == 3
    alone = tables(values[:1], (LINEAR,))
    assert measure_agreement(alone).is_empty()
    assert measure_agreement({**alone, "similarities": alone["similarities"].clear()}).is_empty()


def test_options_as_study_files_have_them():
    bind = ANALYSES["measure_agreement"].bind
    both = bind({"sets": ["kind", "size"]})
    assert both.options["sets"] == both.fields == ("kind", "size")
    assert bind({"sets": "kind"}).fields == ("kind",)
    assert bind({"sets": {"a": "kind == k0"}}).sets == {"a": "kind == k0"}
    assert bind({}).fields == bind({"sets": {"a": "kind == k0"}}).fields == ()


@pytest.mark.slow
def test_intervals_cover_what_many_models_say():
    rng, runs = np.random.default_rng(6), 60
    many = [drawn(rng, 200)[:, :, *np.triu_indices(200, 1)] for _ in range(5)]
    truth = {
        "similarities": np.tanh(np.mean([np.arctanh(pearsonr(*one[:, 0])[0]) for one in many])),
        "mean similarities": np.tanh(np.mean([np.arctanh(pearsonr(*one.mean(axis=1))[0]) for one in many])),
    }
    rows = [measure_agreement(tables(drawn(rng, 14)), correlations=("pearson",)) for _ in range(runs)]
    for of, value in truth.items():
        first = [found.filter(of=of).row(0, named=True) for found in rows]
        covered = sum(row["low"] <= value <= row["high"] for row in first)
        assert covered / runs >= 0.86  # the Monte-Carlo error of 95 % in 60 runs is 2.8 points
    # consistencies of few models agree less than those of many: the interval is for as many models
    points = [found.filter(of="consistencies").row(0, named=True) for found in rows]
    value = np.tanh(np.mean([np.arctanh(row["agreement"]) for row in points]))
    covered = sum(row["low"] <= value <= row["high"] for row in points)
    assert covered / runs >= 0.86
