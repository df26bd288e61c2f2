"""Whether samples have the same neighbors in two models, in the same order."""

from __future__ import annotations

import numpy as np

from seealike.engine.forms import Comparison
from seealike.engine.neighbor_rows import Nearness
from seealike.engine.neighbors import Nearest, Neighbors
from seealike.measures.base import measure
from seealike.measures.claims import Claims, Parameters
from seealike.measures.neighbors import COST, chance_of, checked_k, k_of, neighbor_invariances, unit_bounds
from seealike.numerics.chance import expected_levenshtein, expected_longest_common, expected_rank_similarity
from seealike.numerics.lists import levenshtein, longest_common, places


def _lcs_unit(parameters: Parameters) -> float:
    return k_of(parameters) if parameters["normalized"] else 1.0


def _lcs_bounds(parameters: Parameters) -> tuple[float, float]:
    return 0.0, k_of(parameters) / _lcs_unit(parameters)


def _lcs_chance(n_samples: int, parameters: Parameters) -> float:
    return chance_of(expected_longest_common)(n_samples, parameters) / _lcs_unit(parameters)


@measure(
    Claims(
        formula="mean_i LCS(x's neighbors of i, y's neighbors of i) / k",
        source="Huh et al. 2024, The platonic representation hypothesis",
        bounds=_lcs_bounds,
        invariances=neighbor_invariances,
        self_value=lambda p: _lcs_bounds(p)[1],
        cost=COST,
        differs="platonic-rep gives lengths, normalized=False, and a quarter of them where pymp is installed",
        chance=_lcs_chance,
    ),
    settle=checked_k("lcs_knn"),
)
def lcs_knn(*, k: int = 10, metric: Nearness = "cosine", normalized: bool = True) -> Comparison:
    """Longest common subsequence of the ordered lists of the k nearest neighbors, averaged over the samples.

    mean_i LCS(x_i, y_i) / k, where x_i and y_i are the k nearest other samples of sample i, nearest first: the
    most neighbors that both models share in the same order. Equally near samples (to 12 digits) are taken in
    the order of their index.

    Args:
        x: features of one model, (n_samples, n_dims_x); numpy or torch, read only.
        y: features of the other, (n_samples, n_dims_y); the same samples in the same order.
        k: how many neighbors; at least 1 and fewer than there are samples.
        metric: "cosine", "euclidean" or "dot", as for `mutual_knn`.
        normalized: whether to divide by k; else the mean length.

    Returns:
        In [0, 1], or in [0, k] if not normalized; the greatest for the same lists; never more than
        `mutual_knn` (normalized). Chance levels are simulated, with a fixed seed.

    Raises:
        BadParameter: k below 1, or an unknown metric.
        DataError: features that are not 2-D and finite, k samples or fewer, different numbers of samples.
        UndefinedMeasure: no variation, rows of zeros (cosine), or ties that leave every neighborhood open.

    Example:
        >>> import numpy as np
        >>> from seealike.measures import lcs_knn
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((200, 30))
        >>> y = np.concatenate([x[:, :20], rng.standard_normal((200, 10))], axis=1)
        >>> round(lcs_knn(x, y), 4), round(lcs_knn(x, y, normalized=False), 3)
        (0.238, 2.38)

    Source:
        Huh et al. 2024, "The platonic representation hypothesis", and its program's `lcs_knn`; where pymp is
        installed that one's values are a quarter of the true ones (and its published edit values 1 minus a
        quarter of the distance), as three of four processes' results are lost.
    """
    unit = k if normalized else 1

    def compare(x: Neighbors, y: Neighbors) -> float:
        return float(longest_common(x.lists, y.lists).mean() / unit)

    return Comparison(Nearest(k, metric), compare, minimum=k + 1)


