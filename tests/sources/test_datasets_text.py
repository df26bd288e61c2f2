"""Texts, captions and CIFAR's binary files."""

import json
import pickle

import numpy as np
import polars as pl
import pytest
from PIL import Image

from seealike.errors import BadSample, DataError, SpecError, UnknownName
from seealike.sources.datasets import DATASET_SOURCES, CaptionsCard, CifarCard, TextCard
from seealike.sources.datasets.samples import Samples, Subset

RNG = np.random.default_rng(0)
TEXTS = ["a cat", "a dög", "a cat", "two\tbirds"]
LABELS = ["pet", "pet", "pet", "wild"]


def card(kind, base, **entry):
    return kind.model_validate({"source": kind.source_name, "name": "d", **entry}, context={"root": base})


@pytest.fixture
def texts(tmp_path):
    table = pl.DataFrame({"text": TEXTS, "kind": LABELS, "key": ["w", "x", "y", "z"]})
    table.write_csv(tmp_path / "t.csv")
    table.write_csv(tmp_path / "t.tsv", separator="\t")
    table.write_parquet(tmp_path / "t.parquet")
    table.write_ndjson(tmp_path / "t.jsonl")
    (tmp_path / "t.txt").write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("suffix", ["csv", "tsv", "parquet", "jsonl"])
def test_texts_of_every_kind_give_the_same_samples(texts, suffix):
    lines = card(TextCard, texts, path="t.txt").open(0)
    samples = card(TextCard, texts, path=f"t.{suffix}", label="kind").open(0)
    assert [samples.text(row) for row in range(4)] == TEXTS == [lines.text(row) for row in range(4)]
    assert samples.sample_ids == lines.sample_ids
    assert samples.sample_ids[2] == f"{samples.sample_ids[0]}-2"
    assert (samples.labels.tolist(), samples.classes) == ([0, 0, 0, 1], ("pet", "wild"))
    keyed = card(TextCard, texts, path=f"t.{suffix}", id="key").open(0)
    assert keyed.sample_ids == ("w", "x", "y", "z")
    assert keyed.text(1) == "a dög"


def test_a_subset_of_texts(texts):
    whole = card(TextCard, texts, path="t.txt").open(0)
    some = card(TextCard, texts, path="t.txt", subset={"samples": 2}).open(3)
    for row, name in enumerate(some.sample_ids):
        assert some.text(row) == whole.text(whole.sample_ids.index(name))


def test_items_of_the_wrong_kind(texts):
    samples = card(TextCard, texts, path="t.txt").open(0)
    assert samples.items("text")(0) == "a cat"
    with pytest.raises(
        DataError, match=r"a dataset with images, got no images\. Use the model's `datasets:`"
    ):
        samples.items("image")
    nothing = Samples(("a",), None, None, (), "0")
    with pytest.raises(DataError, match="got neither images nor texts"):
        nothing.items("text")


def test_texts_that_cannot_be(texts):
    with pytest.raises(UnknownName, match="a column 'txt'.*Did you mean 'text'"):
        card(TextCard, texts, path="t.csv", text="txt").open(0)
    with pytest.raises(DataError, match="every id once, got pet 3 times"):
        card(TextCard, texts, path="t.csv", id="kind").open(0)
    with pytest.raises(SpecError, match=r"a table for `label:` or `id:`, got lines"):
        card(TextCard, texts, path="t.txt", label="kind").open(0)
    (texts / "gap.txt").write_text("a\n\nb\n")
    with pytest.raises(BadSample, match=r"gap.txt, row 2: expected a text, got nothing"):
        card(TextCard, texts, path="gap.txt").open(0)
    (texts / "latin.txt").write_bytes("dög".encode("latin-1"))
    with pytest.raises(DataError, match="expected UTF-8 text"):
        card(TextCard, texts, path="latin.txt").open(0)
    (texts / "cut.jsonl").write_text('{"text": "a"}\n{"text": "b')
    with pytest.raises(DataError, match="cut.jsonl: expected a table"):
        card(TextCard, texts, path="cut.jsonl").open(0)
    (texts / "n.jsonl").write_text('{"text": 3}\n')
    with pytest.raises(BadSample, match="expected a text, got 3"):
        card(TextCard, texts, path="n.jsonl").open(0)


