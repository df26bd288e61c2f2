"""What the tasks give the loop: images, windows of a text, noised images, low-rank changes."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from seealike.errors import DataError
from seealike.sources.datasets.color_shape_digit import COLORS, SHAPES, ColorShapeDigitCard
from seealike.sources.datasets.digits import DigitsCard
from seealike.sources.images import ImageInput
from seealike.training import Recipe, drawing_from, train
from seealike.training.augmentation import Augmentation
from seealike.training.classification import ImageClassification, ImagePool
from seealike.training.corpora import chunk_numbers
from seealike.training.diffusion import NoisePrediction, small_unet
from seealike.training.language import NextToken, next_token_errors, small_gpt
from seealike.training.networks import SmallConvNet


@pytest.fixture(scope="module")
def digits():
    return DigitsCard(source="digits", name="digits").open(0)


def _generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_pool_holds_what_the_network_takes_at_other_times(digits):
    how = ImageInput(size=8, channels=1, mean=(0.3,), std=(0.4,))
    some = digits.rows(np.arange(20))
    pool = ImagePool.of(some, how)
    task = ImageClassification(nn.Identity(), pool, np.arange(20), np.arange(20), 20)
    ((images, order),) = task.batches(0, _generator())
    for image, row in zip(images, order, strict=True):
        torch.testing.assert_close(image, torch.from_numpy(how(some.image(int(row)))))


def test_every_epoch_has_all_images_in_an_order_of_its_own(digits):
    pool = ImagePool.of(digits.rows(np.arange(50)), ImageInput(size=8, channels=1))
    task = ImageClassification(nn.Identity(), pool, np.arange(10, 50), np.arange(40), 10)
    orders = [torch.cat([y for _, y in task.batches(e, _generator(e))]).tolist() for e in (0, 1)]
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(40))
    assert orders[0] != orders[1]


def test_small_network_learns_the_digits(tmp_path, digits):
    pool = ImagePool.of(digits, ImageInput(size=8, channels=1, mean=(0.3,), std=(0.38,)))
    rows = np.arange(0, 1797, 2)
    with drawing_from(0):
        net = SmallConvNet(10, channels=1, widths=(16, 32))
    task = ImageClassification(net, pool, rows, digits.labels[rows], 64, label_smoothing=0.1)
    train(task, Recipe(steps=60, learning_rate=0.02), tmp_path)
    with torch.no_grad():
        found = net((pool.pixels[1::2].float() / 255 - 0.3) / 0.38).argmax(1).numpy()
    assert (found == digits.labels[1::2]).mean() > 0.9


IMAGES = torch.rand(200, 3, 9, 9, generator=torch.Generator().manual_seed(1))


def test_flip_mirrors_half_of_the_images():
    changed = Augmentation(flip=True)(IMAGES, _generator())
    same = (changed == IMAGES).flatten(1).all(1)
    mirrored = (changed == IMAGES.flip(-1)).flatten(1).all(1)
    assert (same ^ mirrored).all()
    assert 70 < int(mirrored.sum()) < 130


def test_translation_moves_and_fills_with_black():
    changed = Augmentation(translate=2)(IMAGES, _generator())
    padded = nn.functional.pad(IMAGES, (2, 2, 2, 2))
    windows = torch.stack([padded[:, :, i : i + 9, j : j + 9] for i in range(5) for j in range(5)])
    fits = (windows == changed).flatten(2).all(2)
    assert fits.any(0).all()
    assert fits.any(1).all()  # every shift occurs


def test_cutout_is_one_square():
    changed = Augmentation(cutout=3)(IMAGES + 0.1, _generator())
    black = (changed == 0).all(1)
    assert (black.flatten(1).sum(1) <= 9).all()
    assert (black.flatten(1).sum(1) >= 4).all()
    assert torch.equal(changed[:, :, ~black.any(0)], (IMAGES + 0.1)[:, :, ~black.any(0)])


@pytest.mark.parametrize("what", ["brightness", "contrast", "saturation"])
def test_colors_change_for_the_share_that_is_asked(what):
    grey = (0.4 * IMAGES + 0.3).clamp(0, 1)
    changed = Augmentation(**{what: 0.2, "color_probability": 0.3})(grey, _generator())
    same = torch.isclose(changed, grey, atol=1e-6).flatten(1).all(1)
    assert 0.55 < same.float().mean() < 0.85
    assert changed.min() >= 0
    assert changed.max() <= 1


def test_saturation_keeps_the_grey_image():
    weights = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    images = 0.4 * IMAGES + 0.3
    changed = Augmentation(saturation=0.5)(images, _generator())
    torch.testing.assert_close((changed * weights).sum(1), (images * weights).sum(1))


def test_drawings_are_the_same_every_time_and_differ_between_parts():
    def card(**options):
        return ColorShapeDigitCard(source="color_shape_digit", name="c", per_class=2, **options).open(0)

    train_part, again, test_part = card(), card(), card(part="test")
    assert len(train_part.sample_ids) == 1600
    assert len(set(train_part.sample_ids)) == 1600
    assert len(train_part.classes) == 8 * 10 * 10
    assert train_part.revision == again.revision != test_part.revision
    pixels = [np.asarray(s.image(801)) for s in (train_part, again, test_part)]
    assert np.array_equal(pixels[0], pixels[1])
    assert not np.array_equal(pixels[0], pixels[2])
    assert train_part.classes[train_part.labels[801]] == f"{SHAPES[4]}_0_{next(iter(COLORS))}"
    assert isinstance(train_part.image(0), Image.Image)
    assert train_part.image(0).size == (28, 28)


def test_windows_lie_within_chunks():
    tokens = np.arange(1000) // 100  # the token is the number of its chunk
    task = NextToken(nn.Identity(), tokens, [(100, 200), (700, 800)], block=20, batch_size=64, n_batches=4)
    seen = torch.cat(list(task.batches(0, _generator())))
    assert seen.shape == (256, 21)
    assert set(seen.flatten().tolist()) == {1, 7}
    assert (seen == seen[:, :1]).all()


def test_chunks_that_are_too_short_are_refused():
    with pytest.raises(
        DataError, match="chunks of more than 50 tokens, a window and what follows it, got one of 50"
    ):
        NextToken(nn.Identity(), np.zeros(100, int), [(0, 50)], block=50, batch_size=1)


@pytest.mark.slow
def test_language_model_learns_a_cycle(tmp_path):
    tokens = np.arange(3000) % 7
    with drawing_from(0):
        model = small_gpt(7, 16, layers=1, heads=2, width=16, dropout=0.0)
    task = NextToken(model, tokens, [(0, 1500), (1500, 3000)], block=16, batch_size=16)
    recipe = Recipe(steps=60, learning_rate=0.02, decay_matrices_only=True, weight_decay=0.1, clip_norm=1.0)
    assert train(task, recipe, tmp_path).final_loss < 0.1


@pytest.mark.slow
def test_diffusion_model_learns_and_is_kept(tmp_path, digits):
    pool = ImagePool.of(digits.rows(np.arange(64)), ImageInput(size=8, channels=1))
    with drawing_from(0):
        net = small_unet(8, 10, channels=1, widths=(32, 32), dropout=0.0)
    task = NoisePrediction(net, pool, np.arange(64), digits.labels[:64], 32, null_class=10)
    record = train(task, Recipe(steps=30, learning_rate=2e-3, ema=0.9), tmp_path)
    assert np.mean(record.losses[-5:]) < 0.6 * np.mean(record.losses[:3])


def test_errors_are_those_of_all_images_as_they_are(digits):
    pool = ImagePool.of(digits.rows(np.arange(50)), ImageInput(size=8, channels=1, mean=(0.3,), std=(0.4,)))
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    task = ImageClassification(net, pool, np.arange(50), digits.labels[:50], 16, label_smoothing=0.2)
    loss, accuracy = task.errors(net)
    with torch.no_grad():
        scores = net((pool.pixels.float() / 255 - 0.3) / 0.4)
    wanted = nn.functional.cross_entropy(scores, torch.from_numpy(digits.labels[:50])).item()
    assert loss == pytest.approx(wanted, rel=1e-5)
    assert accuracy == (scores.argmax(1).numpy() == digits.labels[:50]).mean()


def test_error_of_noise_is_that_of_one_draw_for_all_images(digits):
    class Silent(nn.Module):
        def forward(self, images, t, classes):
            assert 999 not in classes  # every class is told
            return type("Out", (), {"sample": torch.zeros_like(images)})

    pool = ImagePool.of(digits.rows(np.arange(50)), ImageInput(size=8, channels=1))
    task = NoisePrediction(Silent(), pool, np.arange(50), np.arange(50), 16, null_class=999, drop=0.0)
    assert task.error(task.module) == pytest.approx(1, abs=0.1)  # nothing found of unit noise
    assert task.error(task.module) == task.error(task.module)
    assert task.error(task.module) != task.error(task.module, seed=1)


def test_tokens_behind_a_short_text_do_not_count():
    class Same(nn.Module):
        def forward(self, ids):
            logits = nn.functional.one_hot(ids, 7).float()
            return type("Out", (), {"logits": logits})

    short, long = np.array([3, 3]), np.array([1, 1, 2, 2, 2])
    together = next_token_errors(Same(), [short, long, np.array([5])], batch_size=3)
    alone = [next_token_errors(Same(), [one], batch_size=1) for one in (short, long)]
    assert together[2] == sum(n for *_, n in alone) == 5
    assert together[0] == pytest.approx(sum(loss * n for loss, _, n in alone) / 5, rel=1e-6)
    assert together[1] == 4 / 5


def test_chunks_are_of_one_corpus_and_of_like_length():
    lengths = np.random.default_rng(0).integers(50, 150, 300)
    corpora = np.repeat([0, 2, 1], [120, 80, 100])
    chunks, of = chunk_numbers(lengths, corpora, 10)
    assert np.array_equal(of[chunks], corpora)
    assert np.bincount(of).tolist() == [10, 10, 10]
    sizes = np.bincount(chunks, lengths)
    for corpus in range(3):
        assert np.ptp(sizes[of == corpus]) < 300


def test_noised_images_are_what_the_formula_says(digits):
    pool = ImagePool.of(digits.rows(np.arange(400)), ImageInput(size=8, channels=1))
    task = NoisePrediction(
        nn.Identity(), pool, np.arange(400), np.arange(400), 400, null_class=999, drop=0.25
    )
    ((images, t, classes, noise),) = task.batches(0, _generator())
    kept = np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))[t.numpy()]
    known = classes.numpy() != 999
    assert 0.18 < 1 - known.mean() < 0.32
    clean = pool.pixels[classes[known]].numpy() / 127.5 - 1
    shares = kept[known][:, None, None, None]
    expected = np.sqrt(shares) * clean + np.sqrt(1 - shares) * noise.numpy()[known]
    np.testing.assert_allclose(images.numpy()[known], expected, atol=1e-5)
