"""Paired tests and layer profiles: their level under the null, and planted differences."""

import numpy as np
import pytest

import seealike
from seealike.errors import DataError, MisalignedSamples, UndefinedMeasure
from seealike.human.intervals import clustered_error
from seealike.human.layers import profile_of_units
from seealike.human.paired import layer_profile, paired_difference

from .observers import choose, drawn_triplets, probabilities


class Credits:
    """A score by its credits."""

    def __init__(self, correct, units, raters=None):
        self.correct, self.units, self.raters = np.asarray(correct, float), np.asarray(units), raters


def judged(rng, chances, n_units=60, times=4):
    """Credits of several models on the same units, whose difficulty they share."""
    units = np.repeat(np.arange(n_units), times)
    hard = 0.3 * rng.standard_normal(n_units)[units]
    made = []
    for chance in chances:
        own = 0.15 * rng.standard_normal(n_units)[units]  # what a model finds hard itself
        made.append(Credits(rng.random(len(units)) < np.clip(chance + hard + own, 0, 1), units))
    return made


def test_the_difference_has_its_level_and_its_power():
    rng = np.random.default_rng(0)
    null = [paired_difference(*judged(rng, (0.5, 0.5), 40, 15), draws=199) for _ in range(400)]
    assert 0.02 < np.mean([d.p_value <= 0.05 for d in null]) < 0.085
    assert 0.915 < np.mean([d.low < 0 < d.high for d in null]) < 0.98
    found = [paired_difference(*judged(rng, (0.65, 0.45)), draws=199) for _ in range(40)]
    assert np.mean([d.p_value <= 0.05 for d in found]) > 0.9


def test_trials_as_if_independent_would_be_too_sure():
    rng = np.random.default_rng(1)
    wrong = 0
    for _ in range(200):
        a, b = judged(rng, (0.5, 0.5), n_units=30, times=20)
        alone = np.arange(len(a.correct))
        wrong += (
            paired_difference(Credits(a.correct, alone), Credits(b.correct, alone), draws=99).p_value <= 0.05
        )
    assert wrong / 200 > 0.09


def test_small_cases_are_exact():
    first, second = Credits([1, 1, 1, 1], range(4)), Credits([0, 0, 0, 0], range(4))
    found = paired_difference(first, second, draws=20000)
    assert found.p_value == pytest.approx(2 / 16, abs=0.01)
    assert found.difference == 1
    assert paired_difference(first, first).p_value == 1


def test_layers_have_their_level_together():
    rng = np.random.default_rng(2)
    any_of, covered = 0, 0
    for _ in range(200):
        scores = judged(rng, [0.5] * 6)
        found = layer_profile({str(k): s for k, s in enumerate(scores)}, 0.5, draws=300)
        any_of += found.p_value_familywise.min() <= 0.05
        covered += bool(((found.low < 0) & (found.high > 0)).all())
        assert (found.p_value_familywise >= found.p_value).all()
    assert 0.01 < any_of / 200 < 0.1
    assert covered / 200 > 0.9


def test_layers_against_one_of_them():
    rng = np.random.default_rng(3)
    early, middle, late = judged(rng, (0.4, 0.6, 0.42), n_units=300)
    found = layer_profile({"early": early, "middle": middle, "late": late}, late)
    assert found.best == "middle"
    assert found.p_value_familywise[1] < 0.01
    assert found.gain[2] == 0 == found.low[2]
    assert found.p_value[2] > 0.5


def test_the_planted_order_of_layers_is_recovered():
    rng = np.random.default_rng(4)
    z = rng.random((80, 8))
    drawn = drawn_triplets(rng, 80, 2500)
    trials = choose(rng, drawn, probabilities(z, drawn, 0.2))
    noise = {"block 0": 3.0, "block 4": 0.6, "block 8": 0.05, "projection": 0.25}
    scores = {
        name: seealike.odd_one_out(z + s * rng.standard_normal(z.shape), trials) for name, s in noise.items()
    }
    found = layer_profile(scores, 1 / 3)
    order = sorted(noise, key=lambda name: -found.gain[found.layers.index(name)])
    assert order == ["block 8", "projection", "block 4", "block 0"]
    assert found.p_value_familywise[found.layers.index("block 8")] < 0.01
    assert paired_difference(scores["block 8"], scores["block 4"]).p_value < 0.01


