"""Distances against definitions written out, dead channels, exact ties, and the same numbers by table and directly."""

import numpy as np
import pytest
import torch
from scipy.spatial import distance as scipy_distance

from seealike import Features
from seealike.errors import MisalignedSamples, NonFiniteError, ShapeError, UndefinedMeasure, UnknownName
from seealike.human import pair_blocks, pair_distances, pair_tables, pairs
from seealike.human.distances import _RULES, distances
from seealike.human.pair_tables import all_products, all_squares, sums_of_squares
from seealike.human.rows import Located

RNG = np.random.default_rng(0)
X = RNG.standard_normal((12, 5)) * [1, 2, 30, 0.1, 1] + 3
PAIRS = np.array([RNG.choice(12, 2, replace=False) for _ in range(40)])


def gaps():
    return X[PAIRS[:, 0]] - X[PAIRS[:, 1]]


def by_scipy(name):
    return np.array([getattr(scipy_distance, name)(X[i], X[j]) for i, j in PAIRS])


def normalized():
    squares = gaps() ** 2
    return np.sqrt((squares / squares.mean(axis=0)).mean(axis=1))


def units():
    hats = X / np.linalg.norm(X, axis=1, keepdims=True)
    return ((hats[PAIRS[:, 0]] - hats[PAIRS[:, 1]]) ** 2).sum(axis=1)


DEFINITIONS = {
    "euclidean": lambda: by_scipy("euclidean"),
    "rms": lambda: np.sqrt((gaps() ** 2).mean(axis=1)),
    "sqeuclidean": lambda: by_scipy("sqeuclidean"),
    "cosine": lambda: by_scipy("cosine"),
    "correlation": lambda: by_scipy("correlation"),
    "dot": lambda: -(X[PAIRS[:, 0]] * X[PAIRS[:, 1]]).sum(axis=1),
    "normalized_euclidean": normalized,
    "zscored_euclidean": lambda: np.sqrt(((gaps() / X.std(axis=0)) ** 2).mean(axis=1)),
    "unit_channels": units,
    "whitened_euclidean": lambda: np.array(
        [scipy_distance.mahalanobis(X[i], X[j], np.linalg.inv(np.cov(X.T))) for i, j in PAIRS]
    ),
}


def take_the_way(way, monkeypatch):
    """Have pairs done in one of the three ways; the set that comes back says which were gone."""
    done = set()
    for name, made in (("table", "_looked_up"), ("blocks", "_by_blocks"), ("directly", "_direct")):
        work = getattr(pairs, made)
        monkeypatch.setattr(
            pairs, made, lambda *given, work=work, name=name: (done.add(name), work(*given))[1]
        )
    if way != "table":
        monkeypatch.setattr(pairs, "_TABLE_ENTRIES", 0)
    if way == "directly":
        monkeypatch.setattr(pairs, "pays", lambda *_: False)
    return done


def test_every_distance_has_a_definition_here():
    assert set(DEFINITIONS) == set(_RULES)


@pytest.mark.parametrize("name", DEFINITIONS)
@pytest.mark.parametrize("way", ["table", "blocks", "directly"])
def test_distances_are_what_they_say(name, way, monkeypatch):
    done = take_the_way(way, monkeypatch)
    assert len(np.unique(PAIRS)) == 12  # z-scores and whitening are over the samples in a pair: here all
    np.testing.assert_allclose(pair_distances(X, PAIRS, name), DEFINITIONS[name](), rtol=1e-9, atol=1e-12)
    assert done == {way}


@pytest.mark.parametrize("name", DEFINITIONS)
def test_float32_is_summed_in_float64(name):
    small = X.astype(np.float32)
    np.testing.assert_array_equal(
        pair_distances(small, PAIRS, name), pair_distances(small.astype(np.float64), PAIRS, name)
    )
    torch_made = pair_distances(torch.from_numpy(small), PAIRS, name)
    np.testing.assert_array_equal(torch_made, pair_distances(small, PAIRS, name))


def test_the_mean_normalized_square_is_one():
    made = pair_distances(X, PAIRS, "normalized_euclidean")
    assert (made**2).mean() == pytest.approx(1, rel=1e-12)


@pytest.mark.parametrize("way", ["table", "blocks", "directly"])
@pytest.mark.parametrize("name", ["normalized_euclidean", "zscored_euclidean"])
def test_dead_channels_are_left_out(name, way, monkeypatch):
    take_the_way(way, monkeypatch)
    dead = np.insert(X, 2, 7.7, axis=1)
    np.testing.assert_allclose(pair_distances(dead, PAIRS, name), pair_distances(X, PAIRS, name), rtol=1e-12)
    with pytest.raises(UndefinedMeasure, match="a channel that differs between samples, got none"):
        pair_distances(np.ones((3, 2)), [[0, 1]], name)


