"""Planted embeddings are found again, with as many dimensions, and the probabilities are those that were planted."""

import numpy as np
import pytest
import torch
from scipy.special import softmax

from seealike.embeddings import (
    Chooser,
    Ensemble,
    PointEmbedding,
    Proportions,
    SparseSettings,
    Variational,
    VariationalSettings,
    fit_sparse,
    fit_variational,
    out_of_sample,
    read_embedding,
    stacked,
    write_embedding,
)
from seealike.embeddings.counted import counted, similarities
from seealike.embeddings.proportions import likeliest_concentration
from seealike.embeddings.spike_slab import log_prior, significant_objects
from seealike.errors import (
    BadParameter,
    DamagedArtifact,
    DataError,
    MisalignedSamples,
    ShapeError,
    TooFewSamples,
    UndefinedMeasure,
)

N, D = 40, 3


def _chosen(p, rows, rng):
    """Trials of an observer who chooses with these probabilities."""
    pick = (p.cumsum(axis=1) < rng.random((len(p), 1))).sum(axis=1)
    return np.take_along_axis(rows, np.array([[0, 1, 2], [0, 2, 1], [1, 2, 0]])[pick], axis=1)


def _asked(n, rng, n_objects=N):
    return np.array([rng.permutation(n_objects)[:3] for _ in range(n)])


@pytest.fixture(scope="module")
def planted():
    rng = np.random.default_rng(0)
    truth = PointEmbedding(np.where(rng.random((N, D)) < 0.35, rng.gamma(3, 0.5, (N, D)), 0))
    rows = _asked(8000, rng)
    trials = _chosen(truth.probabilities(rows), rows, rng)
    fresh = _asked(2000, rng)
    return truth, trials, fresh


@pytest.fixture(scope="module")
def variational(planted):
    return fit_variational(planted[1], N, VariationalSettings(n_dims=12))


def _divergence(p, q):
    return float((p * np.log(p / q)).sum(axis=1).mean())


def test_variational_finds_the_dimensions_and_how_many(planted, variational):
    truth, _, fresh = planted
    assert variational.means.shape == (N, D)
    assert variational.settled
    found = np.corrcoef(truth.values.T, np.maximum(variational.means, 0).T)[:D, D:]
    assert (found.max(axis=1) > 0.97).all()
    expected = truth.probabilities(fresh)
    uniform = _divergence(expected, np.full((len(fresh), 3), 1 / 3))
    assert _divergence(expected, variational.probabilities(fresh)) < 0.03 * uniform
    sums = np.maximum(variational.means, 0).sum(axis=0)
    assert (np.diff(sums) <= 0).all()


def test_posterior_covers_the_planted_weights(planted, variational):
    """Where the truth lies in the posterior: 95 % intervals hold it about as often (weights above zero)."""
    truth = planted[0].values
    order = np.corrcoef(truth.T, np.maximum(variational.means, 0).T)[:D, D:].argmax(axis=1)
    means, deviations = variational.means[:, order], variational.deviations[:, order]
    above = truth > 0.3
    inside = (np.abs(truth - means) < 1.96 * deviations)[above]
    assert 0.7 < inside.mean() <= 1


def test_sparse_finds_the_dimensions(planted):
    truth, trials, fresh = planted
    made = fit_sparse(trials, N, SparseSettings(n_dims=5, regularization=0.02))
    found = np.corrcoef(truth.values.T, made.values.T)[:D, D:]
    assert (found.max(axis=1) > 0.95).all()
    assert (made.values >= 0).all()
    assert (made.values == 0).mean() > 0.3
    expected = truth.probabilities(fresh)
    assert _divergence(expected, made.probabilities(fresh)) < 0.1
    emptier = fit_sparse(trials, N, SparseSettings(n_dims=5, regularization=0.2))
    assert emptier.values.sum() < 0.7 * made.values.sum()


def test_same_seed_same_numbers(planted):
    how = VariationalSettings(n_dims=6, max_steps=40, burn_in=30, window=5, seed=3, objects=0)
    one, other = (fit_variational(planted[1], N, how) for _ in range(2))
    np.testing.assert_array_equal(one.means, other.means)
    again = fit_variational(planted[1], N, VariationalSettings(**{**vars(how), "seed": 4}))
    assert again.means.shape != one.means.shape or (again.means != one.means).any()


def test_a_triplet_has_one_probability_in_any_company_and_order(variational):
    rows = np.array([[3, 8, 21], [5, 6, 7]])
    together, alone = variational.probabilities(rows), variational.probabilities(rows[:1])
    np.testing.assert_array_equal(together[:1], alone)
    turned = variational.probabilities(rows[:, [2, 0, 1]])
    np.testing.assert_allclose(turned, together[:, [1, 2, 0]], rtol=1e-12)
    np.testing.assert_allclose(together.sum(axis=1), 1)


