"""Several models in one pass: the same numbers as one at a time, and each fails alone."""

import json
import threading
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from seealike.data.arrays import read_header
from seealike.data.identity import FeatureKey
from seealike.data.store import read_features
from seealike.errors import BadSample, DataError, NonFiniteError, OutOfMemory, ShapeError, StoreError
from seealike.extract import Pass, Reader, Reading, extract, extract_together, prefetch, shards
from seealike.sources.datasets.card import Samples
from seealike.sources.images import ImageInput

KEY = FeatureKey("m", "w", "flat", "flatten", "small", "d", "r", "all")
N = 23
PIXELS = np.random.default_rng(0).integers(0, 256, (N, 6, 6, 3), dtype=np.uint8)


class Model:
    """Its prepared images, flattened, times a factor; `room` is the largest batch that fits into memory."""

    modality, prefix_tokens = "image", None

    def __init__(self, size=4, factor=1.0, room=10**9):
        self.size, self.factor, self.room = size, np.float32(factor), room
        self.batches, self.prepared = [], 0
        self._rule = ImageInput(size=size)

    def preprocess(self, image):
        self.prepared += 1
        return self._rule(image)

    def layers(self):
        return []

    def forward(self, batch, layers):
        self.batches.append(len(batch))
        if len(batch) > self.room:
            raise OutOfMemory(where="fake", expected="room", got=f"{len(batch)} samples", fix="Less.")
        return dict.fromkeys(layers, batch * self.factor)


class Words:
    """Token numbers of a text; the features are how often each of five occurs."""

    modality, prefix_tokens = "text", None

    def preprocess(self, text):
        return np.array([int(letter) for letter in text], dtype=np.int64)

    def layers(self):
        return []

    def forward(self, batch, layers):
        assert batch.dtype == np.int64
        assert set(batch[batch < 0].tolist()) <= {-1}
        return {name: (batch[:, :, None] == np.arange(5)).sum(1).astype(np.float32) for name in layers}


class Pictures:
    """A dataset that counts how often each image was decoded; rows of `bad` cannot be."""

    def __init__(self, bad=()):
        self.bad, self.decoded, self._lock = dict.fromkeys(bad), [], threading.Lock()

    def image(self, row):
        with self._lock:
            self.decoded.append(row)
        if row in self.bad:
            raise BadSample(
                where=f"image i{row}", expected="a readable image", got="0 bytes", fix="Remove it."
            )
        return Image.fromarray(PIXELS[row])

    @property
    def samples(self):
        texts = [str(3 * row)[: 1 + row % 2].replace("9", "4").replace("8", "3") for row in range(N)]
        texts = ["".join(str(int(letter) % 5) for letter in text) for text in texts]
        return Samples(
            tuple(f"i{k}" for k in range(N)), self.image, None, (), "ab", text=lambda row: texts[row]
        )


def expected(model, rows=range(N)):
    rule = ImageInput(size=model.size)
    return np.stack([rule(Image.fromarray(PIXELS[k])).ravel() for k in rows]) * model.factor


def reading(folder, name, model, **changes):
    key = replace(KEY, model=name, **{"preprocessing": f"size {getattr(model, 'size', 0)}", **changes})
    return Reading(Reader(model, name), {folder / name / "f.safetensors": key}, {})


def stored(folder, name):
    return read_features(folder / name / "f.safetensors")


def test_each_sample_is_decoded_once_and_prepared_once_a_rule(tmp_path):
    models = {"a": Model(4), "b": Model(4, factor=2), "c": Model(5)}
    pictures = Pictures()
    ended = extract_together(
        [reading(tmp_path, name, m) for name, m in models.items()], pictures.samples, Pass(7, threads=3)
    )
    assert [end.error for end in ended] == [None] * 3
    assert sorted(pictures.decoded) == list(range(N))
    assert models["a"].prepared + models["b"].prepared == N
    assert models["c"].prepared == N
    for name, model in models.items():
        np.testing.assert_array_equal(stored(tmp_path, name).values, expected(model))


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("device", ["cpu", "cuda"])  # taking turns, or decoding while the model runs
def test_the_order_of_rows_never_depends_on_threads(tmp_path, threads, device, monkeypatch):
    monkeypatch.setattr(shards, "SHARD", 10)
    model = Model()
    extract(model, Pictures().samples, {tmp_path / "f": KEY}, Pass(4, device=device, threads=threads))
    np.testing.assert_array_equal(read_features(tmp_path / "f").values, expected(model))


