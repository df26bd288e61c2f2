"""A student: the network of a model, one of its layers, and a linear head for triplets."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import torch
from torch import nn

from seealike.errors import DataError, SpecError
from seealike.sources.models.card import ModelCard
from seealike.sources.models.hooks import TorchModel
from seealike.sources.models.running import WHOLE, Enough
from seealike.sources.models.tracing import picked
from seealike.students.pooling import pooled


class Student(nn.Module):
    """A network that gives one row an image: a layer's output, pooled, and then a linear head.

    The forward pass ends at the layer; what lies behind it is neither run nor trained.

    Args:
        model: a loaded model whose network is trained in place.
        layer: the layer's name.
        pooling: how its output becomes a row.
        head: width of the linear head (1,024 as published); None for none, then the layer itself chooses.
        prefix_tokens: leading tokens that are no patches, where the model does not know.
        batch_statistics: whether batch normalization takes its statistics from each batch while training. Without,
            those that the network came with are kept, so that an image's output never depends on its batch.

    Attributes:
        network: the model's network.
        head: the linear layer, weights N(0, 1 / width of the layer), bias 0, from torch's generator; or None.
        width: of the layer's rows.
        model: as given.

    Raises:
        SpecError, UnknownName, ShapeError: no such layer, or a pooling that does not fit it.

    Example:
        >>> from seealike.sources.images import ImageInput
        >>> net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(128, 10))
        >>> student = Student(TorchModel("m", net, ImageInput(size=6), "cpu"), "1", "mean", head=1024)
        >>> student.width, student(torch.zeros(5, 3, 6, 6)).shape
        (8, torch.Size([5, 1024]))

    Source:
        Muttenthaler et al., Nature 2025: a dense layer of 1,024 on the pooled output of a vision transformer.
    """

    def __init__(
        self,
        model: TorchModel,
        layer: str,
        pooling: str = "none",
        *,
        head: int | None = 1024,
        prefix_tokens: int | None = None,
        batch_statistics: bool = False,
    ) -> None:
        super().__init__()
        self.network = model.module
        self.model, self._place = model, model.place(layer)
        self._where, self._pooling = f"model {model.name}, layer {layer}", pooling
        self._prefix = model.prefix_tokens if prefix_tokens is None else prefix_tokens
        self._batch_statistics = batch_statistics
        self.width = self._width()
        self.head = None if head is None else _head(self.width, head)

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """(n, width) of the layer, pooled; images (n, channels, height, width) as the model prepares them."""
        return pooled(self._output(images), self._pooling, where=self._where, prefix_tokens=self._prefix)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(n, head or width): what triplets are chosen by."""
        rows = self.features(images)
        return rows if self.head is None else self.head(rows)

    def embed(self, batch: np.ndarray) -> np.ndarray:
        """(n, head or width) float32 of a batch of prepared images, without gradients."""
        device = next(self.parameters()).device
        with torch.no_grad():
            return self(torch.tensor(batch, device=device)).cpu().float().numpy()

    def train(self, mode: bool = True) -> Student:
        """As of any module; batch normalization stays in evaluation without `batch_statistics`."""
        super().train(mode)
        if not self._batch_statistics:
            for part in self.network.modules():
                if isinstance(part, nn.modules.batchnorm._BatchNorm):
                    part.eval()
        return self

    def trained(self) -> dict[str, nn.Parameter]:
        """The parameters that are trained, by name."""
        return {name: one for name, one in self.named_parameters() if one.requires_grad}

    def freeze_unused(self) -> None:
        """Freeze what the outputs do not depend on: what lies behind the layer, whose gradients nobody shall await."""
        self.eval()
        device = next(self.parameters()).device
        weights = list(self.trained().values())
        outputs = self(torch.from_numpy(self.model.blank()).to(device)).sum()
        for one, gradient in zip(
            weights, torch.autograd.grad(outputs, weights, allow_unused=True), strict=True
        ):
            one.requires_grad_(gradient is not None)

    def _output(self, images: torch.Tensor) -> torch.Tensor:
        path, call, keys = self._place
        if path == WHOLE and WHOLE not in dict(self.network.named_modules()):
            return picked(self.model.called(images), keys)
        seen: list[Any] = []

        def see(_module: nn.Module, _inputs: object, output: object) -> None:
            seen.append(output)
            if len(seen) == call:
                raise Enough

        handle = self.network.get_submodule(path).register_forward_hook(see)
        try:
            self.model.called(images)
        except Enough:
            return picked(seen[-1], keys)
        finally:
            handle.remove()
        raise DataError(
            where=self._where,
            expected="a layer that runs for every batch as for the first",
            got=f"{len(seen)} calls of it instead of {call}",
            fix="Train another layer.",
        )

    def _width(self) -> int:
        with torch.no_grad():
            device = next(self.network.parameters()).device
            return self.features(torch.from_numpy(self.model.blank()).to(device)).shape[1]


def _head(width: int, outputs: int) -> nn.Linear:
    head = nn.Linear(width, outputs)
    nn.init.normal_(head.weight, std=width**-0.5)
    nn.init.zeros_(head.bias)
    return head


def trainable(card: ModelCard) -> TorchModel:
    """The model of a card, loaded, if its network can be trained.

    Raises:
        SpecError: it takes texts, or has no torch network (ONNX graphs, stored features).

    Example:
        >>> import inspect
        >>> "TorchModel" in str(inspect.signature(trainable))
        True
    """
    loaded = card.load("cpu")
    if isinstance(loaded, TorchModel) and loaded.modality == "image":
        return cast("TorchModel", loaded)
    got = f"source {card.source}" + (", a model of texts" if loaded.modality == "text" else "")
    raise SpecError(
        where=f"model {card.name}",
        expected="a network of torch that takes images",
        got=got,
        fix="Take a model of source timm, torchvision, open_clip, transformers, checkpoint or python.",
    )