def test_random_choices_leave_no_dimension():
    rng = np.random.default_rng(1)
    with pytest.raises(UndefinedMeasure, match="more than 15 objects have a weight"):
        fit_variational(
            _asked(600, rng),
            N,
            VariationalSettings(n_dims=4, objects=15, burn_in=100, max_steps=200, window=50),
        )


@pytest.mark.parametrize("dense", [False, True])
def test_likelihood_is_that_of_every_trial(dense):
    rng = np.random.default_rng(2)
    n_objects = 8 if dense else 400
    trials = np.repeat(_asked(40, rng, n_objects), 3, axis=0)
    trials[::3] = trials[::3, [0, 2, 1]]
    x = rng.random((n_objects, 4))
    a, b, c = (x[trials[:, k]] for k in range(3))
    s = np.stack([(a * b).sum(1), (a * c).sum(1), (b * c).sum(1)], axis=1)
    expected = np.log(softmax(s, axis=1)[:, 0]).sum()
    known = counted(trials, n_objects)
    assert known.n_trials == 120
    assert float(known.log_likelihood(torch.from_numpy(x))) == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(similarities(torch.from_numpy(x), torch.tensor(trials)).numpy(), s, rtol=1e-12)


def test_prior_is_a_density():
    x = torch.linspace(-12, 12, 24001, dtype=torch.float64)
    assert float(log_prior(x, 0.25, 1.5, 0.7).exp().sum() * 0.001) == pytest.approx(1, abs=1e-6)


def test_significance_is_benjamini_and_hochberg():
    # p-values .001, .02, .03 and .2 of four: .03 <= 3/4 x .05, .2 > .05.
    from scipy.stats import norm

    means = norm.isf(np.array([[0.001], [0.02], [0.03], [0.2]]))
    assert significant_objects(means, np.ones((4, 1))).tolist() == [3]
    assert significant_objects(means, np.ones((4, 1)), level=0.01).tolist() == [1]


def test_proportions_are_counts_in_any_order():
    trials = np.array([[4, 1, 7]] * 5 + [[7, 4, 1]] * 3 + [[1, 7, 4]] * 2)
    raw = Proportions.of(trials, 9, concentration=0)
    rows = np.array([[1, 4, 7], [7, 4, 1], [4, 7, 1]])
    expected = [[0.5, 0.2, 0.3], [0.3, 0.2, 0.5], [0.3, 0.5, 0.2]]
    np.testing.assert_allclose(raw.probabilities(rows), expected)
    smooth = Proportions.of(trials, 9, concentration=2)
    np.testing.assert_allclose(smooth.probabilities(rows[:1]), [[7 / 16, 4 / 16, 5 / 16]])
    with pytest.raises(
        DataError, match=r"triplet 1: expected a triplet that was judged.*\[1, 4, 8\], and 0 more"
    ):
        raw.probabilities(np.array([[1, 4, 7], [1, 4, 8]]))
    with pytest.raises(BadParameter, match="0 or more"):
        Proportions.of(trials, 9, concentration=-1)


def test_concentration_is_found_again():
    rng = np.random.default_rng(3)
    for alpha in (0.3, 3.0):
        counts = np.array([rng.multinomial(15, p) for p in rng.dirichlet([alpha] * 3, 4000)])
        assert likeliest_concentration(counts) == pytest.approx(alpha, rel=0.1)


def test_temperature_is_found_again(planted):
    truth, trials, _ = planted
    sharper = PointEmbedding(truth.values * 2)  # inner products four times as large
    assert sharper.fitted(trials).temperature == pytest.approx(4, rel=0.1)


def test_ensembles_average(planted):
    rows = np.array([[0, 1, 2]])
    members = [PointEmbedding(np.eye(3) * k) for k in (0, 1)] + [PointEmbedding(np.ones((3, 1)))]
    mean = np.mean([member.probabilities(rows) for member in members], axis=0)
    np.testing.assert_allclose(Ensemble(members).probabilities(rows), mean)
    with pytest.raises(BadParameter, match="at least one member"):
        Ensemble([])


def test_all_are_choosers(planted, variational):
    some = Proportions.of(planted[1], N)
    for one in (planted[0], variational, some, Ensemble([variational])):
        assert isinstance(one, Chooser)
        p = one.probabilities(planted[1][:10])
        np.testing.assert_allclose(p.sum(axis=1), 1)


