"""Whether samples have the same neighbors in two models, whatever the order among them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from seealike.engine.forms import Comparison
from seealike.engine.neighbor_rows import Nearness
from seealike.engine.neighbors import Nearest, Neighbors
from seealike.errors import BadParameter, TooFewSamples
from seealike.measures.base import measure
from seealike.measures.claims import Claims, Invariance, Parameters
from seealike.numerics.chance import expected_cycle, expected_jaccard
from seealike.numerics.lists import overlaps

#: What all pairs cost: the products of each model's rows, then lists with lists.
COST = "M n² d + M² n k²"


def unit_bounds(parameters: Parameters) -> tuple[float, float]:
    """The bounds of a share."""
    return 0.0, 1.0


def neighbor_invariances(parameters: Parameters) -> Invariance:
    """What leaves the nearest samples as they are; only Euclidean distances do not feel a translation.

    Example:
        >>> Invariance.TRANSLATION in neighbor_invariances({"metric": "cosine"})
        False
    """
    always = Invariance.PERMUTATION | Invariance.ORTHOGONAL | Invariance.SCALING
    return always | Invariance.TRANSLATION if parameters.get("metric") == "euclidean" else always


def k_of(parameters: Parameters) -> int:
    """The number of neighbors."""
    k = parameters["k"]
    assert isinstance(k, int)
    return k


def checked_k(name: str) -> Callable[[Parameters], Parameters]:
    """Settle parameters: a neighborhood has one neighbor at least."""

    def settle(parameters: Parameters) -> Parameters:
        if k_of(parameters) < 1:
            raise BadParameter(
                where=name,
                expected="k of at least 1",
                got=f"k={parameters['k']}",
                fix="Use k=10, as most publications do.",
            )
        return parameters

    return settle


def chance_of(formula: Callable[[int, int], float]) -> Callable[[int, Parameters], float]:
    """A chance level from (n_samples, k); TooFewSamples where so few samples have no k neighbors.

    Example:
        >>> round(chance_of(expected_cycle)(11, {"k": 2}), 6)
        0.36
    """

    def chance(n_samples: int, parameters: Parameters) -> float:
        k = k_of(parameters)
        if n_samples <= k:
            raise TooFewSamples(
                where="chance level",
                expected=f"at least {k + 1} samples for k={k}",
                got=str(n_samples),
                fix="Use more samples, or a smaller k.",
            )
        return formula(n_samples, k)

    return chance


@measure(
    Claims(
        formula="mean_i |N_x(i) ∩ N_y(i)| / k",
        source="Huh et al. 2024, The platonic representation hypothesis",
        bounds=unit_bounds,
        invariances=neighbor_invariances,
        cost=COST,
        differs="platonic-rep takes dot products of the rows it is given: metric='dot', or rows of unit length",
        chance=chance_of(lambda n, k: k / (n - 1)),
    ),
    settle=checked_k("mutual_knn"),
)
def mutual_knn(*, k: int = 10, metric: Nearness = "cosine") -> Comparison:
    """Mutual nearest neighbors: the share of each sample's k neighbors that are the same in both models.

    mean_i |N_x(i) ∩ N_y(i)| / k, where N(i) are the k nearest other samples of sample i. Equally near samples
    (to 12 digits) are taken in the order of their index. At one k, 1 minus the value is a metric.

    Args:
        x: features of one model, (n_samples, n_dims_x); numpy or torch, read only.
        y: features of the other, (n_samples, n_dims_y); the same samples in the same order.
        k: how many neighbors; at least 1 and fewer than there are samples.
        metric: "cosine", the largest cosine; "euclidean", the smallest distance; "dot", the largest product.

    Returns:
        In [0, 1]; 1 if all neighborhoods are the same; k / (n - 1) by chance.

    Raises:
        BadParameter: k below 1, or an unknown metric.
        DataError: features that are not 2-D and finite, k samples or fewer, different numbers of samples.
        UndefinedMeasure: no variation, rows of zeros (cosine), or ties that leave every neighborhood open.

    Example:
        >>> import numpy as np
        >>> from seealike.measures import mutual_knn
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((200, 30))
        >>> y = np.concatenate([x[:, :20], rng.standard_normal((200, 10))], axis=1)
        >>> round(mutual_knn(x, y), 4), round(mutual_knn.bind().chance(200), 4)
        (0.3645, 0.0503)

    Source:
        Huh et al. 2024, "The platonic representation hypothesis", appendix A.
    """

    def compare(x: Neighbors, y: Neighbors) -> float:
        return float(overlaps(x.lists, y.lists).mean() / k)

    return Comparison(Nearest(k, metric), compare, minimum=k + 1)


@measure(
    Claims(
        formula="mean_i |N_x(i) ∩ N_y(i)| / |N_x(i) ∪ N_y(i)|",
        source="Klabunde et al. 2023 (survey), section 3.5; Schumacher et al. 2021",
        bounds=unit_bounds,
        invariances=neighbor_invariances,
        cost=COST,
        differs="`mutual_knn`, the number of platonic-rep, is over k, not over the union: never less than this",
        chance=chance_of(expected_jaccard),
    ),
    settle=checked_k("jaccard_knn"),
)
def jaccard_knn(*, k: int = 10, metric: Nearness = "cosine") -> Comparison:
    """Jaccard similarity of neighborhoods: shared neighbors over all neighbors, averaged over the samples.

    mean_i |N_x(i) ∩ N_y(i)| / |N_x(i) ∪ N_y(i)|, where N(i) are the k nearest other samples of sample i.
    Equally near samples (to 12 digits) are taken in the order of their index.

    Args:
        x: features of one model, (n_samples, n_dims_x); numpy or torch, read only.
        y: features of the other, (n_samples, n_dims_y); the same samples in the same order.
        k: how many neighbors; at least 1 and fewer than there are samples.
        metric: "cosine", "euclidean" or "dot", as for `mutual_knn`.

    Returns:
        In [0, 1]; never more than `mutual_knn`; 1 if all neighborhoods are the same.

    Raises:
        BadParameter: k below 1, or an unknown metric.
        DataError: features that are not 2-D and finite, k samples or fewer, different numbers of samples.
        UndefinedMeasure: no variation, rows of zeros (cosine), or ties that leave every neighborhood open.

    Example:
        >>> import numpy as np
        >>> from seealike.measures import jaccard_knn
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((200, 30))
        >>> y = np.concatenate([x[:, :20], rng.standard_normal((200, 10))], axis=1)
        >>> round(jaccard_knn(x, y), 4), round(jaccard_knn.bind().chance(200), 4)
        (0.2358, 0.0271)

    Source:
        Klabunde et al. 2023, "Similarity of neural network models: a survey", section 3.5.
    """

    def compare(x: Neighbors, y: Neighbors) -> float:
        shared = overlaps(x.lists, y.lists)
        return float(np.mean(shared / (2 * k - shared)))

    return Comparison(Nearest(k, metric), compare, minimum=k + 1)


@measure(
    Claims(
        formula="mean_i [i ∈ ∪_{j ∈ N_y(i)} N_x(j)]",
        source="Huh et al. 2024, The platonic representation hypothesis",
        bounds=unit_bounds,
        invariances=neighbor_invariances,
        symmetric=False,
        self_value=None,
        cost=COST,
        differs="platonic-rep takes dot products of the rows it is given: metric='dot', or rows of unit length",
        chance=chance_of(expected_cycle),
    ),
    settle=checked_k("cycle_knn"),
)
def cycle_knn(*, k: int = 10, metric: Nearness = "cosine") -> Comparison:
    """Cycle consistency: how often a neighbor in y of a sample has that sample for a neighbor in x.

    mean_i [i ∈ ∪_{j ∈ N_y(i)} N_x(j)], where N(i) are the k nearest other samples of sample i: from i to its
    neighbors in y, and from there to theirs in x. **The order of x and y matters.** Equally near samples (to 12
    digits) are taken in the order of their index.

    Args:
        x: features of one model, (n_samples, n_dims_x), whose neighborhoods lead back; numpy or torch, read only.
        y: features of the other, (n_samples, n_dims_y), whose neighborhoods lead away; the same samples.
        k: how many neighbors; at least 1 and fewer than there are samples.
        metric: "cosine", "euclidean" or "dot", as for `mutual_knn`.

    Returns:
        In [0, 1]; for few samples close to 1 whatever the models: by chance 1 - (1 - k/(n-1))^k, if no samples
        are neighbors of unusually many (hubs lower it).

    Raises:
        BadParameter: k below 1, or an unknown metric.
        DataError: features that are not 2-D and finite, k samples or fewer, different numbers of samples.
        UndefinedMeasure: no variation, rows of zeros (cosine), or ties that leave every neighborhood open.

    Example:
        >>> import numpy as np
        >>> from seealike.measures import cycle_knn
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((200, 30))
        >>> y = np.concatenate([x[:, :20], rng.standard_normal((200, 10))], axis=1)
        >>> round(cycle_knn(x, y), 4), round(cycle_knn(y, x), 4), round(cycle_knn.bind().chance(200), 4)
        (0.96, 0.975, 0.4028)

    Source:
        Huh et al. 2024, "The platonic representation hypothesis", and its program's `cycle_knn`.
    """

    def compare(x: Neighbors, y: Neighbors) -> float:
        selves = np.arange(x.lists.shape[1], dtype=x.lists.dtype)
        back = np.zeros(len(selves), dtype=bool)
        for away in y.lists:
            back |= (x.lists[:, away] == selves).any(axis=0)
        return float(back.mean())

    return Comparison(Nearest(k, metric), compare, minimum=k + 1)
