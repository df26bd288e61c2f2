"""Students read the layer that extraction reads, and gradients go no further."""

import numpy as np
import pytest
import torch
from torch import nn

from seealike.errors import ShapeError, SpecError, UnknownName
from seealike.extract.pooling import POOLINGS, fitting, pool
from seealike.sources.images import ImageInput
from seealike.sources.models.hooks import TorchModel
from seealike.sources.models.lora import Lora, merged, with_lora
from seealike.sources.models.python import PythonCard
from seealike.sources.models.timm import TimmCard
from seealike.students.network import Student, trainable
from seealike.students.pooling import pooled


def network():
    torch.manual_seed(0)
    convolution = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True))
    return nn.Sequential(convolution, nn.Flatten(), nn.Linear(4 * 36, 5))


def model(module=None):
    return TorchModel("m", module or network(), ImageInput(size=8), "cpu")


def images(n=6):
    return torch.rand(n, 3, 8, 8, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("shape", [(7,), (5, 6), (3, 4, 4), (4, 4, 3), (3, 2, 4, 4)])
@pytest.mark.parametrize("rule", POOLINGS)
def test_pooling_gives_the_numbers_of_extraction(shape, rule):
    values = np.random.default_rng(0).normal(size=(4, *shape))
    if rule not in fitting(shape, prefix_tokens=1):
        with pytest.raises(ShapeError, match=f"pooling {rule.replace('+', '.')}"):
            pooled(torch.tensor(values), rule, where="layer", prefix_tokens=1)
        return
    expected = pool(values, rule, where="layer", prefix_tokens=1)
    found = pooled(torch.tensor(values), rule, where="layer", prefix_tokens=1)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("layer", "pooling"), [("0", "mean"), ("0.1", "flatten"), ("2", "none"), ("output", "none")]
)
def test_features_are_those_that_are_extracted(layer, pooling):
    student = Student(model(), layer, pooling, head=None).eval()
    read = student.model.forward(images().numpy(), [layer])[layer]
    expected = pool(read, pooling, where="layer")
    np.testing.assert_allclose(student(images()).detach().numpy(), expected, rtol=1e-6)


def test_transformer_with_its_own_class_token():
    card = TimmCard.model_validate(
        {
            "source": "timm",
            "name": "m",
            "model": "test_vit",
            "pretrained": False,
            "layer": "blocks.1",
            "pooling": "cls",
        }
    )
    loaded = trainable(card)
    student = Student(loaded, "blocks.1", "patch_mean", head=16)
    batch = torch.rand(2, *loaded.blank().shape[1:])
    student(batch).sum().backward()
    assert student.width == 64
    assert student.network.blocks[0].attn.qkv.weight.grad.abs().sum() > 0
    assert student.network.blocks[2].attn.qkv.weight.grad is None if len(student.network.blocks) > 2 else True
    read = pool(
        loaded.forward(batch.numpy(), ["blocks.1"])["blocks.1"], "patch_mean", where="", prefix_tokens=1
    )
    np.testing.assert_allclose(student.eval().features(batch).detach().numpy(), read, rtol=1e-4, atol=1e-6)


def test_the_pass_ends_at_the_layer():
    student = Student(model(), "0", "mean")
    student(images()).sum().backward()
    assert student.network[0][0].weight.grad.abs().sum() > 0
    assert student.network[2].weight.grad is None


def test_what_lies_behind_the_layer_is_frozen():
    student = Student(model(), "0", "mean")
    student.freeze_unused()
    assert set(student.trained()) == {
        f"network.0.{part}" for part in ("0.weight", "0.bias", "1.weight", "1.bias")
    } | {
        "head.weight",
        "head.bias",
    }


def test_batch_statistics_stay_unless_asked_for():
    for asked in (False, True):
        student = Student(model(), "0", "mean", batch_statistics=asked).train()
        before = student.network[0][1].running_mean.clone()
        alone = student(images(1))
        together = student(images())[:1]
        moved = not torch.equal(before, student.network[0][1].running_mean)
        assert moved == asked
        assert torch.allclose(alone, together, rtol=1e-5) != asked


def test_head_has_outputs_of_the_features_scale():
    torch.manual_seed(0)
    head = Student(model(), "0.1", "flatten", head=512).head
    assert head.bias.abs().max() == 0
    rows = torch.randn(200, 144)
    assert head(rows).std().item() == pytest.approx(1.0, abs=0.05)


def test_lora_starts_where_the_network_was_and_merges_into_it():
    module = network()
    student = Student(model(module), "output", "none", head=None).eval()
    before = student(images()).detach()
    names = list(module.state_dict())
    adapted = with_lora(student.network, Lora(rank=2, targets="2"), where="m")
    assert set(student.trained()) == {f"network.2.lora_{x}.default.weight" for x in "AB"}
    torch.testing.assert_close(student(images()).detach(), before)
    with torch.no_grad():
        module[2].lora_B["default"].weight.add_(0.1)
    changed = student(images()).detach()
    assert not torch.allclose(changed, before)
    merged(adapted)
    assert list(module.state_dict()) == names
    torch.testing.assert_close(student(images()).detach(), changed)


def test_refusals():
    with pytest.raises(UnknownName, match="5"):
        Student(model(), "5")
    with pytest.raises(ShapeError, match="Set pooling: mean"):
        Student(model(), "0", "none")
    with pytest.raises(SpecError, match="lora: expected targets that are layers.*Linear layers are: 2"):
        with_lora(network(), Lora(targets=("query",)), where="m")


def test_a_model_without_a_network_is_refused(tmp_path):
    file = tmp_path / "own.py"
    file.write_text(
        "class Own:\n    modality = 'image'\n    preprocess = layers = forward = None\ndef make():\n    return Own()\n"
    )
    card = PythonCard.model_validate(
        {"source": "python", "name": "own", "function": "own.py:make", "layer": "x"},
        context={"root": tmp_path},
    )
    with pytest.raises(
        SpecError, match="model own: expected a network of torch that takes images, got source python"
    ):
        trainable(card)
