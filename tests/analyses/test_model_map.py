"""Maps of models: planted places come back, and what cannot be placed says why."""

import numpy as np
import polars as pl
import pytest
from scipy.spatial.distance import pdist, squareform

from seealike.analyses import ANALYSES, model_map
from seealike.data.similarity import SimilarityMatrix
from seealike.errors import BadParameter

CKA, DISTANCE = "cka-kernel=linear-unbiased=true", "angular_procrustes"


def table(values, measure=CKA, dataset="A", missing=()):
    names = tuple(f"m{k}" for k in range(len(values)))
    values = values.copy()
    for x, y in missing:
        values[x, y] = values[y, x] = np.nan
    reasons = {(names[x], names[y]): "lost" for x, y in [*missing, *[(y, x) for x, y in missing]]}
    return SimilarityMatrix(values, names, measure, 50, dataset, missing=reasons).to_frame()


@pytest.fixture
def planted():
    places = np.random.default_rng(0).uniform(0, 0.5, (12, 2))
    return places, squareform(pdist(places))


def test_planted_places_come_back(planted):
    places, apart = planted
    found = model_map({"similarities": table(1 - apart)}, methods=("mds",)).filter(dataset="A")
    np.testing.assert_allclose(pdist(found.select("x", "y").to_numpy()), pdist(places), atol=1e-3)
    assert found["stress"].max() < 1e-3


def test_a_distance_is_taken_as_it_is(planted):
    _, apart = planted
    one = model_map({"similarities": table(1 - apart)}, methods=("mds",))
    other = model_map({"similarities": table(apart, DISTANCE)}, methods=("mds",))
    np.testing.assert_allclose(one["x"].to_numpy(), other["x"].to_numpy(), atol=1e-6)


def test_tsne_keeps_groups_together():
    group = np.arange(24) % 3
    s = np.where(group[:, None] == group, 0.9, 0.2) + 0.01 * np.random.default_rng(0).random((24, 24))
    s = (s + s.T) / 2
    np.fill_diagonal(s, 1)
    found = model_map({"similarities": table(s)}, methods=("tsne",)).filter(dataset="A")
    xy = found.select("x", "y").to_numpy()
    centers = np.stack([xy[group == g].mean(axis=0) for g in range(3)])
    nearest = np.linalg.norm(xy[:, None] - centers, axis=2).argmin(axis=1)
    assert (nearest == group).all()


def test_the_mean_is_over_datasets_and_every_map_stands_alone(planted):
    _, apart = planted
    both = pl.concat([table(1 - apart), table(1 - apart[::-1, ::-1].copy(), dataset="B")])
    found = model_map({"similarities": both}, seed=3)
    assert found["dataset"].unique(maintain_order=True).to_list() == ["A", "B", "mean over datasets"]
    mean = model_map({"similarities": table(1 - (apart + apart[::-1, ::-1]) / 2)}, methods=("mds",), seed=3)
    of_mean = found.filter(dataset="mean over datasets", method="mds")
    np.testing.assert_allclose(of_mean["x"].to_numpy(), mean["x"][:12].to_numpy(), atol=0.02)
    alone = model_map({"similarities": table(1 - apart)}, seed=3).filter(dataset="A")
    assert found.filter(dataset="A").equals(alone)


def test_models_without_similarities_are_named_not_placed(planted):
    _, apart = planted
    lost = [(2, k) for k in range(12) if k != 2]
    found = model_map({"similarities": table(1 - apart, missing=lost)}, methods=("mds",)).filter(dataset="A")
    without = found.filter(pl.col("reason").is_not_null())
    assert without.select("model", "x", "reason").rows() == [
        ("m2", None, "misses similarities on this dataset")
    ]
    assert found.height == 12


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.array([[1, 0.5], [0.5, 1]]), "2 models have similarities with one another; three are needed"),
        (np.full((6, 6), 0.5) + np.eye(6) / 2, "all models are equally far from one another"),
        (
            1 - squareform(pdist(np.arange(5)[:, None] / 9)),
            "a perplexity of 5 needs more than 5 models; there are 5",
        ),
    ],
)
def test_what_cannot_be_mapped_says_why(values, reason):
    found = model_map({"similarities": table(values)}, methods=("tsne",))
    assert found["reason"].unique().to_list() == [reason]
    assert found["x"].null_count() == found.height


def test_options_are_checked():
    with pytest.raises(BadParameter, match="perplexity"):
        ANALYSES["model_map"].bind({"perplexity": 0})
    with pytest.raises(BadParameter, match="methods"):
        ANALYSES["model_map"].bind({"methods": ["umap"]})