@pytest.mark.parametrize("way", ["table", "blocks", "directly"])
@pytest.mark.parametrize("name", sorted(set(DEFINITIONS) - {"dot", "whitened_euclidean"}))
def test_equal_images_are_exactly_equally_far(name, way, monkeypatch):
    take_the_way(way, monkeypatch)
    twin = np.concatenate([X, X, X])  # rows i, i + 12 and i + 24 are the same image
    left = pair_distances(twin, np.concatenate([PAIRS, PAIRS + np.array([12, 24])]), name)
    assert (left[:40] == left[40:]).all()
    same = pair_distances(twin, [[0, 12], [3, 15], [0, 1]], name)
    assert same[0] == 0 == same[1] < same[2]


@pytest.mark.parametrize("way", ["blocks", "directly"])
def test_distances_are_symmetric_to_the_last_bit(way, monkeypatch):
    take_the_way(way, monkeypatch)
    for name in DEFINITIONS:
        assert (pair_distances(X, PAIRS, name) == pair_distances(X, PAIRS[:, ::-1], name)).all(), name


def test_blocks_change_nothing(monkeypatch):
    many = np.random.default_rng(1).integers(0, 12, size=(5000, 2))
    take_the_way("directly", monkeypatch)
    before = pair_distances(X, many, "euclidean")
    monkeypatch.setattr(pairs, "_BLOCK_NUMBERS", 300)
    assert (pair_distances(X, many, "euclidean") == before).all()


@pytest.mark.parametrize("name", ["euclidean", "dot", "normalized_euclidean"])
@pytest.mark.parametrize("threads", [1, 2])
def test_sorted_pairs_of_many_samples_are_in_their_places(name, threads, monkeypatch):
    """Many blocks of samples and many parts to sort, samples in no pair, equal pairs, pairs of a sample with itself."""
    rng = np.random.default_rng(6)
    values = rng.standard_normal((300, 4)) + 1e3
    trials = rng.integers(7, 290, size=(6000, 3))
    trials[:3] = [[200, 9, 9], [9, 200, 200], [200, 9, 9]]
    done = take_the_way("blocks", monkeypatch)
    monkeypatch.setattr(pair_blocks, "_BLOCK_NUMBERS", 64)
    monkeypatch.setattr(pair_blocks, "_SORTED", 1000)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        found = distances(Located(values, trials), ((0, 1), (0, 2), (1, 2)), name)
    finally:
        torch.set_num_threads(before)
    left, right = values[trials[:, [0, 0, 1]]], values[trials[:, [1, 2, 2]]]
    squares = (left - right) ** 2
    squares /= 4 * squares.mean(axis=(0, 1)) if name == "normalized_euclidean" else 1
    expected = -(left * right).sum(-1) if name == "dot" else np.sqrt(squares.sum(-1))
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    assert done == {"blocks"}
    assert found[0, 0] == found[1, 0] == found[2, 1]
    assert name == "dot" or found[0, 2] == 0


def test_near_images_far_from_the_origin_keep_their_digits_in_blocks(monkeypatch):
    """The difference of products loses all digits here: these pairs are made anew."""
    take_the_way("blocks", monkeypatch)
    rng = np.random.default_rng(7)
    centers = np.repeat(rng.standard_normal((6, 5)) * 1e4, 2, axis=0)
    values = centers + 1e-6 * rng.standard_normal((12, 5))
    np.testing.assert_allclose(
        pair_distances(values, PAIRS, "sqeuclidean"),
        ((values[PAIRS[:, 0]] - values[PAIRS[:, 1]]) ** 2).sum(axis=1),
        rtol=1e-9,
    )


def test_ties_of_whole_numbers_stay_ties_in_blocks(monkeypatch):
    take_the_way("blocks", monkeypatch)
    rng = np.random.default_rng(8)
    values = rng.integers(0, 2, (40, 30)).astype(np.float32)
    many = rng.integers(40, size=(2000, 2))
    found = pair_distances(values, many, "sqeuclidean")
    assert (found == ((values[many[:, 0]] - values[many[:, 1]]) ** 2).sum(axis=1)).all()


def test_tables_of_all_pairs_are_symmetric_and_equal_rows_have_equal_places():
    rng = np.random.default_rng(3)
    values = rng.standard_normal((300, 7))  # more than one block of rows
    values[[150, 299]] = values[4]
    values[:, 3] = 0.0
    values[150, 3] = -0.0  # is equal to 0
    for table, by_hand in (
        (all_products(values), values @ values.T),
        (all_squares(values), ((values[:, None] - values) ** 2).sum(-1)),
    ):
        np.testing.assert_allclose(table, by_hand, rtol=1e-12, atol=1e-12)
        assert (table == table.T).all()
        assert (table[4] == table[150]).all()
        assert (table[:, 4] == table[:, 299]).all()


