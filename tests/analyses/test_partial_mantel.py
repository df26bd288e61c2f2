"""The analysis: which fields are held, which models count, and why there is no value."""

import numpy as np
import polars as pl
import pytest

from seealike.analyses import partial_mantel
from seealike.data.similarity import SimilarityMatrix
from seealike.errors import UnknownName
from seealike.numerics.pair_levels import same_value
from seealike.numerics.partial_mantel import partial_mantel as numbers

RNG = np.random.default_rng(1)
NAMES = tuple(f"m{k}" for k in range(12))
KIND = RNG.integers(0, 2, 12)
TWIN = np.where(np.arange(12) == 5, 1 - KIND, KIND)  # nearly the same
SIZE = RNG.integers(0, 3, 12)
MODELS = pl.DataFrame(
    {"model": NAMES, "kind": KIND.astype(str), "twin": TWIN.astype(str), "size": SIZE.astype(str)}
)


def tables(n_datasets=2, missing=()):
    rng, matrices = np.random.default_rng(2), []
    for d in range(n_datasets):
        noise = rng.random((12, 12))
        values = 0.3 * same_value(KIND) + 0.2 * (noise + noise.T)
        reasons = {}
        for x, y in missing if d == 1 else ():
            values[x, y] = values[y, x] = np.nan
            reasons |= {(NAMES[x], NAMES[y]): "failed", (NAMES[y], NAMES[x]): "failed"}
        np.fill_diagonal(values, 1)
        matrices.append(SimilarityMatrix(values, NAMES, "cka", 99, f"d{d}", missing=reasons))
    return {"similarities": pl.concat([one.to_frame() for one in matrices]), "models": MODELS}, matrices


def test_every_row_is_what_the_numbers_say():
    given, matrices = tables()
    found = partial_mantel(given, fields=("kind", "twin", "size"), permutations=99, seed=3)
    assert found["dataset"].unique(maintain_order=True).to_list() == ["d0", "d1", "mean over datasets"]
    assert found.filter(dataset="d0").select("field", "given").rows()[:4] == [
        ("kind", ""),
        ("kind", "twin"),
        ("kind", "size"),
        ("kind", "twin, size"),
    ]
    squares = [one.values for one in matrices]
    shared = {"kind": same_value(KIND), "twin": same_value(TWIN), "size": same_value(SIZE)}
    for dataset, square in zip(
        found["dataset"].unique(maintain_order=True), [*squares, np.mean(squares, axis=0)], strict=True
    ):
        for row in found.filter(dataset=dataset).iter_rows(named=True):
            held = [shared[name] for name in row["given"].split(", ") if name]
            one = numbers(square[None], shared[row["field"]], held, permutations=99, seed=3)
            assert row["association"] == pytest.approx(one.partial[0])
            assert row["standard_error"] == pytest.approx(one.standard_errors[0])
            assert row["p_value"] == one.p_values[0]
            assert row["q_value"] >= row["p_value"]
    assert found["n_pairs"].unique().to_list() == [66]
    assert found["permutations"].unique().to_list() == [99]


def test_a_field_that_comes_along_has_nothing_of_its_own():
    given, _ = tables()
    found = partial_mantel(given, fields=("kind", "twin"), permutations=199)
    mean = {
        (r["field"], r["given"]): r for r in found.filter(dataset="mean over datasets").iter_rows(named=True)
    }
    assert mean["twin", ""]["p_value"] <= 0.02
    assert mean["twin", "kind"]["p_value"] > 0.05
    assert mean["kind", "twin"]["p_value"] <= 0.02


def test_models_that_miss_something_do_not_count_there():
    given, matrices = tables(missing=((4, 7), (4, 1)))
    found = partial_mantel(given, fields=("kind",), permutations=49)
    assert found["n_models"].to_list() == [12, 11, 11]
    kept = np.arange(12) != 4
    part = matrices[1].values[np.ix_(kept, kept)]
    expected = numbers(part[None], same_value(KIND[kept]), permutations=49, seed=0)
    assert found["association"][1] == pytest.approx(expected.partial[0])
    assert found["p_value"][1] == expected.p_values[0]


def test_why_there_is_no_value():
    given, _ = tables(1)
    models = MODELS.with_columns(one=pl.lit("x"), same=pl.col("kind"))
    found = partial_mantel({**given, "models": models}, fields=("kind", "one", "same"), permutations=9)
    reasons = {(r["field"], r["given"]): r["reason"] for r in found.iter_rows(named=True)}
    assert reasons["one", ""].endswith("all models share this field, or none do")
    assert reasons["kind", "same"].endswith("sharing this field follows from the others")
    assert reasons["kind", ""] is None
    assert reasons["kind", "one"] is None
    few = [name in NAMES[:3] for name in NAMES]
    three = given["similarities"].filter(
        pl.col("model_x").is_in(NAMES[:3]) & pl.col("model_y").is_in(NAMES[:3])
    )
    found = partial_mantel({"similarities": three, "models": MODELS.filter(pl.Series(few))}, fields=("kind",))
    assert "3 models have a similarity with all others" in found["reason"][0]
    with pytest.raises(UnknownName, match="Did you mean 'size'"):
        partial_mantel(given, fields=("sise",))
