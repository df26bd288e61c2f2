"""Odd one out and two-alternative choice: definitions written out, tie rules, planted observers, intervals."""

import numpy as np
import pytest

import seealike
from seealike import Features
from seealike.data.judgements import Choices, Trials
from seealike.errors import BadParameter, DataError, MisalignedSamples, ShapeError, UnknownName
from seealike.human import pairs
from seealike.human import triplets as scoring
from seealike.human.intervals import clustered_error, share_interval
from seealike.human.tally import tallied

from .observers import choose, drawn_triplets, probabilities

SIMILARITIES = {
    "dot": lambda x, y: x @ y,
    "cosine": lambda x, y: x @ y / np.linalg.norm(x) / np.linalg.norm(y),
    "correlation": lambda x, y: np.corrcoef(x, y)[0, 1],
    "euclidean": lambda x, y: -np.linalg.norm(x - y),
}


@pytest.mark.parametrize("name", SIMILARITIES)
def test_odd_one_out_is_what_it_says(name):
    rng = np.random.default_rng(0)
    x, trials = rng.standard_normal((15, 4)), drawn_triplets(rng, 15, 60)
    right, entropies = [], []
    for a, b, odd in trials:
        s = SIMILARITIES[name](x[a], x[b]), SIMILARITIES[name](x[a], x[odd]), SIMILARITIES[name](x[b], x[odd])
        right.append(s[0] > max(s[1:]))
        entropies.append(-np.log(np.exp(s[0]) / np.exp(s).sum()))
    found = seealike.odd_one_out(x, trials, name)
    assert found.accuracy == np.mean(right)
    assert found.cross_entropy == pytest.approx(np.mean(entropies), rel=1e-12)
    assert found.n == 60
    np.testing.assert_array_equal(found.correct, right)
    assert found.similarities[7].tolist() == pytest.approx(
        [SIMILARITIES[name](x[i], x[j]) for i, j in (trials[7][[0, 1]], trials[7][[0, 2]], trials[7][[1, 2]])]
    )


def test_normalized_euclidean_weighs_channels_by_the_three_pairs_of_all_trials():
    rng = np.random.default_rng(1)
    x, trials = rng.standard_normal((15, 4)) * [1, 100, 1, 1], drawn_triplets(rng, 15, 60)
    a, b, c = x[trials].transpose(1, 0, 2)
    squares = np.stack([(a - b) ** 2, (a - c) ** 2, (b - c) ** 2])
    d = np.sqrt((squares / squares.mean(axis=(0, 1))).mean(axis=2))
    found = seealike.odd_one_out(x, trials, "normalized_euclidean")
    np.testing.assert_allclose(-found.similarities.T, d, rtol=1e-12)
    assert found.accuracy == ((d[0] < d[1]) & (d[0] < d[2])).mean()


# Rows 0, 1 and 2 are one image, 3 and 4 another.
TWINS = np.array([[1.0, 0]] * 3 + [[0.0, 1]] * 2)


@pytest.mark.parametrize(
    ("trial", "strict", "half", "lenient"),
    [
        ([0, 1, 2], 0, 1 / 3, 1),  # all three pairs are the same
        ([0, 1, 3], 1, 1, 1),
        ([0, 3, 1], 0, 0, 0),  # another pair is the largest
    ],
)
def test_ties(trial, strict, half, lenient):
    for rule, worth in (("strict", strict), ("half", half), ("lenient", lenient)):
        assert seealike.odd_one_out(TWINS, [trial], "cosine", rule).accuracy == pytest.approx(worth)


def test_two_of_three_tied_are_worth_a_half():
    x = np.array([[2.0, 0], [1, 1], [1, -1]])  # s01 = s02 = 2, s12 = 0
    assert seealike.odd_one_out(x, [[0, 1, 2]], ties="half").accuracy == 0.5
    assert seealike.odd_one_out(x, [[0, 1, 2]]).tied == 1
    assert seealike.odd_one_out(x, [[1, 2, 0]], ties="lenient").accuracy == 0


def test_the_order_of_the_two_others_and_of_the_trials_changes_nothing():
    rng = np.random.default_rng(2)
    x, trials = rng.standard_normal((15, 4)), drawn_triplets(rng, 15, 60)
    found = seealike.odd_one_out(x, trials)
    turned = seealike.odd_one_out(x, trials[::-1, [1, 0, 2]])
    assert turned.accuracy == found.accuracy
    assert turned.cross_entropy == pytest.approx(found.cross_entropy, rel=1e-14)
    assert (turned.low, turned.high) == pytest.approx((found.low, found.high))


