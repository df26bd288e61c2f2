"""Distances of pairs of images over all tokens of a layer, from one squared difference of each pair.

With x, y two images of T tokens × C channels, everything follows from (x_tc - y_tc)² summed over tokens and over
channels, and from lengths and means of each image alone:

- ‖x - y‖², the sum of all: euclidean, rms, sqeuclidean, and with the lengths cosine, since
  2‖x‖‖y‖(1 - cos) = ‖x - y‖² - (‖x‖ - ‖y‖)²; with the images' means taken out first, correlation;
- the sums over channels: unit_channels, each token scaled to unit length, the mean over tokens;
- the means over tokens m_c: normalized_euclidean and zscored_euclidean, weighted sums of them.

Dot products alone are made by themselves, where they are asked for. Differences are of float32, exact to its last
digit; lengths, means and all that follows are float64.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from seealike.errors import NonFiniteError, UndefinedMeasure

#: A variance below this share of the mean square is rounding.
_FLAT = 1e-13


@dataclass(frozen=True)
class Tokens:
    """One image's tokens at one layer.

    Attributes:
        values: (T, C) float32.
        lengths: (T,) float64, of each token.
    """

    values: torch.Tensor
    lengths: np.ndarray


@dataclass(frozen=True)
class Some:
    """Some pairs, and the images in them.

    Attributes:
        pairs: (n,) their numbers.
        left: (n,) the number of one image of each.
        right: (n,) of the other.
        named: what an image is called in errors.
    """

    pairs: np.ndarray
    left: np.ndarray
    right: np.ndarray
    named: Callable[[int], str]


class TokenSums:
    """The sums of one layer: of each image, and of each pair.

    Args:
        n_images: N.
        n_pairs: P.
        shape: (T, C).
        with_dots: whether dot products will be asked for.

    Attributes:
        squares: (N,) ‖x‖².
        means: (N,) over all tokens and channels.
        gaps: (P,) ‖x - y‖².
        dots: (P,) x·y, or empty.
        unit_gaps: (P,) the mean over tokens of ‖x_t/‖x_t‖ - y_t/‖y_t‖‖².

    Example:
        >>> sums = TokenSums(2, 1, (1, 2))
        >>> x, y = (sums.see(k, torch.tensor([row])) for k, row in enumerate([[3.0, 4.0], [4.0, 3.0]]))
        >>> sums.meet(0, x, y).tolist(), sums.gaps.tolist()
        ([1.0, 1.0], [2.0])
        >>> sums.distances("cosine", Some(np.array([0]), np.array([0]), np.array([1]), str)).round(6).tolist()
        [0.04]
    """

    def __init__(
        self, n_images: int, n_pairs: int, shape: tuple[int, int], *, with_dots: bool = False
    ) -> None:
        self.shape = shape
        self.squares, self.means = np.zeros(n_images), np.zeros(n_images)
        self.gaps, self.unit_gaps = np.zeros(n_pairs), np.zeros(n_pairs)
        self.dots = np.zeros(n_pairs if with_dots else 0)

    def see(self, image: int, values: torch.Tensor) -> Tokens:
        """Note an image's lengths and mean; `values` is kept, not copied.

        Args:
            image: its number.
            values: (T, C) float32.
        """
        wide = values.double()
        self.means[image] = float(wide.mean())
        squares = wide.square_().sum(dim=1).cpu().numpy()
        self.squares[image] = squares.sum()
        return Tokens(values, np.sqrt(squares))

    def meet(self, pair: int, x: Tokens, y: Tokens) -> np.ndarray:
        """Note the sums of a pair.

        Returns:
            (C,) float32, the mean over tokens of each channel's squared difference.
        """
        gap = x.values - y.values
        gap.square_()
        channels = gap.mean(dim=0).cpu().numpy()
        self.gaps[pair] = channels.sum(dtype=np.float64) * self.shape[0]
        both = x.lengths * y.lengths
        apart = gap.sum(dim=1).cpu().numpy() - (x.lengths - y.lengths) ** 2
        one = (x.lengths > 0) != (y.lengths > 0)  # a token of zeros stays: it is at 1 from any other
        ratio = np.divide(np.maximum(apart, 0), both, out=one.astype(np.float64), where=both > 0)
        self.unit_gaps[pair] = ratio.mean()
        if len(self.dots):
            self.dots[pair] = float((x.values.double() * y.values).sum())
        return channels

    def distances(self, name: str, some: Some) -> np.ndarray:
        """Distances of some pairs, of all kinds but those with weighted channels (see `weighted`).

        Args:
            name: of the distance.
            some: the pairs.

        Returns:
            (n,) float64.

        Raises:
            UndefinedMeasure: an image of zeros (cosine), or whose values are all the same (correlation); a distance
                that has no meaning over tokens.
            NonFiniteError: sums that overflow.
        """
        if name not in _FROM_SUMS:
            raise UndefinedMeasure(
                where=name,
                expected="a distance that tokens have",
                got="all tokens",
                fix="Use the readout cls or mean.",
            )
        made = _FROM_SUMS[name](self, some)
        if not np.isfinite(made).all():
            raise NonFiniteError(
                where=name,
                expected="finite sums",
                got="infinity",
                fix="Use another layer: its values overflow.",
            )
        return made

    def apart(self, some: Some) -> np.ndarray:
        """(n,) ‖x - y‖²."""
        return self.gaps[some.pairs]


def _rms(sums: TokenSums, some: Some) -> np.ndarray:
    return np.sqrt(sums.apart(some) / np.prod(sums.shape))


def _cosine(sums: TokenSums, some: Some) -> np.ndarray:
    _refuse(sums.squares == 0, some, "a length, for the cosine", "zeros alone")
    return _angle(sums.apart(some), sums.squares, some)


def _correlation(sums: TokenSums, some: Some) -> np.ndarray:
    size = float(np.prod(sums.shape))
    centered = sums.squares - size * sums.means**2
    _refuse(
        centered <= _FLAT * sums.squares, some, "values that differ, for the correlation", "one value alone"
    )
    shifted = size * (sums.means[some.left] - sums.means[some.right]) ** 2
    return _angle(sums.apart(some) - shifted, centered, some)


def _angle(apart: np.ndarray, squares: np.ndarray, some: Some) -> np.ndarray:
    """1 - cos from ‖x - y‖² and ‖x‖²: exact where x and y are near each other, and 0 where they are equal."""
    x, y = np.sqrt(squares[some.left]), np.sqrt(squares[some.right])
    return np.maximum(apart - (x - y) ** 2, 0) / (2 * x * y)


def _refuse(bad: np.ndarray, some: Some, expected: str, got: str) -> None:
    hit = np.flatnonzero(bad)
    hit = hit[np.isin(hit, some.left) | np.isin(hit, some.right)] if len(hit) else hit
    if len(hit):
        raise UndefinedMeasure(
            where=f"sample {some.named(int(hit[0]))}",
            expected=expected,
            got=f"{got} ({len(hit)} such samples)",
            fix="Use another distance or layer, or drop these samples.",
        )


_FROM_SUMS: dict[str, Callable[[TokenSums, Some], np.ndarray]] = {
    "euclidean": lambda sums, some: np.sqrt(sums.apart(some)),
    "rms": _rms,
    "sqeuclidean": TokenSums.apart,
    "cosine": _cosine,
    "correlation": _correlation,
    "dot": lambda sums, some: -sums.dots[some.pairs],
    "unit_channels": lambda sums, some: sums.unit_gaps[some.pairs],
}
