"""Dataset sources: right pixels, right labels, ids that do not depend on position, clear refusals."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from seealike.errors import BadSample, DataError, UnknownName
from seealike.sources.datasets import ArraysCard, ImageFolderCard, ManifestCard
from seealike.sources.datasets.decoding import open_image
from seealike.sources.datasets.samples import Subset
from seealike.sources.images import ImageInput

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (6, 5, 7, 3), dtype=np.uint8)


def card(kind, root, **entry):
    return kind.model_validate({"source": kind.source_name, "name": "d", **entry}, context={"root": root})


@pytest.fixture
def folder(tmp_path):
    for i, name in enumerate(["b/x.png", "a/deep/y.PNG", "a/deep/z.png", "b/w.png"]):
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(PIXELS[i]).save(path, format="PNG")
    (tmp_path / "images" / "labels.csv").write_text("file,label\nb/x.png,left\na/deep/y.PNG,right\n")
    (tmp_path / "images" / ".hidden.png").write_bytes(b"")
    return tmp_path


def test_image_folder(folder):
    samples = card(ImageFolderCard, folder, path="images").open(0)
    assert samples.sample_ids == ("a/deep/y.PNG", "a/deep/z.png", "b/w.png", "b/x.png")
    assert samples.labels.tolist() == [0, 0, 1, 1]
    assert samples.classes == ("a/deep", "b")
    np.testing.assert_array_equal(np.asarray(samples.image(3)), PIXELS[0])


def test_manifest(folder):
    samples = card(ManifestCard, folder, path="images/labels.csv", label="label").open(0)
    assert samples.sample_ids == ("b/x.png", "a/deep/y.PNG")
    assert samples.labels.tolist() == [0, 1]
    with pytest.raises(UnknownName, match="a column 'lable'.*Did you mean 'label'"):
        card(ManifestCard, folder, path="images/labels.csv", label="lable").open(0)
    (folder / "images" / "bad.csv").write_text("file\nb/x.png\nb/none.png\n")
    with pytest.raises(DataError, match=r"bad.csv row 2: expected an image file, got no file .*none.png"):
        card(ManifestCard, folder, path="images/bad.csv").open(0)
    (folder / "images" / "twice.csv").write_text("file\nb/x.png\nb/x.png\n")
    with pytest.raises(DataError, match="every image once, got b/x.png twice"):
        card(ManifestCard, folder, path="images/twice.csv").open(0)


def idx(array, kind=8):
    return (
        struct.pack(f">HBB{array.ndim}I", 0, kind, array.ndim, *array.shape) + array.astype(">u1").tobytes()
    )


def test_arrays_of_every_kind_give_the_same_samples(tmp_path):
    labels = np.array([2, 0, 1, 2, 0, 1])
    np.savez(tmp_path / "a.npz", images=PIXELS, labels=labels, classes=np.array(["x", "y", "z"]))
    np.save(tmp_path / "a.npy", PIXELS)
    np.save(tmp_path / "l.npy", labels)
    Image.fromarray(PIXELS.reshape(6, 35, 3)).save(tmp_path / "a.png")
    (tmp_path / "p0.idx").write_bytes(idx(PIXELS[:4]))
    (tmp_path / "p1.idx").write_bytes(idx(PIXELS[4:]))
    (tmp_path / "l.idx.gz").write_bytes(gzip.compress(idx(labels)))
    entries = [
        {"images": "a.npz"},
        {"images": "a.npy", "labels": "l.npy"},
        {"images": "a.png", "labels": "l.idx.gz", "shape": [5, 7, 3]},
        {"images": "p*.idx", "labels": "l.npy"},
    ]
    opened = [card(ArraysCard, tmp_path, **entry).open(0) for entry in entries]
    for samples in opened:
        assert samples.sample_ids == opened[0].sample_ids
        assert samples.labels.tolist() == labels.tolist()
        np.testing.assert_array_equal(np.asarray(samples.image(4)), PIXELS[4])
    assert opened[0].classes == ("x", "y", "z")


def test_ids_stay_with_the_image_and_the_revision_with_the_content(tmp_path):
    np.save(tmp_path / "a.npy", PIXELS)
    np.save(tmp_path / "b.npy", PIXELS[::-1])
    a, b = (card(ArraysCard, tmp_path, images=f"{n}.npy").open(0) for n in "ab")
    assert a.sample_ids == b.sample_ids[::-1]
    assert a.revision != b.revision
    changed = PIXELS.copy()
    changed[0, 0, 0, 0] ^= 1
    np.save(tmp_path / "c.npy", changed)
    assert card(ArraysCard, tmp_path, images="c.npy").open(0).revision != a.revision


@pytest.mark.parametrize(
    ("array", "entry", "says"),
    [
        (PIXELS.astype(np.float32), {}, "expected bytes .* got float32"),
        (PIXELS[0, 0], {}, r"got uint8 \(7, 3\)"),
        (PIXELS, {"shape": [4, 4, 3]}, r"whole images of shape \(4, 4, 3\)"),
        (PIXELS, {"labels": "five.npy"}, "expected 6 labels, one an image, got 5"),
    ],
)
def test_arrays_that_are_no_images(tmp_path, array, entry, says):
    np.save(tmp_path / "a.npy", array)
    np.save(tmp_path / "five.npy", np.arange(5))
    with pytest.raises(DataError, match=says):
        card(ArraysCard, tmp_path, images="a.npy", **entry).open(0)


def test_damaged_and_dangerous_files(tmp_path):
    (tmp_path / "a.npz").write_bytes(b"PK nothing")
    np.save(tmp_path / "o.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    (tmp_path / "t.idx").write_bytes(idx(PIXELS)[:-9])
    (tmp_path / "e.png").write_bytes(b"")
    np.savez(tmp_path / "k.npz", x=PIXELS)
    for name, says in [
        ("a.npz", "a readable array file"),
        ("o.npy", "without pickled objects"),
        ("t.idx", r"numbers where the header promises \(6, 5, 7, 3\)"),
        ("e.png", "expected a readable image"),
        ("k.npz", "expected an array 'images', got x"),
    ]:
        with pytest.raises(DataError, match=says):
            card(ArraysCard, tmp_path, images=name).open(0)
    with pytest.raises(ValidationError, match="which matches nothing"):
        card(ArraysCard, tmp_path, images="none.npy")


def test_corrupt_empty_and_deep_images_are_named(folder):
    images = folder / "images"
    samples = card(ImageFolderCard, folder, path="images").open(0)
    (images / "b/w.png").write_bytes((images / "b/w.png").read_bytes()[:60])
    (images / "b/x.png").write_bytes(b"")
    for row, name in [(2, "b/w.png"), (3, "b/x.png")]:
        with pytest.raises(BadSample, match=f"dataset d, image {name}: expected a readable image"):
            samples.image(row)
    Image.fromarray(np.full((4, 4), 40000, dtype=np.uint16)).save(images / "deep.png")
    with pytest.raises(DataError, match=r"d, deep.png: expected 8-bit pixels, got pixels of mode I"):
        open_image(images / "deep.png", "d, deep.png")


def test_empty_datasets(tmp_path):
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match="dataset d: expected at least one sample, got none"):
        card(ImageFolderCard, tmp_path, path="none").open(0)
    np.save(tmp_path / "a.npy", PIXELS[:0])
    with pytest.raises(DataError, match="expected at least one sample"):
        card(ArraysCard, tmp_path, images="a.npy").open(0)


def _many(tmp_path):
    rng = np.random.default_rng(1)
    np.savez(
        tmp_path / "m.npz",
        images=rng.integers(0, 256, (200, 4, 4), dtype=np.uint8),
        labels=np.arange(200) % 4,
    )
    return card(ArraysCard, tmp_path, images="m.npz")


def test_subsets_are_seeded_nested_and_balanced(tmp_path):
    dataset = _many(tmp_path)
    ids = {n: dataset.open(0, Subset(samples=n)).sample_ids for n in (10, 50)}
    assert set(ids[10]) < set(ids[50])
    assert ids[50] == dataset.open(0, Subset(samples=50)).sample_ids
    assert ids[50] != dataset.open(1, Subset(samples=50)).sample_ids
    balanced = dataset.open(0, Subset(per_class=7))
    assert np.bincount(balanced.labels).tolist() == [7, 7, 7, 7]
    whole = dataset.open(0)
    row = whole.sample_ids.index(balanced.sample_ids[3])
    np.testing.assert_array_equal(np.asarray(balanced.image(3)), np.asarray(whole.image(row)))
    assert balanced.labels[3] == whole.labels[row]


def test_a_subset_draws_every_sample_equally_often(tmp_path):
    dataset = _many(tmp_path).read()
    counts = dict.fromkeys(dataset.sample_ids, 0)
    for seed in range(300):
        for name in dataset.subset(Subset(samples=50), seed).sample_ids:
            counts[name] += 1
    expected = 300 * 50 / 200
    chi2 = sum((c - expected) ** 2 / (expected * 0.75) for c in counts.values())
    assert 140 < chi2 < 270  # 199 degrees of freedom: mean 199, standard deviation 20


def test_subset_rules_that_cannot_be(tmp_path):
    with pytest.raises(ValidationError, match="one of `samples`, `per_class` and `balanced`"):
        Subset(samples=3, per_class=4)
    np.save(tmp_path / "a.npy", PIXELS)
    with pytest.raises(DataError, match="a dataset with labels, got none"):
        card(ArraysCard, tmp_path, images="a.npy").open(0, Subset(per_class=2))


def test_inverted_images_are_another_revision(tmp_path):
    np.save(tmp_path / "a.npy", PIXELS)
    plain, inverted = (card(ArraysCard, tmp_path, images="a.npy", invert=i).open(0) for i in (False, True))
    np.testing.assert_array_equal(np.asarray(inverted.image(1)), 255 - PIXELS[1])
    assert plain.revision != inverted.revision


def test_image_input_follows_torchvision():
    from seealike.sources.models.vision import vision_library

    transforms = vision_library("torchvision", where="test").transforms
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    reference = transforms.Compose(
        [
            transforms.Resize(40),
            transforms.CenterCrop(32),
            transforms.ToTensor(),
            transforms.Normalize(mean, std),
        ]
    )
    ours = ImageInput(size=32, resize=40, mean=mean, std=std)
    for size in [(90, 61), (50, 75), (40, 40), (333, 200)]:
        image = Image.fromarray(RNG.integers(0, 256, (*size, 3), dtype=np.uint8))
        np.testing.assert_allclose(ours(image), reference(image).numpy(), atol=2e-7)


def test_image_input_crops_and_colors():
    wide = Image.fromarray(np.concatenate([PIXELS[0], PIXELS[1]], axis=1))  # 5 x 14
    square = np.asarray(wide)[:, 4:9]
    np.testing.assert_allclose(
        ImageInput(size=5)(wide), square.transpose(2, 0, 1) / np.float32(255), atol=1e-6
    )
    assert ImageInput(size=3, crop="none")(wide).shape == (3, 3, 3)
    grey = ImageInput(size=5, channels=1)(wide)
    np.testing.assert_allclose(grey[0] * 255, square @ [0.299, 0.587, 0.114], atol=1.0)
    for mode in ("L", "P", "RGBA", "CMYK", "1"):
        assert ImageInput(size=4)(wide.convert(mode)).shape == (3, 4, 4)


def test_real_images_in_every_layout(real_data):
    images = real_data / "images"
    folder = card(ImageFolderCard, images, path="omniglot_small1").open(0)
    assert len(folder.sample_ids) == 2720
    assert len(folder.classes) == 136
    imagenet = card(ImageFolderCard, images, path="imagenet_sample").open(0)
    assert imagenet.labels.tolist() == list(range(1000))
    mnist = card(ArraysCard, images, images="mnist_test.idx.gz", labels="mnist_test_labels.idx.gz").open(0)
    assert np.bincount(mnist.labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    manifest = card(ManifestCard, images, path="caltech101/labels.csv", label="label").open(0)
    assert len(manifest.sample_ids) == 505
    assert Path(manifest.sample_ids[0]).suffix == ".jpg"


def _published(counts):
    """A dataset of so many samples of each class."""
    from seealike.sources.datasets.card import Samples

    labels = np.repeat(np.arange(len(counts)), counts)
    return Samples(tuple(map(str, range(len(labels)))), None, labels, (), revision="1234abcd")


@pytest.mark.parametrize(
    ("name", "counts", "used"),
    [
        ("FER2013", (3995, 436, 4097, 7215, 4830, 3171, 4965), 9_010),
        ("diabetic retinopathy", (25_810, 2_443, 5_292, 873, 708), 7_581),
        ("EuroSAT", (1_620,) * 10, 10_000),
        ("RESISC45", (420,) * 45, 10_035),
        ("Country-211", (150,) * 211, 10_128),
        ("Dmlab", (10_925,) * 6, 10_002),
        ("STL-10", (500,) * 10, 5_000),
        ("exactly 10,000", (9_000, 1_000), 10_000),
        ("one more", (9_001, 1_000), 6_000),
    ],
)
def test_the_published_rule_gives_the_published_numbers_of_samples(name, counts, used):
    """All samples up to 10,000; of larger datasets ceil(10,000 / classes) of each class, small classes whole."""
    whole = _published(counts)
    drawn = whole.subset(Subset(balanced=10_000), 0)
    assert len(drawn.sample_ids) == used, name
    larger = whole.subset(Subset(balanced=30_000), 0)
    assert set(drawn.sample_ids) <= set(larger.sample_ids), "nested"
    if len(whole.sample_ids) > 10_000:
        per_class = -(-10_000 // len(counts))
        assert np.bincount(drawn.labels).tolist() == [min(per_class, count) for count in counts]
        assert drawn.sample_ids == whole.subset(Subset(per_class=per_class), 0).sample_ids


def test_a_subset_of_a_subset_is_what_the_whole_would_give():
    whole = _published((50, 8, 90))
    for rule, smaller in (
        ({"per_class": 20}, {"per_class": 6}),
        ({"samples": 90}, {"samples": 30}),
        ({"balanced": 120}, {"per_class": 8}),
    ):
        part = whole.subset(Subset(**rule), 5)
        assert len(part.sample_ids) < len(whole.sample_ids)
        assert part.subset(Subset(**smaller), 5).sample_ids == whole.subset(Subset(**smaller), 5).sample_ids
    assert part.subset(Subset(samples=10), 6).sample_ids != part.subset(Subset(samples=10), 5).sample_ids


def test_all_is_a_rule_too(tmp_path):
    dataset = card(ArraysCard, tmp_path, images=_saved(tmp_path), subset="all")
    assert len(dataset.open(0, Subset(per_class=3)).sample_ids) == 200
    assert dataset.open(0, Subset(per_class=3)).rule == "all"
    with pytest.raises(ValidationError, match="expected `all`, or one of"):
        Subset.model_validate({"whole": True, "samples": 3})


def _saved(tmp_path):
    _many(tmp_path)
    return "m.npz"