def test_ids_and_row_numbers_give_the_same():
    rng = np.random.default_rng(3)
    x, trials = rng.standard_normal((9, 4)), drawn_triplets(rng, 9, 30)
    names = np.array([f"image {k}.png" for k in range(9)])
    order = rng.permutation(9)
    features = Features(x[order], tuple(names[order]))
    want = seealike.odd_one_out(x, trials)
    for triplets in (names[trials], names[trials].tolist(), Trials(names[trials])):
        assert seealike.odd_one_out(features, triplets).accuracy == want.accuracy
    assert seealike.odd_one_out(x, names[trials], ids=names.tolist()).accuracy == want.accuracy


def test_a_planted_observer_is_recovered():
    rng = np.random.default_rng(4)
    z = rng.random((40, 6))
    drawn = np.repeat(drawn_triplets(rng, 40, 400), 15, axis=0)
    p = probabilities(z, drawn, temperature=0.5)
    trials = choose(rng, drawn, p)
    found = seealike.odd_one_out(z, trials, temperature=0.5)
    assert found.low < p.max(axis=1).mean() < found.high
    assert found.cross_entropy == pytest.approx(-(p * np.log(p)).sum(axis=1).mean(), abs=0.02)
    assert found.n_triplets == pytest.approx(400, abs=20)
    # The divergence from 15 judgements is that of chance: (K - 1) / 2m.
    assert found.kl_divergence == pytest.approx(2 / 30, abs=0.02)
    blurred = [
        seealike.odd_one_out(z + noise * rng.standard_normal(z.shape), trials).accuracy
        for noise in (0.1, 0.3, 2)
    ]
    assert found.accuracy > blurred[0] > blurred[1] > blurred[2] > 0.3


def test_the_divergence_is_the_mean_over_triplets():
    rng = np.random.default_rng(5)
    z, drawn = rng.random((8, 3)), drawn_triplets(rng, 8, 20)
    trials = np.concatenate([drawn, drawn, drawn[:10][:, [2, 0, 1]]])
    by_set = {}
    for trial in trials.tolist():
        by_set.setdefault(frozenset(trial), []).append(trial[2])
    want = []
    for samples, odd in by_set.items():
        ordered = np.array(sorted(samples))
        q = probabilities(z, ordered[None])[0]
        shares = np.array([odd.count(k) for k in ordered]) / len(odd)
        want.append(sum(s * np.log(s / t) for s, t in zip(shares, q, strict=True) if s > 0))
    found = seealike.odd_one_out(z, trials)
    assert found.kl_divergence == pytest.approx(np.mean(want), rel=1e-10)
    assert found.n_triplets == len(by_set)
    assert seealike.odd_one_out(z, [[0, 1, 2], [0, 1, 3]]).kl_divergence is None


@pytest.mark.parametrize("largest", [9, 5_000, 2_000_000])
def test_triplets_are_counted_whatever_their_numbers(largest):
    """Codes of three large numbers and a place do not fit into 63 bits."""
    rng = np.random.default_rng(7)
    few = rng.integers(0, largest, (50, 3)) + np.array([0, largest, 2 * largest])
    few[25:] = few[:25] + np.array([0, 0, 1])  # near each other
    trials = few[rng.integers(0, 50, 400)]
    trials = np.take_along_axis(trials, rng.permuted(np.tile(np.arange(3), (400, 1)), axis=1), axis=1)
    found = tallied(trials)
    kinds, first, units = np.unique(np.sort(trials, axis=1), axis=0, return_index=True, return_inverse=True)
    np.testing.assert_array_equal(found.units, units.ravel())
    np.testing.assert_array_equal(np.sort(trials[found.first], axis=1), kinds)
    np.testing.assert_array_equal(found.first, first)
    for k, kind in enumerate(kinds):
        odd = trials[units.ravel() == k, 2]
        assert found.counts[k].tolist() == [np.count_nonzero(odd == sample) for sample in kind]


