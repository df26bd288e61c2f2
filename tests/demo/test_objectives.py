"""The losses against closed forms and plain loops over their definitions, and the views against what they promise."""

import math

import numpy as np
import pytest
import torch

from seealike.demo.objectives import classification_loss, image_text_loss, nt_xent_loss
from seealike.demo.views import MILD, STRONG, Views, view


def embeddings(n, d, seed):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal((n, d)))


def unit(x):
    x = x.numpy()
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def test_classification_loss_is_the_mean_negative_log_probability():
    logits, labels = embeddings(7, 5, 0), torch.tensor([0, 4, 2, 2, 1, 3, 0])
    e = np.exp(logits.numpy())
    expected = -np.log(e[np.arange(7), labels] / e.sum(1)).mean()
    assert math.isclose(float(classification_loss(logits, labels)), expected, rel_tol=1e-12)


def test_nt_xent_loss_by_its_definition():
    first, second, temperature = embeddings(5, 4, 1), embeddings(5, 4, 2), 0.3
    z = np.concatenate([unit(first), unit(second)])
    total = 0.0
    for i in range(10):
        rivals = sum(math.exp(z[i] @ z[j] / temperature) for j in range(10) if j != i)
        total -= math.log(math.exp(z[i] @ z[(i + 5) % 10] / temperature) / rivals)
    assert math.isclose(float(nt_xent_loss(first, second, temperature)), total / 10, rel_tol=1e-12)


def test_nt_xent_loss_of_orthogonal_pairs_in_closed_form():
    n, temperature = 6, 0.5
    z = torch.eye(n, dtype=torch.float64)
    expected = math.log(math.exp(1 / temperature) + 2 * n - 2) - 1 / temperature
    assert math.isclose(float(nt_xent_loss(3 * z, z, temperature)), expected, rel_tol=1e-12)


@pytest.mark.parametrize("captions", [[0, 1, 2, 3, 4], [0, 1, 0, 2, 0], [3, 3, 3, 3, 3]])
def test_image_text_loss_by_its_definition(captions):
    images, texts, temperature = embeddings(5, 4, 3), embeddings(5, 4, 4), 0.2
    logits = unit(images) @ unit(texts).T / temperature
    total = 0.0
    for i in range(5):
        positives = [j for j in range(5) if captions[j] == captions[i]]
        for row in (logits[i], logits[:, i]):
            total += math.log(np.exp(row).sum()) - np.mean([row[j] for j in positives])
    found = image_text_loss(images, texts, torch.tensor(captions), temperature)
    assert math.isclose(float(found), total / 10, rel_tol=1e-12)


def chance():
    return torch.Generator().manual_seed(0)


def test_views_that_may_change_nothing_change_nothing():
    images = torch.randn(4, 3, 16, 16, generator=chance())
    same = view(images, Views(smallest=1, light=0), chance())
    assert torch.allclose(same, images, atol=1e-5)


def test_a_certain_flip_mirrors():
    images = torch.randn(4, 3, 16, 16, generator=chance())
    assert torch.allclose(view(images, Views(1, flip=1, light=0), chance()), images.flip(3), atol=1e-5)


def test_a_certain_loss_of_color_leaves_the_mean_channel():
    images = torch.randn(4, 3, 16, 16, generator=chance())
    grey = view(images, Views(1, light=0, grey=1), chance())
    assert torch.allclose(grey, images.mean(1, keepdim=True).expand_as(images), atol=1e-5)


@pytest.mark.parametrize("views", [MILD, STRONG])
def test_views_are_drawn_from_the_generator_alone_and_leave_the_images(views):
    images = torch.randn(4, 3, 16, 16, generator=chance())
    before = images.clone()
    first, again = view(images, views, chance()), view(images, views, chance())
    assert torch.equal(first, again)
    assert torch.equal(images, before)
    assert not torch.allclose(first, images, atol=1e-2)
