"""Images are found by name, and are the same whether kept in memory or decoded each time."""

import numpy as np
import pytest
import torch
from PIL import Image

from seealike.errors import BadSample, DataError
from seealike.sources.datasets.samples import Samples
from seealike.sources.images import ImageInput
from seealike.students.images import TripletImages, found_rows, together

INPUT = ImageInput(size=8)


def test_names_are_found_whole_or_by_their_last_part():
    ids = ["x/a.png", "y/b.png", "y/c.png", "z/c.png"]
    names = np.array([["a.png", "b.png", "z/c.png"], ["y/c.png", "x/a.png", "b.png"]])
    assert found_rows(names, ids, "t").tolist() == [[0, 1, 3], [2, 0, 1]]


def test_unknown_and_vague_names_are_refused():
    ids = ["x/a.png", "y/b.png", "y/c.png", "z/c.png"]
    with pytest.raises(DataError, match=r"t.npz: .* no such image for 2 of 3 names \(d.png, e.png"):
        found_rows(np.array([["d.png", "e.png", "a.png"]]), ids, "t.npz")
    with pytest.raises(DataError, match=r"several images of that name for 1 of 3 names \(c.png"):
        found_rows(np.array([["c.png", "b.png", "a.png"]]), ids, "t.npz")


def test_kept_and_decoded_images_are_the_same(samples):
    asked = [[3, 1, 20], [7], [20, 21, 22, 23]]
    needed = np.array([1, 3, 7, 20, 21, 22, 23])
    kept = list(TripletImages(samples, needed, INPUT).read(asked))
    decoded = list(TripletImages(samples, needed, INPUT, kept_bytes=0).read(asked))
    for rows, one, two in zip(asked, kept, decoded, strict=True):
        expected = np.stack([INPUT(samples.image(row)) for row in rows])
        assert torch.equal(one, two)
        np.testing.assert_array_equal(one.numpy(), expected)


@pytest.mark.parametrize("kept_bytes", [0, 1 << 20])
def test_an_image_that_cannot_be_read_stops_training(kept_bytes):
    def image(row):
        if row == 2:
            raise BadSample(where="image c", expected="a readable image", got="0 bytes", fix="Remove it.")
        return Image.new("RGB", (8, 8))

    samples = Samples(("a", "b", "c"), image, None, (), "1f")
    with pytest.raises(BadSample, match="image c: expected a readable image"):
        list(TripletImages(samples, np.arange(3), INPUT, kept_bytes=kept_bytes).read([[0, 1, 2]]))


def test_several_datasets_are_one(samples):
    other = Samples(("other.png",), lambda row: Image.new("RGB", (8, 8), "white"), None, (), "2f")
    whole = together([samples, other, samples.rows(np.array([], dtype=int))])
    assert len(whole.sample_ids) == 25
    assert np.asarray(whole.image(24)).min() == 255
    np.testing.assert_array_equal(np.asarray(whole.image(5)), np.asarray(samples.image(5)))
    assert whole.revision != together([other, samples]).revision
    with pytest.raises(DataError, match=r"class/00.png \(and 23 others\) in two datasets"):
        together([samples, samples])
