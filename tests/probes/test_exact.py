"""Logistic regression, ridge and nearest neighbors against scikit-learn's."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.neighbors import KNeighborsClassifier

from seealike.errors import BadParameter
from seealike.probes import Grid, Split, probe_knn, probe_logistic, probe_ridge
from seealike.probes.axes import Axes
from seealike.probes.logistic import LogisticFits
from seealike.probes.neighbors import nearest
from seealike.probes.ridge import RidgeFits
from seealike.probes.split import held_out
from tests.probes.made import overlapping

TRAIN, TEST = overlapping(240, 15, 5), overlapping(150, 15, 5, seed=1)
WIDE = Split(np.random.default_rng(2).standard_normal((40, 60)), np.arange(40) % 3)


def centered(logits):
    return logits - logits.mean(axis=1, keepdims=True)


@pytest.mark.parametrize("split", [TRAIN, WIDE], ids=["n > d", "n < d"])
@pytest.mark.parametrize("penalty", [1.0, 1e-2, 1e-4])
def test_logistic_regression_is_scikit_learns(split, penalty):
    theirs = LogisticRegression(C=1 / (penalty * split.n), tol=1e-9, max_iter=20_000)
    theirs.fit(split.values.astype(float), split.labels)
    wanted = centered(theirs.decision_function(split.values.astype(float)))
    ours = centered(LogisticFits(split, split.n_classes).logits(split.values, penalty))
    np.testing.assert_allclose(ours, wanted, atol=2e-4 * np.abs(wanted).max())


def test_logistic_regression_of_two_classes_is_scikit_learns():
    labels = (TRAIN.labels > 1).astype(int)
    theirs = LogisticRegression(C=1 / (0.005 * TRAIN.n), tol=1e-9).fit(TRAIN.values.astype(float), labels)
    # Two rows of weights ±w have the penalty λ ‖w‖², half of scikit-learn's for the one row of weights 2 w.
    ours = LogisticFits(Split(TRAIN.values, labels), 2).logits(TEST.values, 0.01)
    np.testing.assert_allclose(
        ours[:, 1] - ours[:, 0], theirs.decision_function(TEST.values.astype(float)), atol=1e-3
    )


def test_classes_that_can_be_told_apart_have_an_optimum_under_any_penalty_of_the_grid():
    split = Split(np.repeat(np.eye(3), 10, axis=0), np.repeat(np.arange(3), 10))
    (found,) = probe_logistic(split, split, seeds=[0])
    assert found.top1 == 1.0


@pytest.mark.parametrize("split", [TRAIN, WIDE], ids=["n > d", "n < d"])
@pytest.mark.parametrize("penalty", [1.0, 1e-3])
def test_ridge_is_scikit_learns(split, penalty):
    theirs = RidgeClassifier(alpha=penalty * split.n).fit(split.values.astype(float), split.labels)
    wanted = theirs.decision_function(split.values.astype(float))
    fits = RidgeFits.of(split, split.n_classes)
    ours = fits.logits(fits.axes.of_samples(split.values), penalty)
    np.testing.assert_allclose(ours.numpy(), wanted, atol=1e-6)


@pytest.mark.parametrize("k", [1, 3, 10])
def test_nearest_neighbors_are_scikit_learns(k):
    theirs = KNeighborsClassifier(k).fit(TRAIN.values, TRAIN.labels).predict(TEST.values)
    for found in probe_knn(TRAIN, TEST, seeds=[0, 1], k=k):
        np.testing.assert_array_equal(found.predicted, theirs)
        assert found.settings == {"k": k}


def test_copies_of_a_sample_are_equally_near_and_the_lower_row_wins():
    rows = np.random.default_rng(0).standard_normal((6, 50))
    among = rows[[0, 1, 0, 2, 0, 3]]
    assert nearest(rows[:1], among, 2).tolist() == [[0, 2]]
    assert nearest(among[:1], among, 2, without=np.array([0])).tolist() == [[2, 4]]


def test_a_training_sample_is_not_its_own_neighbor():
    split = Split(np.random.default_rng(0).standard_normal((60, 4)), np.arange(60) % 2)
    (found,) = probe_knn(split, split, seeds=[0], k=1)
    assert found.top1 == 1.0
    assert found.train_top1 < 0.8


def test_cosine_neighbors_do_not_see_lengths():
    lengths = np.random.default_rng(0).uniform(0.1, 10, (TRAIN.n, 1))
    longer = Split(TRAIN.values * lengths, TRAIN.labels)
    (one,) = probe_knn(TRAIN, TEST, seeds=[0], k=5)
    (other,) = probe_knn(longer, TEST, seeds=[0], k=5, metric="cosine")
    np.testing.assert_array_equal(one.predicted, other.predicted)


@pytest.mark.parametrize("probe", [probe_ridge, probe_logistic, probe_knn])
def test_the_settings_are_the_best_on_the_held_out_samples(probe):
    results = probe(TRAIN, TEST, seeds=[0, 5])
    assert [result.seed for result in results] == [0, 5]
    for result in results:
        assert 0.5 < result.validation_top1 <= 1
        assert result.top1 > 0.5
        assert result.top1 == np.mean(result.predicted == TEST.labels)


def test_ridge_chooses_the_largest_of_the_best_penalties():
    rows, out = held_out(TRAIN.labels, 0)
    penalties = [1e-4, 1e-2, 1.0, 100.0]
    right = {}
    for penalty in penalties:
        theirs = RidgeClassifier(alpha=penalty * len(rows)).fit(TRAIN.values[rows], TRAIN.labels[rows])
        right[penalty] = (theirs.predict(TRAIN.values[out]) == TRAIN.labels[out]).mean()
    (found,) = probe_ridge(TRAIN, TEST, seeds=[0], penalties=penalties)
    assert found.validation_top1 == pytest.approx(max(right.values()))
    assert found.settings["penalty"] == max(p for p in penalties if right[p] == max(right.values()))


def test_axes_are_the_same_through_either_product():
    narrow, wide = Axes.of(WIDE.values[:, :20]), Axes.of(WIDE.values)
    for axes, values in ((narrow, WIDE.values[:, :20]), (wide, WIDE.values)):
        coordinates = axes.of_samples(values)
        np.testing.assert_allclose((coordinates**2).mean(0), axes.variances, rtol=1e-6)
        apart = np.linalg.norm(values[0] - values[1])
        np.testing.assert_allclose(np.linalg.norm(coordinates[0] - coordinates[1]), apart, rtol=1e-5)


def test_impossible_parameters_are_refused():
    with pytest.raises(BadParameter, match="k from 1 to 239"):
        probe_knn(TRAIN, TEST, k=240)
    with pytest.raises(BadParameter, match="metric 'dot'"):
        probe_knn(TRAIN, TEST, metric="dot")
    with pytest.raises(BadParameter, match="penalties above 0"):
        probe_ridge(TRAIN, TEST, penalties=[0.0])
    with pytest.raises(BadParameter, match="at least one seed"):
        probe_logistic(TRAIN, TEST, seeds=(), grid=Grid())
