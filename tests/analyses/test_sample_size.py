"""The sensitivity to the number of samples."""

import numpy as np
import polars as pl
import pytest

from seealike import pairwise
from seealike.analyses import sample_size
from seealike.data.tables import SAMPLE_SIZE, SIMILARITIES
from seealike.errors import DamagedArtifact

RNG = np.random.default_rng(3)
SIZES = (20, 60, 180)


def table(measure="cka", dataset="d"):
    """Nested subsets of the same samples; the last rows come last in all of them."""
    shared = RNG.standard_normal((180, 5))
    features = {f"m{k}": shared + (0.3 + k) * RNG.standard_normal((180, 5)) for k in range(4)}
    parts = [{name: x[:n] for name, x in features.items()} for n in SIZES]
    return pl.concat(
        pairwise(measure, part, dataset=dataset).to_frame().select(*SIMILARITIES) for part in parts
    )


def test_changes_from_size_to_size():
    given = table()
    found = sample_size({"similarities_by_size": given.sample(fraction=1, shuffle=True, seed=0)})
    assert found.columns == list(SAMPLE_SIZE)
    assert found.select("n_samples", "n_next").rows() == [(20, 60), (60, 180), (180, None)]
    values = {}
    for n in SIZES:
        rows = given.filter((pl.col("n_samples") == n) & (pl.col("model_x") < pl.col("model_y")))
        values[n] = rows.sort("model_x", "model_y")["similarity"].to_numpy()
    changes = np.abs(values[20] - values[60])
    row = found.row(0, named=True)
    assert row["median_change"] == pytest.approx(np.median(changes))
    assert row["mean_change"] == pytest.approx(changes.mean())
    assert row["largest_change"] == pytest.approx(changes.max())
    assert (row["lower_quartile"], row["upper_quartile"]) == pytest.approx(
        tuple(np.quantile(changes, [0.25, 0.75]))
    )
    assert row["n_pairs"] == 6
    assert row["agreement"] == pytest.approx(np.corrcoef(values[20], values[180])[0, 1])
    assert found["agreement"][2] == pytest.approx(1)
    assert found["median_change"].to_list()[2] is None


def test_measures_and_datasets_are_apart():
    given = pl.concat([table(), table("rsa"), table(dataset="e")])
    found = sample_size({"similarities_by_size": given})
    assert found.select("measure", "dataset").unique(maintain_order=True).height == 3
    assert found.height == 9


def test_what_is_missing_is_left_out_or_has_a_reason():
    given = table()
    gone = (pl.col("n_samples") == 60) & (pl.col("model_x") != pl.col("model_y"))
    some = given.with_columns(
        similarity=pl.when(gone & pl.col("model_x").is_in(["m0", "m1"])).then(None).otherwise("similarity")
    )
    assert sample_size({"similarities_by_size": some})["n_pairs"][0] < 6
    none = given.with_columns(similarity=pl.when(gone).then(None).otherwise("similarity"))
    found = sample_size({"similarities_by_size": none})
    assert found["reason"][0] == "no model pair has a similarity at this size and at 60"
    assert found["median_change"][0] is None
    assert found["n_pairs"].to_list()[:2] == [0, 0]


def test_one_size_alone():
    found = sample_size({"similarities_by_size": table().filter(n_samples=60)})
    assert found.select("n_samples", "n_next", "n_pairs").rows() == [(60, None, 6)]


def test_nothing_and_wrong_tables():
    assert sample_size({"similarities_by_size": pl.DataFrame(schema=SIMILARITIES)}).is_empty()
    with pytest.raises(DamagedArtifact, match="similarities_by_size: expected columns n_samples"):
        sample_size({"similarities_by_size": table().drop("n_samples")})


def test_smaller_samples_move_more():
    """The estimator's error falls with n, so the changes must: a planted truth, over many draws."""
    medians = np.array(
        [sample_size({"similarities_by_size": table()})["median_change"].to_list()[:2] for _ in range(12)]
    )
    assert medians[:, 0].mean() > 1.5 * medians[:, 1].mean()