def test_prefetching_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(prefetch, "PREFETCH_BYTES", 0)  # then two batches may wait
    pictures, most = Pictures(), []

    class Slow(Model):
        def forward(self, batch, layers):
            threading.Event().wait(0.01)
            most.append(len(pictures.decoded) - sum(self.batches))
            return super().forward(batch, layers)

    extract(Slow(), pictures.samples, {tmp_path / "f": KEY}, Pass(2, device="cuda", threads=4))
    assert max(most) <= 2 * (1 + 2 + 1)  # at work, waiting, and the one submitted when a batch is fetched
    assert max(most) > 2  # some were decoded ahead


def test_a_model_that_has_a_shard_is_left_out_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "SHARD", 10)
    ahead, behind = Model(4), Model(5, factor=3)
    pictures = Pictures(bad=[15])
    assert extract_together([reading(tmp_path, "a", ahead)], pictures.samples, Pass(5))[0].error
    pictures.bad.clear()
    pictures.decoded.clear()
    readings = [reading(tmp_path, "a", ahead), reading(tmp_path, "b", behind)]
    assert [e.error for e in extract_together(readings, pictures.samples, Pass(5))] == [None, None]
    assert ahead.batches == [5, 5, 5, 5, 5, 3]  # its first shard was kept, its second was not whole
    assert sum(behind.batches) == N
    assert sorted(pictures.decoded) == list(range(N))
    for name, model in (("a", ahead), ("b", behind)):
        np.testing.assert_array_equal(stored(tmp_path, name).values, expected(model))


def test_a_shard_that_all_have_is_not_decoded_again(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "SHARD", 10)
    pictures = Pictures(bad=[20])
    seen = []
    assert extract_together([reading(tmp_path, "a", Model())], pictures.samples)[0].error
    pictures.bad.clear()
    pictures.decoded.clear()
    extract_together(
        [reading(tmp_path, "a", Model())], pictures.samples, progress=lambda done, n: seen.append((done, n))
    )
    assert sorted(pictures.decoded) == [20, 21, 22]
    assert seen == [(20, N), (23, N), (23, N)]


class Fails(Model):
    """Breaks in its third batch."""

    def __init__(self, what):
        super().__init__()
        self.what = what

    def forward(self, batch, layers):
        values = super().forward(batch, layers)
        if len(self.batches) == 3:
            if self.what == "nan":
                return {name: value + np.nan for name, value in values.items()}
            raise self.what
        return values


FAILURE = DataError(where="layer", expected="a tensor", got="a tuple", fix="Read a part.")


@pytest.mark.parametrize(
    ("what", "kind", "says"),
    [(FAILURE, DataError, "got a tuple"), ("nan", NonFiniteError, "NaN or infinity for i8 ")],
)
def test_one_model_fails_alone(tmp_path, what, kind, says):
    models = {"good": Model(), "bad": Fails(what), "better": Model(factor=2)}
    readings = [reading(tmp_path, name, model) for name, model in models.items()]
    ended = dict(zip(models, extract_together(readings, Pictures().samples, Pass(4)), strict=True))
    assert isinstance(ended["bad"].error, kind)
    assert says in str(ended["bad"].error)
    assert not (tmp_path / "bad" / "f.safetensors").exists()
    assert len(models["bad"].batches) == 3  # it was left out of the rest
    for name in ("good", "better"):
        assert ended[name].error is None
        assert ended[name].elapsed_s > 0
        np.testing.assert_array_equal(stored(tmp_path, name).values, expected(models[name]))


def test_a_bug_goes_up(tmp_path):
    with pytest.raises(KeyError, match="bug"):
        extract(Fails(KeyError("bug")), Pictures().samples, {tmp_path / "f": KEY}, Pass(4))


