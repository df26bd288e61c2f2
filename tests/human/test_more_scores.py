"""Temperatures, response times, ratings, just noticeable differences, human RDMs: definitions and planted people."""

import numpy as np
import pytest
from scipy.stats import kendalltau, pearsonr, rankdata, spearmanr

import seealike
from seealike import Features
from seealike.data.judgements import HumanRdm, Ratings, SamePairs
from seealike.errors import (
    BadParameter,
    DataError,
    MisalignedSamples,
    TooFewSamples,
    UndefinedMeasure,
    UnknownName,
)
from seealike.human.intervals import bootstrap_interval
from seealike.human.ratings import (
    WrongDirection,
    agreement,
    average_precision,
    jnd,
    rating_agreement,
    warn_if_reversed,
)
from seealike.human.rdm import rsa_to_human, triplet_dissimilarities
from seealike.human.temperature import (
    calibration,
    calibration_error,
    entropy_response_times,
    fitted_temperature,
)

from .observers import choose, drawn_triplets, probabilities


def observed(seed, temperature, n=3000):
    rng = np.random.default_rng(seed)
    z = rng.random((60, 6))
    drawn = drawn_triplets(rng, 60, n)
    p = probabilities(z, drawn, temperature)
    return z, choose(rng, drawn, p), p


def test_a_planted_temperature_is_found_and_calibrates():
    z, trials, p = observed(0, 0.2)
    found = calibration(seealike.odd_one_out(z, trials))
    assert found.temperature == pytest.approx(0.2, rel=0.1)
    assert max(found.temperatures) < 1.2 * min(found.temperatures)
    assert found.cross_entropy == pytest.approx(-(p * np.log(p)).sum(axis=1).mean(), abs=0.02)
    assert found.cross_entropy < found.cross_entropy_at_one
    assert found.error < 0.035 < 0.1 < found.error_at_one


def test_the_temperature_is_a_minimum():
    z, trials, _ = observed(1, 0.5)
    score = seealike.odd_one_out(z, trials)
    best = fitted_temperature(score.similarities)
    at = {f: seealike.odd_one_out(z, trials, temperature=f * best).cross_entropy for f in (0.98, 1, 1.02)}
    assert at[1] < at[0.98]
    assert at[1] < at[1.02]


def test_temperatures_at_the_ends():
    s = np.random.default_rng(2).random((50, 3))
    assert fitted_temperature(np.sort(s, axis=1)) == float("inf")  # always against the similarities
    assert 0 < fitted_temperature(-np.sort(-s, axis=1)) < 1e-3  # always with them
    assert fitted_temperature(np.ones((5, 3))) == float("inf")


def test_folds_keep_the_trials_of_a_triplet_together():
    z, trials, _ = observed(3, 0.5, n=40)
    once = calibration(seealike.odd_one_out(z, trials), seed=1)
    many = calibration(seealike.odd_one_out(z, np.repeat(trials, 30, axis=0)), seed=1)
    assert many.temperatures == pytest.approx(once.temperatures, rel=1e-6)
    assert many.cross_entropy == pytest.approx(once.cross_entropy, rel=1e-6)


def test_calibration_error_by_hand():
    p = np.array([[0.9, 0.1], [0.1, 0.9], [0.8, 0.2], [0.5, 0.5]])
    # bins of .1: .9 twice (half right), .8 (right), .5 (half a point)
    assert calibration_error(p, bins=10) == pytest.approx((abs(1 - 1.8) + abs(1 - 0.8) + 0) / 4)


def test_refusals_of_calibration():
    score = seealike.odd_one_out(np.eye(4), [[0, 1, 2], [0, 1, 3]])
    with pytest.raises(BadParameter, match="at least two folds"):
        calibration(score, folds=1)
    with pytest.raises(TooFewSamples, match="at least 5 triplets, one a fold, got 2"):
        calibration(score)
    with pytest.raises(MisalignedSamples, match="2 times, one a trial, got 3"):
        entropy_response_times(score, np.ones(3))
    with pytest.raises(TooFewSamples, match="at least three times, got 1"):
        entropy_response_times(score, np.array([1.0, np.nan]))
    longer = seealike.odd_one_out(np.eye(4), [[0, 1, 2], [0, 1, 3], [1, 2, 3]])
    alike = entropy_response_times(longer, np.ones(3))
    assert np.isnan([alike.correlation, alike.low, alike.high]).all()


