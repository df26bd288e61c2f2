"""Two small architectures: a convolutional network and a vision transformer; both return their features.

N: images; S: side; C: channels (width); T: tokens.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ConvNet(nn.Module):
    """A residual convolutional network of four stages that halve the side; features are spatial means.

    Layers to read: ``stages.0`` … ``stages.3`` (N, C_i, S / 2^(i+1), S / 2^(i+1)) and ``features`` (N, d).

    Args:
        widths: channels of the stages; the last is the number of features d.
        channels: channels of the images.

    Example:
        >>> ConvNet()(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 96])
    """

    def __init__(self, widths: tuple[int, ...] = (16, 32, 64, 96), channels: int = 3) -> None:
        super().__init__()
        self.stages = nn.Sequential(
            *(Stage(c, w) for c, w in zip((channels, *widths[:-1]), widths, strict=True))
        )
        self.features = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.n_features = widths[-1]

    def forward(self, images: Tensor) -> Tensor:
        """Features (N, d) of normalized images (N, C, S, S)."""
        return self.features(self.stages(images))


class Stage(nn.Module):
    """A convolution that halves the side, then a residual one (He et al. 2016, arXiv:1512.03385).

    Example:
        >>> Stage(3, 8)(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 8, 16, 16])
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.down = nn.Sequential(
            nn.Conv2d(channels, width, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(width)
        )
        self.residual = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Maps (N, C, S, S) to (N, width, S/2, S/2)."""
        x = self.down(x).relu()
        return (x + self.residual(x)).relu()


class VisionTransformer(nn.Module):
    """A pre-norm transformer over image patches; features are the mean of its tokens, normalized.

    Dosovitskiy et al. 2021 (arXiv:2010.11929), with mean pooling in place of the class token.
    Layers to read: ``patches`` (N, width, S / patch, S / patch), ``blocks.i`` (N, T, width), ``features`` (N, width).

    Args:
        size: side S of the images, in pixels.
        patch: side of the patches, in pixels; divides `size`.
        width: width of the tokens and number of features.
        depth: blocks.
        heads: attention heads; divides `width`.

    Example:
        >>> VisionTransformer()(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 96])
    """

    def __init__(
        self, size: int = 32, patch: int = 8, width: int = 96, depth: int = 2, heads: int = 3
    ) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, stride=patch)
        self.positions = nn.Parameter(0.5 * torch.randn((size // patch) ** 2, width))
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(depth)))
        self.features = MeanToken(width)
        self.n_features = width

    def forward(self, images: Tensor) -> Tensor:
        """Features (N, width) of normalized images (N, 3, S, S)."""
        tokens = self.patches(images).flatten(2).transpose(1, 2) + self.positions
        return self.features(self.blocks(tokens))


class Block(nn.Module):
    """Self-attention, then a two-layer perceptron, each normalized first and added to its input.

    Example:
        >>> Block(8, 2)(torch.zeros(2, 5, 8)).shape
        torch.Size([2, 5, 8])
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_attention, self.norm_perceptron = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.mix = nn.Linear(width, width)
        self.perceptron = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))

    def forward(self, tokens: Tensor) -> Tensor:
        """Maps (N, T, width) to the same shape."""
        tokens = tokens + self._attention(self.norm_attention(tokens))
        return tokens + self.perceptron(self.norm_perceptron(tokens))

    def _attention(self, tokens: Tensor) -> Tensor:
        n, t, width = tokens.shape
        parts = self.query_key_value(tokens).view(n, t, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        attended = nn.functional.scaled_dot_product_attention(query, key, value)
        return self.mix(attended.transpose(1, 2).reshape(n, t, width))


class MeanToken(nn.Module):
    """The mean of the tokens, normalized.

    Example:
        >>> MeanToken(8)(torch.zeros(2, 5, 8)).shape
        torch.Size([2, 8])
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)

    def forward(self, tokens: Tensor) -> Tensor:
        """Maps (N, T, width) to (N, width)."""
        return self.norm(tokens.mean(1))