@pytest.mark.parametrize("room", [1, 3, 7, 8])
def test_batches_are_halved_until_they_fit(tmp_path, room):
    model = Model(room=room)
    one = reading(tmp_path, "a", model)
    extract_together([one], Pictures().samples, Pass(16))
    np.testing.assert_array_equal(stored(tmp_path, "a").values, expected(model))
    largest = {1: 1, 3: 2, 7: 4, 8: 8}[room]
    assert one.reader.largest == largest
    tries = {1: [16, 8, 4, 2], 3: [16, 8, 4], 7: [16, 8], 8: [16]}[room]
    assert model.batches[: len(tries)] == tries
    assert max(model.batches[len(tries) :]) == largest
    notes = read_header(tmp_path / "a" / "f.safetensors").notes
    assert notes["largest_batch"] == str(largest)
    model.batches.clear()  # the reader remembers it for the next dataset
    extract_together([replace(one, outputs={tmp_path / "b": KEY})], Pictures().samples, Pass(16))
    assert max(model.batches) == largest


def test_not_even_one_sample_fits(tmp_path):
    readings = [reading(tmp_path, "a", Model(room=0)), reading(tmp_path, "b", Model())]
    bad, good = extract_together(readings, Pictures().samples)
    assert isinstance(bad.error, OutOfMemory)
    assert "model a: expected room for a forward pass of one sample" in str(bad.error)
    assert good.error is None


@pytest.mark.parametrize("batch", [1, 4, 64])
def test_a_bad_sample_can_be_left_out_of_all_models(tmp_path, monkeypatch, batch):
    monkeypatch.setattr(shards, "SHARD", 5)
    models = {"a": Model(), "b": Model(5)}
    bad = [3, 10, 11, 12, 13, 14]  # one shard has none left
    pictures = Pictures(bad=bad)
    readings = [reading(tmp_path, name, model) for name, model in models.items()]
    ended = extract_together(readings, pictures.samples, Pass(batch, on_bad_sample="skip"))
    assert [end.error for end in ended] == [None, None]
    rows = [row for row in range(N) if row not in bad]
    for name, model in models.items():
        features = stored(tmp_path, name)
        np.testing.assert_array_equal(features.values, expected(model, rows))
        assert features.sample_ids == tuple(f"i{row}" for row in rows)
        notes = read_header(tmp_path / name / "f.safetensors").notes
        skipped = json.loads(notes["skipped"])
        assert [name for name, _ in skipped] == [f"i{row}" for row in bad]
        assert skipped[0][1] == "image i3: expected a readable image, got 0 bytes. Remove it."


def test_a_bad_sample_stops_all_models_of_its_dataset(tmp_path):
    readings = [reading(tmp_path, name, Model()) for name in "ab"]
    ended = extract_together(readings, Pictures(bad=[3]).samples, Pass(4))
    assert [str(end.error)[:40] for end in ended] == ["image i3: expected a readable image, got"] * 2


def test_nothing_but_bad_samples_is_an_error_and_tried_again(tmp_path):
    pictures = Pictures(bad=range(N))
    how = Pass(4, on_bad_sample="skip")
    with pytest.raises(DataError, match="all 23 samples: expected one that can be read, got image i0: "):
        extract(Model(), pictures.samples, {tmp_path / "f": KEY}, how)
    pictures.bad.clear()
    extract(Model(), pictures.samples, {tmp_path / "f": KEY}, how)
    assert len(read_features(tmp_path / "f").values) == N


def test_a_sample_that_one_preprocessing_refuses_concerns_its_models_alone(tmp_path):
    class Choosy(Model):
        def preprocess(self, image):
            if np.array_equal(image, PIXELS[7]):
                raise ValueError("height must be > 0")
            return super().preprocess(image)

    readings = [reading(tmp_path, "choosy", Choosy(5)), reading(tmp_path, "other", Model())]
    ended = extract_together(readings, Pictures().samples)
    assert "sample i7: preprocessing: expected an image that the model can take" in str(ended[0].error)
    assert "ValueError: height must be > 0" in str(ended[0].error)
    assert ended[1].error is None
    assert extract_together(readings, Pictures().samples, Pass(on_bad_sample="skip"))[0].error is None
    assert stored(tmp_path, "choosy").sample_ids == tuple(f"i{row}" for row in range(N) if row != 7)


