"""Derived datasets: superclasses, chosen classes, listed samples; labels; order that nothing changes."""

import os
from collections import Counter

import numpy as np
import polars as pl
import pytest
from PIL import Image
from pydantic import ValidationError

from seealike.data import digests
from seealike.errors import BadSample, DataError, UnknownName
from seealike.sources.datasets import ArraysCard, ImageFolderCard, ManifestCard
from seealike.sources.datasets.files import image_files
from seealike.sources.datasets.grouping import GROUPINGS, _public
from seealike.sources.datasets.labels import checked, labelled, numbered
from seealike.sources.datasets.samples import Samples, Subset

OLD = 1_600_000_000_000_000_000
#: Superclasses and classes of each, as the benchmark's paper gives them (Santurkar et al. 2021, table 1).
BREEDS = {"entity13": (13, 20), "entity30": (30, 8), "living17": (17, 4), "nonliving26": (26, 4)}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SEEALIKE_CACHE", str(tmp_path / "cache"))


def card(kind, base, **entry):
    return kind.model_validate({"source": kind.source_name, "name": "d", **entry}, context={"root": base})


def imagenet(tmp_path, names=None, labels=range(1000), **entry):
    """One image a class, in the order of the class numbers."""
    labels = np.array(labels)
    images = np.zeros((len(labels), 2, 2), np.uint16)
    images[..., 0, 0] = labels[:, None][:, 0]
    arrays = {"images": images.view(np.uint8), "labels": labels}
    names = names if names is not None else [str(k) for k in range(1000)]
    np.savez(tmp_path / "in.npz", **arrays, classes=np.array(names))
    return card(ArraysCard, tmp_path, images="in.npz", **entry)


