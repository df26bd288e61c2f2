"""Networks for small images that no library has: named in studies as ``seealike.training.networks:NAME``."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from seealike.sources.models.vision import vision_library


class SmallConvNet(nn.Module):
    """Convolutions of growing width, each normalized by groups, then a linear layer on the means of four quarters.

    No batch statistics: a sample's features depend on that sample alone. Layers to read: ``stages.0`` …,
    ``features`` (n, n_features) and ``head`` (n, num_classes).

    Args:
        num_classes: width of the head.
        channels: of the images.
        widths: of the stages; all but the first halve the side.
        stride: of the first stage.
        n_features: of the penultimate layer.

    Example:
        >>> import torch
        >>> SmallConvNet(5, channels=1, widths=(8, 16))(torch.zeros(2, 1, 8, 8)).shape
        torch.Size([2, 5])
    """

    def __init__(
        self,
        num_classes: int,
        channels: int = 3,
        widths: Sequence[int] = (16, 32, 64),
        stride: int = 1,
        n_features: int = 64,
    ) -> None:
        super().__init__()
        steps = zip((channels, *widths[:-1]), widths, strict=True)
        self.stages = nn.Sequential(
            *(_stage(before, after, stride if k == 0 else 2) for k, (before, after) in enumerate(steps))
        )
        pooled = nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten())
        self.features = nn.Sequential(pooled, nn.Linear(4 * widths[-1], n_features), nn.ReLU())
        self.head = nn.Linear(n_features, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Scores (n, num_classes) of images (n, channels, side, side)."""
        return self.head(self.features(self.stages(images)))


def _stage(before: int, after: int, stride: int) -> nn.Module:
    convolution = nn.Conv2d(before, after, 3, stride=stride, padding=1, bias=False)
    return nn.Sequential(convolution, nn.GroupNorm(min(8, after), after), nn.ReLU())


class Perceptron(nn.Module):
    """Fully connected layers on the pixels.

    Layers to read: ``features`` (n, width) and ``head``.

    Args:
        num_classes: width of the head.
        inputs: pixels × channels of an image.
        width: of each hidden layer.
        depth: hidden layers.

    Example:
        >>> import torch
        >>> Perceptron(5, inputs=64)(torch.zeros(2, 1, 8, 8)).shape
        torch.Size([2, 5])
    """

    def __init__(self, num_classes: int, inputs: int, width: int = 64, depth: int = 2) -> None:
        super().__init__()
        widths = (inputs, *[width] * depth)
        layers = [nn.Sequential(nn.Linear(a, b), nn.ReLU()) for a, b in pairwise(widths)]
        self.features = nn.Sequential(nn.Flatten(), *layers)
        self.head = nn.Linear(width, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Scores (n, num_classes) of images (n, channels, side, side)."""
        return self.head(self.features(images))


def resnet_for_small_images(model: str = "resnet18", num_classes: int = 10) -> nn.Module:
    """A ResNet of torchvision for images of 32 pixels: a 3 × 3 convolution of stride 1 first, and no pooling after it.

    Layers to read: ``flatten`` (or ``avgpool``), ``fc``.

    Args:
        model: torchvision's name.
        num_classes: width of the head ``fc``.

    Raises:
        MissingDependency: torchvision is not installed.

    Example:
        >>> import torch
        >>> net = resnet_for_small_images("resnet18", 100)
        >>> net.conv1.stride, net(torch.zeros(2, 3, 32, 32)).shape
        ((1, 1), torch.Size([2, 100]))
    """
    models = vision_library("torchvision", where=f"network {model}").models
    net = models.get_model(model, weights=None, num_classes=num_classes)
    net.conv1 = nn.Conv2d(3, 64, 3, stride=1, padding=1, bias=False)
    nn.init.kaiming_normal_(net.conv1.weight, mode="fan_out", nonlinearity="relu")
    net.maxpool = nn.Identity()
    return net