def test_blocks_and_threads_change_nothing(monkeypatch):
    rng = np.random.default_rng(8)
    x, trials = rng.standard_normal((9, 3)), drawn_triplets(rng, 9, 500)
    before = seealike.odd_one_out(x, trials, ties="half")
    monkeypatch.setattr(scoring, "_BLOCK", 7)
    monkeypatch.setattr(pairs, "_LOOK_UPS", 11)
    found = seealike.odd_one_out(x, trials, ties="half")
    assert found.cross_entropy == before.cross_entropy
    assert found.kl_divergence == before.kl_divergence
    np.testing.assert_array_equal(found.similarities, before.similarities)
    np.testing.assert_array_equal(found.correct, before.correct)


@pytest.mark.parametrize(
    ("triplets", "options", "error", "message"),
    [
        ([[0, 1, 1]], {}, DataError, r"trials row 0: expected three different samples, got \[0, 1, 1\]"),
        ([[0, 1]], {}, ShapeError, r"\(n, 3\), the odd one last, got shape \(1, 2\)"),
        ([[1, 2, 5]], {}, MisalignedSamples, "subtract 1"),
        (np.zeros((0, 3), int), {}, DataError, "expected trials, got none"),
        ([[0.0, 1.0, 2.0]], {}, DataError, "by id or by row number, got float64"),
        ([[0, 1, 2]], {"ties": "soft"}, UnknownName, "tie rule, got 'soft'"),
        ([[0, 1, 2]], {"temperature": 0.0}, BadParameter, "positive temperature"),
        ([[0, 1, 2]], {"similarity": "cosin"}, UnknownName, "'cosine'"),
    ],
)
def test_what_cannot_be_is_refused(triplets, options, error, message):
    with pytest.raises(error, match=message):
        seealike.odd_one_out(np.eye(5), triplets, **options)


def test_the_callers_arrays_are_left_alone():
    x, trials = np.random.default_rng(6).random((5, 3)), np.array([[0, 1, 2], [3, 4, 0]])
    before = x.copy(), trials.copy()
    x.setflags(write=False)
    trials.setflags(write=False)
    for name in ("dot", "cosine", "normalized_euclidean"):
        seealike.odd_one_out(x, trials, name)
        seealike.two_afc(x, trials, name)
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(trials, before[1])


@pytest.mark.parametrize(("rule", "worth"), [("strict", 0.5), ("half", 0.625), ("lenient", 0.75)])
def test_two_afc_and_its_ties(rule, worth):
    x = np.array([[0.0], [1.0], [3.0], [-1.0]])
    triplets = [
        [0, 1, 2],
        [0, 2, 1],
        [0, 1, 3],
        [1, 0, 2],
    ]
    # nearer right; wrong; a tie; and 1 lies at 1 from 0 and at 2 from 3: right
    assert seealike.two_afc(x, triplets, ties=rule).accuracy == worth


def test_two_afc_with_votes():
    x = np.array([[0.0], [1.0], [3.0]])
    choices = Choices(np.array([0, 0]), np.array([1, 2]), np.array([2, 1]), np.array([0.2, 0.2]))
    found = seealike.two_afc(x, choices)
    assert found.accuracy == pytest.approx((0.8 + 0.2) / 2)
    q = 1 / (1 + np.exp(-2))  # distances 1 and 3
    want = -(0.8 * np.log(q) + 0.2 * np.log(1 - q) + 0.8 * np.log(1 - q) + 0.2 * np.log(q)) / 2
    assert found.cross_entropy == pytest.approx(want)
    assert found.n_references == 1


def test_two_afc_agrees_with_triplets_by_id_and_every_distance():
    rng = np.random.default_rng(7)
    x, triplets = rng.standard_normal((20, 4)), drawn_triplets(rng, 20, 50)
    r, a, b = x[triplets].transpose(1, 0, 2)
    names = np.array([f"s{k}" for k in range(20)])
    for name, d in {
        "euclidean": lambda u, v: ((u - v) ** 2).sum(1),
        "dot": lambda u, v: -(u * v).sum(1),
        "cosine": lambda u, v: -(u * v).sum(1) / np.linalg.norm(v, axis=1),
    }.items():
        found = seealike.two_afc(Features(x, tuple(names)), names[triplets], name)
        assert found.accuracy == (d(r, a) < d(r, b)).mean()


