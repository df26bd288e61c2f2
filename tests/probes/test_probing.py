"""The public function."""

import numpy as np
import pytest

import seealike
from seealike.errors import BadParameter, UnknownName
from tests.probes.made import overlapping

TRAIN = overlapping(120, 6, 3)


@pytest.mark.parametrize("method", ["adamw", "logistic", "ridge", "knn"])
def test_every_method_answers_alike(method):
    results = seealike.probe(TRAIN.values, TRAIN.labels, TRAIN.values, TRAIN.labels, method=method, seeds=[3])
    (found,) = results
    assert (found.method, found.seed, found.n_train, found.n_classes) == (method, 3, 120, 3)
    assert found.predicted.shape == (120,)
    assert found.top1 == np.mean(found.predicted == TRAIN.labels)
    assert found.top1 > 0.6


def test_unknown_methods_and_options_are_refused():
    args = (TRAIN.values, TRAIN.labels, TRAIN.values, TRAIN.labels)
    with pytest.raises(UnknownName, match="Did you mean 'logistic'?"):
        seealike.probe(*args, method="logistik")
    with pytest.raises(BadParameter, match="knn probe: expected options among k, metric, seeds, got kk"):
        seealike.probe(*args, method="knn", kk=3)
