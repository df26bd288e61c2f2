"""Maps and clusters find what was planted."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform
from sklearn import manifold, metrics

from seealike.numerics.clustering import affinity_clusters, linkage_clusters, numbered, spectral_clusters
from seealike.numerics.maps import mds, tsne
from seealike.numerics.partitions import agreement_by_luck


@pytest.fixture(scope="module")
def similarities():
    """Correlations of 40 points in six groups that are not far apart."""
    rng = np.random.default_rng(0)
    s = np.corrcoef(rng.standard_normal((40, 10)) + 2 * rng.standard_normal((6, 10))[np.arange(40) % 6])
    return (s + s.T) / 2


@pytest.fixture(scope="module")
def distances(similarities):
    d = 1 - similarities
    np.fill_diagonal(d, 0)
    return np.maximum(d, 0)


def test_tsne_keeps_groups_together(distances):
    places, divergence = tsne(distances, 5, 0)
    apart = squareform(pdist(places))
    np.fill_diagonal(apart, np.inf)
    nearest = apart.argsort(axis=1)[:, :3]
    same = np.arange(40)[:, None] % 6 == nearest % 6
    assert same.mean() > 0.8
    assert 0 < divergence < 1


def test_tsne_takes_equal_and_tiny_distances():
    twins = np.ones((12, 12)) - np.eye(12)
    twins[0, 1] = twins[1, 0] = 0
    found = []
    for scale in (1e-9, 1.0, 1e9):
        places, divergence = tsne(twins * scale, 5.0, 0)
        assert np.isfinite(places).all()
        found.append(divergence)
    assert np.ptp(found) < 1e-6


def test_mds_finds_places_that_there_are():
    places = np.random.default_rng(0).standard_normal((30, 2))
    found, stress = mds(squareform(pdist(places)), 0)
    assert stress < 1e-4
    np.testing.assert_allclose(pdist(found), pdist(places), atol=1e-3)
    again, _ = mds(squareform(pdist(places)), 5)
    np.testing.assert_allclose(found, again, atol=1e-2)  # turned and mirrored the same way


def test_mds_is_no_worse_than_random_starts_alone(distances):
    _, ours = mds(distances, 0)
    theirs = pdist(manifold.smacof(distances, n_init=8, random_state=0, normalized_stress=False)[0])
    wanted = squareform(distances)
    assert ours <= np.sqrt(((theirs - wanted) ** 2).sum() / (theirs**2).sum()) + 1e-2


@pytest.mark.parametrize("k", [2, 3, 6])
def test_spectral_clusters_find_groups(k):
    groups = np.repeat(np.arange(k), 6)
    near = 0.1 + 0.9 * (groups[:, None] == groups)
    assert metrics.adjusted_rand_score(spectral_clusters(near, k), groups) == 1


def test_spectral_clusters_take_a_point_without_any_neighbor():
    near = np.zeros((5, 5))
    near[:2, :2] = near[2:4, 2:4] = 1
    assert len(set(spectral_clusters(near, 3).tolist())) == 3


def test_affinity_clusters_find_groups_and_say_when_they_do_not_settle(distances):
    groups = np.arange(30) % 3
    apart = (groups[:, None] != groups) + 0.01 * np.random.default_rng(0).random((30, 30))
    assert metrics.adjusted_rand_score(affinity_clusters(-apart, 0), groups) == 1
    assert affinity_clusters(-distances, 0).max() > 1


def test_linkage_gives_exactly_as_many_clusters_even_of_ties():
    square = np.ones((6, 6)) - np.eye(6)
    assert linkage_clusters(square, 4).max() == 4


def test_numbers_go_by_size_then_place():
    assert numbered(np.array([5, 5, 2, 2, 9, 9, 9])).tolist() == [2, 2, 3, 3, 1, 1, 1]


def test_agreement_by_luck_holds_its_level_and_finds_what_is_there():
    rng = np.random.default_rng(3)
    parts = rng.integers(0, 3, 24)
    p = [agreement_by_luck(parts, rng.permutation(np.repeat([0, 1], 12)), 99, rng) for _ in range(400)]
    assert np.mean(np.array(p) <= 0.05) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)
    moved = parts.copy()
    moved[:4] = rng.integers(0, 3, 4)
    assert agreement_by_luck(parts, moved, 199, rng) == 1 / 200
