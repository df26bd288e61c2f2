"""Real choices: an embedding fitted to half of the THINGS trials says how likely people's other choices are."""

import numpy as np
import pytest

from seealike.data.triplet_files import read_triplets
from seealike.embeddings import (
    Ensemble,
    Proportions,
    SparseSettings,
    VariationalSettings,
    fit_sparse,
    fit_variational,
)
from seealike.human.intervals import clustered_error
from seealike.human.tally import tallied
from seealike.human.temperature import calibration_error
from seealike.sources.judgements import read_judgements


@pytest.fixture(scope="module")
def things(real_data):
    folder = real_data / "human" / "things"
    if not (folder / "vice_test_triplets.csv").exists():
        pytest.skip(f"no THINGS judgements at {folder}")
    return folder


@pytest.fixture(scope="module")
def halves(things):
    """(20,000, 3) rows, and which trials are fitted: a random half, of all 1,000 triplets about ten judgements each."""
    trials = read_judgements("things", things / "vice_test_triplets.csv", ids=things / "unique_id.txt")
    names, rows = np.unique(trials.triplets, return_inverse=True)
    return len(names), rows.reshape(-1, 3), np.random.default_rng(0).permutation(len(rows)) < len(rows) // 2


def _scores(chooser, trials):
    """Cross-entropy with its standard error over triplets, and the calibration error."""
    p = np.maximum(chooser.probabilities(trials), 1e-300)
    losses = -np.log(p[:, 0])
    return losses.mean(), clustered_error(losses, tallied(trials).units), calibration_error(p)


@pytest.mark.slow
def test_half_of_the_trials_foretell_the_other_half(halves):
    n, rows, fitted = halves
    made = [
        fit_variational(rows[fitted], n, VariationalSettings(n_dims=20, objects=1, seed=seed))
        for seed in (0, 1)
    ]
    mean, error, miss = _scores(made[0], rows[~fitted])
    assert (
        np.log(3) - mean - 1.96 * error > 0.12
    )  # uniform is that much worse, at the end of the 95 % interval
    together = _scores(Ensemble(made), rows[~fitted])
    assert together[0] < mean
    # A fit to which choice was the commonest is sure of itself, and wrong.
    tally = tallied(rows[fitted])
    triplets = np.sort(rows[fitted][tally.first], axis=1)
    order = np.array([[1, 2, 0], [0, 2, 1], [0, 1, 2]])[tally.counts.argmax(axis=1)]
    hard = fit_sparse(np.take_along_axis(triplets, order, axis=1), n, SparseSettings(10, 0.05))
    wrong = _scores(hard, rows[~fitted])
    assert wrong[0] > mean + 0.3
    assert miss < 0.1 < 0.25 < wrong[2]
    # Of these same triplets the shares of choices know the most.
    shares = Proportions.of(rows[fitted], n)
    assert 0.6 < shares.concentration < 1.1
    assert _scores(shares, rows[~fitted])[0] < together[0]


def test_the_shares_of_the_first_half(halves):
    n, rows, fitted = halves
    mean, _, miss = _scores(Proportions.of(rows[fitted], n), rows[~fitted])
    assert mean == pytest.approx(0.8586, abs=1e-3)
    assert miss < 0.04
    raw = _scores(Proportions.of(rows[fitted], n, concentration=0.01), rows[~fitted])
    assert raw[0] > mean + 0.1  # raw shares call things impossible that happen


def test_commands_write_soft_targets(things, tmp_path, seealike):
    raw = np.loadtxt(things / "vice_test_triplets.csv", dtype=int)
    few = raw[np.isin(raw[:, :3], raw[:60, :3]).all(axis=1)]
    np.savetxt(tmp_path / "few.txt", few, fmt="%d", delimiter="\t")
    asked = (
        tmp_path / "few.txt",
        "--source",
        "things",
        "--ids",
        things / "unique_id.txt",
        "--option",
        "base=1",
    )
    code, out, err = seealike("align", "targets", *asked, "--out", tmp_path / "shares.npz")
    assert (code, err) == (0, "")
    made = read_triplets(tmp_path / "shares.npz")
    assert made.notes["similarities"] == "log probabilities"
    np.testing.assert_allclose(np.exp(made.similarities).sum(axis=1), 1, rtol=1e-5)
    fits = []
    for seed in ("0", "1"):
        fits.append(tmp_path / f"sparse{seed}.safetensors")
        run = (
            "align",
            "embed",
            *asked,
            "--method",
            "sparse",
            "--n-dims",
            "5",
            "--seed",
            seed,
            "--out",
            fits[-1],
        )
        code, out, _ = seealike(*run)
        assert code == 0
        assert "dimensions" in out
    both = ("align", "targets", *asked, "--embedding", fits[0], "--embedding", fits[1], "--temperature")
    assert seealike(*both, "--out", tmp_path / "soft.npz")[0] == 0
    soft = read_triplets(tmp_path / "soft.npz")
    assert len(soft) == len(made)
    assert soft.similarities.min() > -50
    code, _, err = seealike(
        "align", "embed", *asked, "--method", "sparse", "--objects", "3", "--out", tmp_path / "x"
    )
    assert code == 2
    assert "--objects" in err
    code, _, err = seealike(*both, "--concentration", "1", "--out", tmp_path / "x.npz")
    assert code == 2
    assert "no --embedding" in err
