"""The demo's datasets: real, separate, without doubles, and the same for the same seed."""

import sys

import numpy as np
import pytest

from seealike.demo import images, photographs, wheels
from seealike.demo.captions import THINGS, captions, measured
from seealike.errors import MissingDependency, SourceError

CUTTING = photographs.Cutting()


def covered(shape, boxes):
    mask = np.zeros(shape, int)
    for top, left, bottom, right in boxes:
        mask[top:bottom, left:right] += 1
    return mask


@pytest.mark.parametrize("shape", [(512, 512), (191, 384), (300, 451), (427, 640)])
def test_training_and_evaluation_areas_share_no_pixel_and_do_not_touch(shape):
    train, evaluation = (covered(shape, boxes) for boxes in photographs.areas(shape, CUTTING))
    assert train.max() == evaluation.max() == 1
    grown = np.pad(train, CUTTING.gap)
    near = sum(np.roll(grown, (i, j), (0, 1)) for i in range(-2, 3) for j in range(-2, 3))[
        CUTTING.gap : -CUTTING.gap, CUTTING.gap : -CUTTING.gap
    ]
    assert not (near.astype(bool) & evaluation.astype(bool)).any()
    assert train.sum() > 0.3 * train.size
    assert evaluation.sum() > 0.3 * evaluation.size


def test_patches_stay_in_their_cells_have_contrast_and_hardly_overlap():
    photo = wheels.read_photo("chelsea.png")
    train, evaluation = photographs.areas(photo.shape[:2], CUTTING)
    squares = photographs.places(photo, evaluation, (32, 48), 20, np.random.default_rng(1), CUTTING)
    assert len(squares) > 15
    inside = covered(photo.shape[:2], evaluation)
    assert covered(photo.shape[:2], train)[inside == 1].max() == 0
    taken = []
    for top, left, side in squares:
        region = (slice(top, top + side), slice(left, left + side))
        assert inside[region].all()
        assert photo[region].mean(2).std() >= CUTTING.contrast
        mask = np.zeros(photo.shape[:2], bool)
        mask[region] = True
        assert all((mask & m).sum() / (mask | m).sum() <= CUTTING.overlap for m in taken)
        taken.append(mask)


def test_no_more_patches_than_fit():
    photo = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    squares = photographs.places(photo, [(0, 0, 40, 40)], (32,), 50, np.random.default_rng(0), CUTTING)
    assert 1 <= len(squares) < 10
    assert not len(photographs.places(photo, [(0, 0, 20, 40)], (32,), 5, np.random.default_rng(0), CUTTING))


@pytest.mark.parametrize("name", ["digits", "faces", "documents"])
def test_a_dataset_has_all_classes_and_no_two_images_look_the_same(name):
    parts = images.dataset(name, np.random.default_rng(0), 60)
    for part in parts:
        assert part.images.shape[1:] == (32, 32, 3)
        assert part.images.dtype == np.uint8
        assert part.labels.dtype == np.int64
        assert set(part.labels) == set(range(len(part.classes)))
    pixels = np.concatenate([part.images for part in parts]).reshape(-1, 3072).astype(float)
    for k in range(1, len(pixels)):
        assert np.sqrt(((pixels[:k] - pixels[k]) ** 2).mean(1)).min() > images.SAME - 0.01


def test_doubles_are_dropped_from_the_training_part():
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)
    almost = pictures.copy()
    almost[0, 0, 0] ^= 1
    train = images.Labelled(np.concatenate([almost[:1], pictures[2:]]), np.arange(3), ("a", "b", "c"))
    evaluation = images.Labelled(pictures[:2], np.arange(2), ("a", "b", "c"))
    kept, untouched = images._distinct(train, evaluation)
    assert kept.labels.tolist() == [1, 2]
    assert untouched.labels.tolist() == [0, 1]


def test_the_same_seed_gives_the_same_images_and_another_gives_others():
    first, again, other = (images.dataset("faces", np.random.default_rng(s), 60)[1].images for s in (0, 0, 1))
    assert np.array_equal(first, again)
    assert first.shape != other.shape or not np.array_equal(first, other)


def test_every_dataset_can_be_said():
    assert set(THINGS) == set(images.NAMES)


def test_words_are_measured_from_the_pixels():
    stripes = np.zeros((8, 8, 3), np.uint8)
    stripes[::2, :, 2] = 250
    plain = np.full((8, 8, 3), 200, np.uint8)
    words = measured(np.stack([stripes, plain]))
    assert words[0] == {"light": "dark", "texture": "busy", "color": "blue"}
    assert words[1] == {"light": "bright", "texture": "smooth", "color": "grey"}


@pytest.mark.parametrize(
    ("pixel", "color"), [((200, 190, 10), "yellow"), ((10, 200, 20), "green"), ((200, 10, 190), "magenta")]
)
def test_hues_have_their_names(pixel, color):
    assert measured(np.full((1, 4, 4, 3), pixel, np.uint8))[0]["color"] == color


def test_captions_are_numbered_word_by_word():
    said = captions(np.zeros((3, 4, 4, 3), np.uint8), ["a cat", "a dog", "a cat"])
    assert (said.ids[0] == said.ids[2]).all()
    assert not (said.ids[0] == said.ids[1]).any()
    row = said.tokens[said.ids[1, 0]]
    assert [said.words[i - 1] for i in row if i] == ["a", "dog"]


@pytest.mark.parametrize("library", ["sklearn", "skimage"])
def test_a_missing_library_is_named_with_its_remedy(monkeypatch, library):
    monkeypatch.setitem(sys.modules, {"sklearn": "sklearn.datasets"}.get(library, library), None)
    name = {"sklearn": "digits", "skimage": "textures"}[library]
    with pytest.raises(
        MissingDependency, match=r'scikit-learn and scikit-image.*pip install "seealike\[demo\]"'
    ):
        images.dataset(name, np.random.default_rng(0), 10)


def test_a_file_that_the_wheel_lacks_is_named():
    with pytest.raises(SourceError, match="demo image nothing.png: expected the file .*Reinstall"):
        wheels.read_photo("nothing.png")
