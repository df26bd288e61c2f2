"""Stacked fits are those of a plain loop over torch's own parts."""

import numpy as np
import pytest
import torch

from seealike.probes.stacked import course, fit, with_ones
from tests.probes import plain
from tests.probes.made import overlapping

FITS = [(0.1, 1e-2), (0.1, 10.0), (1e-2, 1.0), (1e-3, 0.0)]


@pytest.mark.parametrize("n_classes", [2, 7])
def test_weights_are_those_of_a_plain_loop_to_rounding(n_classes):
    data = overlapping(300, 20, n_classes)
    path = course(3, data.n, (n_classes, data.d), epochs=6, batch_size=128)
    rates, decays = torch.tensor(FITS, dtype=torch.float64).unbind(1)
    with torch.no_grad():
        weights = fit(with_ones(data.values), torch.from_numpy(data.labels), path, rates, decays)
    for ours, (rate, decay) in zip(weights, FITS, strict=True):
        options = {"epochs": 6, "batch_size": 128, "n_classes": n_classes}
        theirs = plain.fit(data.values, data.labels, 3, rate, decay, **options)
        torch.testing.assert_close(ours[:, :-1], theirs.weight.detach(), rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(ours[:, -1], theirs.bias.detach(), rtol=1e-4, atol=1e-5)


def test_a_fit_does_not_depend_on_its_neighbors():
    data = overlapping(200, 10, 3)
    path = course(0, data.n, (3, 10), epochs=3, batch_size=64)
    x, labels = with_ones(data.values), torch.from_numpy(data.labels)
    rates, decays = torch.tensor(FITS, dtype=torch.float64).unbind(1)
    together = fit(x, labels, path, rates, decays)
    alone = fit(x, labels, path, rates[2:3], decays[2:3])
    torch.testing.assert_close(together[2], alone[0], rtol=1e-5, atol=1e-6)


def test_the_orders_are_a_shuffling_loaders():
    path = course(5, 40, (3, 4), epochs=2, batch_size=16)
    torch.manual_seed(5)
    torch.nn.Linear(4, 3)
    loader = torch.utils.data.DataLoader(torch.arange(40), batch_size=16, shuffle=True)
    theirs = [rows.tolist() for _ in range(2) for rows in loader]
    assert [rows.tolist() for rows in path.batches()] == theirs
    assert path.n_steps == len(theirs)


def test_torchs_own_generator_is_left_alone():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    course(0, 10, (2, 3), epochs=1, batch_size=4)
    np.testing.assert_array_equal(before.numpy(), torch.get_rng_state().numpy())
