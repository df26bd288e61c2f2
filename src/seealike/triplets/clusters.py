"""Clusters of many images by k-means: features are read in blocks, a memory map is never held as a whole.

Letters: N images, d dimensions, k clusters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from scipy.sparse import csr_array
from sklearn.cluster import MiniBatchKMeans, kmeans_plusplus

from seealike.data.features import row_blocks
from seealike.errors import BadParameter, TooFewSamples

#: Told after each pass: (passes, the mean squared distance to the nearest center before it).
Progress: TypeAlias = Callable[[int, float], object]

#: Rows that are read together, so that a disk is not asked for every row, and rows of one batch.
_NEIGHBORS, _BATCH = 16, 4096
#: Rows the first centers are chosen from, for each cluster.
_SEEDS = 10


@dataclass(frozen=True)
class Clusters:
    """Images in k clusters.

    Attributes:
        labels: (N,) int64, the nearest center.
        runner_up: (N,) int64, the second nearest.
        centers: (k, d) float32.
        sizes: (k,) images of each; 0 is possible.
        inertia: mean squared distance of the images to their centers.
        passes: over all images.
        settled: whether the centers had stopped moving.
    """

    labels: np.ndarray = field(repr=False)
    runner_up: np.ndarray = field(repr=False)
    centers: np.ndarray = field(repr=False)
    sizes: np.ndarray = field(repr=False)
    inertia: float
    passes: int
    settled: bool


def k_means(
    features: np.ndarray,
    k: int = 500,
    seed: int = 0,
    *,
    max_passes: int = 10,
    tolerance: float = 1e-4,
    progress: Progress | None = None,
) -> Clusters:
    """Clusters of small squared distance to their centers: one pass of mini-batches, then passes over all images.

    The first centers are those of k-means++ on a sample; mini-batches bring them near; then every pass assigns each
    image to its nearest center and moves the centers to the means of their images, which never raises
    Σ min_c ‖x - c‖². Labels are those of the centers that come back. A center that no image is nearest to
    stays where it is. The clusters are those of the space that the features are in: transform them first for those of
    an aligned space.

    Args:
        features: (N, d); a memory map will do.
        k: how many clusters; 2 to N.
        seed: of the sample and the mini-batches.
        max_passes: over all images.
        tolerance: it ends when a pass lowers the mean squared distance by less, relative to it.
        progress: is told after each pass.

    Raises:
        BadParameter: fewer than two clusters, or no pass.
        TooFewSamples: fewer images than clusters.

    Example:
        >>> x = np.concatenate([np.zeros((20, 2)), np.ones((30, 2))]) + np.eye(50, 2) / 100
        >>> made = k_means(x.astype(np.float32), 2)
        >>> sorted(made.sizes.tolist()), len(set(made.labels[:20].tolist()))
        ([20, 30], 1)

    Source:
        Lloyd 1982, "Least squares quantization in PCM"; Sculley 2010, "Web-scale k-means clustering"; Arthur &
        Vassilvitskii 2007, "k-means++".
    """
    if k < 2 or max_passes < 1:
        raise BadParameter(
            where="k_means",
            expected="at least two clusters and one pass",
            got=f"k={k}, max_passes={max_passes}",
            fix="Take k = 500.",
        )
    if len(features) < k:
        raise TooFewSamples(
            where="k_means",
            expected=f"at least {k} images",
            got=str(len(features)),
            fix="Make fewer clusters.",
        )
    shift, centers = _started(features, k, seed)
    before, settled, passes = np.inf, False, 0
    while not settled and passes < max_passes:
        means, inertia = _pass(features, centers, shift)
        passes += 1
        if progress is not None:
            progress(passes, inertia)
        settled = before - inertia <= tolerance * inertia
        before, centers = inertia, means
    labels, runner_up, inertia = _assigned(features, centers, shift)
    sizes = np.bincount(labels, minlength=k)
    return Clusters(labels, runner_up, centers + shift, sizes, inertia, passes, settled)


def _started(features: np.ndarray, k: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A point near the middle, which is taken off all features for the sake of float32, and the first centers."""
    rng = np.random.default_rng(seed)
    sample = np.sort(rng.permutation(len(features))[: max(_SEEDS * k, _BATCH)])
    some = np.asarray(features[sample], dtype=np.float32)
    shift = some.mean(axis=0, dtype=np.float64).astype(np.float32)
    first = kmeans_plusplus(some - shift, k, random_state=seed)[0]
    model = MiniBatchKMeans(k, init=first, n_init=1, batch_size=_BATCH, random_state=seed)  # pyright: ignore[reportArgumentType]
    for batch in _batches(features, rng, k):
        model.partial_fit(batch - shift)
    return shift, np.asarray(model.cluster_centers_, dtype=np.float32)


def _batches(features: np.ndarray, rng: np.random.Generator, k: int) -> Iterator[np.ndarray]:
    """All rows once, in batches of groups of neighbors from everywhere."""
    groups = rng.permutation(-(-len(features) // _NEIGHBORS))
    for few in np.array_split(groups, max(1, len(features) // max(_BATCH, 2 * k))):
        rows = (np.sort(few)[:, None] * _NEIGHBORS + np.arange(_NEIGHBORS)).ravel()
        yield np.asarray(features[rows[rows < len(features)]], dtype=np.float32)


def _pass(features: np.ndarray, centers: np.ndarray, shift: np.ndarray) -> tuple[np.ndarray, float]:
    """The means of the images nearest to each center, and the mean squared distance to the centers as they were."""
    sums, counts = np.zeros(centers.shape), np.zeros(len(centers))
    total = 0.0
    for rows in row_blocks(features.shape):
        block = np.asarray(features[rows], dtype=np.float32) - shift
        squares = _squares(block, centers)
        nearest = squares.argmin(axis=1)
        places = (np.ones(len(block), dtype=np.float32), (nearest, np.arange(len(block))))
        sums += csr_array(places, shape=(len(centers), len(block))) @ block
        counts += np.bincount(nearest, minlength=len(centers))
        total += float(np.take_along_axis(squares, nearest[:, None], axis=1).sum(dtype=np.float64))
    moved = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], centers)
    return moved.astype(np.float32), total / len(features)


def _assigned(
    features: np.ndarray, centers: np.ndarray, shift: np.ndarray
) -> tuple[np.ndarray, np.ndarray, float]:
    """The nearest and second nearest center of every image, and the mean squared distance to the nearest."""
    labels, runner_up = (np.empty(len(features), dtype=np.int64) for _ in range(2))
    total = 0.0
    for rows in row_blocks(features.shape):
        squares = _squares(np.asarray(features[rows], dtype=np.float32) - shift, centers)
        each = np.arange(len(squares))
        labels[rows] = squares.argmin(axis=1)
        total += float(squares[each, labels[rows]].sum(dtype=np.float64))
        squares[each, labels[rows]] = np.inf
        runner_up[rows] = squares.argmin(axis=1)
    return labels, runner_up, total / len(features)


def _squares(block: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """(b, k) squared distances."""
    lengths = np.einsum("bd,bd->b", block, block)[:, None] + np.einsum("kd,kd->k", centers, centers)
    return np.maximum(lengths - 2 * (block @ centers.T), 0)
