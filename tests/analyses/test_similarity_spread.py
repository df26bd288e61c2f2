"""Means and deviations of similarities over datasets, before and after transforms."""

import numpy as np
import polars as pl
import pytest

from seealike.analyses import ANALYSES, similarity_spread
from seealike.data.similarity import SimilarityMatrix
from seealike.errors import BadParameter

NAMES = tuple("abcd")
LEFT, RIGHT = np.triu_indices(4, 1)


def stack(seed=0, n_datasets=5):
    values = np.random.default_rng(seed).random((n_datasets, 4, 4))
    values = (values + values.transpose(0, 2, 1)) / 2
    values[:, range(4), range(4)] = 1
    return values


def table(values):
    frames = []
    for k, one in enumerate(values):
        missing = {(NAMES[x], NAMES[y]): "failed" for x, y in np.argwhere(np.isnan(one))}
        frames.append(SimilarityMatrix(one, NAMES, "cka", 50, f"d{k}", missing=missing).to_frame())
    return {"similarities": pl.concat(frames)}


@pytest.mark.parametrize(
    ("transform", "expected"), [("none", np.asarray), ("tan", np.tan), ("arccos", np.arccos)]
)
def test_mean_and_deviation_of_every_pair(transform, expected):
    values = stack()
    found = similarity_spread(table(values)).filter(transform=transform)
    assert found.height == 6
    after = expected(values[:, LEFT, RIGHT])
    assert found["mean"].to_list() == pytest.approx(after.mean(axis=0))
    assert found["standard_deviation"].to_list() == pytest.approx(after.std(axis=0, ddof=1))
    assert list(found.select("model_x", "model_y").iter_rows()) == [
        (NAMES[x], NAMES[y]) for x, y in zip(LEFT, RIGHT, strict=True)
    ]
    assert found["n_datasets"].to_list() == [5] * 6
    assert found["reason"].null_count() == 6


def test_a_deviation_needs_two_datasets():
    values = stack(n_datasets=2)
    values[1, 0, 1] = values[1, 1, 0] = np.nan
    values[:, 2, 3] = values[:, 3, 2] = np.nan
    found = similarity_spread(table(values), transforms=("none",))
    one, none = found.row(0, named=True), found.row(5, named=True)
    assert (one["n_datasets"], none["n_datasets"]) == (1, 0)
    assert one["mean"] == values[0, 0, 1]
    assert one["standard_deviation"] is none["standard_deviation"] is none["mean"] is None
    assert "datasets on which it has a similarity: 1; a deviation needs 2" in one["reason"]
    assert found["reason"].null_count() == 4


def test_a_transform_is_refused_where_it_is_not_one_to_one():
    values = stack()
    values[0, 0, 1] = values[0, 1, 0] = 1.2
    values[0, 0, 2] = values[0, 2, 0] = 1.6
    found = similarity_spread(table(values))
    of = {name: found.filter(transform=name)["reason"].to_list() for name in ("none", "tan", "arccos")}
    assert of["none"] == [None] * 6
    assert of["tan"] == [None, "tan is not one-to-one for all of its similarities", *[None] * 4]
    assert of["arccos"][:2] == ["arccos is not one-to-one for all of its similarities"] * 2
    assert found.filter(transform="arccos")["standard_deviation"].null_count() == 2


def test_a_cosine_of_one_but_for_rounding_has_an_angle():
    values = stack()
    values[:, 0, 1] = values[:, 1, 0] = 1 + 1e-15
    assert similarity_spread(table(values), transforms=("arccos",))["mean"][0] == 0


def test_an_asymmetric_measure_counts_with_the_mean_of_its_directions():
    values = stack()
    skew = values + np.triu(np.full((4, 4), 0.1), 1) - np.tril(np.full((4, 4), 0.1), -1)
    plain, skewed = (similarity_spread(table(one), transforms=("none",)) for one in (values, skew))
    np.testing.assert_allclose(plain["mean"], skewed["mean"])
    np.testing.assert_allclose(plain["standard_deviation"], skewed["standard_deviation"])


def test_unknown_transforms_are_mistakes():
    with pytest.raises(BadParameter, match="transforms: 'none', 'tan' or 'arccos'"):
        ANALYSES["similarity_spread"].bind({"transforms": ["log"]})
    assert similarity_spread({"similarities": table(stack())["similarities"].clear()}).is_empty()
