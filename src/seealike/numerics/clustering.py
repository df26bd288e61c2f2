"""Parts of a set of points from their distances: average linkage, spectral, affinity propagation.

All give (n,) int64 from 1: the largest cluster is 1; of equal ones, the one whose first point comes first.
"""

from __future__ import annotations

import warnings

import numpy as np
from scipy.cluster.hierarchy import average, cut_tree
from scipy.spatial.distance import squareform


def linkage_clusters(distances: np.ndarray, k: int) -> np.ndarray:
    """Cut the tree of average linkage into k clusters.

    Args:
        distances: (n, n) float64, symmetric, zero diagonal.
        k: from 1 to n.

    Example:
        >>> ends = np.array([0.0, 5, 0.1, 5.2, 0.3])
        >>> linkage_clusters(np.abs(ends[:, None] - ends), 2).tolist()
        [1, 2, 1, 2, 1]

    Source:
        Sokal & Michener 1958.
    """
    tree = average(squareform(distances, checks=False))
    return numbered(cut_tree(tree, n_clusters=k)[:, 0])


def spectral_clusters(affinities: np.ndarray, k: int) -> np.ndarray:
    """Normalized spectral clustering, assigned by pivoted QR: no random start, no k-means.

    The eigenvectors of the normalized Laplacian; k rows of them that stand most apart become axes, and every point goes
    to the axis that it lies nearest. Scikit-learn's.

    Args:
        affinities: (n, n) float64, symmetric, ≥ 0; the diagonal does not count.
        k: from 2 to n - 1.

    Example:
        >>> near = np.full((6, 6), 0.1)
        >>> near[:4, :4] = near[4:, 4:] = 1
        >>> spectral_clusters(near, 2).tolist()
        [1, 1, 1, 1, 2, 2]

    Source:
        Shi & Malik 2000; Damle, Minden & Ying, «Simple, direct and efficient multi-way spectral clustering», 2019.
    """
    from sklearn.cluster import SpectralClustering

    off = affinities - np.diag(np.diag(affinities))
    how = SpectralClustering(k, affinity="precomputed", assign_labels="cluster_qr", random_state=0)
    with (
        warnings.catch_warnings()
    ):  # points without any neighbor: no mistake of ours, and a cluster of their own
        warnings.filterwarnings("ignore", message="Graph is not fully connected")
        return numbered(how.fit_predict(off))


def affinity_clusters(similarities: np.ndarray, seed: int, *, damping: float = 0.75) -> np.ndarray | None:
    """Affinity propagation: points choose exemplars among themselves, and so how many clusters there are.

    The preference of all points is the median similarity of two. Scikit-learn's.

    Args:
        similarities: (n, n) float64; the diagonal does not count.
        seed: of the noise that parts what is equal.
        damping: how much of the last message is kept, from 0.5 to below 1.

    Returns:
        The clusters, or None where the messages do not settle within 2,000 rounds.

    Example:
        >>> ends = np.array([0.0, 5, 0.1, 5.2, 0.3])
        >>> affinity_clusters(-np.abs(ends[:, None] - ends), 0).tolist()
        [1, 2, 1, 2, 1]

    Source:
        Frey & Dueck, «Clustering by passing messages between data points», Science 2007.
    """
    from sklearn.cluster import AffinityPropagation
    from sklearn.exceptions import ConvergenceWarning

    preference = np.median(similarities[~np.eye(len(similarities), dtype=bool)])
    how = AffinityPropagation(
        damping=damping, max_iter=2000, affinity="precomputed", preference=preference, random_state=seed
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            return numbered(how.fit_predict(similarities))
        except ConvergenceWarning:
            return None


def numbered(clusters: np.ndarray) -> np.ndarray:
    """The same parts, numbered from 1 by size, then by first point.

    Example:
        >>> numbered(np.array([7, 3, 3, 9])).tolist()
        [2, 1, 1, 3]
    """
    _, first, place, sizes = np.unique(clusters, return_index=True, return_inverse=True, return_counts=True)
    order = np.lexsort((first, -sizes))
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(1, len(order) + 1)
    return rank[place.ravel()]