@pytest.fixture
def pairs(tmp_path):
    for name in "ab":
        path = tmp_path / "images" / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(RNG.integers(0, 256, (4, 4, 3), dtype=np.uint8)).save(path)
    (tmp_path / "long.csv").write_text(
        "file,caption,k\nb.png,a bee,1\na.png,an ant,0\nb.png,an insect,1\na.png,it,0\n"
    )
    rows = [
        {"file": "b.png", "caption": ["a bee", "an insect"], "k": 1},
        {"file": "a.png", "caption": ["an ant", "it"], "k": 0},
    ]
    (tmp_path / "wide.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return tmp_path


@pytest.mark.parametrize("table", ["long.csv", "wide.jsonl"])
def test_captions_are_paired_row_by_row(pairs, table):
    samples = card(CaptionsCard, pairs, path=table, root="images", label="k").open(0)
    assert samples.sample_ids == ("b.png", "a.png")
    assert [samples.text(row) for row in (0, 1)] == ["a bee", "an ant"]
    assert samples.labels.tolist() == [1, 0]
    with Image.open(pairs / "images" / "a.png") as image:
        np.testing.assert_array_equal(np.asarray(samples.items("image")(1)), np.asarray(image))
    second = card(CaptionsCard, pairs, path=table, root="images", caption=1).open(0)
    assert [second.text(row) for row in (0, 1)] == ["an insect", "it"]
    assert second.revision != samples.revision
    with pytest.raises(DataError, match=r"b.png: expected at least 3 captions, got 2"):
        card(CaptionsCard, pairs, path=table, root="images", caption=2).open(0)
    some = samples.subset(Subset(samples=1), 0)
    assert some.text(0) == dict(zip(samples.sample_ids, ["a bee", "an ant"], strict=True))[some.sample_ids[0]]


def test_captions_that_cannot_be(pairs):
    with pytest.raises(DataError, match=r"long.csv row 1: expected an image file, got no file"):
        card(CaptionsCard, pairs, path="long.csv").open(0)
    (pairs / "gap.csv").write_text("file,caption\na.png,\n")
    with pytest.raises(BadSample, match="row 1: expected a text, got nothing"):
        card(CaptionsCard, pairs, path="gap.csv", root="images").open(0)


def records(n, labels):
    return np.concatenate(
        [np.array(labels, np.uint8), RNG.integers(0, 256, (n, 3072), dtype=np.uint8)], axis=1
    )


def test_cifar10_binary(tmp_path):
    parts = [records(2, [[k], [9 - k]]) for k in range(5)]
    for k, part in enumerate(parts, 1):
        (tmp_path / f"data_batch_{k}.bin").write_bytes(part.tobytes())
    (tmp_path / "test_batch.bin").write_bytes(records(1, [[3]]).tobytes())
    names = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    (tmp_path / "batches.meta.txt").write_text("\n".join(names) + "\n\n")
    samples = card(CifarCard, tmp_path, path=".", split="train").open(0)
    assert samples.labels.tolist() == [0, 9, 1, 8, 2, 7, 3, 6, 4, 5]
    assert samples.classes == tuple(names)
    expected = parts[3][1, 1:].reshape(3, 32, 32).transpose(1, 2, 0)
    np.testing.assert_array_equal(np.asarray(samples.image(7)), expected)
    assert len(card(CifarCard, tmp_path, path=".", split="test").open(0).sample_ids) == 1
    (tmp_path / "data_batch_2.bin").write_bytes(parts[1].tobytes()[:-1])
    with pytest.raises(DataError, match=r"data_batch_2.bin: expected whole records of 3073 bytes, got 6145"):
        card(CifarCard, tmp_path, path=".", split="train").open(0)


def test_cifar100_fine_and_coarse(tmp_path):
    (tmp_path / "test.bin").write_bytes(records(3, [[19, 99], [0, 4], [7, 7]]).tobytes())
    fine = card(CifarCard, tmp_path, path=".", split="test").open(0)
    coarse = card(CifarCard, tmp_path, path=".", split="test", label="coarse").open(0)
    assert (fine.labels.tolist(), len(fine.classes)) == ([99, 4, 7], 100)
    assert (coarse.labels.tolist(), len(coarse.classes)) == ([19, 0, 7], 20)
    assert fine.sample_ids == coarse.sample_ids
    assert fine.revision != coarse.revision
    (tmp_path / "fine_label_names.txt").write_text("apple\nbee\n")
    with pytest.raises(DataError, match="class numbers 0 to 1, one a name, got 4, 7, 99"):
        card(CifarCard, tmp_path, path=".", split="test").open(0)


def test_pickled_cifar_is_refused(tmp_path):
    (tmp_path / "data_batch_1").write_bytes(pickle.dumps({b"data": b""}))
    with pytest.raises(
        DataError, match=r"got the python version, which holds pickles .*Download the binary version"
    ):
        card(CifarCard, tmp_path, path=".", split="train").open(0)


def test_every_source_is_registered():
    assert {"text", "captions", "cifar", "webdataset", "huggingface", "torchvision"} <= set(DATASET_SOURCES)