def test_files_keep_everything(tmp_path, planted, variational):
    ids = tuple(f"object {k}" for k in range(N))
    write_embedding(tmp_path / "v.safetensors", variational, ids)
    found, names = read_embedding(tmp_path / "v.safetensors")
    assert isinstance(found, Variational)
    assert names == ids
    np.testing.assert_array_equal(found.probabilities(planted[2]), variational.probabilities(planted[2]))
    write_embedding(tmp_path / "p.safetensors", PointEmbedding(planted[0].values, 1.5), ids)
    point, _ = read_embedding(tmp_path / "p.safetensors")
    assert isinstance(point, PointEmbedding)
    assert point.temperature == 1.5
    with pytest.raises(MisalignedSamples, match="40 ids"):
        write_embedding(tmp_path / "x.safetensors", variational, ids[1:])
    from seealike.data.arrays import write_arrays

    write_arrays(tmp_path / "o.safetensors", {"values": np.eye(2)}, {"kind": "other"})
    with pytest.raises(DamagedArtifact, match="no embedding of choices"):
        read_embedding(tmp_path / "o.safetensors")


@pytest.mark.parametrize(
    ("rows", "error", "words"),
    [
        (
            [[0, 1, 2], [0, 1, 40]],
            MisalignedSamples,
            r"triplets, row 1: expected rows from 0 to 39, got \[0, 1, 40\]",
        ),
        ([[0, 1, 1]], DataError, "three different"),
        ([[0.0, 1.0, 2.0]], ShapeError, "row numbers"),
        (np.empty((0, 3), dtype=int), DataError, "at least one"),
    ],
)
def test_trials_that_will_not_do(rows, error, words):
    with pytest.raises(error, match=words):
        fit_sparse(np.array(rows), N)


@pytest.mark.parametrize(
    "change", [{"spike": 0}, {"spike_share": 1}, {"n_dims": 0}, {"level": 0}, {"window": 0}, {"objects": -1}]
)
def test_settings_that_cannot_be(change):
    with pytest.raises(BadParameter, match="fit_variational"):
        fit_variational(np.array([[0, 1, 2]]), 3, VariationalSettings(**change))
    with pytest.raises(BadParameter, match="fit_sparse"):
        fit_sparse(np.array([[0, 1, 2]]), 3, SparseSettings(regularization=-1))


def test_a_fit_is_worth_its_share_for_triplets_that_nobody_judged(planted):
    """Of choices with a structure most of it; of few triplets that say nothing of others, little."""
    truth, trials, fresh = planted

    def fit(rows):
        return fit_sparse(rows, N, SparseSettings(n_dims=4, regularization=0.02))

    worth = out_of_sample(fit, trials[:1500], N, folds=3)
    assert worth.share > 0.75
    assert worth.together <= worth.alone < np.log(3) - 0.1
    assert worth.n == 1500
    # Forty triplets, each judged twenty times: known well, and nothing is known of others.
    rng = np.random.default_rng(5)
    few = np.repeat(_asked(40, rng), 20, axis=0)
    few = _chosen(softmax(3 * rng.standard_normal((40, 3)), axis=1).repeat(20, axis=0), few, rng)
    alone, mixed = fit(few), stacked(fit, few, N, folds=3)
    chosen = _chosen(truth.probabilities(fresh), fresh, rng)
    losses = [-np.log(np.maximum(one.probabilities(chosen)[:, 0], 1e-300)).mean() for one in (alone, mixed)]
    assert losses[1] < np.log(3) + 0.02 < losses[0] - 0.1
    with pytest.raises(TooFewSamples, match="a triplet for each of 41, got 40 triplets"):
        out_of_sample(fit, few, N, folds=41)


def test_all_judgements_of_a_triplet_are_left_out_together(planted):
    rows, seen = np.repeat(_asked(30, np.random.default_rng(6)), 4, axis=0), []

    def fit(some):
        seen.append({tuple(sorted(row)) for row in some.tolist()})
        return planted[0]

    assert out_of_sample(fit, rows, N, folds=3).share <= 1
    assert [len(one) for one in seen] == [20, 20, 20]
    assert not set.intersection(*seen)  # each is left out once


def test_a_fit_with_nothing_left_is_no_preference():
    def fit(rows):
        raise UndefinedMeasure(where="fit", expected="a dimension", got="none", fix="Give more.")

    rows = _asked(30, np.random.default_rng(7))
    assert out_of_sample(fit, rows, N).alone == pytest.approx(np.log(3))
    np.testing.assert_array_equal(stacked(fit, rows, N).probabilities(rows), 1 / 3)


@pytest.mark.parametrize("weights", [[1.0], [1.0, -0.1], [0.0, 0.0], [np.nan, 1.0]])
def test_weights_of_an_ensemble(planted, weights):
    both = (planted[0], PointEmbedding(np.zeros((N, 1))))
    rows = planted[2][:50]
    mean = 0.25 * both[0].probabilities(rows) + 0.25
    np.testing.assert_allclose(Ensemble(both, (1, 3)).probabilities(rows), mean)
    with pytest.raises(BadParameter, match="one weight a member"):
        Ensemble(both, weights)
