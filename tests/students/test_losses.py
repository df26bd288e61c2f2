"""The losses against values worked out by hand, and against scipy in float64."""

import math

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon
from scipy.special import softmax
from scipy.stats import entropy

from seealike.errors import BadParameter, NonFiniteError, ShapeError
from seealike.students.losses import check_similarities, chooses_first_pair, pair_products, triplet_loss

LN2, LN3 = math.log(2), math.log(3)
# p = (1/2, 1/4, 1/4) and q = (1/3, 1/3, 1/3)
SIMILARITIES = torch.tensor([[LN2, 0.0, 0.0]], dtype=torch.float64)
FLAT = torch.zeros(1, 3, dtype=torch.float64)
# m = (5/12, 7/24, 7/24)
JS = 0.5 * (0.5 * math.log(6 / 5) + 0.5 * math.log(6 / 7)) + 0.5 * (math.log(4 / 5) + 2 * math.log(8 / 7)) / 3
GOLDEN = {"kl": 0.5 * math.log(3 / 2) + 0.5 * math.log(3 / 4), "js": JS, "hard": LN3}


@pytest.mark.parametrize("loss", GOLDEN)
def test_golden_values(loss):
    assert float(triplet_loss(FLAT, SIMILARITIES, loss, 1.0)) == pytest.approx(GOLDEN[loss], abs=1e-15)


def test_golden_numbers_are_these():
    assert {name: round(value, 12) for name, value in GOLDEN.items()} == {
        "kl": 0.058891517828,
        "js": 0.014362591564,
        "hard": 1.098612288668,
    }


@pytest.mark.parametrize("temperature", [0.5, 1.0, 100.0])
def test_agrees_with_scipy(temperature):
    rng = np.random.default_rng(0)
    d, s = rng.normal(size=(50, 3)) * 5, rng.normal(size=(50, 3)) * 2
    p, q = softmax(s, axis=1), softmax(d / temperature, axis=1)
    expected = {
        "kl": entropy(p, q, axis=1).mean(),
        "js": (jensenshannon(p, q, axis=1) ** 2).mean(),
        "hard": -np.log(q[:, 0]).mean(),
    }
    for loss, value in expected.items():
        found = triplet_loss(torch.tensor(d), torch.tensor(s), loss, temperature)
        assert float(found) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("loss", GOLDEN)
def test_temperature_is_the_students_alone(loss):
    products = torch.randn(9, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    teacher = products.flip(0)
    scaled = triplet_loss(7 * products, teacher, loss, 7.0)
    torch.testing.assert_close(scaled, triplet_loss(products, teacher, loss, 1.0))
    if loss != "hard":
        assert not torch.isclose(scaled, triplet_loss(products, 7 * teacher, loss, 1.0))


@pytest.mark.parametrize("loss", GOLDEN)
def test_extreme_products_stay_finite_with_their_gradients(loss):
    products = torch.tensor([[-1e4, 1e4, 0.0]], requires_grad=True)
    value = triplet_loss(products, torch.tensor([[300.0, -300.0, 0.0]]), loss, 1.0)
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(products.grad).all()
    assert loss != "js" or float(value.detach()) == pytest.approx(LN2)


@pytest.mark.parametrize("loss", GOLDEN)
def test_gradients(loss):
    products = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    teacher = torch.randn(4, 3, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: triplet_loss(x, teacher, loss, 2.0), products)


def test_half_precision_is_computed_in_float32():
    products = torch.tensor([[300.0, 299.0, 298.0]]).to(torch.bfloat16)
    assert triplet_loss(products, torch.zeros(1, 3)).dtype == torch.float32


def test_pair_products_are_those_of_the_rows():
    y = torch.randn(6, 5, generator=torch.Generator().manual_seed(1))
    rows = torch.tensor([[0, 3, 5], [2, 1, 0]])
    gram = y @ y.T
    expected = [[gram[a, b], gram[a, c], gram[b, c]] for a, b, c in rows.tolist()]
    torch.testing.assert_close(pair_products(y, rows), torch.tensor(expected))


def test_ties_are_wrong():
    asked = torch.tensor([[1.0, 0.0, 0.5], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.0, 1.0, 2.0]])
    assert chooses_first_pair(asked).tolist() == [True, False, False, False]


def test_refusals():
    with pytest.raises(BadParameter, match="kl, js or hard, got 'kld'. Did you mean 'kl'"):
        triplet_loss(FLAT, FLAT, "kld")
    with pytest.raises(BadParameter, match="temperature > 0, got 0"):
        triplet_loss(FLAT, FLAT, "kl", 0.0)
    with pytest.raises(ShapeError, match=r"\(0, 3\) and \(0, 3\)"):
        triplet_loss(torch.zeros(0, 3), torch.zeros(0, 3))
    with pytest.raises(NonFiniteError, match="t.npz, row 1: expected finite"):
        check_similarities(torch.tensor([[1.0, 0, 0], [math.inf, 0, 0]]), "t.npz")
    with pytest.raises(ShapeError, match="similarities"):
        check_similarities(torch.zeros(3), "t.npz")
