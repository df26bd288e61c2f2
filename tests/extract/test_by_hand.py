"""Features of real architectures are those of timm called by hand, whatever the batch, the threads and the company."""

import numpy as np
import pytest
import torch
from PIL import Image

from seealike.data.identity import FeatureKey, canonical
from seealike.data.store import read_features
from seealike.extract import Pass, Reader, Reading, extract, extract_together
from seealike.sources.datasets.card import Samples
from seealike.sources.models import MODEL_SOURCES
from seealike.sources.models.vision import vision_library

N = 21
MODELS = {
    "resnet": {"model": "resnet10t", "layer": "layer3", "pooling": "mean"},
    "vit": {"model": "test_vit", "layer": "blocks.0", "pooling": "cls"},
    "vit2": {"model": "test_vit", "layer": "norm", "pooling": "flatten", "init_seed": 1},
}


def pictures(n=N):
    rng = np.random.default_rng(0)
    return [
        Image.fromarray(rng.integers(0, 256, (60 + k, 90 - k, 3), dtype=np.uint8)).resize((200, 180 + k))
        for k in range(n)
    ]


def samples():
    images = pictures()
    return Samples(tuple(f"i{k}" for k in range(N)), lambda row: images[row], None, (), "r")


def card(name):
    entry = {"source": "timm", "name": name, "pretrained": False, **MODELS[name]}
    return MODEL_SOURCES["timm"].model_validate(entry)


def reading(folder, name, precision="float32"):
    one = card(name)
    text = canonical(one.preprocessing())
    key = FeatureKey(name, "w", one.layer[0], one.pooling, text, "d", "r", "all", precision=precision)
    model = one.load("cpu")
    if precision != "float32":
        model.autocast = precision
    return Reading(Reader(model, name), {folder / f"{name}.safetensors": key}, {})


@pytest.fixture(scope="module")
def by_hand():
    """What timm and torch give, without any code of ours, in batches of 8 rows."""
    timm = vision_library("timm", where="test")
    found = {}
    for name, entry in MODELS.items():
        torch.manual_seed(entry.get("init_seed", 0))
        network = timm.create_model(entry["model"], pretrained=False).eval()
        transform = timm.data.create_transform(
            **timm.data.resolve_model_data_config(network), is_training=False
        )
        kept = []
        network.get_submodule(entry["layer"]).register_forward_hook(lambda m, x, y, kept=kept: kept.append(y))
        inputs = torch.stack([transform(image) for image in pictures()])
        with torch.inference_mode():
            for start in range(0, N, 8):
                network(inputs[start : start + 8])
        values = torch.cat(kept)
        found[name] = {
            "mean": lambda v: v.mean((2, 3)),
            "cls": lambda v: v[:, 0],
            "flatten": lambda v: v.flatten(1),
        }[entry["pooling"]](values).numpy()
    return found


def stored(folder, name):
    return read_features(folder / f"{name}.safetensors").values


def close(ours, theirs, *, exact):
    if exact:
        np.testing.assert_array_equal(ours, theirs)
    else:
        np.testing.assert_allclose(ours, theirs, atol=1e-5 * np.abs(theirs).max(), rtol=0)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("batch", [8, 3, 64])
def test_all_models_together_give_what_each_gives_by_hand(tmp_path, by_hand, batch, threads):
    readings = [reading(tmp_path, name) for name in MODELS]
    ended = extract_together(readings, samples(), Pass(batch, threads=threads))
    assert [end.error for end in ended] == [None] * 3
    for name in MODELS:
        # pooled maps are numpy's mean here and torch's there; everything else is equal to the last bit
        close(stored(tmp_path, name), by_hand[name], exact=batch == 8 and MODELS[name]["pooling"] != "mean")


def test_together_is_to_the_bit_what_one_at_a_time_is(tmp_path):
    for name in MODELS:
        one = reading(tmp_path / "alone", name)
        extract(one.reader.model, samples(), one.outputs, Pass(5))
    extract_together([reading(tmp_path / "together", name) for name in reversed(MODELS)], samples(), Pass(5))
    for name in MODELS:
        close(stored(tmp_path / "together", name), stored(tmp_path / "alone", name), exact=True)


def test_autocast_is_torchs_own(tmp_path):
    exact, rough = reading(tmp_path / "a", "vit"), reading(tmp_path / "b", "vit", "bfloat16")
    for one in (exact, rough):
        extract_together([one], samples(), Pass(8))
    a, b = stored(tmp_path / "a", "vit"), stored(tmp_path / "b", "vit")
    assert 1e-4 < np.abs(a - b).max() / np.abs(a).max() < 0.1
    timm = vision_library("timm", where="test")
    torch.manual_seed(0)
    network = timm.create_model("test_vit", pretrained=False).eval()
    batch = np.stack([rough.reader.model.preprocess(image) for image in pictures()[:8]])
    kept = []
    network.blocks[0].register_forward_hook(lambda m, x, y: kept.append(y))
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        network(torch.from_numpy(batch))
    close(b[:8], kept[0][:, 0].float().numpy(), exact=True)


def test_torchs_settings_are_left_as_they_were(tmp_path):
    threads, tf32 = torch.get_num_threads(), torch.backends.cudnn.allow_tf32
    extract_together([reading(tmp_path, "vit")], samples(), Pass(8, device="cuda", threads=3))
    assert torch.get_num_threads() == threads
    assert torch.backends.cudnn.allow_tf32 == tf32
