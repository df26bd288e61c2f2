"""Fitting shows what features contain, only on objects that were not fitted to; and recovery tells models apart."""

import numpy as np
import polars as pl
import pytest
from scipy.special import softmax

from seealike.data.features import Features
from seealike.data.judgements import Trials
from seealike.errors import BadParameter, DataError, MisalignedSamples, TooFewSamples
from seealike.human import odd_one_out
from seealike.proof import cross_recovery, probe_alignment
from seealike.transforms import Grid, Settings

PAIRS = ((0, 1), (0, 2), (1, 2))
ORDER = np.array([[0, 1, 2], [0, 2, 1], [1, 2, 0]])
IDS = tuple(f"o{k:03d}" for k in range(90))
RIGHT = Grid(regularization=(1e-4,))
BRIEF = Settings(max_steps=40)


def observed(z, n=4000, seed=0):
    """Trials of people who see z, with their uncertainty."""
    rng = np.random.default_rng(seed)
    rows = np.array([rng.choice(len(z), 3, replace=False) for _ in range(n)])
    dots = np.stack([(z[rows[:, a]] * z[rows[:, b]]).sum(axis=1) for a, b in PAIRS], axis=1)
    chosen = (rng.random((n, 1)) > softmax(dots, axis=1).cumsum(axis=1)[:, :2]).sum(axis=1)
    return Trials(np.array(IDS)[np.take_along_axis(rows, ORDER[chosen], axis=1)])


@pytest.fixture
def world():
    """What people see, features that contain it behind a linear map, and features that do not."""
    rng = np.random.default_rng(1)
    z = 1.6 * rng.standard_normal((90, 3))
    return z, Features(z @ rng.standard_normal((3, 8)), IDS), Features(rng.standard_normal((90, 8)), IDS)


def test_a_map_finds_what_is_contained_and_nothing_where_nothing_is(world):
    z, contains, lacks = world
    trials = observed(z)
    found = probe_alignment(contains, trials, RIGHT)
    ideal = odd_one_out(Features(z, IDS), trials).accuracy
    assert found.fitted.accuracy > found.unfitted.accuracy + 0.03
    assert found.fitted.accuracy > ideal - 0.05
    none = probe_alignment(lacks, trials, RIGHT)
    assert none.fitted.low < 1 / 3 < none.fitted.high  # objects of the fit would have been learned by heart


def test_scored_trials_share_no_object_with_their_fit(world, monkeypatch):
    z, contains, _ = world
    trials = observed(z, 2000)
    seen = []

    def spy(values, members, *rest, **kwargs):
        seen.append(values)
        return real(values, members, *rest, **kwargs)

    from seealike.proof import probing

    real = probing.fit_transform
    monkeypatch.setattr(probing, "fit_transform", spy)
    found = probe_alignment(contains, trials, RIGHT, folds=3)
    assert [len(values) for values in seen] == [60, 60, 60]
    rows = {tuple(row) for row in contains.values.tolist()}
    left_out = [rows - {tuple(row) for row in values.tolist()} for values in seen]
    assert sum(map(len, left_out)) == 90  # every object is left out once
    assert found.fitted.n == found.unfitted.n == found.folds["n_held_out"].sum()
    assert 0.06 < found.fitted.n / found.n < 0.17  # 1/9
    assert found.folds["n_train"].mean() / found.n == pytest.approx(8 / 27, abs=0.05)


def test_settings_are_chosen_on_the_other_objects(world):
    z, contains, _ = world
    found = probe_alignment(contains, observed(z), Grid(regularization=(1e-4, 1e3)), folds=2, inner=2)
    assert found.folds["regularization"].to_list() == [1e-4, 1e-4]


def test_bad_input_of_probing(world):
    z, contains, _ = world
    with pytest.raises(BadParameter, match="two folds"):
        probe_alignment(contains, observed(z, 50), folds=1)
    with pytest.raises(DataError, match="fold 0 of 9: expected at least 10 trials"):
        probe_alignment(contains, observed(z, 300), RIGHT, folds=9)
    with pytest.raises(MisalignedSamples, match="o08"):
        probe_alignment(contains.select(IDS[:80]), observed(z, 300), RIGHT)


@pytest.fixture(scope="module")
def rivals():
    rng = np.random.default_rng(3)
    return {name: Features(1.5 * rng.standard_normal((90, 3)), IDS) for name in ("one", "two", "three")}


def test_models_that_differ_are_recovered(rivals):
    found = cross_recovery(rivals, observed(rivals["one"].values, 3000), BRIEF, draws=1, folds=2)
    assert found.scores.height == 9
    assert found.rates.filter(generator="one")["recovered"].item() == 1
    own = found.scores.filter(generator="one", candidate="one")["accuracy"].item()
    assert own > 0.5 > found.scores.filter(generator="one", candidate="two")["accuracy"].item()
    # The choices of the others are their own, not those of the trials, which the first would predict.
    assert found.scores.filter(generator="two", candidate="one")["accuracy"].item() < 0.45


def test_models_that_are_linear_maps_of_one_another_cannot_be_told_apart():
    rng = np.random.default_rng(4)
    z = 1.5 * rng.standard_normal((90, 3))
    turn = np.linalg.qr(rng.standard_normal((3, 3)))[0]  # scale, and so the standardization, stay
    models = {"one": Features(z, IDS), "copy": Features(z.copy(), IDS), "turned": Features(z @ turn, IDS)}
    found = cross_recovery(models, observed(z, 2000), BRIEF, draws=1, folds=2)
    by_draw = found.scores.pivot("candidate", index=["generator", "draw"], values="accuracy")
    assert by_draw["one"].to_list() == by_draw["copy"].to_list()
    assert found.rates.filter(generator="one")["recovered"].item() <= 0.5  # first places are shared
    gap = (by_draw["one"] - by_draw["turned"]).abs().max()
    assert gap < 0.03


@pytest.mark.slow
def test_recovery_joins_by_id_and_is_the_same_again(rivals):
    trials = observed(rivals["one"].values, 600)
    shuffled = dict(rivals, two=rivals["two"].select(IDS[::-1]))
    first, again = (cross_recovery(models, trials, BRIEF, draws=1, folds=2) for models in (rivals, shuffled))
    assert first.scores.equals(again.scores)
    with pytest.raises(TooFewSamples, match="two models"):
        cross_recovery({"one": rivals["one"]}, trials)
    assert isinstance(first.scores, pl.DataFrame)
