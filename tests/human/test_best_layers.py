"""Contributions of units, and the test between two models' best layers."""

import numpy as np
import pytest

from seealike.data.asked import asked, judged_digest, judged_samples
from seealike.data.judgements import Choices, HumanRdm, Ratings, SamePairs, Trials
from seealike.errors import MisalignedSamples, UndefinedMeasure
from seealike.human.best_layers import best_layers
from seealike.human.distances import distances
from seealike.human.influence import agreeing, influences
from seealike.human.intervals import clustered_error
from seealike.human.rows import located
from seealike.human.scoring import chance, credited, main_score, scores

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 4))
TRIPLETS = np.array([RNG.choice(30, 3, replace=False) for _ in range(200)])
PAIRS = np.array([RNG.choice(30, 2, replace=False) for _ in range(120)])
JUDGED = {
    "odd_one_out": Trials(np.repeat(TRIPLETS, 3, axis=0), raters=np.arange(600) % 7),
    "two_afc": Choices(*TRIPLETS.T, RNG.integers(0, 6, 200) / 5, votes=np.full(200, 5)),
    "spearman": Ratings(PAIRS[:, 0] % 6, 6 + PAIRS[:, 1] % 24, RNG.random(120), True),
    "jnd": SamePairs(*PAIRS.T, RNG.integers(0, 4, 120) / 3),
    "rsa_spearman": HumanRdm(np.abs(X[:12, None, 0] - X[None, :12, 0]), tuple("abcdefghijkl")),
}


def far(judged, x=X):
    members, sides = asked(judged)
    ids = list("abcdefghijkl") + [f"{k}" for k in range(18)]
    return distances(located(x, members, ids=ids if members.dtype.kind == "U" else None), sides, "euclidean")


@pytest.mark.parametrize("name", JUDGED)
def test_contributions_average_to_the_score(name):
    judged = JUDGED[name]
    made = far(judged)
    first = scores(judged, made, draws=20)[0]
    assert first.name == name == main_score(judged)
    assert name in chance(judged)
    units = influences(judged, made)
    assert units.mean() == pytest.approx(first.value)
    assert (agreeing(judged, made) >= 0).all()
    assert (agreeing(judged, made) <= 1).all()


def test_the_error_of_contributions_is_that_over_units():
    found = credited(JUDGED["odd_one_out"], far(JUDGED["odd_one_out"]))
    units = influences(JUDGED["odd_one_out"], far(JUDGED["odd_one_out"]))
    assert units.std(ddof=1) / np.sqrt(len(units)) == pytest.approx(
        clustered_error(found.correct, found.units)
    )


def test_agreement_in_ranks_of_what_has_no_credits():
    matrix = JUDGED["rsa_spearman"]
    opinion = matrix.values[np.triu_indices(12, 1)][:, None]
    assert agreeing(matrix, opinion**3) == pytest.approx(1)
    assert agreeing(matrix, -opinion).min() < 0.1


def layers(rng, better, n_units=60, n_layers=6):
    """Models whose layers share what is hard about a unit; every layer of the first is `better`."""
    hard = rng.normal(size=(n_units, 1))
    one = hard + rng.normal(size=(n_units, n_layers)) + better
    two = hard + rng.normal(size=(n_units, n_layers))
    return [{f"layer {k}": values[:, k] for k in range(n_layers)} for values in (one, two)]


@pytest.mark.parametrize(
    ("n_first", "n_second", "hard"),
    [(6, 6, 0.3), (13, 1, 0.3), (13, 1, 2.0)],
    ids=["even", "uneven", "alike"],
)
def test_picking_the_best_layer_is_allowed_for(n_first, n_second, hard):
    """Equal layers: the best of 13 against one alone, where a plain interval of the picked layers covers 83 %."""
    rng = np.random.default_rng(1)
    covered = []
    for seed in range(250):
        common = hard * rng.normal(size=(60, 1))
        one, two = (common + rng.normal(size=(60, n)) for n in (n_first, n_second))
        found = best_layers(dict(enumerate(one.T)), dict(enumerate(two.T)), draws=199, seed=seed)
        covered.append(found.low <= 0 <= found.high)
        assert covered[-1] == (found.p_value > 0.05) or abs(found.p_value - 0.05) < 0.03
    assert np.mean(covered) > 0.92


def test_layers_that_are_far_behind_do_not_count():
    one, two = layers(np.random.default_rng(8), 0, 200)
    last = {"last": one["layer 0"] + 3}
    alone = best_layers(last, two)
    assert best_layers(one | last, two) == alone


def test_a_single_pair_of_layers_has_the_plain_coverage():
    rng = np.random.default_rng(2)
    found = [best_layers(*layers(rng, 0.3, 25, 1), draws=299, seed=k) for k in range(400)]
    covered = np.mean([one.low <= 0.3 <= one.high for one in found])
    assert 0.92 < covered < 0.98


def test_a_better_model_is_found():
    found = best_layers(*layers(np.random.default_rng(3), 1.5))
    assert found.low > 0
    assert found.p_value == pytest.approx(2 / 2001)
    wider = best_layers(*layers(np.random.default_rng(3), 1.5), widen=2)
    assert wider.high - wider.low == pytest.approx(2 * (found.high - found.low))


def test_equal_models_have_no_difference():
    one = layers(np.random.default_rng(4), 0)[0]
    found = best_layers(one, one)
    assert (found.difference, found.p_value) == (0, 1)


def test_what_cannot_be_compared():
    with pytest.raises(MisalignedSamples, match="the same 3 units, got 2"):
        best_layers({"a": np.ones(3)}, {"a": np.ones(2)})
    with pytest.raises(UndefinedMeasure, match="at least two units"):
        best_layers({"a": np.ones(1)}, {"a": np.ones(1)})


def test_what_judgements_are_about():
    assert asked(JUDGED["two_afc"])[1] == ((0, 1), (0, 2))
    assert judged_samples(JUDGED["rsa_spearman"]) == tuple("abcdefghijkl")
    said = {judged_digest(judged) for judged in JUDGED.values()}
    assert len(said) == len(JUDGED)
    raters = Trials(JUDGED["odd_one_out"].triplets, raters=np.zeros(600))
    assert judged_digest(raters) != judged_digest(JUDGED["odd_one_out"])
