"""The pull to the initial weights: the published update to the last digit, the penalty against its gradient."""

import pytest
import torch
from torch import nn

from seealike.errors import BadParameter
from seealike.students.decay import InitialWeights

RATE, STRENGTH = 0.1, 0.5


def test_decoupled_pull_is_adams_step_plus_the_way_back():
    """Published: update = Adam's direction + λ (θ - θ₀), then times the learning rate, all of θ before the step."""
    torch.manual_seed(0)
    pulled, plain = nn.Linear(3, 2).double(), nn.Linear(3, 2).double()
    plain.load_state_dict(pulled.state_dict())
    start = InitialWeights(dict(pulled.named_parameters()), STRENGTH)
    first = [p.detach().clone() for p in pulled.parameters()]
    x = torch.randn(5, 3, dtype=torch.float64)
    one, two = (torch.optim.Adam(m.parameters(), lr=RATE) for m in (pulled, plain))
    for _ in range(4):
        for module, optimizer in ((pulled, one), (plain, two)):
            optimizer.zero_grad()
            module(x).square().sum().backward()
        before = [p.detach().clone() for p in plain.parameters()]
        start.pull(RATE)
        one.step()
        two.step()
        with torch.no_grad():
            for p, old, origin in zip(plain.parameters(), before, first, strict=True):
                p -= RATE * STRENGTH * (old - origin)
        for p, q in zip(pulled.parameters(), plain.parameters(), strict=True):
            torch.testing.assert_close(p, q, rtol=1e-13, atol=1e-13)


def test_penalty_has_the_gradient_of_a_square():
    weight = nn.Parameter(torch.tensor([1.0, 2.0]))
    start = InitialWeights({"w": weight}, STRENGTH)
    weight.data += torch.tensor([0.5, -1.0])
    start.penalty().backward()
    assert float(start.penalty().detach()) == pytest.approx(STRENGTH * 1.25)
    assert weight.grad.tolist() == pytest.approx([2 * STRENGTH * 0.5, -2 * STRENGTH])


def test_frozen_weights_are_left_alone():
    weight = nn.Parameter(torch.ones(2), requires_grad=False)
    start = InitialWeights({"w": weight}, 1.0)
    weight.data += 1
    start.pull(0.5)
    assert weight.tolist() == [2.0, 2.0]


def test_a_negative_strength_is_refused():
    with pytest.raises(BadParameter, match="strength ≥ 0, got -1"):
        InitialWeights({}, -1)
