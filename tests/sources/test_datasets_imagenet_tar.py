"""ImageNet's tar of tars: the same samples as unpacked, each one read at its place, and every way it can be wrong."""

import io
import os
import tarfile

import numpy as np
import pytest
from PIL import Image

from seealike.errors import DataError
from seealike.sources.datasets import DATASET_SOURCES, ImageFolderCard, ImageNetTarCard, WebDatasetCard, tars

PIXELS = np.random.default_rng(0).integers(0, 256, (5, 6, 7, 3), dtype=np.uint8)
#: Classes and images as ImageNet names them, out of order on purpose.
IMAGES = {
    "n02000000": {"n02000000_9.JPEG": 0, "n02000000_10.JPEG": 1},
    "n01000000": {"n01000000_3.JPEG": 2, "n01000000_2.JPEG": 3, "n01000000_1.JPEG": 4},
}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SEEALIKE_CACHE", str(tmp_path / "cache"))


def encoded(row):
    stream = io.BytesIO()
    Image.fromarray(PIXELS[row]).save(stream, format="png")
    return stream.getvalue()


def packed(files, **how):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", **how) as archive:
        for name, raw in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(raw)
            archive.addfile(info, io.BytesIO(raw))
    return stream.getvalue()


def classes():
    """The tars of the classes."""
    return {
        f"{name}.tar": packed({image: encoded(row) for image, row in images.items()})
        for name, images in IMAGES.items()
    }


def written(path, raw):
    path.write_bytes(raw)
    os.utime(path, ns=(10**18, 10**18))
    return path


def card(path, **entry):
    return ImageNetTarCard.model_validate({"source": "imagenet_tar", "name": "d", "path": path, **entry})


def test_the_same_samples_as_the_unpacked_folder(tmp_path):
    tar = written(tmp_path / "train.tar", packed(classes()))
    for name, images in IMAGES.items():
        (tmp_path / "train" / name).mkdir(parents=True)
        for image, row in images.items():
            (tmp_path / "train" / name / image).write_bytes(encoded(row))
    folder = {"source": "image_folder", "name": "d", "path": tmp_path / "train"}
    unpacked = ImageFolderCard.model_validate(folder).open(0)
    samples = card(tar).open(0)
    assert samples.sample_ids == unpacked.sample_ids
    assert samples.sample_ids[0] == "n01000000/n01000000_1.JPEG"
    assert samples.labels.tolist() == unpacked.labels.tolist() == [0, 0, 0, 1, 1]
    assert samples.classes == unpacked.classes == ("n01000000", "n02000000")
    assert samples.revision == unpacked.revision
    for row in (3, 0, 4, 1, 2):
        np.testing.assert_array_equal(np.asarray(samples.image(row)), np.asarray(unpacked.image(row)))


def test_keys_of_every_dataset_hold(tmp_path):
    tar = written(tmp_path / "train.tar", packed(classes()))
    assert DATASET_SOURCES["imagenet_tar"] is ImageNetTarCard
    chosen = card(tar, only_classes=("n02000000",)).open(0)
    assert chosen.sample_ids == ("n02000000/n02000000_10.JPEG", "n02000000/n02000000_9.JPEG")
    np.testing.assert_array_equal(np.asarray(chosen.image(0)), PIXELS[1])


def test_the_tar_is_read_once_and_again_when_it_changes(tmp_path, monkeypatch):
    tar = written(tmp_path / "train.tar", packed(classes()))
    first = card(tar).open(0).revision
    seen = []
    monkeypatch.setattr(tars, "_nested", lambda stream, made=tars._nested: seen.append(1) or made(stream))
    assert card(tar).open(0).revision == first
    assert seen == []
    written(tar, packed({**classes(), "n03.tar": packed({"n03_1.JPEG": encoded(0)})}))
    assert card(tar).open(0).revision != first
    assert seen == [1]


def test_odd_members_are_passed_over(tmp_path):
    inner = packed(
        {"./a_1.JPEG": encoded(0), "notes.txt": b"", ".hidden.png": b""}, format=tarfile.GNU_FORMAT
    )
    tar = written(tmp_path / "t.tar", packed({"./README": b"x", "./sub/a.tar": inner}))
    samples = card(tar).open(0)
    assert samples.sample_ids == ("a/a_1.JPEG",)
    np.testing.assert_array_equal(np.asarray(samples.image(0)), PIXELS[0])


def test_wrong_files_are_refused(tmp_path):
    flat = written(tmp_path / "val.tar", packed({"ILSVRC2012_val_1.JPEG": encoded(0)}))
    with pytest.raises(DataError, match=r"val\.tar: .* a tar without tars"):
        card(flat).open(0)
    as_shard = {"source": "webdataset", "name": "d", "path": [str(flat)]}
    assert WebDatasetCard.model_validate(as_shard).open(0).sample_ids == ("ILSVRC2012_val_1",)
    whole = packed(classes())
    with pytest.raises(DataError, match=r"cut\.tar: .*(ends|end of)"):
        card(written(tmp_path / "cut.tar", whole[: len(whole) // 2])).open(0)
    broken = {"n1.tar": packed({"n1_1.JPEG": encoded(0)})[:-10240]}
    with pytest.raises(DataError, match=r"inner\.tar: .*n1\.tar: "):
        card(written(tmp_path / "inner.tar", packed(broken))).open(0)
    with pytest.raises(DataError, match="expected a tar, got"):
        card(tmp_path).open(0)
