"""Where the mathematics has no answer, or one that means nothing."""

import numpy as np
import pytest

from seealike.errors import UndefinedMeasure
from seealike.measures import DoubtfulSimilarity, bind, cka, rsa

RNG = np.random.default_rng(0)
X = RNG.standard_normal((30, 6))


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, 1e30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_constant_features(value, dtype):
    with pytest.raises(UndefinedMeasure, match="cka: y: expected features that vary over the samples"):
        cka(X, np.full((30, 4), value, dtype=dtype))


def test_constant_rows_are_named():
    broken = X.copy()
    broken[[3, 17]] = 0.1
    with pytest.raises(UndefinedMeasure, match=r"rsa: x: .* got constant rows \(3, 17\)"):
        rsa(broken, X)


def test_rows_that_all_correlate():
    rows = np.arange(5.0) * np.arange(1, 31)[:, None]
    with pytest.raises(UndefinedMeasure, match="for correlations, scale"):
        rsa(rows, X)


@pytest.mark.parametrize("parameters", [{}, {"kernel": "rbf"}])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equal_distances_have_no_unbiased_value(parameters, dtype):
    with pytest.raises(UndefinedMeasure, match="constant up to rounding"):
        bind("cka", parameters)(np.eye(30, dtype=dtype), X.astype(dtype))
    assert 0 < bind("cka", {**parameters, "unbiased": False})(np.eye(30, dtype=dtype), X.astype(dtype)) < 1


@pytest.mark.parametrize("sigma", [1e-9, 1e-300])
def test_sigma_below_rounding(sigma):
    with pytest.raises(UndefinedMeasure, match="expected sigma above"):
        cka(X, X, kernel="rbf", sigma=sigma)


def test_small_sigma_is_doubtful_when_biased():
    with pytest.warns(DoubtfulSimilarity, match="almost the identity"):
        value = cka(10 * X, 10 * RNG.standard_normal((30, 6)), kernel="rbf", sigma=1.0, unbiased=False)
    assert value > 0.99
    cka(10 * X, 10 * X, kernel="rbf", sigma=1.0)  # unbiased: no warning (warnings are errors)
