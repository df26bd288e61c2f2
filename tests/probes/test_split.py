"""What may be probed, and the stratified fifth."""

import numpy as np
import pytest
import torch
from sklearn.model_selection import train_test_split

from seealike.errors import BadParameter, DataError, MisalignedSamples, NonFiniteError, TooFewSamples
from seealike.probes import Split
from seealike.probes.split import check_pair, held_out


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("n", [50, 101, 997])
def test_the_held_out_rows_are_scikit_learns(n, seed):
    labels = np.random.default_rng(seed).choice(6, size=n, p=[0.4, 0.2, 0.1, 0.1, 0.1, 0.1])
    fit, choose = held_out(labels, seed)
    theirs = train_test_split(np.arange(n), test_size=0.2, stratify=labels, random_state=seed)
    np.testing.assert_array_equal(fit, theirs[0])
    np.testing.assert_array_equal(choose, theirs[1])


def test_a_class_of_one_sample_is_fitted_on():
    labels = np.array([0] * 10 + [1] * 10 + list(range(2, 12)))
    for seed in range(5):
        fit, choose = held_out(labels, seed)
        assert sorted([*fit, *choose]) == list(range(30))
        assert np.bincount(labels[choose]).tolist() == [3, 3]


@pytest.mark.parametrize("seed", range(4))
def test_as_many_samples_as_classes_are_held_out_at_least(seed):
    labels = np.repeat(np.arange(8), [2, 2, 2, 2, 2, 2, 2, 9])
    fit, choose = held_out(labels, seed)
    assert len(choose) == 8
    assert sorted([*fit, *choose]) == list(range(23))
    assert set(labels[fit]) == set(range(8))


def test_without_two_samples_of_a_class_nothing_can_be_held_out():
    with pytest.raises(TooFewSamples, match="a class of two samples, got 6 classes of one"):
        held_out(np.arange(6), 0)


def test_a_share_that_leaves_nothing_is_refused():
    with pytest.raises(BadParameter, match="some but not all of 4 samples"):
        held_out(np.array([0, 0, 1, 1]), 0, share=1.0)


def test_values_are_kept_as_float32_and_not_written_to():
    values = np.arange(6, dtype=np.float64).reshape(3, 2)
    split = Split.of(torch.from_numpy(values), torch.tensor([0, 1, 1]))
    assert split.values.dtype == np.float32
    assert split.labels.dtype == np.int64
    assert not np.shares_memory(split.values, values)


@pytest.mark.parametrize(
    ("values", "labels", "error", "match"),
    [
        (np.eye(3), np.array([0, 1]), MisalignedSamples, "one for each of the 3 rows of features, got 2"),
        (np.eye(3), np.array([0.0, 1.0, 2.0]), DataError, "one whole number from 0 a sample"),
        (np.eye(3), np.array([0, 1, -1]), DataError, "some below 0"),
        (np.full((3, 2), np.nan), np.array([0, 1, 1]), NonFiniteError, "3 rows with NaN"),
        (
            np.full((3, 2), 1e39),
            np.array([0, 1, 1]),
            NonFiniteError,
            "whose products are float32, got 1.0e\\+39",
        ),
    ],
)
def test_bad_splits_are_refused(values, labels, error, match):
    with pytest.raises(error, match=match):
        Split(values, labels)


def test_splits_that_do_not_fit_each_other_are_refused():
    train = Split(np.eye(6), np.array([0, 1, 0, 1, 0, 1]))
    with pytest.raises(MisalignedSamples, match="6 dimensions in test as in train, got 2"):
        check_pair(train, Split(np.ones((6, 2)), train.labels))
    with pytest.raises(TooFewSamples, match="at least 5 of at least 2 classes, got 6 of 1"):
        check_pair(Split(np.eye(6), np.zeros(6, dtype=int)), train)