def test_planted_response_times_follow_the_entropy():
    z, trials, p = observed(4, 1.0, n=500)
    rng = np.random.default_rng(5)
    entropy = -(p * np.log(p)).sum(axis=1)
    score = seealike.odd_one_out(z, trials)
    slow = entropy_response_times(score, np.exp(5 * entropy + 0.2 * rng.standard_normal(500)), draws=200)
    assert 0.1 < slow.low < slow.correlation < slow.high
    want = spearmanr(entropy, np.arange(500)).statistic
    assert entropy_response_times(score, np.arange(500.0), draws=5).correlation == pytest.approx(
        want, abs=1e-3
    )
    none = entropy_response_times(score, rng.random(500), draws=200)
    assert none.low < 0 < none.high


def rated(seed, *, higher_is_better=True, n_references=12):
    """Images at known distances from their references; opinions fall with them, along a bent curve."""
    rng = np.random.default_rng(seed)
    references, strength = np.repeat(np.arange(n_references), 15), rng.uniform(0.2, 4, 15 * n_references)
    x = 5 * rng.standard_normal((n_references, 8))
    away = rng.standard_normal((len(strength), 8))
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    features = np.concatenate([x, x[references] + strength[:, None] * away])
    opinion = 9 / (1 + np.exp(3 * (strength - 2))) + 0.3 * rng.standard_normal(len(strength))
    scores = opinion if higher_is_better else 9 - opinion
    distorted = n_references + np.arange(len(strength))
    kinds = np.array(["blur", "noise", "jpeg"])[np.arange(len(strength)) % 3]
    return features, Ratings(references, distorted, scores, higher_is_better, kinds), strength, opinion


@pytest.mark.parametrize("higher_is_better", [True, False])
def test_ratings_agree_whatever_their_direction(higher_is_better):
    features, ratings, strength, opinion = rated(0, higher_is_better=higher_is_better)
    found = rating_agreement(features, ratings, draws=50)
    assert found.spearman == pytest.approx(spearmanr(-strength, opinion).statistic)
    assert found.kendall == pytest.approx(kendalltau(-strength, opinion).statistic)
    assert found.pearson == pytest.approx(pearsonr(-strength, opinion).statistic)
    true_curve = 9 / (1 + np.exp(3 * (strength - 2)))
    assert found.pearson_logistic == pytest.approx(pearsonr(true_curve, opinion).statistic, abs=0.002)
    assert found.pearson_logistic > found.pearson + 0.01
    assert set(found.by_distortion) == {"blur", "noise", "jpeg"}
    for name, (low, high) in found.intervals.items():
        assert low <= getattr(found, name) <= high, name
    assert found.n_references == 12


def test_the_curve_is_monotone_so_that_the_wrong_direction_gains_nothing():
    features, ratings, *_ = rated(1)
    wrong = Ratings(ratings.references, ratings.distorted, ratings.scores, False)
    found = rating_agreement(features, wrong, draws=3)
    assert found.spearman < -0.9
    assert abs(found.pearson_logistic) < 0.3
    with pytest.warns(WrongDirection, match="TID: expected some positive correlation, got -0.500 at most"):
        warn_if_reversed({"pixels": found.spearman, "ssim": -0.5}, "TID")


@pytest.mark.slow
def test_intervals_of_ratings_cover_over_references():
    """References differ in how their opinions run: an interval over references holds, one over images is too narrow."""
    rng = np.random.default_rng(2)

    def one(n_references):
        unit = np.repeat(np.arange(n_references), 10)
        far = rng.random(len(unit))
        opinion = -far + 0.8 * rng.standard_normal(n_references)[unit] + 0.1 * rng.standard_normal(len(unit))
        return unit, rankdata(-far), rankdata(opinion)

    def correlation(x, y):
        return np.corrcoef(x, y)[0, 1]

    truth = correlation(*one(20000)[1:])
    hits = 0
    for _ in range(100):
        unit, x, y = one(25)
        low, high = bootstrap_interval(lambda rows, x=x, y=y: correlation(x[rows], y[rows]), unit, draws=150)
        hits += low < truth < high
    assert 87 <= hits < 100
    unit, x, y = one(25)
    given = Ratings(unit, np.arange(250), y, True)
    assert agreement(-x, given, draws=2).n_references == 25


