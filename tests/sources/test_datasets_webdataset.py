"""WebDataset shards: the same samples however they are spread, and every way a shard can be wrong."""

import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from seealike.errors import BadSample, DataError
from seealike.sources.datasets import WebDatasetCard, tars
from seealike.sources.datasets.tars import content, members

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (6, 5, 7, 3), dtype=np.uint8)
LABELS = [2, 0, 1, 2, 0, 1]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SEEALIKE_CACHE", str(tmp_path / "cache"))


def card(root, **entry):
    entry = {"source": "webdataset", "name": "d", **entry}
    return WebDatasetCard.model_validate(entry, context={"root": root})


def encoded(row, kind="png"):
    stream = io.BytesIO()
    Image.fromarray(PIXELS[row]).save(stream, format=kind, **({"lossless": True} if kind == "webp" else {}))
    return stream.getvalue()


def shard(path, files):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for name, raw in files:
            info = tarfile.TarInfo(name)
            info.size = len(raw)
            archive.addfile(info, io.BytesIO(raw))
    os.utime(path, ns=(10**18, 10**18))
    return path


def sample(row, kind="webp", key=None):
    key = key or f"s{row:07d}"
    return [(f"{key}.{kind}", encoded(row, kind)), (f"{key}.cls", str(LABELS[row]).encode())]


@pytest.fixture
def benchmark(tmp_path):
    """The layout of CLIP-benchmark."""
    root = tmp_path / "wds"
    shard(root / "test" / "0.tar", [f for row in range(4) for f in sample(row)])
    shard(root / "test" / "1.tar", [f for row in (4, 5) for f in sample(row, "png")])
    shard(root / "train" / "0.tar", sample(0))
    (root / "test" / "nshards.txt").write_text("2\n")
    (root / "train" / "nshards.txt").write_text("1")
    (root / "classnames.txt").write_text("ant\nbee\ncat\n")
    return root


def test_the_layout_of_clip_benchmark(benchmark, tmp_path):
    samples = card(tmp_path, path="wds", split="test").open(0)
    assert samples.sample_ids == tuple(f"s{row:07d}" for row in range(6))
    assert samples.labels.tolist() == LABELS
    assert samples.classes == ("ant", "bee", "cat")
    for row in range(6):
        np.testing.assert_array_equal(np.asarray(samples.image(row)), PIXELS[row])
    assert samples.text is None
    assert len(card(tmp_path, path="wds/train").open(0).sample_ids) == 1
    assert card(tmp_path, path="wds/train").open(0).classes == ("ant", "bee", "cat")


def test_samples_do_not_depend_on_the_shards(benchmark, tmp_path):
    order = [3, 5, 0, 4, 2, 1]
    shard(tmp_path / "x-000.tar", [f for row in order[:1] for f in sample(row)])
    for k in (1, 2, 3, 4, 5):
        kind = "png" if order[k] >= 4 else "webp"
        shard(tmp_path / f"x-00{k}.tar", sample(order[k], kind)[::-1])
    (tmp_path / "classnames.txt").write_text("ant\nbee\ncat\n")
    one = card(tmp_path, path="wds", split="test").open(0)
    for path in ("x-*.tar", "x-{000..005}.tar", [f"x-00{k}.tar" for k in (5, 3, 1, 0, 2, 4)]):
        other = card(tmp_path, path=path).open(0)
        assert other.sample_ids == one.sample_ids
        assert other.labels.tolist() == LABELS
        np.testing.assert_array_equal(np.asarray(other.image(5)), PIXELS[5])
        assert other.revision == one.revision


def test_a_shard_is_read_once_and_again_when_it_changes(benchmark, tmp_path, monkeypatch):
    first = card(tmp_path, path="wds", split="test").open(0)
    seen = []
    monkeypatch.setattr(
        tars, "_index", lambda tar, where, index=tars._index: seen.append(tar) or index(tar, where)
    )
    assert card(tmp_path, path="wds", split="test").open(0).revision == first.revision
    assert seen == []
    PIXELS[5, 0, 0, 0] ^= 1
    try:
        shard(benchmark / "test" / "1.tar", [f for row in (4, 5) for f in sample(row, "png")])
    finally:
        PIXELS[5, 0, 0, 0] ^= 1
    (benchmark / "test" / "1.tar").touch()
    assert card(tmp_path, path="wds", split="test").open(0).revision != first.revision
    assert [tar.name for tar in seen] == ["1.tar"]