def test_images_and_texts_of_the_same_samples_in_one_pass(tmp_path):
    words = replace(KEY, model="w", preprocessing="letters", pooling="none")
    readings = [
        reading(tmp_path, "images", Model()),
        Reading(Reader(Words(), "w"), {tmp_path / "w" / "f.safetensors": words}, {}),
    ]
    samples = Pictures().samples
    assert [end.error for end in extract_together(readings, samples, Pass(4))] == [None, None]
    counts = [[samples.text(row).count(str(token)) for token in range(5)] for row in range(N)]
    np.testing.assert_array_equal(stored(tmp_path, "w").values, counts)
    blind = replace(samples, image=None)
    other = [
        replace(r, outputs={tmp_path / f"x{k}": key})
        for k, r in enumerate(readings)
        for key in r.outputs.values()
    ]
    first, second = extract_together(other, blind)
    assert "expected a dataset with images" in str(first.error)
    assert second.error is None


def test_images_of_different_sizes_fit_no_batch(tmp_path):
    model = Model()
    model.preprocess = lambda image: np.zeros((3, 4, 4 + int(image.getpixel((0, 0))[0]) % 2), np.float32)
    with pytest.raises(DataError, match="expected one shape for all"):
        extract(model, Pictures().samples, {tmp_path / "f": KEY})
    with pytest.raises(ShapeError, match="expected 60 dimensions, as for the samples before, got 48"):
        extract(model, Pictures().samples, {tmp_path / "f": KEY}, Pass(1))


@pytest.mark.parametrize("kind", ["float16", "bfloat16"])
def test_features_are_stored_as_asked(tmp_path, kind, monkeypatch):
    monkeypatch.setattr(shards, "SHARD", 5)
    model = Model()
    extract(model, Pictures().samples, {tmp_path / "f": replace(KEY, stored=kind)})
    values = read_features(tmp_path / "f").values
    tolerance = {"float16": 2**-11, "bfloat16": 2**-8}[kind]
    np.testing.assert_allclose(values, expected(model), rtol=tolerance)
    assert (values != expected(model)).any()
    assert (
        read_header(tmp_path / "f").arrays["values"]["dtype"] == {"float16": "F16", "bfloat16": "BF16"}[kind]
    )


def test_numbers_too_large_for_the_type_are_refused(tmp_path):
    with pytest.raises(NonFiniteError, match="expected numbers up to 65504"):
        extract(Model(factor=1e6), Pictures().samples, {tmp_path / "f": replace(KEY, stored="float16")})


def test_large_features_are_joined_on_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "SHARD", 5)
    monkeypatch.setattr(shards, "_IN_MEMORY", 0)
    model = Model()
    extract(model, Pictures().samples, {tmp_path / "f": KEY})
    np.testing.assert_array_equal(read_features(tmp_path / "f").values, expected(model))
    assert list(tmp_path.iterdir()) == [tmp_path / "f"]


def test_a_disk_that_fills_up_keeps_the_finished_shards(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "SHARD", 5)
    real, written = shards.write_arrays, []

    def filling(path, *args, **kwargs):
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        written.append(path)
        real(path, *args, **kwargs)

    monkeypatch.setattr(shards, "write_arrays", filling)
    model = Model()
    with pytest.raises(StoreError, match="No space left on device.*what is finished is kept"):
        extract(model, Pictures().samples, {tmp_path / "f": KEY}, Pass(5))
    assert all(path.exists() for path in written)
    monkeypatch.setattr(shards, "write_arrays", real)
    model.batches.clear()
    extract(model, Pictures().samples, {tmp_path / "f": KEY}, Pass(5))
    assert sum(model.batches) == N - 15
    np.testing.assert_array_equal(read_features(tmp_path / "f").values, expected(model))
