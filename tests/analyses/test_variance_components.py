"""The analysis: what is divided, which models count, and why there is no value."""

import numpy as np
import polars as pl
import pytest

from seealike.analyses import ANALYSES, consistency, variance_components
from seealike.analyses.variance_components import consistencies
from seealike.data.similarity import SimilarityMatrix
from seealike.errors import BadParameter, DataError, UnknownName
from seealike.numerics.components import components

KIND = ["a", "b"] * 7
SIZE = ["s"] * 7 + ["l"] * 7
NAMES = tuple(f"m{k}" for k in range(14))
FIELDS = ("kind", "size")


def symmetric(rng, n=14):
    noise = np.triu(rng.standard_normal((n, n)), 1)
    return 0.1 * (noise + noise.T)


def tables(n_datasets=3, missing=(), seed=0):
    rng, same = np.random.default_rng(seed), np.equal.outer(KIND, KIND)
    common, matrices = symmetric(rng), []
    for d in range(n_datasets):
        values = 0.4 + 0.3 * same + common + symmetric(rng)
        np.fill_diagonal(values, 1)
        reasons = {}
        for x, y in missing if d == 1 else ():
            values[x, y] = values[y, x] = np.nan
            reasons |= {(NAMES[x], NAMES[y]): "failed", (NAMES[y], NAMES[x]): "failed"}
        matrices.append(SimilarityMatrix(values, NAMES, "cka", 99, f"d{d}", missing=reasons))
    similarities = pl.concat([one.to_frame() for one in matrices])
    models = pl.DataFrame({"model": NAMES, "kind": KIND, "size": SIZE})
    return {"similarities": similarities, "models": models}, [one.values for one in matrices]


def codes(kept=slice(None)):
    return {
        "kind": (np.array(KIND) == "b").astype(int)[kept],
        "size": (np.array(SIZE) == "s").astype(int)[kept],
    }


def check(block, expected):
    assert block["component"].to_list() == [one.name for one in expected]
    for name in ("variance", "share", "low", "high"):
        assert block[name].to_list() == pytest.approx([getattr(one, name) for one in expected], abs=1e-12)
    assert block["p_value"][-1] is None
    assert block["p_value"].to_list()[:-1] == pytest.approx([one.p_value for one in expected[:-1]])
    assert block["reason"].null_count() == block.height


def test_each_dataset_their_mean_and_consistency_are_divided():
    given, values = tables()
    found = variance_components(given, fields=FIELDS)
    blocks = found.group_by("of", "dataset", maintain_order=True)
    made = dict(blocks)
    assert list(made) == [
        *(("similarity", f"d{k}") for k in range(3)),
        ("similarity", None),
        ("consistency", None),
    ]
    for k in range(3):
        check(made["similarity", f"d{k}"], components(values[k], codes()))
    check(made["similarity", None], components(np.mean(values, axis=0), codes()))
    check(made["consistency", None], components(consistencies(np.stack(values)), codes()))
    planted = made["similarity", "d0"].filter(component="same kind").row(0, named=True)
    assert planted["share"] > 0.3
    assert planted["p_value"] < 0.001
    assert found["n_models"].unique().to_list() == [14]
    assert found["n_pairs"].unique().to_list() == [91]


def test_the_mean_of_consistencies_is_the_mean_consistency():
    given, values = tables()
    found = consistency(given, correlations=("pearson",), permutations=0)["consistency"].mean()
    assert consistencies(np.stack(values))[np.triu_indices(14, 1)].mean() == pytest.approx(found, abs=1e-12)


def test_models_that_miss_something_do_not_count_there():
    given, values = tables(missing=((2, 3), (2, 9)))
    found = variance_components(given, fields=FIELDS)
    counts = found.group_by("of", "dataset", maintain_order=True).agg(pl.col("n_models").first())
    assert counts["n_models"].to_list() == [14, 13, 14, 13, 13]
    kept = np.arange(14) != 2
    check(
        found.filter(dataset="d1"),
        components(values[1][np.ix_(kept, kept)], codes(kept)),
    )


def test_one_dataset_has_neither_mean_nor_consistency():
    given, _ = tables(1)
    assert variance_components(given, fields=FIELDS)["dataset"].unique().to_list() == ["d0"]


def test_why_there_is_no_value():
    given, _ = tables(2)
    fields = given["models"].with_columns(one=pl.lit("x"), own=pl.col("model"))
    flat = variance_components({**given, "models": fields}, fields=("kind", "one"))
    reasons = dict(flat.filter(dataset="d0").select("component", "reason").iter_rows())
    assert reasons["one"] == "all models have the same value"
    assert reasons["same one"] == "whether it is shared follows from the models' own levels"
    assert reasons["kind"] is reasons["same kind"] is None
    few = variance_components({**given, "models": fields}, fields=("own",))
    assert "14 models are too few" in few["reason"][0]
    assert few["share"].null_count() == few.height
    equal = given["similarities"].with_columns(similarity=pl.lit(0.5))
    found = variance_components({**given, "similarities": equal}, fields=FIELDS)
    assert "all their values are equal" in found["reason"][0]
    assert found.filter(of="consistency")["reason"][0] == "all similarities are equal on one of the datasets"
    three = given["similarities"].filter(
        pl.col("model_x").is_in(NAMES[:3]) & pl.col("model_y").is_in(NAMES[:3])
    )
    found = variance_components(
        {"similarities": three, "models": fields.filter(pl.col("model").is_in(NAMES[:3]))}, fields=FIELDS
    )
    assert "3 models have a similarity with all others; at least 4" in found["reason"][0]


def test_bad_fields():
    given, _ = tables(1)
    with pytest.raises(UnknownName, match="Did you mean 'kind'"):
        variance_components(given, fields=("kinds",))
    with pytest.raises(BadParameter, match="fields: at least one"):
        variance_components(given, fields=())
    holes = given["models"].with_columns(kind=pl.when(model="m4").then(None).otherwise("kind"))
    with pytest.raises(DataError, match="none for m4"):
        variance_components({**given, "models": holes}, fields=("kind",))
    with pytest.raises(BadParameter, match="expected level"):
        ANALYSES["variance_components"].bind({"level": 1.0})
    assert ANALYSES["variance_components"].bind({"fields": ["kind"]}).options["fields"] == ("kind",)
