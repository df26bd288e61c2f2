"""The whole published probe against a plain loop."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from seealike.errors import BadParameter
from seealike.probes import Grid, Split, probe_adamw
from tests.probes import plain
from tests.probes.made import overlapping

SMALL = Grid(learning_rates=(0.1, 1e-3))


@pytest.mark.parametrize("seed", [0, 1])
def test_the_search_selects_what_a_plain_loop_selects(seed):
    train, test = overlapping(250, 12, 6, noise=1.5), overlapping(200, 12, 6, seed=1, noise=1.5)
    options = {"epochs": 4, "batch_size": 64}
    (right, rate, decay), _, top1 = plain.probe(
        (train.values, train.labels),
        (test.values, test.labels),
        seed,
        rates=SMALL.learning_rates,
        decays=SMALL.decays,
        coarse=SMALL.coarse,
        **options,
    )
    (ours,) = probe_adamw(train, test, seeds=[seed], grid=SMALL, exhaustive=True, **options)
    assert ours.settings == {"learning_rate": rate, "weight_decay": decay}
    assert ours.validation_top1 == right / 50
    assert ours.top1 == pytest.approx(top1, abs=1e-12)
    (quick,) = probe_adamw(train, test, seeds=[seed], grid=SMALL, **options)
    assert quick.top1 == pytest.approx(top1, abs=0.006)


@pytest.fixture
def _threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("_threads")
def test_no_number_depends_on_threads():
    train = overlapping(300, 16, 4, noise=2.0)
    found = []
    for threads in (1, 3):
        torch.set_num_threads(threads)
        found += probe_adamw(train, train, seeds=(0,), grid=SMALL, epochs=2, batch_size=64)
    assert found[0].settings == found[1].settings
    assert (found[0].predicted == found[1].predicted).all()


def test_seeds_do_not_depend_on_one_another():
    train = overlapping(200, 8, 3)
    options = {"grid": SMALL, "epochs": 2, "batch_size": 64}
    together = probe_adamw(train, train, seeds=(4, 2), **options)
    alone = probe_adamw(train, train, seeds=(2,), **options)
    assert together[1].settings == alone[0].settings
    assert together[1].top1 == alone[0].top1
    assert [result.seed for result in together] == [4, 2]


def test_progress_ends_at_the_whole():
    told = []
    train = overlapping(60, 4, 2)
    probe_adamw(train, train, seeds=(0, 1), grid=SMALL, epochs=1, progress=lambda *now: told.append(now))
    assert told[-1] == (2 * 29, 2 * 29)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_features_that_tell_nothing_are_at_chance():
    train, test = overlapping(400, 10, 4, noise=1e6), overlapping(2000, 10, 4, seed=1, noise=1e6)
    (found,) = probe_adamw(train, test, seeds=(0,), grid=SMALL, epochs=2, batch_size=64)
    assert found.top1 == pytest.approx(0.25, abs=0.05)
    assert found.top5 is None


def test_impossible_parameters_are_refused():
    train = overlapping(60, 4, 2)
    for bad in ({"seeds": ()}, {"epochs": 0}, {"batch_size": 0}):
        with pytest.raises(BadParameter, match="at least one seed, one epoch and one sample a batch"):
            probe_adamw(train, Split(train.values, train.labels), **bad)


@pytest.mark.parametrize(("n_classes", "noise"), [(3, 0.5), (3, 2.0), (12, 1.0)])
def test_what_the_quick_search_leaves_out_changes_nothing(n_classes, noise):
    train = overlapping(400, 16, n_classes, noise=noise)
    test = overlapping(500, 16, n_classes, seed=1, noise=noise)
    counts, found = [], []
    for exhaustive in (True, False):
        told = []
        found += probe_adamw(
            train,
            test,
            seeds=(0,),
            epochs=4,
            batch_size=32,
            exhaustive=exhaustive,
            progress=lambda done, _, told=told: told.append(done),
        )
        counts.append(told[-2])
    assert found[0].settings == found[1].settings
    assert found[0].top1 == found[1].top1
    assert counts[1] < 0.8 * counts[0]


DATA = Path(os.environ.get("SEEALIKE_DATA", Path(__file__).parents[3] / "shared" / "data")) / "images"


@pytest.mark.slow
@pytest.mark.skipif(not (DATA / "mnist_test.idx.gz").exists(), reason="needs the real images (SEEALIKE_DATA)")
def test_the_quick_search_selects_the_same_on_real_images():
    pixels = np.frombuffer(gzip.decompress((DATA / "mnist_test.idx.gz").read_bytes())[16:], np.uint8)
    labels = np.frombuffer(gzip.decompress((DATA / "mnist_test_labels.idx.gz").read_bytes())[8:], np.uint8)
    values = pixels.reshape(-1, 784)[:1500].astype(np.float32)
    values /= np.linalg.norm(values, axis=1, keepdims=True)
    train, test = (Split(values[part], labels[:1500][part]) for part in (slice(1000), slice(1000, None)))
    (every,) = probe_adamw(train, test, seeds=(0,), exhaustive=True)
    (quick,) = probe_adamw(train, test, seeds=(0,))
    assert (quick.settings, quick.top1) == (every.settings, every.top1)
