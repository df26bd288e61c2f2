"""Distances between images themselves."""

import sys
from importlib.util import find_spec

import numpy as np
import pytest
from PIL import Image

from seealike.errors import DataError, MissingDependency, SourceError, UnknownName
from seealike.extract.image_distances import image_distances
from seealike.sources.datasets.samples import Samples

NEEDS = pytest.mark.skipif(find_spec("torchmetrics") is None, reason="torchmetrics is not installed")
RNG = np.random.default_rng(0)
BASE = RNG.integers(60, 190, (48, 64, 3))


def samples(*images):
    kept = [Image.fromarray(np.clip(one, 0, 255).astype(np.uint8)) for one in images]
    return Samples(tuple(f"{k}.png" for k in range(len(kept))), lambda row: kept[row], None, (), "0f")


NOISY = samples(*(BASE + strength * RNG.standard_normal(BASE.shape) for strength in (0, 5, 20, 60)))
MEMBERS = np.array([[0, 1], [0, 2], [0, 3], [0, 1]])


@pytest.mark.parametrize("name", ["pixels", "psnr", pytest.param("ssim", marks=NEEDS)])
def test_distances_grow_with_the_distortion(name):
    far = image_distances(name, NOISY, MEMBERS, ((0, 1),))[:, 0]
    assert far[0] < far[1] < far[2]
    assert far[3] == far[0]


@NEEDS
def test_values_by_hand():
    from skimage.metrics import structural_similarity

    x, y = (np.asarray(NOISY.items("image")(k), dtype=np.float64) / 255 for k in (0, 2))
    root = np.sqrt(((x - y) ** 2).mean())
    assert image_distances("pixels", NOISY, MEMBERS, ((0, 1),))[1, 0] == pytest.approx(root)
    assert image_distances("psnr", NOISY, MEMBERS, ((0, 1),))[1, 0] == pytest.approx(20 * np.log10(root))
    assert image_distances("psnr", NOISY, np.array([[2, 2]]), ((0, 1),)).item() == -100
    theirs = structural_similarity(
        x, y, channel_axis=2, data_range=1.0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    ours = 1 - image_distances("ssim", NOISY, MEMBERS, ((0, 1),))[1, 0]
    assert ours == pytest.approx(theirs, abs=0.01)  # they treat the border otherwise


def test_images_of_other_sizes_become_squares():
    wide = samples(np.full((40, 90, 3), 100), np.full((70, 50, 3), 151), np.full((40, 90, 3), 100))
    far = image_distances("pixels", wide, np.array([[0, 1, 2]]), ((0, 1), (0, 2)))
    assert far[0].tolist() == pytest.approx([0.2, 0])


@NEEDS
def test_lpips_is_wired_up(monkeypatch):
    """With weights of our own in place of a download: zero for equal images, more for more noise."""
    from seealike.sources.models.vision import vision_library

    torchvision = vision_library("torchvision", where="test")
    import torch

    def alexnet(weights=None, **options):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return plain(weights=None, **options)

    plain = torchvision.models.alexnet
    monkeypatch.setattr(torchvision.models, "alexnet", alexnet)
    large = samples(
        *(np.kron(BASE + s * RNG.standard_normal(BASE.shape), np.ones((2, 2, 1))) for s in (0, 5, 60))
    )
    far = image_distances("lpips", large, np.array([[0, 0], [0, 1], [0, 2]]), ((0, 1),))[:, 0]
    assert far[0] == 0
    assert 0 < far[1] < far[2]

    def offline(weights=None, **options):
        raise OSError("no network")

    monkeypatch.setattr(torchvision.models, "alexnet", offline)
    with pytest.raises(SourceError, match="lpips: expected torchvision's weights of AlexNet, got no network"):
        image_distances("lpips", large, np.array([[0, 1]]), ((0, 1),))


@NEEDS
def test_what_cannot_be(monkeypatch):
    with pytest.raises(UnknownName, match="Did you mean 'ssim'"):
        image_distances("sim", NOISY, MEMBERS, ((0, 1),))
    tiny = samples(np.zeros((4, 4, 3)), np.ones((4, 4, 3)))
    with pytest.raises(DataError, match=r"ssim of 0\.png: expected images that it can compare"):
        image_distances("ssim", tiny, np.array([[0, 1]]), ((0, 1),))
    for name in [m for m in sys.modules if m.split(".")[0] == "torchmetrics"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torchmetrics", None)
    with pytest.raises(MissingDependency, match=r"seealike\[human\]"):
        image_distances("ssim", NOISY, MEMBERS, ((0, 1),))