def test_texts_and_odd_members(tmp_path):
    long = "word " * 200 + "ü"
    files = [("README", b"no sample"), ("./a/b.seg.png", b"")]
    files += [("./a/b.jpg", encoded(0, "jpeg")), ("./a/b.txt", long.encode()), ("./a/b.json", b"{}")]
    shard(tmp_path / "0.tar", files)
    samples = card(tmp_path, path="0.tar", text="txt").open(0)
    assert samples.sample_ids == ("a/b",)
    assert samples.text(0) == long
    assert samples.items("text")(0) == long
    assert samples.labels is None
    with pytest.raises(DataError, match=r"0.tar, key a/b: expected a .cap member, got none"):
        card(tmp_path, path="0.tar", text="cap").open(0)


def test_members_are_found_by_their_offset(tmp_path):
    path = shard(tmp_path / "0.tar", [("x" * 150 + ".txt", b"long name"), ("y.bin", bytes(range(256)) * 9)])
    found = list(members([path], "d"))
    assert [content(path, member) for member in found] == [b"long name", bytes(range(256)) * 9]
    assert [member.text for member in found] == ["long name", None]


@pytest.mark.parametrize("left", ["half a header", "no end", "no content", "half", "nothing"])
def test_truncated_tars(tmp_path, left):
    path = shard(tmp_path / "0.tar", [f for row in range(4) for f in sample(row)])
    whole = path.read_bytes()
    with tarfile.open(path) as archive:
        last = archive.getmembers()[-1]
    size = {
        "half a header": last.offset + 100,
        "no end": last.offset,
        "no content": last.offset_data,
        "half": len(whole) // 2 // 512 * 512 + 7,
        "nothing": 0,
    }[left]
    path.write_bytes(whole[:size])
    with pytest.raises(DataError, match=r"dataset d, 0.tar: expected a whole, uncompressed tar, got .*again"):
        card(tmp_path, path="0.tar").open(0)


def test_compressed_and_other_files(tmp_path):
    with tarfile.open(tmp_path / "0.tar", "w:gz"):
        pass
    (tmp_path / "1.tar").write_bytes(b"no tar at all" * 100)
    for name in ("0.tar", "1.tar"):
        with pytest.raises(DataError, match=r"a compressed one must be unpacked"):
            card(tmp_path, path=name).open(0)


def test_missing_and_wrong_labels(benchmark, tmp_path):
    shard(tmp_path / "0.tar", [*sample(0), *sample(1)[:1]])
    with pytest.raises(DataError, match=r"key s0000001: expected a .cls member .* got none \(1 of 2 samples"):
        card(tmp_path, path="0.tar").open(0)
    shard(tmp_path / "1.tar", sample(0)[:1])
    assert card(tmp_path, path="1.tar").open(0).labels is None
    (benchmark / "classnames.txt").write_text("ant\nbee\n")
    with pytest.raises(DataError, match=r"classnames.txt: expected class numbers 0 to 1, one a name, got 2"):
        card(tmp_path, path="wds", split="test").open(0)
    shard(
        tmp_path / "2.tar",
        [("k.png", encoded(0)), ("k.cls", b"zebra"), ("j.png", encoded(1)), ("j.cls", b"ape")],
    )
    samples = card(tmp_path, path="2.tar").open(0)
    assert (samples.labels.tolist(), samples.classes) == ([0, 1], ("ape", "zebra"))


def test_duplicate_keys(tmp_path):
    shard(tmp_path / "0.tar", sample(0, key="k") + sample(1, key="k"))
    with pytest.raises(DataError, match=r"0.tar: expected every member once, got k.webp twice"):
        card(tmp_path, path="0.tar").open(0)
    shard(tmp_path / "1.tar", sample(0, key="k"))
    shard(tmp_path / "2.tar", sample(1, key="k"))
    with pytest.raises(DataError, match=r"every key once, got k twice. Set `ids: content`"):
        card(tmp_path, path=["1.tar", "2.tar"]).open(0)
    one, other = (
        card(tmp_path, path=p, ids="content").open(0) for p in (["1.tar", "2.tar"], ["2.tar", "1.tar"])
    )
    assert one.sample_ids == other.sample_ids
    assert one.revision == other.revision
    assert sorted(one.labels.tolist()) == [0, 2]