def test_a_planted_chooser_is_recovered():
    rng = np.random.default_rng(8)
    z, triplets = rng.standard_normal((300, 5)), drawn_triplets(rng, 300, 2000)
    gap = np.diff([np.linalg.norm(z[triplets[:, 0]] - z[triplets[:, k]], axis=1) for k in (1, 2)], axis=0)[0]
    second = rng.binomial(5, 1 / (1 + np.exp(gap))) / 5
    choices = Choices(*triplets.T, second)
    found = seealike.two_afc(z, choices)
    ceiling = np.maximum(1 / (1 + np.exp(gap)), 1 / (1 + np.exp(-gap))).mean()
    assert found.low < ceiling < found.high
    assert seealike.two_afc(rng.standard_normal((300, 5)), choices).accuracy == pytest.approx(0.5, abs=0.03)


def test_intervals_cover_over_triplets_and_raters():
    """Accuracy of trials whose difficulty depends on triplet and rater: 95 % intervals hold about 95 % of the time."""
    rng = np.random.default_rng(9)
    n_triplets, n_raters = 40, 24
    triplets, raters = np.repeat(np.arange(n_triplets), n_raters), np.tile(np.arange(n_raters), n_triplets)

    def drawn(shape):
        return 1.2 * rng.standard_normal(shape), 0.9 * rng.standard_normal(shape)

    hard, able = drawn(1_000_000)
    truth = (1 / (1 + np.exp(-(0.6 + hard + able)))).mean()

    def covers(*clusters):
        hits = 0
        for _ in range(500):
            hard, able = drawn(n_triplets)
            right = rng.random(len(triplets)) < 1 / (1 + np.exp(-(0.6 + hard[triplets] + able[raters])))
            low, high = share_interval(right.astype(float), *clusters)
            hits += low < truth < high
        return hits / 500

    assert 0.93 < covers(triplets, raters) < 0.975
    assert covers(triplets) < 0.89  # raters are drawn too
    assert covers() < 0.6  # as if all trials were independent


def test_one_kind_of_unit_is_the_bootstrap():
    rng = np.random.default_rng(11)
    units = np.sort(rng.integers(0, 50, size=400))
    units = np.unique(units, return_inverse=True)[1]
    values = (rng.random(400) < 0.2 + 0.6 * rng.random(50)[units]).astype(float)
    sums, counts = np.bincount(units, values), np.bincount(units)
    chosen = rng.integers(len(sums), size=(20000, len(sums)))
    means = sums[chosen].sum(axis=1) / counts[chosen].sum(axis=1)
    assert clustered_error(values, units) == pytest.approx(means.std(), rel=0.03)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_an_interval_has_a_width_where_all_are_right_or_wrong(value):
    low, high = share_interval(np.full(30, value))
    assert high - low > 0.05
    assert low <= value <= high
    assert share_interval(np.ones(5), np.zeros(5, int)) == (0.0, 1.0)


def test_each_of_three_codebases_has_its_tie_rule():
    """Their formulas written out, on whole numbers full of ties: what docs/human.md says under «Ties»."""
    rng = np.random.default_rng(11)
    x = rng.integers(0, 2, size=(30, 3)).astype(float)
    three = np.array([rng.choice(30, 3, replace=False) for _ in range(400)])
    d01, d02, d12 = (
        ((x[three[:, i]] - x[three[:, j]]) ** 2).sum(axis=1) for i, j in ((0, 1), (0, 2), (1, 2))
    )
    share = rng.choice([0.0, 0.2, 0.6, 1.0], 400)
    judged = Choices(three[:, 0], three[:, 1], three[:, 2], share)
    published = {
        "strict": (
            ((d01 < d02) & (d01 < d12)).mean(),  # Hernández-Cámara et al., THINGS
            ((d01 > d02) * share + (d01 < d02) * (1 - share)).mean(),  # and NIGHTS, where shares are 0 or 1
        ),
        "half": (
            None,
            ((d01 < d02) * (1 - share) + (d02 < d01) * share + 0.5 * (d01 == d02)).mean(),
        ),  # LPIPS
        "lenient": (((d01 <= d02) & (d01 <= d12)).mean(), None),  # DreamSim, THINGS
    }
    assert len({odd for odd, _ in published.values()} - {None}) == 2, "ties tell the rules apart here"
    for rule, (odd, two) in published.items():
        if odd is not None:
            assert seealike.odd_one_out(x, three, "sqeuclidean", rule).accuracy == pytest.approx(odd)
        if two is not None:
            assert seealike.two_afc(x, judged, "sqeuclidean", rule).accuracy == pytest.approx(two)
