"""On trained networks and real images: a local term keeps neighborhoods that a naive map gives up, for the same people.

People are those of CIFAR-10H: how alike two test images are is the inner product of the shares of people who took each
for each of ten classes. The map is fitted on half of the images; neighborhoods are looked at on other, natural images.
"""

import csv

import numpy as np
import pytest
from PIL import Image
from scipy.special import softmax

from seealike.data.features import Features
from seealike.proof.classes import kept, neighbor_lists
from seealike.transforms import Settings, fit_transform

SIDES = ((0, 1), (0, 2), (1, 2))
#: How sure the simulated people are, in multiples of the inner product of shares.
SURE = 6.0
NETWORKS = ("c10_akamaster_resnet20", "c10_marabou_small")


def _dots(z, rows):
    products = z @ z.T
    return np.stack([products[rows[:, a], rows[:, b]] for a, b in SIDES], axis=1)


def _features(file, images):
    onnxruntime = pytest.importorskip("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    blocks = [images[k : k + 100] for k in range(0, len(images), 100)]
    return np.concatenate([session.run(["features"], {"pixels": block})[0] for block in blocks]).astype("f8")


def _images(file):
    pixels = np.asarray(Image.open(file).convert("RGB")).reshape(-1, 32, 32, 3)
    return (pixels.transpose(0, 3, 1, 2) / 255).astype("f4")


def _triplets(rng, rows, n):
    drawn = rng.integers(len(rows), size=(n, 3))
    a, b, c = drawn.T
    return rows[drawn[(a != b) & (a != c) & (b != c)]]


@pytest.fixture(scope="module")
def world(real_data):
    images = real_data / "images"
    people = np.load(real_data / "human" / "cifar10h-probs.npy")[:1000]
    judged = _images(images / "cifar10_test_first1000.png")
    others = _images(images / "cifar10_train" / "cifar10_batch_0.png")
    return people, judged, others[:500], others[500:]


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_glocal_keeps_local_neighborhoods_better_than_naive(real_data, world, name):
    people, judged, local, unseen = world
    with (real_data / "models" / "models.csv").open(newline="", encoding="utf-8") as stream:
        file = {row["name"]: row["file"] for row in csv.DictReader(stream)}[name]
    x, near, far = (_features(real_data / "models" / file, some) for some in (judged, local, unseen))
    rng = np.random.default_rng(0)
    known, held = np.arange(500), np.arange(500, 1000)
    rows, tested = _triplets(rng, known, 20_000), _triplets(rng, held, 20_000)
    targets, truth = (softmax(SURE * _dots(people, some), axis=1) for some in (rows, tested))

    def kl(z):
        q = softmax(_dots(z, tested), axis=1)
        return float((truth * np.log(truth / q)).sum(axis=1).mean())

    naive = fit_transform(x[known], rows, targets, Settings(regularization=1e-3, max_steps=40))
    glocal = fit_transform(
        x[known], rows, targets, Settings(regularization=1e-3, alpha=0.25, max_steps=40), neighbors=near
    )
    ids = tuple(map(str, range(len(far))))
    before = neighbor_lists(Features(far, ids), 10)
    shares = [kept(neighbor_lists(Features(made(far), ids), 10), before) for made in (naive, glocal)]
    gap = shares[1] - shares[0]
    error = gap.std(ddof=1) / len(gap) ** 0.5
    x_scaled = (x - naive.mean) / naive.std
    assert gap.mean() - 1.96 * error > 0.02
    assert kl(glocal(x)) < 0.5 * kl(x_scaled)  # and it is still aligned
