"""Attacks stay within their radius and do what the papers say; transfer counts what it should."""

import sys

import numpy as np
import pytest
import torch
from torch import nn

from seealike.consequences import Attack, Classifier, perturbed, transfer
from seealike.errors import BadParameter, MissingDependency

from .linear import images, linear

pytest.importorskip("art")


def _network(seed=0):
    generator = torch.Generator().manual_seed(seed)
    head = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 2))
    with torch.no_grad():
        for one in head.parameters():
            one.copy_(torch.randn(one.shape, generator=generator))
    return Classifier("n", nn.Flatten(), head, np.array([0, 1]))


@pytest.mark.parametrize("name", ["mi_fgsm", "pgd"])
def test_attacks_stay_near_and_make_models_err(name):
    shown, labels = images()
    model = linear("a", [1, 1, 1, 1])
    attack = Attack(name, 0.15, 5)
    changed = perturbed(model, shown, labels, attack)
    assert np.abs(changed - shown).max() <= 0.15 + 1e-6
    assert changed.min() >= 0
    assert changed.max() <= 1
    assert changed.dtype == np.float32
    before, after = ((model.logits(x).argmax(1) == labels).mean() for x in (shown, changed))
    assert before == 1
    assert after < 0.9


def test_mi_fgsm_is_the_published_recursion():
    """g <- μ g + ∇L / ||∇L||_1, x <- clip(x + radius / steps · sign g), written down again."""
    model, attack = _network(), Attack("mi_fgsm", 0.1, 4, momentum=0.7)
    shown, labels = images(30)
    x, velocity = torch.from_numpy(shown), torch.zeros(30, 1, 2, 2)
    for _ in range(4):
        x.requires_grad_(True)
        loss = nn.functional.cross_entropy(model.network(x), torch.from_numpy(labels))
        (gradient,) = torch.autograd.grad(loss, x)
        norm = gradient.abs().sum((1, 2, 3), keepdim=True)
        velocity = 0.7 * velocity + gradient / norm
        x = (x.detach() + 0.025 * velocity.sign()).clamp(0, 1)
    np.testing.assert_allclose(perturbed(model, shown, labels, attack), x.numpy(), atol=1e-6)


def test_random_starts_come_from_the_seed_and_leave_other_generators_alone():
    shown, labels = images(20)
    attack = Attack("pgd", 0.1, 1)
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one, again, other = (perturbed(_network(), shown, labels, attack, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 0.01


def test_callers_images_are_left_alone():
    shown, labels = images(10)
    kept = shown.copy()
    perturbed(_network(), shown, labels, Attack("pgd", 0.1))
    np.testing.assert_array_equal(shown, kept)


def test_attacks_transfer_to_models_that_see_the_same_and_not_to_others():
    shown, labels = images()
    attack = Attack("mi_fgsm", 0.15)
    left = linear("left", [1, 0, 1, 0])
    rates = [
        transfer(left, target, shown, labels, attack)
        for target in (left, linear("partly", [1, 0.5, 1, 0.5]), linear("right", [0, 1, 0, 1]))
    ]
    assert rates[0][0] == 1
    assert 0 < rates[1][0] < 1
    assert rates[2][0] == 0  # the gradient is zero where the source does not look
    assert len({n for _, n in rates}) == 1


def test_only_what_both_knew_and_the_source_was_fooled_on_counts():
    shown, labels = images()
    wrong = labels.copy()
    wrong[:50] = 1 - wrong[:50]  # neither model says this
    attack, model = Attack("mi_fgsm", 0.15), linear("a", [1, 1, 1, 1])
    assert transfer(model, model, shown, wrong, attack) == transfer(
        model, model, shown[50:], labels[50:], attack
    )
    fooled = (model.logits(perturbed(model, shown, labels, attack)).argmax(1) != labels).sum()
    assert transfer(model, model, shown, labels, attack) == (1.0, fooled)


def test_what_the_target_errs_on_anyway_is_no_transfer():
    shown, labels = images()
    shown[:50, ..., 1] = 1 - shown[:50, ..., 1]  # half of the pixels say the other class
    left, right = linear("left", [1, 0, 1, 0]), linear("right", [0, 1, 0, 1])
    rate, n = transfer(left, right, shown, labels, Attack(radius=0.15))
    assert rate == 0
    assert (rate, n) == transfer(left, right, shown[50:], labels[50:], Attack(radius=0.15))


def test_classes_are_joined_by_their_numbers():
    shown, labels = images()
    first = linear("a", [1, 0, 1, 0], classes=(7, 3))
    turned = linear("b", [-1, -0.5, -1, -0.5], classes=(3, 7))  # the same, its outputs the other way around
    expected = transfer(
        linear("a", [1, 0, 1, 0]), linear("b", [1, 0.5, 1, 0.5]), shown, labels, Attack(radius=0.15)
    )
    assert transfer(first, turned, shown, np.array([7, 3])[labels], Attack(radius=0.15)) == expected


def test_nothing_to_transfer_is_unknown():
    shown, labels = images(30)
    model = linear("a", [1, 1, 1, 1])
    assert transfer(model, model, shown, labels, Attack(radius=1e-4)) == (None, 0)
    assert transfer(model, model, shown, 1 - labels, Attack()) == (None, 0)


def test_mistakes_are_explained(monkeypatch):
    with pytest.raises(BadParameter, match="a radius above 0 and at most 1"):
        Attack(radius=8)
    with pytest.raises(BadParameter, match="0 steps"):
        Attack(steps=0)
    monkeypatch.setitem(sys.modules, "art.attacks.evasion", None)
    with pytest.raises(MissingDependency, match=r"seealike\[attacks\]"):
        perturbed(_network(), *images(3), Attack())
