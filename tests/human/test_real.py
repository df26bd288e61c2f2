"""The published numbers, from the real judgements, through the public functions."""

import numpy as np
import pytest

import seealike
from seealike.human.rdm import rsa_to_human
from seealike.human.temperature import calibration
from seealike.sources.judgements import read_embedding, read_judgements


@pytest.fixture(scope="module")
def things(real_data):
    folder = real_data / "human" / "things"
    if not (folder / "vice_test_triplets.csv").exists():
        pytest.skip(f"no THINGS judgements at {folder}")
    return folder


@pytest.fixture(scope="module")
def trials(things):
    return read_judgements(
        "things",
        things / "vice_test_triplets.csv",
        ids=things / "unique_id.txt",
        sortindex=things / "vice_sortindex",
    )


def test_ceilings_of_things(trials, things):
    found = seealike.noise_ceiling(trials)
    assert round(100 * found.majority, 2) == 67.22
    assert round(100 * found.leave_one_out, 2) == 64.38
    assert (found.n, found.n_units) == (20000, 1000)
    assert found.agreement == pytest.approx(0.54079, abs=5e-6)
    assert found.entropy == pytest.approx(0.7324, abs=5e-5)
    assert found.split_half == pytest.approx(0.899, abs=2e-3)
    low, high = found.intervals["majority"]
    assert (high - low) / 2 == pytest.approx(0.0106, abs=0.001)
    raw = seealike.noise_ceiling(np.loadtxt(things / "vice_test_triplets.csv", dtype=int))
    assert (raw.majority, raw.leave_one_out) == (found.majority, found.leave_one_out)


@pytest.mark.parametrize(
    ("dims", "accuracy", "entropy", "divergence", "correlation"),
    [(49, 63.475, 0.8383, 0.1061, 0.8996), (66, 64.255, 0.8243, 0.0920, 0.9060)],
)
def test_spose_on_things(things, trials, dims, accuracy, entropy, divergence, correlation):
    features = read_embedding(things / f"spose_embedding_{dims}d_sorted.txt", things / "unique_id.txt")
    found = seealike.odd_one_out(features, trials)
    assert round(100 * found.accuracy, 3) == accuracy
    assert round(found.cross_entropy, 4) == entropy
    assert round(found.kl_divergence, 4) == divergence
    assert found.low < 0.6438 < found.high  # at the ceiling
    fitted = calibration(found)
    assert fitted.cross_entropy < found.cross_entropy
    assert fitted.error < fitted.error_at_one
    human = read_judgements("things48", things / "marrenj_RDM48_triplet.mat")
    rsa = rsa_to_human(features, human, "triplet", "pearson", permutations=99)
    assert round(rsa.correlation, 4) == correlation
    assert rsa.p_value == 0.01


def test_the_order_of_embeddings_is_not_that_of_the_trials(things, trials):
    """Joining by position loses accuracy without an error; by id it cannot happen."""
    raw = np.loadtxt(things / "vice_test_triplets.csv", dtype=int)
    order = np.array([[1, 2, 0], [0, 2, 1], [0, 1, 2]])[raw[:, 3] - 1]
    numbers = np.take_along_axis(raw[:, :3], order, axis=1) - 1
    features = read_embedding(things / "spose_embedding_66d_sorted.txt", things / "unique_id.txt")
    by_position = seealike.odd_one_out(features.values, numbers)
    assert by_position.accuracy == pytest.approx(0.63635, abs=1e-9)
    assert seealike.odd_one_out(features, trials).accuracy > by_position.accuracy
    assert (trials.triplets != np.array(features.sample_ids)[numbers]).any(axis=1).sum() > 100
