"""The page's lines for DreamSim, with a package of the same interface in place of the real one."""

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from seealike.errors import SourceError
from seealike.sources.models.python import PythonCard

PAGE = (Path(__file__).parents[2] / "docs/catalogue.md").read_text(encoding="utf-8")


class Perceptual(torch.nn.Module):
    """As `dreamsim.model.PerceptualModel`: called on two images, and `embed` on a batch."""

    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(3 * 4, 5)

    def embed(self, images):
        assert images.shape[1:] == (3, 224, 224)
        assert 0 <= images.min() <= images.max() <= 1
        return self.linear(torch.nn.functional.adaptive_avg_pool2d(images, 2).flatten(1))

    def forward(self, first, second):
        raise AssertionError("a distance, no features")


def dreamsim(
    pretrained=True, device="cuda", cache_dir="./models", normalize_embeds=True, dreamsim_type="ensemble"
):
    assert (pretrained, device, cache_dir, dreamsim_type) == (True, "cpu", "weights/dreamsim", "dino_vitb16")
    return Perceptual(), lambda image: image


@pytest.fixture
def card(tmp_path):
    code = re.search(r"```python\n(# dreamsim_model.py.*?)```", PAGE, re.DOTALL)[1]
    said = re.search(r"```yaml\n(models:\n  - source: python\n.*?)```", PAGE, re.DOTALL)[1]
    (tmp_path / "dreamsim_model.py").write_text(code)
    (tmp_path / "weights/dreamsim").mkdir(parents=True)
    (tmp_path / "weights/dreamsim/dino_vitb16_pretrain.pth").write_bytes(b"w")
    (entry,) = yaml.safe_load(said.replace("${data}", "weights"))["models"]
    return PythonCard.model_validate(entry, context={"root": tmp_path})


def test_the_embedding_is_read(card, monkeypatch):
    monkeypatch.setitem(sys.modules, "dreamsim", SimpleNamespace(dreamsim=dreamsim))
    model = card.load("cpu")
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8))
    batch = np.stack([model.preprocess(picture)] * 2)
    assert card.layer == ("output",)
    assert model.forward(batch, ["output"])["output"].shape == (2, 5)


def test_features_follow_the_files(card, tmp_path):
    before = card.weights_digest()
    (tmp_path / "weights/dreamsim/dino_vitb16_pretrain.pth").write_bytes(b"others")
    assert card.weights_digest() != before


def test_without_the_package_the_error_names_it(card, monkeypatch):
    monkeypatch.setitem(sys.modules, "dreamsim", None)
    with pytest.raises(
        SourceError, match=r"model dreamsim, function dreamsim_model.py:Embedding: .*dreamsim"
    ):
        card.load("cpu")