@measure(
    Claims(
        formula="mean_i 1 - Levenshtein(x's neighbors of i, y's neighbors of i) / k",
        source="Huh et al. 2024, The platonic representation hypothesis",
        bounds=unit_bounds,
        invariances=neighbor_invariances,
        cost=COST,
        differs="platonic-rep calls it edit_distance_knn; where pymp is installed it gives 1 - (1 - value)/4",
        chance=chance_of(lambda n, k: 1 - expected_levenshtein(n, k) / k),
    ),
    settle=checked_k("edit_knn"),
)
def edit_knn(*, k: int = 10, metric: Nearness = "cosine") -> Comparison:
    """Edit similarity of the ordered lists of the k nearest neighbors, averaged over the samples.

    mean_i 1 - Levenshtein(x_i, y_i) / k, where x_i and y_i are the k nearest other samples of sample i, nearest
    first, and Levenshtein counts the fewest insertions, deletions and substitutions that turn one into the
    other. Equally near samples (to 12 digits) are taken in the order of their index.

    Args:
        x: features of one model, (n_samples, n_dims_x); numpy or torch, read only.
        y: features of the other, (n_samples, n_dims_y); the same samples in the same order.
        k: how many neighbors; at least 1 and fewer than there are samples.
        metric: "cosine", "euclidean" or "dot", as for `mutual_knn`.

    Returns:
        In [0, 1]; 1 for the same lists; never more than `lcs_knn`. Chance levels are simulated, with a fixed
        seed.

    Raises:
        BadParameter: k below 1, or an unknown metric.
        DataError: features that are not 2-D and finite, k samples or fewer, different numbers of samples.
        UndefinedMeasure: no variation, rows of zeros (cosine), or ties that leave every neighborhood open.

    Example:
        >>> import numpy as np
        >>> from seealike.measures import edit_knn
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((200, 30))
        >>> y = np.concatenate([x[:, :20], rng.standard_normal((200, 10))], axis=1)
        >>> round(edit_knn(x, y), 4)
        0.068

    Source:
        Huh et al. 2024, "The platonic representation hypothesis", and its program's `edit_distance_knn`.
    """

    def compare(x: Neighbors, y: Neighbors) -> float:
        return float(1 - levenshtein(x.lists, y.lists).mean() / k)

    return Comparison(Nearest(k, metric), compare, minimum=k + 1)


@measure(
    Claims(
        formula="mean_i Σ_{j ∈ N_x(i) ∩ N_y(i)} 2 / ((1 + |r_j - s_j|)(r_j + s_j)) / Σ_{m=1}^{|N_x(i) ∩ N_y(i)|} 1/m",
        source="Wang et al. 2020; Klabunde et al. 2023 (survey), section 3.5",
        bounds=unit_bounds,
        invariances=neighbor_invariances,
        cost=COST,
        differs="deep-reps divides by the sum up to k, not up to the number of shared neighbors",
        chance=chance_of(expected_rank_similarity),
    ),
    settle=checked_k("rank_similarity"),
)
def rank_similarity(*, k: int = 10, metric: Nearness = "cosine") -> Comparison:
    """Rank similarity: how close the shared neighbors stand to each other's places, and to the sample.

    mean_i Σ_j 2 / ((1 + |r_j - s_j|)(r_j + s_j)) / (1 + 1/2 + … + 1/m), over the m neighbors j that sample i has
    in both models, at place r_j (from 1, the nearest) in x and s_j in y; 0 for a sample without any. Equally near
    samples (to 12 digits) are taken in the order of their index.

    Args:
        x: features of one model, (n_samples, n_dims_x); numpy or torch, read only.
        y: features of the other, (n_samples, n_dims_y); the same samples in the same order.
        k: how many neighbors; at least 1 and fewer than there are samples.
        metric: "cosine", "euclidean" or "dot", as for `mutual_knn`.

    Returns:
        In [0, 1]; 1 for the same lists. One shared neighbor, the nearest in both, is enough for 1 too.

    Raises:
        BadParameter: k below 1, or an unknown metric.
        DataError: features that are not 2-D and finite, k samples or fewer, different numbers of samples.
        UndefinedMeasure: no variation, rows of zeros (cosine), or ties that leave every neighborhood open.

    Example:
        >>> import numpy as np
        >>> from seealike.measures import rank_similarity
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((200, 30))
        >>> y = np.concatenate([x[:, :20], rng.standard_normal((200, 10))], axis=1)
        >>> round(rank_similarity(x, y), 4), round(rank_similarity.bind().chance(200), 4)
        (0.2543, 0.0372)

    Source:
        Wang et al. 2020, "Towards understanding the instability of network embedding"; Klabunde et al. 2023,
        "Similarity of neural network models: a survey", section 3.5.
    """
    place = np.arange(1, k + 1)
    weights = np.zeros((k, k + 1))  # of a shared neighbor: place in x less one, place in y; 0 if not there
    weights[:, 1:] = 2 / ((1 + np.abs(place[:, None] - place)) * (place[:, None] + place))
    harmonic = np.cumsum(1 / place)

    def compare(x: Neighbors, y: Neighbors) -> float:
        found = places(x.lists, y.lists)
        total = np.take_along_axis(weights, found, axis=1).sum(axis=0)
        shared = np.count_nonzero(found, axis=0)
        return float(np.mean(total / harmonic[np.maximum(shared, 1) - 1]))

    return Comparison(Nearest(k, metric), compare, minimum=k + 1)
