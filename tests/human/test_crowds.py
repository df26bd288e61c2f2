"""How far the shares of a small crowd lie from the probabilities they were drawn from, told from the shares alone."""

import numpy as np
import pytest
from scipy.special import softmax, xlogy

from seealike.human.crowds import crowd_divergences


@pytest.mark.parametrize("m", [3, 8, 20])
@pytest.mark.parametrize("sure", [0.0, 1.0, 2.0, 3.0])
def test_the_noise_of_a_crowd_is_found_without_the_probabilities(m, sure):
    """Not of the assumed distribution: a softmax of normal numbers, from people who guess to people who are sure."""
    rng = np.random.default_rng(int(10 * sure) + m)
    true = softmax(sure * rng.standard_normal((4000, 3)), axis=1)
    counts = rng.multinomial(m, true)
    shares = counts / m
    noise = (xlogy(shares, shares) - xlogy(shares, true)).sum(axis=1).mean()
    assert crowd_divergences(counts).mean() == pytest.approx(noise, rel=0.12)


def test_more_judgements_leave_less_and_each_unit_has_its_own():
    few, many = np.array([[3, 1, 0], [1, 2, 1]]), np.array([[30, 10, 0], [10, 20, 10]])
    both = crowd_divergences(np.concatenate([few, many]))
    assert (both[2:] < both[:2] / 3).all()
    assert (both > 0).all()
