"""Hugging Face and torchvision datasets: saved, in Parquet, pinned on the hub; nothing unpickled, nothing fetched."""

import io

import numpy as np
import polars as pl
import pytest
from PIL import Image
from pydantic import ValidationError

from seealike.errors import BadSample, DataError, MissingDependency, SourceError, SpecError, UnknownName
from seealike.sources.datasets import HuggingFaceCard, TorchvisionDatasetCard, rows

datasets = pytest.importorskip("datasets", reason="no datasets library: pip install seealike[huggingface]")

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (4, 5, 7, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def caches(tmp_path, monkeypatch):
    monkeypatch.setenv("SEEALIKE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "hf"))


def card(kind, base, **entry):
    return kind.model_validate({"source": kind.source_name, "name": "d", **entry}, context={"root": base})


def hugging(base, **entry):
    return card(HuggingFaceCard, base, **entry)


def table(order=(0, 1, 2, 3), labels=(1, 0, 0, 1)):
    columns = {
        "image": [Image.fromarray(PIXELS[k]) for k in order],
        "label": [labels[k] for k in order],
        "text": [[f"one {k}", f"two {k}"] for k in order],
        "key": [f"k{k}" for k in order],
        "kind": ["xy"[k % 2] for k in order],
    }
    features = datasets.Features(
        {
            "image": datasets.Image(),
            "label": datasets.ClassLabel(names=["ant", "bee"]),
            "text": datasets.List(datasets.Value("string")),
            "key": datasets.Value("string"),
            "kind": datasets.Value("string"),
        }
    )
    return datasets.Dataset.from_dict(columns, features=features)


@pytest.fixture
def saved(tmp_path):
    table().save_to_disk(tmp_path / "one")
    datasets.DatasetDict({"train": table((3, 2)), "test": table((1, 0, 3, 2))}).save_to_disk(tmp_path / "two")
    (tmp_path / "parquet").mkdir()
    table((2, 3, 1, 0)).to_parquet(tmp_path / "parquet" / "train-00000-of-00001.parquet")
    return tmp_path


def by_id(samples):
    return {
        name: (np.asarray(samples.image(row)).tobytes(), int(samples.labels[row]), samples.text(row))
        for row, name in enumerate(samples.sample_ids)
    }


@pytest.mark.parametrize(
    "entry",
    [
        {"dataset": "one"},
        {"dataset": "two", "split": "test"},
        {"dataset": "parquet"},
        {"dataset": "parquet/train-00000-of-00001.parquet"},
    ],
    ids=["saved", "of a dict", "folder", "file"],
)
def test_every_layout_gives_the_same_samples(saved, entry):
    reference = hugging(saved, dataset="one", label="label", text="text").open(0)
    samples = hugging(saved, **entry, label="label", text="text").open(0)
    assert by_id(samples) == by_id(reference)
    assert samples.classes == ("ant", "bee")
    row = [samples.text(k) for k in range(4)].index("one 2")
    np.testing.assert_array_equal(np.asarray(samples.image(row)), PIXELS[2])
    assert samples.labels[row] == 0


def test_columns_of_one_kind(saved):
    texts = hugging(saved, dataset="one", image=None, text="text", caption=1, id="key", label="kind").open(0)
    assert texts.image is None
    assert texts.sample_ids == ("k0", "k1", "k2", "k3")
    assert [texts.text(k) for k in range(4)] == ["two 0", "two 1", "two 2", "two 3"]
    assert (texts.labels.tolist(), texts.classes) == ([0, 1, 0, 1], ("x", "y"))
    images = hugging(saved, dataset="one", label="label").open(0)
    assert images.text is None
    assert len(set(images.sample_ids)) == 4


def test_rows_are_digested_once(saved, monkeypatch):
    first = hugging(saved, dataset="one").open(0)
    monkeypatch.setattr(rows, "_values", lambda *args: pytest.fail("read again"))
    again = hugging(saved, dataset="one").open(0)
    assert (again.sample_ids, again.revision) == (first.sample_ids, first.revision)


def test_a_changed_dataset_is_another_revision(saved):
    first = hugging(saved, dataset="one", label="label").open(0)
    changed = table(labels=(1, 1, 0, 1))
    changed.save_to_disk(saved / "changed")
    assert hugging(saved, dataset="changed", label="label").open(0).revision != first.revision


def test_images_in_files_of_their_own(tmp_path):
    path = tmp_path / "x.png"
    Image.fromarray(PIXELS[0]).save(path)
    pl.DataFrame({"image": [str(path)]}).write_parquet(tmp_path / "paths.parquet")
    one = hugging(tmp_path, dataset="paths.parquet").open(0)
    np.testing.assert_array_equal(np.asarray(one.image(0)), PIXELS[0])
    Image.fromarray(PIXELS[1]).save(path)
    assert hugging(tmp_path, dataset="paths.parquet").open(0).revision != one.revision


def test_damaged_and_missing_images(tmp_path):
    stream = io.BytesIO()
    Image.fromarray(PIXELS[0]).save(stream, format="png")
    images = [{"bytes": stream.getvalue()[:60], "path": None}, None]
    features = datasets.Features({"image": datasets.Image()})
    datasets.Dataset.from_dict({"image": images}, features=features).save_to_disk(tmp_path / "bad")
    samples = hugging(tmp_path, dataset="bad").open(0)
    for row, says in [(0, "truncated|cannot identify"), (1, "got 0 bytes")]:
        with pytest.raises(BadSample, match=f"dataset d, image {samples.sample_ids[row]}.*({says})"):
            samples.image(row)


def test_what_cannot_be_opened(saved):
    with pytest.raises(ValidationError, match="a name on the hub with its `revision:`"):
        hugging(saved, dataset="someone/something")
    with pytest.raises(
        SourceError, match=r"expected the dataset someone/something, got ConnectionError.*gated"
    ):
        hugging(saved, dataset="someone/something", revision="0" * 40).open(0)
    with pytest.raises(ValidationError, match="expected `image:` or `text:`"):
        hugging(saved, dataset="one", image=None)
    with pytest.raises(UnknownName, match="a split, got 'val'"):
        hugging(saved, dataset="two", split="val").open(0)
    with pytest.raises(SourceError, match="expected the dataset .*parquet, got ValueError"):
        hugging(saved, dataset="parquet", split="val").open(0)
    with pytest.raises(UnknownName, match="a column 'lable'.*Did you mean 'label'"):
        hugging(saved, dataset="one", label="lable").open(0)
    with pytest.raises(DataError, match="expected images in the column 'label'"):
        hugging(saved, dataset="one", image="label").open(0)
    with pytest.raises(DataError, match="at least 3 captions, got 2"):
        hugging(saved, dataset="one", text="text", caption=2).open(0)
    (saved / "empty").mkdir()
    with pytest.raises(SourceError, match="expected the dataset"):
        hugging(saved, dataset="empty").open(0)


def test_unlabeled_splits_say_so(tmp_path):
    table(labels=(1, -1, 0, -1)).save_to_disk(tmp_path / "one")
    with pytest.raises(DataError, match="class numbers 0 to 1, one a name, got -1"):
        hugging(tmp_path, dataset="one", label="label").open(0)


def test_a_missing_library_names_the_extra(saved, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingDependency, match=r'pip install "seealike\[huggingface\]"'):
        hugging(saved, dataset="one").open(0)


def test_the_librarys_progress_bars_are_as_they_were(saved, capfd):
    hugging(saved, dataset="parquet").open(0)
    assert capfd.readouterr().err == ""
    assert not datasets.are_progress_bars_disabled()


def vision(base, **entry):
    return card(TorchvisionDatasetCard, base, **entry)


def test_torchvision_datasets_of_files(tmp_path):
    for k, name in enumerate(["b/1.png", "a/2.png", "a/3.png"]):
        (tmp_path / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(PIXELS[k]).save(tmp_path / "images" / name)
    samples = vision(tmp_path, dataset="ImageFolder", path="images").open(0)
    assert samples.sample_ids == ("a/2.png", "a/3.png", "b/1.png")
    assert (samples.labels.tolist(), samples.classes) == ([0, 0, 1], ("a", "b"))
    np.testing.assert_array_equal(np.asarray(samples.image(2)), PIXELS[0])
    (tmp_path / "images" / "b" / "1.png").write_bytes(b"")
    with pytest.raises(BadSample, match="dataset d, image b/1.png: expected a readable image, got 0 bytes"):
        samples.image(2)


def test_torchvision_datasets_in_memory(tmp_path):
    entry = {"dataset": "FakeData", "arguments": {"size": 5, "image_size": [3, 8, 8], "num_classes": 4}}
    samples = vision(tmp_path, **entry).open(0)
    reference = vision(tmp_path, **entry)._built()
    assert len(set(samples.sample_ids)) == 5
    assert samples.labels.tolist() == [int(reference[k][1]) for k in range(5)]
    np.testing.assert_array_equal(np.asarray(samples.image(3)), np.asarray(reference[3][0]))
    other = vision(tmp_path, **{**entry, "arguments": {**entry["arguments"], "random_offset": 1}}).open(0)
    assert other.revision != samples.revision


def test_torchvision_datasets_that_cannot_be(tmp_path):
    with pytest.raises(UnknownName, match="got 'MNSIT'. Did you mean .*'MNIST'"):
        vision(tmp_path, dataset="MNSIT").open(0)
    with pytest.raises(
        SourceError, match=r"expected the files of MNIST, got Dataset not found.*Download them"
    ):
        vision(tmp_path, dataset="MNIST", path=".").open(0)
    with pytest.raises(SpecError, match="arguments that fit FakeData, got .*'sise'"):
        vision(tmp_path, dataset="FakeData", arguments={"sise": 5}).open(0)


def test_real_digits_through_torchvision(real_data, tmp_path):
    import gzip

    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    images = gzip.decompress((real_data / "images" / "mnist_test.idx.gz").read_bytes())
    labels = gzip.decompress((real_data / "images" / "mnist_test_labels.idx.gz").read_bytes())
    for part in ("train", "t10k"):
        (raw / f"{part}-images-idx3-ubyte").write_bytes(images)
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(labels)
    samples = vision(tmp_path, dataset="MNIST", path=".", arguments={"train": False}).open(0)
    assert np.bincount(samples.labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert samples.classes[3] == "3 - three"
    assert samples.image(0).size == (28, 28)
