"""What is refused at the border, and with which words."""

import numpy as np
import pytest
import torch

from seealike.errors import DataError, MisalignedSamples, NonFiniteError, ShapeError, TooFewSamples
from seealike.measures import cka, rsa
from seealike.numerics.checks import samples

X = np.random.default_rng(0).standard_normal((20, 3))


@pytest.mark.parametrize(
    "value",
    [
        X.astype(str),
        X.astype(object),
        X.astype(complex),
        X > 0,
        np.ma.masked_array(X),
        X.tolist(),
        torch.tensor(X > 0),
        torch.tensor(X).to_sparse(),
        torch.tensor(X).to(torch.complex64),
    ],
    ids=lambda v: f"{type(v).__name__}-{getattr(v, 'dtype', '')}",
)
def test_not_numbers(value):
    with pytest.raises(
        DataError, match="cka: y: expected a dense numpy array or torch tensor of real numbers"
    ):
        cka(X, value)


@pytest.mark.parametrize("value", [X[0], X[None], X[:, :0], torch.tensor(X)[None]])
def test_not_two_dimensional(value):
    with pytest.raises(ShapeError, match="cka: x: expected 2-D features"):
        cka(value, X)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", [np.asarray, torch.tensor])
def test_not_finite(bad, kind):
    broken = X.copy()
    broken[4, 1] = broken[9, 2] = bad
    with pytest.raises(NonFiniteError, match=r"cka: y: .* got 2 rows with NaN or infinity \(rows 4, 9\)"):
        cka(X, kind(broken))


def test_not_finite_in_a_late_block():
    broken = np.zeros((1_200_000, 1), dtype=np.float32)
    broken[[1_000_001, 1_199_999]] = np.nan
    with pytest.raises(NonFiniteError, match="rows 1000001, 1199999"):
        samples(broken, "x")


def test_unequal_numbers_of_samples():
    with pytest.raises(MisalignedSamples, match="19 samples in y; 20 samples in x"):
        cka(X, X[:-1])


@pytest.mark.parametrize(("measure", "least"), [(cka, 4), (cka.bind(unbiased=False), 2), (rsa, 3)])
def test_too_few_samples(measure, least):
    assert np.isfinite(measure(X[:least], X[4 : 4 + least]))
    with pytest.raises(TooFewSamples, match=f"expected at least {least} samples, got {least - 1}"):
        measure(X[: least - 1], X[: least - 1])


def test_extreme_features_are_scaled_exactly():
    for scale in (1e-300, 1e-250, 1.0, 1e250, 1e307):
        checked = samples(X * scale, "x")
        rows = checked.rows(slice(0, 20))
        assert torch.isfinite(rows.square()).all()
        np.testing.assert_array_equal(np.ldexp(rows.numpy(), checked.exponent), X * scale)
