"""The three scores against scikit-learn's."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, top_k_accuracy_score

from seealike.probes.result import scores


@pytest.mark.parametrize("seed", range(3))
def test_scores_are_scikit_learns(seed):
    rng = np.random.default_rng(seed)
    labels = rng.choice(9, size=300, p=[0.3, 0.2, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05])
    logits = rng.standard_normal((300, 9)) + 1.5 * np.eye(9)[labels]
    found = scores(logits, labels)
    assert found.top1 == pytest.approx(accuracy_score(labels, logits.argmax(1)))
    assert found.top5 == pytest.approx(top_k_accuracy_score(labels, logits, k=5))
    assert found.mean_class_recall == pytest.approx(balanced_accuracy_score(labels, logits.argmax(1)))


def test_five_classes_have_no_top5():
    assert scores(np.eye(5), np.arange(5)).top5 is None


def test_a_label_that_the_classifier_does_not_know_is_never_right():
    found = scores(np.eye(6), np.array([0, 1, 2, 3, 4, 7]))
    assert found.top1 == pytest.approx(5 / 6)
    assert found.top5 == pytest.approx(5 / 6)
    assert found.mean_class_recall == pytest.approx(5 / 6)


def test_of_equal_logits_the_lower_class_is_higher():
    assert scores(np.zeros((6, 6)), np.arange(6)).top5 == pytest.approx(5 / 6)