@pytest.mark.parametrize("name", BREEDS)
def test_breeds_have_their_published_counts(name):
    superclasses, each = BREEDS[name]
    whole, source, target = (_public(n) for n in (name, f"{name}/source", f"{name}/target"))
    assert len(set(whole.superclasses)) == len(whole.superclasses) == superclasses
    assert source.superclasses == target.superclasses == whole.superclasses
    for grouping, size in ((whole, each), (source, each // 2), (target, each // 2)):
        counts = Counter(grouping.members.values())
        assert set(counts) == set(range(superclasses))
        assert set(counts.values()) == {size}
    assert not set(source.members) & set(target.members)
    assert {**source.members, **target.members} == whole.members
    assert len(whole.known) == len(set(whole.known)) == 1000
    assert list(whole.known) == sorted(whole.known)


#: As the benchmark's own notebook prints them: superclass, source classes, target classes.
LIVING17 = {
    "salamander": ([27, 29], [26, 28]),
    "snake": ([60, 57], [65, 61]),
    "dog": ([163, 154], [257, 157]),
    "domestic cat": ([282, 285], [283, 284]),
    "monkey": ([377, 380], [381, 379]),
}


def test_living17_is_the_published_one():
    source, target = _public("living17/source"), _public("living17/target")
    for name, halves in LIVING17.items():
        k = source.superclasses.index(name)
        for grouping, numbers in zip((source, target), halves, strict=True):
            assert {w for w, group in grouping.members.items() if group == k} == {
                source.known[n] for n in numbers
            }
    assert source.known[163] == "n02088466"  # bloodhound


def test_training_images_of_the_published_subsets_fit():
    """ImageNet has 732 to 1,300 training images a class; the published splits are the source classes."""
    for name, published in {"living17": 44_200, "nonliving26": 65_762, "entity30": 154_263}.items():
        classes = len(_public(f"{name}/source").members)
        assert 0.95 * 1300 * classes < published <= 1300 * classes


@pytest.mark.parametrize("named", ["numbers", "wnids", "words"])
def test_breeds_of_a_thousand_classes(tmp_path, named):
    names = {
        "numbers": None,
        "wnids": _public("living17").known,
        "words": [f"word {k}" for k in range(1000)],
    }[named]
    samples = imagenet(tmp_path, names, superclasses="living17/source").open(0)
    assert np.bincount(samples.labels).tolist() == [2] * 17
    assert samples.classes[8] == "dog"
    seen = [
        int(np.asarray(samples.image(row)).view(np.uint16)[0, 0])
        for row in np.flatnonzero(samples.labels == 8)
    ]
    assert sorted(seen) == [154, 163]
    whole = imagenet(tmp_path, names).open(0)
    assert set(samples.sample_ids) < set(whole.sample_ids)
    assert samples.revision != whole.revision


def test_breeds_of_folders_need_only_their_classes(tmp_path):
    known = _public("living17").known
    for k in [n for halves in LIVING17.values() for half in halves for n in half]:
        (tmp_path / "in" / known[k]).mkdir(parents=True)
        Image.new("RGB", (2, 2)).save(tmp_path / "in" / known[k] / "x.png")
    with pytest.raises(
        DataError, match=r"superclasses living17: expected a dataset with the 68 classes .* without 48"
    ):
        card(ImageFolderCard, tmp_path, path="in", superclasses="living17").open(0)
    for name in _public("living17").members:
        (tmp_path / "in" / name).mkdir(exist_ok=True)
        Image.new("RGB", (2, 2)).save(tmp_path / "in" / name / "x.png")
    samples = card(ImageFolderCard, tmp_path, path="in", superclasses="living17").open(0)
    assert np.bincount(samples.labels).tolist() == [4] * 17


def test_coarse_classes_of_cifar100(tmp_path):
    grouping = _public("cifar100")
    assert Counter(grouping.members.values()) == dict.fromkeys(range(20), 5)
    assert list(grouping.known) == sorted(grouping.known)
    images = np.arange(100 * 4, dtype=np.uint16).astype(np.uint8).reshape(100, 2, 2)
    for names in ([n.replace("_", " ") for n in grouping.known], [str(k) for k in range(100)]):
        np.savez(tmp_path / "c.npz", images=images, labels=np.arange(100), classes=np.array(names))
        samples = card(ArraysCard, tmp_path, images="c.npz", superclasses="cifar100").open(0)
        assert samples.labels.tolist()[:10] == [4, 1, 14, 8, 0, 6, 7, 7, 18, 3]
        assert samples.classes[14] == "people"
    np.savez(
        tmp_path / "c.npz",
        images=images,
        labels=np.arange(100),
        classes=[f"{n}s" for n in grouping.known[:99]] + ["worm"],
    )
    with pytest.raises(DataError, match="superclasses cifar100: expected a dataset with the 100 classes"):
        card(ArraysCard, tmp_path, images="c.npz", superclasses="cifar100").open(0)


def _classes(tmp_path, **entry):
    images = np.arange(8 * 4, dtype=np.uint8).reshape(8, 2, 2)
    np.savez(tmp_path / "a.npz", images=images, labels=np.arange(8) % 4, classes=["ant", "bee", "car", "dog"])
    return card(ArraysCard, tmp_path, images="a.npz", **entry)


def test_superclasses_of_ones_own(tmp_path):
    (tmp_path / "s.csv").write_text("class,superclass\nbee,insect\ncar,thing\nant,insect\n")
    samples = _classes(tmp_path, superclasses="s.csv").open(0)
    assert samples.classes == ("insect", "thing")
    assert samples.labels.tolist() == [0, 0, 1, 0, 0, 1]
    (tmp_path / "s.csv").write_text("class,superclass\nbee,insect\ncar,insect\nant,insect\n")
    assert _classes(tmp_path, superclasses="s.csv").open(0).revision != samples.revision
    (tmp_path / "s.csv").write_text("class,superclass\nbe,insect\n")
    with pytest.raises(DataError, match=r"superclasses s.csv: expected .* without 1 of them \(be"):
        _classes(tmp_path, superclasses="s.csv").open(0)
    (tmp_path / "s.csv").write_text("class,superclass\nbee,x\nbee,y\n")
    with pytest.raises(DataError, match="every class once, got bee twice"):
        _classes(tmp_path, superclasses="s.csv").open(0)
    (tmp_path / "s.csv").write_text("name,group\nbee,x\n")
    with pytest.raises(DataError, match="columns class and superclass, got name, group"):
        _classes(tmp_path, superclasses="s.csv").open(0)
    with pytest.raises(ValidationError, match="expected one of entity13, .* or a CSV file, got 'living16'"):
        _classes(tmp_path, superclasses="living16")
    assert len(GROUPINGS) == 13
    with pytest.raises(ValidationError, match="heads for the single classes would be scored"):
        _classes(tmp_path, superclasses="cifar100", classes="CIFAR-100")
    _classes(tmp_path, superclasses="cifar100", classes="cifar100-coarse")


def test_some_classes(tmp_path):
    whole = _classes(tmp_path).open(0)
    samples = _classes(tmp_path, only_classes=["dog", "bee"]).open(0)
    assert samples.sample_ids == tuple(whole.sample_ids[k] for k in (1, 3, 5, 7))
    assert (samples.labels.tolist(), samples.classes) == ([1, 3, 1, 3], whole.classes)
    assert samples.revision != whole.revision
    assert samples.revision == _classes(tmp_path, only_classes=["bee", "dog"]).open(0).revision
    with pytest.raises(UnknownName, match="dataset d: only_classes: .* got 'been'. Did you mean 'bee'"):
        _classes(tmp_path, only_classes=["been"]).open(0)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_listed_samples_of_a_table(tmp_path, kind):
    """The list that a study keeps of the samples that it used is a subset for the next one."""
    whole = _classes(tmp_path).open(0)
    drawn = _classes(tmp_path, subset={"samples": 5}).open(3)
    path = tmp_path / f"used.{kind}"
    table = pl.DataFrame({"sample_id": drawn.sample_ids, "label": drawn.labels})
    table.write_csv(path) if kind == "csv" else table.write_parquet(path)
    samples = _classes(tmp_path, only_samples=path.name).open(0)
    assert samples.sample_ids == drawn.sample_ids
    assert len(whole.sample_ids) > 5
    table = table.rename({"sample_id": "id"})
    table.write_csv(path) if kind == "csv" else table.write_parquet(path)
    with pytest.raises(DataError, match="expected a column sample_id, got id, label"):
        _classes(tmp_path, only_samples=path.name).open(0)
    path.write_bytes(b"")
    with pytest.raises(DataError, match="expected a table"):
        _classes(tmp_path, only_samples=path.name).open(0)


def test_listed_samples(tmp_path):
    whole = _classes(tmp_path).open(0)
    (tmp_path / "l.txt").write_text("\n".join([whole.sample_ids[6], whole.sample_ids[2], ""]))
    samples = _classes(tmp_path, only_samples="l.txt").open(0)
    assert samples.sample_ids == (whole.sample_ids[2], whole.sample_ids[6])
    np.testing.assert_array_equal(np.asarray(samples.image(1)), np.asarray(whole.image(6)))
    assert samples.labels.tolist() == [2, 2]
    (tmp_path / "l.txt").write_text("nobody\n")
    with pytest.raises(
        DataError, match=r"l.txt: expected ids of samples, got 1 that the dataset does not have \(nobody"
    ):
        _classes(tmp_path, only_samples="l.txt").open(0)
    (tmp_path / "l.txt").write_text("")
    with pytest.raises(DataError, match="at least one sample, got none"):
        _classes(tmp_path, only_samples="l.txt").open(0)
    (tmp_path / "l.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="l.txt: expected UTF-8 text"):
        _classes(tmp_path, only_samples="l.txt").open(0)


def test_parts_need_labels(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros((2, 2, 2), np.uint8))
    for entry in ({"superclasses": "living17"}, {"only_classes": ["a"]}):
        with pytest.raises(DataError, match="a dataset with labels, got none"):
            card(ArraysCard, tmp_path, images="a.npy", **entry).open(0)
    with pytest.raises(DataError, match="superclasses living17: expected a dataset with the 68 classes"):
        _classes(tmp_path, superclasses="living17").open(0)


def test_class_numbers_must_have_names(tmp_path):
    images = np.zeros((2, 2, 2), np.uint8)
    for labels, got in [([0, 3], "3"), ([-1, 0], "-1")]:
        np.savez(tmp_path / "a.npz", images=images, labels=np.array(labels), classes=["x", "y"])
        with pytest.raises(DataError, match=f"class numbers 0 to 1, one a name, got {got}"):
            card(ArraysCard, tmp_path, images="a.npz").open(0)
    with pytest.raises(DataError, match="class numbers from 0, got -2"):
        checked(np.array([-2, 1]), (), "d")
    assert checked(np.array([], int), (), "d")[1] == ()


def test_labels_of_tables():
    assert labelled([3, 0, 11], "d")[0].tolist() == [3, 0, 11]
    assert labelled(["b", "a", "10"], "d")[1] == ("10", "a", "b")
    assert numbered(["b", "a"])[0].tolist() == [1, 0]
    for missing in (None, ""):
        with pytest.raises(DataError, match="d, row 2: expected a label, got nothing"):
            labelled(["a", missing], "d")


def test_whole_numbers_in_a_manifest_are_class_numbers(tmp_path):
    for k in range(12):
        Image.new("L", (2, 2), k).save(tmp_path / f"{k:02}.png")
    rows = [f"{k:02}.png,{k}" for k in range(12)]
    (tmp_path / "m.csv").write_text("file,label\n" + "\n".join(rows))
    assert card(ManifestCard, tmp_path, path="m.csv", label="label").open(0).labels.tolist() == list(
        range(12)
    )
    (tmp_path / "abs.csv").write_text(f"file\n{tmp_path}/03.png\n")
    assert card(ManifestCard, tmp_path, path="abs.csv").open(0).sample_ids == ("03.png",)


def test_per_class_draws_are_what_they_were():
    """The draw is by the shuffled order, class by class, the first so many of each."""
    labels = np.random.default_rng(0).integers(0, 5, 300)
    samples = Samples(tuple(map(str, range(300))), None, labels, (), "1f")
    rows = [int(name) for name in samples.subset(Subset(per_class=7), 3).sample_ids]
    order = np.random.default_rng([3, 0x1F]).permutation(300)
    expected = np.concatenate([order[labels[order] == k][:7] for k in range(5)])
    assert rows == sorted(expected.tolist())


def test_files_are_listed_by_parts_of_their_path_and_links_followed_once(tmp_path):
    root = tmp_path / "r"
    for name in ("a/1.png", "a-b/1.png", "a/b/1.PNG", "a/.x.png", "a/n.txt", "z.jpeg"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "2.png").write_bytes(b"")
    (root / "c").symlink_to(tmp_path / "linked")
    (root / "a" / "loop").symlink_to(root)
    found = image_files(root)
    assert found == ["a/1.png", "a/b/1.PNG", "a-b/1.png", "c/2.png", "z.jpeg"]


def test_links_to_nothing_are_named(tmp_path):
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "x.png").symlink_to(tmp_path / "nowhere")
    with pytest.raises(
        BadSample, match="dataset d, image .*x.png: expected a readable file, got No such file"
    ):
        card(ImageFolderCard, tmp_path, path="r").open(0)


def test_no_number_of_readers_changes_the_samples(tmp_path, monkeypatch):
    for k in range(40):
        path = tmp_path / "r" / f"{k % 3}" / f"{k}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (2, 2), k).save(path)
        os.utime(path, ns=(OLD, OLD))
    found = []
    for readers in (1, 7):
        monkeypatch.setattr(digests, "_READERS", readers)
        monkeypatch.setenv("SEEALIKE_CACHE", str(tmp_path / f"cache{readers}"))
        samples = card(ImageFolderCard, tmp_path, path="r").open(0)
        found.append((samples.sample_ids, samples.revision, samples.labels.tolist()))
    assert found[0] == found[1]


def test_opening_tells_its_progress(tmp_path, monkeypatch):
    monkeypatch.setattr(digests, "_QUIET_S", -1.0)
    for k in range(3):
        Image.new("L", (2, 2), k).save(tmp_path / f"{k}.png")
    told = []
    card(ImageFolderCard, tmp_path, path=".").open(0, None, lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_real_breeds(real_data):
    for name, (superclasses, each) in BREEDS.items():
        samples = card(ImageFolderCard, real_data / "images", path="imagenet_sample", superclasses=name).open(
            0
        )
        assert np.bincount(samples.labels).tolist() == [each] * superclasses
