"""Random views of a batch of images: crops, flips, light and noise, all at once as tensor operations."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample


@dataclass(frozen=True)
class Views:
    """How much a view may differ from its image.

    Attributes:
        smallest: least share of the side that a crop keeps, in (0, 1].
        flip: chance of a mirror image, left and right exchanged.
        light: strength of brightness, contrast and color changes, >= 0; 0.4 means factors in [0.6, 1.4].
        grey: chance of losing all color.
        noise: standard deviation of the pixel noise, in units of the normalized image.
    """

    smallest: float = 0.8
    flip: float = 0.0
    light: float = 0.1
    grey: float = 0.0
    noise: float = 0.0


#: For labels and captions: what the words say must stay true.
MILD = Views()
#: For self-supervised learning: two views should share what the image is, and little else (SimCLR, appendix A).
STRONG = Views(smallest=0.5, flip=0.5, light=0.3, grey=0.1, noise=0.05)


def view(images: Tensor, views: Views, chance: torch.Generator) -> Tensor:
    """A random view of each image.

    Args:
        images: (N, 3, S, S) normalized images, zero meaning middle grey.
        views: how much may change.
        chance: the source of chance.

    Returns:
        (N, 3, S, S); the input is left as it was.

    Example:
        >>> view(torch.zeros(2, 3, 8, 8), STRONG, torch.Generator().manual_seed(0)).shape
        torch.Size([2, 3, 8, 8])
    """
    n = len(images)
    x = _crops(images, views, chance)
    brightness, contrast, color = (
        1 + views.light * (2 * torch.rand(n, 1, 1, 1, generator=chance) - 1) for _ in range(3)
    )
    color = torch.where(torch.rand(n, 1, 1, 1, generator=chance) < views.grey, 0.0, color)
    grey = x.mean(1, keepdim=True)
    middle = grey.mean((2, 3), keepdim=True)
    x = (x - grey) * (color * contrast) + (grey - middle) * contrast + (middle + 2 * (brightness - 1))
    return x if views.noise == 0 else x + views.noise * torch.randn(x.shape, generator=chance)


def _crops(images: Tensor, views: Views, chance: torch.Generator) -> Tensor:
    """A random square of each image, perhaps mirrored, resized bilinearly to the full side."""
    n = len(images)
    scale = views.smallest + (1 - views.smallest) * torch.rand(n, generator=chance)
    shift = (1 - scale)[:, None] * (2 * torch.rand(n, 2, generator=chance) - 1)
    mirror = torch.where(torch.rand(n, generator=chance) < views.flip, -1.0, 1.0)
    zero = torch.zeros(n)
    rows = [torch.stack([mirror * scale, zero, shift[:, 0]], 1), torch.stack([zero, scale, shift[:, 1]], 1)]
    grid = affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    return grid_sample(images, grid, padding_mode="border", align_corners=False)
