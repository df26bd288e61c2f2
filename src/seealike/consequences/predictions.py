"""What two classifiers say of the same samples: answers, errors, and both together.

Letters: n samples, K outputs.
"""

from __future__ import annotations

import numpy as np
from scipy.special import softmax


def agreement(predicted_x: np.ndarray, predicted_y: np.ndarray) -> float:
    """The share of samples that both give the same class.

    Args:
        predicted_x: (n,) classes.
        predicted_y: (n,) classes.

    Returns:
        From 0 to 1.

    Example:
        >>> agreement(np.array([0, 1, 2, 2]), np.array([0, 1, 2, 1]))
        0.75
    """
    return float((predicted_x == predicted_y).mean())


def kappa(predicted_x: np.ndarray, predicted_y: np.ndarray) -> float | None:
    """Cohen's kappa: agreement beyond what the shares of the answers give, (p_o - p_e) / (1 - p_e).

    Args:
        predicted_x: (n,) classes.
        predicted_y: (n,) classes.

    Returns:
        At most 1; 0 for answers that have nothing to do with each other; None where both always say the same.

    Example:
        >>> round(kappa(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0])), 3)
        0.5

    Source:
        Cohen, «A coefficient of agreement for nominal scales», Educational and Psychological Measurement 1960.
    """
    from sklearn.metrics import cohen_kappa_score

    if len(np.unique(np.concatenate([predicted_x, predicted_y]))) == 1:
        return None
    return float(cohen_kappa_score(predicted_x, predicted_y))


def error_consistency(right_x: np.ndarray, right_y: np.ndarray) -> float | None:
    """Cohen's kappa of being right: whether two models err on the same samples, beyond what their accuracies give.

    Args:
        right_x: (n,) bool.
        right_y: (n,) bool.

    Returns:
        At most 1; None where both are right on all samples, or wrong on all.

    Example:
        >>> right = np.array([True, True, False, False])
        >>> error_consistency(right, right), error_consistency(right, ~right)
        (1.0, -1.0)

    Source:
        Geirhos, Meding & Wichmann, «Beyond accuracy: quantifying trial-by-trial behaviour of CNNs and humans by
        measuring error consistency», NeurIPS 2020.
    """
    return kappa(right_x, right_y)


def ensemble_gain(
    logits: tuple[np.ndarray, np.ndarray], classes: tuple[np.ndarray, np.ndarray], labels: np.ndarray
) -> float:
    """The accuracy of the mean of two models' probabilities, less the mean of their accuracies.

    A class that a model does not know has probability 0 with it. Models that err on the same samples gain nothing.

    Args:
        logits: (n, K) of each.
        classes: (K,) of the outputs of each.
        labels: (n,) classes.

    Returns:
        From -1 to 1, mostly positive.

    Example:
        >>> x, y = np.array([[3.0, 0.0], [0.0, 1.0]]), np.array([[0.0, 1.0], [0.0, 3.0]])
        >>> both = np.array([0, 1])
        >>> ensemble_gain((x, y), (both, both), np.array([0, 1]))
        0.25
    """
    known = np.unique(np.concatenate(classes))
    mean = np.zeros((len(labels), len(known)))
    alone = []
    for values, own in zip(logits, classes, strict=True):
        mean[:, np.searchsorted(known, own)] += softmax(values.astype(np.float64), axis=1) / 2
        alone.append((own[values.argmax(axis=1)] == labels).mean())
    return float((known[mean.argmax(axis=1)] == labels).mean() - np.mean(alone))