def test_samples_without_one_image(tmp_path):
    shard(tmp_path / "0.tar", [*sample(0, "png", "k"), *sample(0, "webp", "k")[:1]])
    with pytest.raises(
        DataError, match=r"key k: expected one image member, got the members .png, .cls, .webp"
    ):
        card(tmp_path, path="0.tar").open(0)
    assert card(tmp_path, path="0.tar", image="webp").open(0).sample_ids == ("k",)
    shard(tmp_path / "1.tar", [("k.cls", b"1")])
    with pytest.raises(DataError, match=r"expected one .webp member, got the members .cls"):
        card(tmp_path, path="1.tar", image="webp").open(0)


@pytest.mark.parametrize(
    ("count", "says"),
    [
        ("3", "the 3 shards that nshards.txt counts, got a folder that misses 2.tar"),
        ("1", "the 1 shards that nshards.txt counts, got a folder that also has 1.tar"),
        ("many", "expected the number of shards, got 'many'"),
    ],
)
def test_wrong_counts_of_shards(benchmark, tmp_path, count, says):
    (benchmark / "test" / "nshards.txt").write_text(count)
    with pytest.raises(DataError, match=says):
        card(tmp_path, path="wds", split="test").open(0)


def test_splits_that_are_not_there(benchmark, tmp_path):
    with pytest.raises(DataError, match=r"got the splits test, train. Set `split: train`"):
        card(tmp_path, path="wds").open(0)
    with pytest.raises(DataError, match=r"got the splits test, train"):
        card(tmp_path, path="wds", split="val").open(0)
    with pytest.raises(DataError, match=r"expected tars, or one folder, got `split: test` with tars"):
        card(tmp_path, path="wds/test/0.tar", split="test").open(0)
    with pytest.raises(DataError, match=r"got the folder wds among others"):
        card(tmp_path, path=["wds", "wds/test/0.tar"]).open(0)
    with pytest.raises(ValueError, match="which matches nothing"):
        card(tmp_path, path="wds/test/{0..2}.tar")


def test_damaged_images_are_named(tmp_path):
    shard(
        tmp_path / "0.tar",
        [("a.png", encoded(0)[:70]), ("b.png", b""), ("c.png", encoded(1)), ("c.txt", b"\xff")],
    )
    samples = card(tmp_path, path="0.tar").open(0)
    with pytest.raises(BadSample, match="dataset d, image a: expected a readable image, got .*truncated"):
        samples.image(0)
    with pytest.raises(BadSample, match="dataset d, image b: expected a readable image, got 0 bytes"):
        samples.image(1)
    np.testing.assert_array_equal(np.asarray(samples.image(2)), PIXELS[1])
    shard(tmp_path / "1.tar", [("c.png", encoded(1)), ("c.txt", b"\xff")])
    with pytest.raises(BadSample, match="dataset d, text c: expected UTF-8"):
        card(tmp_path, path="1.tar", text="txt").open(0).text(0)


def test_real_images_in_shards(real_data, tmp_path):
    folder = real_data / "images" / "dtd10"
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".jpg", ".png"))[:40]
    names = sorted({p.parent.name for p in files})
    for k in range(2):
        part = [
            (f"{p.stem}{suffix}", raw)
            for p in files[k::2]
            for suffix, raw in (
                (p.suffix, p.read_bytes()),
                (".cls", str(names.index(p.parent.name)).encode()),
            )
        ]
        shard(tmp_path / "train" / f"{k}.tar", part)
    (tmp_path / "train" / "nshards.txt").write_text("2")
    samples = card(tmp_path, path=".", split="train").open(0)
    assert len(samples.sample_ids) == 40
    by_id = {p.stem: p for p in files}
    for row in (0, 17, 39):
        with Image.open(by_id[samples.sample_ids[row]]) as image:
            np.testing.assert_array_equal(np.asarray(samples.image(row)), np.asarray(image.convert("RGB")))
    assert Path(by_id[samples.sample_ids[3]]).parent.name == names[samples.labels[3]]