def test_refusals_of_ratings():
    few = Ratings(np.zeros(3), np.arange(3), np.arange(3.0), True)
    with pytest.raises(TooFewSamples, match="at least 5 ratings, got 3"):
        agreement(np.arange(3.0), few)
    same = Ratings(np.zeros(6), np.arange(6), np.ones(6), True)
    with pytest.raises(UndefinedMeasure, match="scores that vary"):
        agreement(np.arange(6.0), same)
    with pytest.raises(DataError, match="row 1: expected a number, got nan"):
        Ratings(np.zeros(2), np.arange(2), np.array([1.0, np.nan]), True)


def test_average_precision_by_hand():
    # nearest first: same, different, same: precision 1, 1/2, 2/3 at recall 1/2, 1/2, 1
    assert average_precision(np.array([3.0, 1, 2]), np.array([1.0, 1, 0])) == pytest.approx(0.5 + 0.5 * 2 / 3)
    # equal distances are taken together, in whatever order they stand
    for same in ([1.0, 0, 1], [0.0, 1, 1], [1.0, 1, 0]):
        assert average_precision(np.ones(3), np.array(same)) == pytest.approx(2 / 3)


def test_planted_sameness_is_found():
    rng = np.random.default_rng(3)
    x = np.concatenate([np.zeros((200, 2)), np.abs(rng.standard_normal((200, 2)))])
    far = np.linalg.norm(x[200:], axis=1)
    same = rng.binomial(3, 1 / (1 + np.exp(4 * (far - 1)))) / 3
    pairs = SamePairs(np.arange(200), np.arange(200, 400), same)
    found = jnd(x, pairs, draws=200)
    assert found.low < found.average_precision < found.high
    assert found.average_precision > same.mean() + 0.2
    noise = jnd(rng.random((400, 2)), pairs, draws=20).average_precision
    assert noise == pytest.approx(same.mean(), abs=0.1)
    with pytest.raises(UndefinedMeasure, match="took for the same, got none"):
        jnd(x, SamePairs(np.arange(3), np.arange(3, 6), np.zeros(3)))


def test_triplet_dissimilarities_by_hand():
    z = np.random.default_rng(6).random((6, 3))
    s = z @ z.T
    for i, j in ((0, 1), (4, 2)):
        p = [
            np.exp(s[i, j]) / (np.exp(s[i, j]) + np.exp(s[i, k]) + np.exp(s[j, k]))
            for k in set(range(6)) - {i, j}
        ]
        assert triplet_dissimilarities(s)[i, j] == pytest.approx(1 - np.mean(p), rel=1e-12)


def test_a_planted_matrix_is_recovered_by_id():
    rng = np.random.default_rng(7)
    x = rng.standard_normal((16, 4))
    names = tuple(f"object {k}" for k in range(16))
    upper = np.triu_indices(16, 1)
    squares = ((x[:, None] - x[None]) ** 2).sum(-1)
    noise = np.zeros((16, 16))
    noise[upper] = rng.standard_normal(120)
    human = HumanRdm(np.sqrt(squares) + 0.5 * (noise + noise.T), names)
    order = rng.permutation(16)
    found = rsa_to_human(Features(x[order], tuple(names[k] for k in order)), human, "sqeuclidean")
    assert found.correlation == pytest.approx(spearmanr(squares[upper], human.values[upper]).statistic)
    assert found.low < found.correlation < found.high
    assert found.p_value == 0.001
    assert rsa_to_human(x, human, "euclidean", "kendall").p_value is None
    others = rng.standard_normal((40, 16, 4))
    assert np.mean([rsa_to_human(o, human, permutations=99).p_value <= 0.1 for o in others]) < 0.25
    with pytest.raises(DataError, match="features with sample ids, or 16 rows"):
        rsa_to_human(x[:5], human)
    with pytest.raises(UnknownName, match="'spearman'"):
        rsa_to_human(x, human, compare="speerman")
    with pytest.raises(MisalignedSamples, match="'object 0'"):
        rsa_to_human(Features(x[:2], ("a", "b")), human)


@pytest.mark.parametrize(
    ("values", "ids", "message"),
    [
        (np.zeros((2, 3)), "ab", "2 × 2 dissimilarities"),
        (np.array([[0, 1], [2, 0]]), "ab", "symmetric matrix.*a difference of 1"),
        (np.zeros((2, 2)), "aa", "an id twice"),
        (np.full((2, 2), np.nan), "ab", "expected a number"),
    ],
)
def test_matrices_that_cannot_be(values, ids, message):
    with pytest.raises(DataError, match=message):
        HumanRdm(values, tuple(ids))