def test_what_cannot_be_compared_is_refused():
    first = Credits([1, 0, 1], [0, 1, 2])
    with pytest.raises(MisalignedSamples, match="score of second: expected the judgements of first"):
        paired_difference(first, Credits([1, 0], [0, 1]))
    with pytest.raises(MisalignedSamples, match="score of against"):
        layer_profile({"a": first}, Credits([1, 0, 1], [0, 1, 1]))
    with pytest.raises(UndefinedMeasure, match="at least two units"):
        paired_difference(Credits([1, 0], [0, 0]), Credits([0, 0], [0, 0]))
    with pytest.raises(UndefinedMeasure, match="at least two units"):
        layer_profile({"a": Credits([1, 0], [0, 0])}, 0.5)
    with pytest.raises(DataError, match="expected scores, got none"):
        layer_profile({}, 0.5)


def test_the_best_layer_is_among_those_that_may_be_the_best():
    """The set of layers with p > .05 holds the truly best one in 95 % of the cases, though it is picked by nobody."""
    rng, held, alone = np.random.default_rng(5), 0, 0
    for _ in range(200):
        units = rng.normal([0.5, 0.45, 0.5, 0.2], 0.5, size=(80, 4)) + rng.normal(0, 1, size=(80, 1))
        found = profile_of_units({str(k): units[:, k] for k in range(4)}, draws=300)
        held += bool((found.p_value_best[[0, 2]] > 0.05).all())
        alone += bool(found.p_value_best[3] <= 0.05)
        assert found.p_value_best[int(found.gain.argmax())] > 0.05
        assert found.behind.min() == 0
    assert held / 200 > 0.87  # two layers share the first place, so that both are in it less often than each
    assert alone / 200 > 0.8


def test_layers_that_are_the_same_are_as_good_as_each_other():
    same = np.random.default_rng(6).normal(size=30)
    found = profile_of_units({"a": same, "b": same.copy()})
    assert found.p_value_best.tolist() == [1, 1]
    assert found.behind.tolist() == [0, 0]
    with pytest.raises(DataError, match="expected scores, got none"):
        profile_of_units({})


def test_raters_who_always_answer_alike_widen_the_band():
    rng = np.random.default_rng(7)
    units, raters = np.repeat(np.arange(60), 20), np.tile(np.arange(20), 60)
    correct = (rng.random((60, 20)) < rng.choice([0.2, 0.8], 20)).astype(float).ravel()
    plain, known = Credits(correct, units), Credits(correct, units)
    known.raters = raters
    narrow, wide = (layer_profile({"a": one}, 0.5) for one in (plain, known))
    error = clustered_error(correct, units, raters) / clustered_error(correct, units)
    assert error > 2
    assert (wide.high - wide.low) / (narrow.high - narrow.low) == pytest.approx(error)
    assert wide.p_value >= narrow.p_value


def test_models_whose_rows_stand_in_another_order_are_compared_by_id():
    rng = np.random.default_rng(8)
    names = np.array([f"object{k}" for k in range(30)])
    values = rng.random((30, 4))
    first, second = (
        seealike.Features(values[o], tuple(names[o])) for o in (np.arange(30), rng.permutation(30))
    )
    drawn = names[np.array([rng.choice(30, 3, replace=False) for _ in range(200)])]
    for score in (seealike.odd_one_out, seealike.two_afc):
        one, other = score(first, drawn), score(second, drawn)
        assert (one.units == other.units).all()
        assert paired_difference(one, other).difference == 0
