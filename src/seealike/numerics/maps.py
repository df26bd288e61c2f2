"""Places in the plane for points of which only the distances are known: t-SNE, and metric scaling."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import pdist, squareform

#: One start of either sometimes ends badly; the best of so many is kept.
_STARTS = 3


def tsne(distances: np.ndarray, perplexity: float, seed: int) -> tuple[np.ndarray, float]:
    """t-SNE of given distances: neighbors there stay neighbors in the plane. What is far apart says little.

    Scikit-learn's, exact (all pairs), from random starts, the best of three; in units of the largest distance, so that
    the scale of a measure changes nothing.

    Args:
        distances: (n, n) float64, symmetric, zero diagonal, not all equal.
        perplexity: about how many neighbors count; positive and below n.
        seed: of the starts.

    Returns:
        places: (n, 2), along their principal axes.
        divergence: KL of the neighborhoods in nats, 0 for a perfect map.

    Example:
        >>> ends = np.arange(12) % 2 * 10.0
        >>> square = np.abs(ends[:, None] - ends) + 1 - np.eye(12)
        >>> places, divergence = tsne(square, 3.0, 0)
        >>> left = places[:, 0] < 0
        >>> len(set(left[::2])), len(set(left[1::2])), bool(left[0] != left[1])
        (1, 1, True)

    Source:
        van der Maaten & Hinton, «Visualizing data using t-SNE», JMLR 2008.
    """
    from sklearn.manifold import TSNE

    scaled = distances / distances.max()
    found: list[tuple[float, np.ndarray]] = []
    for k in range(_STARTS):
        how = TSNE(
            perplexity=perplexity, metric="precomputed", init="random", method="exact", random_state=seed + k
        )
        places = np.asarray(how.fit_transform(scaled.copy()), dtype=np.float64)
        found.append((float(how.kl_divergence_), places))
    divergence, best = min(found, key=lambda one: one[0])
    return settled(best), divergence


def mds(distances: np.ndarray, seed: int) -> tuple[np.ndarray, float]:
    """Metric scaling to two dimensions: distances in the plane as near as can be to the given ones.

    Scikit-learn's majorization (SMACOF) from classical scaling (the two main axes of the doubly centered squares) and
    from random places; the best is kept.

    Args:
        distances: (n, n) float64, symmetric, zero diagonal, not all zero.
        seed: of the random starts.

    Returns:
        places: (n, 2) along their principal axes, each turned so that its largest coordinate is positive.
        stress: Kruskal's stress-1, √(Σ (d - δ)² / Σ d²), 0 for a perfect map; about 0.2 is called poor.

    Example:
        >>> square = squareform(pdist(np.array([[0.0, 0], [3, 0], [3, 1], [0, 1]])))
        >>> places, stress = mds(square, 0)
        >>> np.abs(places).round(2).tolist(), round(stress, 4)
        ([[1.5, 0.5], [1.5, 0.5], [1.5, 0.5], [1.5, 0.5]], 0.0)

    Source:
        de Leeuw 1977; Kruskal, «Multidimensional scaling by optimizing goodness of fit», Psychometrika 1964.
    """
    from sklearn.manifold import smacof

    rng = np.random.default_rng(seed)
    starts = [_classical(distances), *(rng.standard_normal((len(distances), 2)) for _ in range(_STARTS))]
    found: list[tuple[float, np.ndarray]] = []
    for start in starts:
        ended = smacof(distances, init=start, n_init=1, max_iter=1000, eps=1e-9, normalized_stress=False)  # pyright: ignore[reportArgumentType]
        places = np.asarray(ended[0])
        found.append((_stress(distances, places), places))
    stress, best = min(found, key=lambda one: one[0])
    return settled(best), stress


def settled(places: np.ndarray) -> np.ndarray:
    """(n, 2) places around their mean, along their principal axes, the largest coordinate of each positive.

    Example:
        >>> (settled(np.array([[0.0, 0.0], [0.0, -4.0], [0.5, -2.0], [-0.5, -2.0]])) + 0.0).round(3).tolist()
        [[2.0, 0.0], [-2.0, 0.0], [0.0, 0.5], [0.0, -0.5]]
    """
    centered = places - places.mean(axis=0)
    axes = np.linalg.svd(centered, full_matrices=False)[2]
    turned = centered @ axes.T
    largest = turned[np.abs(turned).argmax(axis=0), np.arange(turned.shape[1])]
    return turned * np.where(largest < 0, -1.0, 1.0)


def _stress(distances: np.ndarray, places: np.ndarray) -> float:
    found = pdist(places)
    size = (found**2).sum()
    away = ((found - squareform(distances, checks=False)) ** 2).sum()
    return float(np.sqrt(away / size)) if size else 1.0


def _classical(distances: np.ndarray) -> np.ndarray:
    squares = distances**2
    centered = squares - squares.mean(axis=0) - squares.mean(axis=1, keepdims=True) + squares.mean()
    values, vectors = np.linalg.eigh(-centered / 2)
    return vectors[:, -2:] * np.sqrt(np.maximum(values[-2:], 0))
