"""A whole network as a `Classifier`: what its head reads, and the head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from seealike.consequences.classifier import Classifier
from seealike.errors import UnknownName, suggestion


class HeadInput(nn.Module):
    """Images in [0, 1] -> what the head of a network reads, (n, …).

    Args:
        module: the network, on its device.
        head: name of the submodule that gives the class scores.
        mean: subtracted from the pixels, one number or one a channel.
        std: divided by.
    """

    def __init__(self, module: nn.Module, head: str, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.module, self._head, self._mean, self._std = module, head, mean, std

    def forward(self, images: Tensor) -> Tensor:
        """Run the network, and keep what its head is called with."""
        kept: list[Tensor] = []

        def keep(_: nn.Module, given: tuple[Any, ...]) -> None:
            kept.append(given[0])

        hook = self.module.get_submodule(self._head).register_forward_pre_hook(keep)
        try:
            self.module((images - _channels(self._mean, images)) / _channels(self._std, images))
        finally:
            hook.remove()
        return kept[-1]


def _channels(values: Sequence[float], images: Tensor) -> Tensor:
    return torch.tensor(values, dtype=images.dtype, device=images.device).view(1, -1, 1, 1)


def classifier_of(
    name: str,
    module: nn.Module,
    head: str,
    classes: np.ndarray,
    *,
    learned: Mapping[int, int] | None = None,
    mean: Sequence[float] = (0.0,),
    std: Sequence[float] = (1.0,),
    device: str = "cpu",
) -> Classifier:
    """A network in two parts.

    Args:
        name: of the model.
        module: normalized images -> logits; put into evaluation mode and on the device.
        head: name of the submodule whose output the logits are.
        classes: (n_outputs,) what the outputs stand for.
        learned: see `Classifier`.
        mean: of the normalization, one number or one a channel.
        std: of the normalization.
        device: "cpu" or a CUDA device.

    Raises:
        UnknownName: no such submodule.

    Example:
        >>> network = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
        >>> one = classifier_of("a", network, "3", np.array([0, 1]), mean=[0.5])
        >>> images = np.random.default_rng(0).random((5, 1, 2, 2), dtype=np.float32)
        >>> one.features(images).shape, one.logits(images).shape
        ((5, 3), (5, 2))
    """
    known = dict(module.named_modules())
    if head not in known or not head:
        raise UnknownName(
            where=f"model {name}, head",
            expected="a submodule that gives the class scores",
            got=repr(head),
            fix=suggestion(head, [one for one in known if one]),
        )
    module = module.to(device).eval()
    body = HeadInput(module, head, mean, std)
    return Classifier(name, body, known[head], classes, learned, device)
