"""Extraction: independent of batch size and of being killed; bad images and bad layers are named."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from seealike.data.identity import FeatureKey
from seealike.data.store import read_features
from seealike.errors import BadParameter, DataError, NonFiniteError, ShapeError, StoreError, UnknownName
from seealike.extract import Pass, extract, shards
from seealike.extract.pooling import check_pooling, pool
from seealike.sources.datasets.card import Samples
from seealike.sources.images import ImageInput

KEY = FeatureKey("m", "w", "flat", "flatten", "{}", "d", "r", "all")


class Model:
    """Flattens its input; counts the images it saw."""

    def __init__(self):
        self.preprocess, self.modality, self.prefix_tokens = ImageInput(size=4), "image", None
        self.seen = 0

    def layers(self):
        return []

    def forward(self, batch, layers):
        self.seen += len(batch)
        return {name: batch * (1 + k) for k, name in enumerate(layers)}


def samples(n=23, image=None):
    pixels = np.random.default_rng(0).integers(0, 256, (n, 4, 4, 3), dtype=np.uint8)
    return Samples(
        tuple(f"i{k}" for k in range(n)), image or (lambda k: Image.fromarray(pixels[k])), None, (), "ab"
    )


@pytest.mark.parametrize("batch_size", [1, 7, 23, 64])
@pytest.mark.parametrize("shard", [5, 1024])
def test_any_batch_and_shard_size_gives_the_same_rows(tmp_path, monkeypatch, batch_size, shard):
    monkeypatch.setattr(shards, "SHARD", shard)
    path, seen = tmp_path / "f.safetensors", []
    extract(
        Model(),
        samples(),
        {path: KEY},
        Pass(batch_size=batch_size),
        progress=lambda d, n: seen.append((d, n)),
    )
    features = read_features(path)
    expected = np.stack([ImageInput(size=4)(samples().image(k)).ravel() for k in range(23)])
    np.testing.assert_array_equal(features.values, expected)
    assert features.sample_ids == samples().sample_ids
    assert seen[-1] == (23, 23)
    assert [d for d, _ in seen] == sorted(d for d, _ in seen)
    assert list(tmp_path.iterdir()) == [path]


def test_several_layers_from_one_pass(tmp_path):
    model = Model()
    keys = {tmp_path / f"{n}.safetensors": replace(KEY, layer=n, pooling="mean") for n in ("a", "b")}
    extract(model, samples(), keys)
    a, b = (read_features(path).values for path in keys)
    np.testing.assert_allclose(b, 2 * a)
    assert model.seen == 23


def test_a_stopped_extraction_keeps_its_finished_shards(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "SHARD", 5)
    calls = []

    def image(k):
        calls.append(k)
        if k == 12 and len(calls) < 20:
            raise KeyboardInterrupt
        return samples().image(k)

    path, model = tmp_path / "f.safetensors", Model()
    with pytest.raises(KeyboardInterrupt):
        extract(model, samples(image=image), {path: KEY}, Pass(batch_size=2))
    assert not path.exists()
    calls.clear()
    calls.extend(range(20))
    extract(model, samples(image=image), {path: KEY}, Pass(batch_size=2))
    assert sorted(calls[20:]) == list(range(10, 23))  # the first two shards were not read again
    expected = np.stack([ImageInput(size=4)(samples().image(k)).ravel() for k in range(23)])
    np.testing.assert_array_equal(read_features(path).values, expected)


def test_a_corrupt_image_stops_with_its_name_and_the_rest_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "SHARD", 5)
    bad = [17]

    def image(k):
        if k in bad:
            raise DataError(where=f"image i{k}", expected="a readable image", got="noise", fix="Replace it.")
        return samples().image(k)

    path = tmp_path / "f.safetensors"
    with pytest.raises(DataError, match="image i17: expected a readable image"):
        extract(Model(), samples(image=image), {path: KEY})
    bad.clear()
    model = Model()
    extract(model, samples(image=image), {path: KEY})
    assert model.seen == 8  # shards 0-4, 5-9 and 10-14 were kept


def test_nan_features_name_the_image(tmp_path):
    class Broken(Model):
        def forward(self, batch, layers):
            batch = batch.copy()
            batch[3] = np.nan
            return dict.fromkeys(layers, batch)

    with pytest.raises(NonFiniteError, match="NaN or infinity for i3 "):
        extract(Broken(), samples(), {tmp_path / "f.safetensors": KEY})


def test_a_full_disk_says_so(tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shards, "write_arrays", full)
    with pytest.raises(StoreError, match="No space left on device.*Free some space"):
        extract(Model(), samples(), {tmp_path / "f.safetensors": KEY})


VALUES = np.random.default_rng(0).standard_normal((2, 3, 4, 5))


def test_pooling_rules():
    np.testing.assert_array_equal(pool(VALUES[:, :, 0, 0], "none", where="l"), VALUES[:, :, 0, 0])
    np.testing.assert_allclose(pool(VALUES, "mean", where="l"), VALUES.mean((2, 3)))
    np.testing.assert_allclose(pool(VALUES, "max", where="l"), VALUES.max((2, 3)))
    np.testing.assert_array_equal(pool(VALUES, "flatten", where="l"), VALUES.reshape(2, 60))
    tokens = VALUES[:, :, :, 0]
    np.testing.assert_array_equal(pool(tokens, "cls", where="l"), tokens[:, 0])
    np.testing.assert_allclose(pool(tokens, "mean", where="l"), tokens.mean(1))


@pytest.mark.parametrize(
    ("shape", "rule", "says"),
    [
        (
            (2, 3, 4, 5),
            "none",
            r"one row a sample \(n, d\), got output \(n, 3, 4, 5\). Add pooling: mean \| max",
        ),
        ((2, 3, 4), "none", r"Add pooling: cls \| mean"),
        ((2, 3, 4, 5), "cls", "an output that 'cls' can pool"),
        ((2, 3), "mean", "an output that 'mean' can pool"),
    ],
)
def test_pooling_that_does_not_fit(shape, rule, says):
    with pytest.raises(ShapeError, match=says):
        pool(np.zeros(shape), rule, where="l")


def test_unknown_pooling():
    with pytest.raises(BadParameter, match="got 'maen'. Did you mean 'mean'"):
        check_pooling("maen", "m")


def test_unknown_layer_of_a_real_graph(real_data, tmp_path):
    from seealike.sources.models import OnnxCard

    entry = {
        "source": "onnx",
        "name": "m",
        "file": real_data / "models/glyph28/mnist_lenet.onnx",
        "layer": "feature",
    }
    key = replace(KEY, layer="feature")
    with pytest.raises(UnknownName, match="got 'feature'. Did you mean 'features'"):
        extract(OnnxCard.model_validate(entry).load("cpu"), samples(), {tmp_path / "f.safetensors": key})