def test_a_table_of_whole_numbers_is_exact():
    values = np.random.default_rng(4).integers(-9, 9, (40, 30)).astype(np.float64)
    assert (all_products(values) == np.rint(values @ values.T)).all()
    exact = ((values[:, None] - values) ** 2).sum(-1)
    np.testing.assert_allclose(all_squares(values), exact, rtol=4e-16)
    for value in np.unique(exact):
        assert len(np.unique(all_squares(values)[exact == value])) == 1  # ties stay ties


def test_weighted_sums_of_squares_are_exactly_0_where_nothing_differs(monkeypatch):
    rng = np.random.default_rng(5)
    values, times = rng.standard_normal((20, 9)) + 1e6, rng.integers(0, 3, (20, 20)).astype(float)
    values[:, 2] = 0.1
    values[10:, 5] = 7.7
    times[:10, :] = 0  # pairs of the last ten rows alone: column 5 differs in none of them
    i, j = np.triu_indices(20, 1)
    by_hand = (times[i, j, None] * (values[i] - values[j]) ** 2).sum(axis=0)
    for block in (1, 50, 1 << 16):
        monkeypatch.setattr(pair_tables, "_BLOCK_NUMBERS", block)
        made = sums_of_squares(values, times)
        np.testing.assert_allclose(made, by_hand, rtol=1e-12)
        assert made[2] == made[5] == 0


def test_weighted_sums_of_small_differences_between_far_groups_keep_their_digits():
    """Pairs are within groups a million apart: the difference of large sums would lose every digit of column 0."""
    rng = np.random.default_rng(6)
    values = rng.standard_normal((30, 3))
    values[:, 0] = 1e6 * (np.arange(30) % 3) + 1e-3 * rng.standard_normal(30)
    times = (np.arange(30)[:, None] % 3 == np.arange(30) % 3) * rng.integers(1, 5, (30, 30)).astype(float)
    i, j = np.triu_indices(30, 1)
    by_hand = (times[i, j, None] * (values[i] - values[j]) ** 2).sum(axis=0)
    np.testing.assert_allclose(sums_of_squares(values, times), by_hand, rtol=1e-12)


def test_wide_features_need_no_table(monkeypatch):
    expected = pair_distances(X, PAIRS, "normalized_euclidean")
    monkeypatch.setattr(pairs, "_TABLE_NUMBERS", 10)
    monkeypatch.setattr(pairs, "all_squares", None)
    np.testing.assert_allclose(pair_distances(X, PAIRS, "normalized_euclidean"), expected, rtol=1e-12)


def test_samples_are_joined_by_id_whatever_the_order_of_rows():
    names = tuple("abcdefghijkl")
    shuffled = np.random.default_rng(2).permutation(12)
    features = Features(X[shuffled], tuple(names[k] for k in shuffled))
    by_id = np.array([[names[i], names[j]] for i, j in PAIRS])
    np.testing.assert_array_equal(pair_distances(features, by_id), pair_distances(X, PAIRS))
    np.testing.assert_array_equal(pair_distances(X, by_id, ids=names), pair_distances(X, PAIRS))


@pytest.mark.parametrize(
    ("features", "members", "name", "error", "message"),
    [
        (X, [[0, 1]], "euklidean", UnknownName, "Did you mean .*'euclidean'"),
        (
            X,
            [[1, 12]],
            "euclidean",
            MisalignedSamples,
            "got 12 in row 0. Row numbers count from 0: these look",
        ),
        (X, [[2, 12]], "euclidean", MisalignedSamples, "got 12 in row 0. Give the features"),
        (X, [[0, -1]], "euclidean", MisalignedSamples, "got -1 in row 0"),
        (X, [["a", "b"]], "euclidean", MisalignedSamples, "features that know their samples' ids"),
        (X, [0, 1], "euclidean", ShapeError, r"pairs of the shape \(n, 2\)"),
        (
            np.zeros((3, 2)),
            [[0, 1]],
            "cosine",
            UndefinedMeasure,
            r"row 0: expected a length.*\(2 such samples\)",
        ),
        (np.ones((3, 2)), [[1, 2]], "correlation", UndefinedMeasure, "row 1: expected a row that varies"),
        (
            X,
            [[0, 1], [2, 3]],
            "whitened_euclidean",
            UndefinedMeasure,
            "more than 6 samples for 5 dimensions, got 4",
        ),
        (X * 1e200, [[0, 1]], "euclidean", NonFiniteError, "finite sums"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow")
def test_what_cannot_be_is_refused(features, members, name, error, message):
    with pytest.raises(error, match=message):
        pair_distances(features, members, name)


def test_samples_that_nobody_judged_need_no_length():
    assert pair_distances(np.array([[0.0, 0], [1, 0], [0, 2]]), [[1, 2]], "cosine").tolist() == [1.0]


def test_a_missing_id_is_named_with_its_row():
    with pytest.raises(MisalignedSamples, match="none of 1 of 3 .first 'z', row 1"):
        pair_distances(Features(X[:2], ("a", "b")), [["a", "b"], ["a", "z"]])
