"""Every kind of image file becomes grey or RGB by a stated rule, or is refused by name."""

import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from seealike.errors import BadSample
from seealike.sources.datasets import ImageFolderCard
from seealike.sources.datasets.decoding import Decoding, open_image, settled
from seealike.sources.images import ImageInput

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (5, 7, 3), dtype=np.uint8)
RGB = Image.fromarray(PIXELS)
ORIENTATION = 0x0112


def encoded(image, kind="png", **options):
    stream = io.BytesIO()
    image.save(stream, format=kind, **options)
    return stream.getvalue()


def pixels(image):
    return np.asarray(image)


@pytest.mark.parametrize("mode", ["RGB", "L", "1", "P"])
def test_plain_images_keep_their_pixels(mode):
    image = RGB.convert(mode)
    found = open_image(encoded(image), "d")
    assert found.mode == ("RGB" if mode in ("RGB", "P") else "L")
    np.testing.assert_array_equal(pixels(found), pixels(image.convert(found.mode)))


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr"])
def test_other_color_spaces_are_converted(mode):
    image = RGB.convert(mode)
    found = settled(image, "d")
    assert found.mode == "RGB"
    np.testing.assert_array_equal(pixels(found), pixels(image.convert("RGB")))
    if mode == "CMYK":
        np.testing.assert_allclose(pixels(found).astype(int), PIXELS, atol=2)


HOW = {
    "upright": 1,
    "mirrored": 2,
    "upside down": 3,
    "flipped": 4,
    "diagonal": 5,
    "quarter": 6,
    "other": 7,
    "back": 8,
}


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_pictures_are_turned_as_their_tag_says(how, kind):
    exif = Image.Exif()
    exif[ORIENTATION] = HOW[how]
    raw = encoded(RGB, kind, exif=exif)
    with Image.open(io.BytesIO(raw)) as image:
        stored = np.asarray(image)
    turned = {
        "upright": stored,
        "mirrored": stored[:, ::-1],
        "upside down": stored[::-1, ::-1],
        "flipped": stored[::-1],
        "diagonal": stored.transpose(1, 0, 2),
        "quarter": np.rot90(stored, -1),
        "other": stored[::-1, ::-1].transpose(1, 0, 2),
        "back": np.rot90(stored),
    }[how]
    np.testing.assert_array_equal(pixels(open_image(raw, "d")), turned)
    with Image.open(io.BytesIO(raw)) as image:
        np.testing.assert_array_equal(turned, np.asarray(ImageOps.exif_transpose(image)))
    ignored = Decoding(orientation="ignored")
    np.testing.assert_array_equal(pixels(open_image(raw, "d", ignored)), stored)


@pytest.mark.parametrize(
    "exif",
    [
        b"MM\x00\x2a\x00\x00\x00\x08\x00\xff\x01",
        b"MM\x00",
        b"XX\x00\x2a\x00\x00\x00\x08",
        b"II*\x00\xff\xff\xff\xff",
    ],
)
def test_a_damaged_tag_leaves_the_picture_as_it_is(exif):
    raw = encoded(RGB, "png", exif=b"Exif\x00\x00" + exif)
    np.testing.assert_array_equal(pixels(open_image(raw, "d")), PIXELS)


@pytest.mark.parametrize(
    ("rule", "background"),
    [("white", 255), ("black", 0), ("dropped", None)],
    ids=["white", "black", "dropped"],
)
def test_transparency(rule, background):
    alpha = RNG.integers(0, 256, (5, 7, 1), dtype=np.uint8)
    alpha[0, :3] = [[0], [255], [128]]
    image = Image.fromarray(np.concatenate([PIXELS, alpha], axis=2))
    found = pixels(open_image(encoded(image), "d", Decoding(transparency=rule)))
    share = alpha / 255
    expected = PIXELS if background is None else PIXELS * share + background * (1 - share)
    np.testing.assert_allclose(found, expected, atol=1)
    assert found.shape == (5, 7, 3)


def test_transparent_grey_and_palette():
    grey = Image.fromarray(np.dstack([PIXELS[..., 0], np.zeros((5, 7), np.uint8)]), "LA")
    assert open_image(encoded(grey), "d").mode == "L"
    assert pixels(open_image(encoded(grey), "d")).min() == 255
    np.testing.assert_array_equal(
        pixels(open_image(encoded(grey), "d", Decoding(transparency="dropped"))), PIXELS[..., 0]
    )
    palette = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    palette.putpalette([10, 20, 30, 40, 50, 60])
    for clear in (1, b"\xff\x00"):  # one color, or a table of alpha values
        found = open_image(encoded(palette, transparency=clear), "d")
        assert pixels(found).tolist() == [[[10, 20, 30], [255, 255, 255]]]


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_deep_pixels_are_refused(dtype):
    image = Image.fromarray(np.full((4, 4), 40000, dtype=dtype))
    raw = encoded(image, "tiff")
    with pytest.raises(BadSample, match=r"d, image x: expected 8-bit pixels, got pixels of mode .*scaling"):
        open_image(raw, "d, image x")


def test_the_first_frame_of_an_animation():
    frames = [Image.fromarray(np.full((4, 4), v, np.uint8)) for v in (0, 255)]
    raw = encoded(frames[0], "gif", save_all=True, append_images=frames[1:])
    assert pixels(open_image(raw, "d")).max() == 0


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "gif", "bmp", "tiff"])
def test_truncated_and_empty_files(tmp_path, kind):
    raw = encoded(Image.fromarray(RNG.integers(0, 256, (64, 64, 3), dtype=np.uint8)), kind)
    path = tmp_path / f"x.{kind}"
    path.write_bytes(raw[: len(raw) // 2])
    with pytest.raises(BadSample, match=r"d, image x: expected a readable image, got \w.*Replace"):
        open_image(path, "d, image x")
    path.write_bytes(b"")
    with pytest.raises(BadSample, match=r"expected a readable image, got 0 bytes"):
        open_image(path, "d, image x")
    path.unlink()
    with pytest.raises(BadSample, match=r"No such file"):
        open_image(path, "d, image x")


def test_bombs_are_refused(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(BadSample, match="exceeds limit"):
        open_image(encoded(RGB), "d")


def test_rules_are_part_of_the_revision(tmp_path):
    RGB.save(tmp_path / "a.png")
    entry = {"source": "image_folder", "name": "d", "path": tmp_path}
    rules = [{}, {"orientation": "ignored"}, {"transparency": "black"}]
    found = [ImageFolderCard.model_validate({**entry, "decoding": rule}).open(0).revision for rule in rules]
    assert len(set(found)) == 3
    assert (
        ImageFolderCard.model_validate({**entry, "decoding": {"orientation": "applied"}}).open(0).revision
        == found[0]
    )


def test_an_image_input_takes_what_comes_out():
    for mode in ("L", "RGB", "RGBA", "P", "CMYK"):
        assert ImageInput(size=4, channels=1)(settled(RGB.convert(mode), "d")).shape == (1, 4, 4)
