"""Kernel alignment at mutual neighbors alone."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from seealike.engine.forms import Comparison
from seealike.engine.neighbor_rows import all_rows, products_at
from seealike.engine.neighbors import Nearest
from seealike.errors import UndefinedMeasure
from seealike.measures.base import measure
from seealike.measures.claims import Claims, Parameters
from seealike.measures.neighbors import COST, checked_k, neighbor_invariances
from seealike.numerics.checks import Samples
from seealike.numerics.lists import places


@dataclass(frozen=True)
class LocalKernel:
    """One model's kernel at its neighbors alone.

    Attributes:
        lists: (k, n); column i holds the neighbors of sample i.
        values: (k, n); the dot products of sample i with them, the largest magnitude being 1.
        back: (k, n); where the entry (j, i) of entry (i, j) is among the raveled values; k·n if it is none.
        own: HSIC of the model with itself.
    """

    lists: np.ndarray = field(repr=False)
    values: np.ndarray = field(repr=False)
    back: np.ndarray = field(repr=False)
    own: float = math.nan


@dataclass(frozen=True)
class LocalKernels:
    """The dot products of every sample with its k nearest by dot product.

    Attributes:
        k: how many neighbors.
        unbiased: which estimator of HSIC.

    Raises (in `prepare`):
        UndefinedMeasure: there are no neighborhoods, or HSIC of the model with itself is not positive.

    Example:
        >>> from seealike.numerics.checks import samples
        >>> x = samples(np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0], [0.0, 3.0]]), "x")
        >>> kernel = LocalKernels(1, unbiased=True).prepare(x)
        >>> kernel.lists.tolist(), kernel.values.round(3).tolist()
        ([[1, 0, 3, 2]], [[0.667, 0.667, 1.0, 1.0]])
    """

    k: int
    unbiased: bool

    def prepare(self, samples: Samples) -> LocalKernel:
        """The kernel of one model at its neighbors."""
        lists = Nearest(self.k, "dot").prepare(samples).lists
        values = products_at(all_rows(samples), lists)
        largest = np.abs(values).max()
        values /= largest or 1.0
        kernel = LocalKernel(lists, values, _entries_back(lists))
        own = local_hsic(kernel, values, values, self.unbiased)
        if own <= 0:
            raise UndefinedMeasure(
                where=samples.where,
                expected="neighborhoods whose kernel has a positive HSIC with itself",
                got=f"{own:.3g} for k={self.k}",
                fix="Use a larger k or more samples.",
            )
        return LocalKernel(lists, values, kernel.back, own)


def _entries_back(lists: np.ndarray) -> np.ndarray:
    k, n = lists.shape
    here = np.broadcast_to(np.arange(n, dtype=np.int64), (k, n))
    keys, wanted = (here * n + lists).ravel(), (lists * np.int64(n) + here).ravel()
    order = np.argsort(keys)
    at = order[np.searchsorted(keys, wanted, sorter=order) % (k * n)]
    return np.where(keys[at] == wanted, at, k * n).reshape(k, n)


def local_hsic(at: LocalKernel, K: np.ndarray, L: np.ndarray, unbiased: bool) -> float:
    """HSIC of two n x n matrices that are zero but for the same neighbors, in n·k operations.

    - biased: tr(K H L H) = tr(KL) - (1ᵀKL1 + 1ᵀLK1) / n + 1ᵀK1 1ᵀL1 / n²;
    - unbiased (Song et al. 2012, eq. 5): (tr(KL) + 1ᵀK1 1ᵀL1 / ((n-1)(n-2)) - 2 1ᵀKL1 / (n-2)) / (n(n-3)).

    Args:
        at: where the entries are: column i of K and L belongs to row i of the matrices.
        K: (k, n).
        L: (k, n).
        unbiased: which of the two.

    Example:
        >>> lists = np.array([[1, 0]])  # two samples, each the neighbor of the other
        >>> one = LocalKernel(lists, np.ones((1, 2)), _entries_back(lists))
        >>> local_hsic(one, one.values, one.values, unbiased=False)  # K = [[0, 1], [1, 0]]
        1.0
    """
    n = K.shape[1]
    trace = float(np.sum(K.ravel() * np.append(L, 0.0)[at.back.ravel()]))
    columns_k, columns_l = (np.bincount(at.lists.ravel(), M.ravel(), minlength=n) for M in (K, L))
    both = float(K.sum()) * float(L.sum())
    through_l = float(columns_k @ L.sum(axis=0))  # 1ᵀKL1
    if not unbiased:
        through_k = float(columns_l @ K.sum(axis=0))
        return trace - (through_l + through_k) / n + both / n**2
    return (trace + both / ((n - 1) * (n - 2)) - 2 * through_l / (n - 2)) / (n * (n - 3))


def _any_number(parameters: Parameters) -> tuple[float, float]:
    return -math.inf, math.inf


@measure(
    Claims(
        formula="HSIC(M∘K, M∘L) / sqrt(HSIC(M_x∘K, M_x∘K) HSIC(M_y∘L, M_y∘L)), M = M_x∘M_y",
        source="Huh et al. 2024, The platonic representation hypothesis",
        bounds=_any_number,
        invariances=neighbor_invariances,
        symmetric=lambda p: not p["unbiased"],
        cost=COST,
        differs="platonic-rep adds 1e-6 to the denominator (features of small scale give 0), and when biased "
        "counts a sample among its own neighbors; repralign's cknna is mutual_knn(metric='euclidean')",
    ),
    settle=checked_k("cknna"),
)
def cknna(*, k: int = 10, unbiased: bool = True) -> Comparison:
    """Centered kernel nearest-neighbor alignment: CKA of the kernels at mutual neighbors alone.

    HSIC(M∘K, M∘L) / sqrt(HSIC(M_x∘K, M_x∘K) HSIC(M_y∘L, M_y∘L)), without any epsilon, where K = X Xᵀ and L = Y Yᵀ
    are dot products of the rows as given; M_x has ones at (i, j) if j is one of the k samples with the largest
    dot product with i, itself excluded; M_y likewise; M is their product. HSIC is that of `cka`, biased or
    unbiased. Equal products (to 12 digits) are taken in the order of their index.

    The masks are not symmetric, so that **the order of x and y matters** (in the fourth digit or so) if unbiased:
    Song's estimator has 1ᵀKL1, and this is not 1ᵀLK1. It is kept as published.

    There is no chance level by formula: it depends on how often neighbors are neighbors of each other in one
    model, and on their products. Permute the samples of one model instead.

    Args:
        x: features of one model, (n_samples, n_dims_x), usually at unit length; numpy or torch, read only.
        y: features of the other, (n_samples, n_dims_y); the same samples in the same order.
        k: how many neighbors; at least 1 and fewer than there are samples.
        unbiased: which estimator; unbiased needs at least 4 samples.

    Returns:
        1 for the same features up to rotation and scale. Not bounded by 1 or -1, as numerator and denominator
        have different masks: for few samples values a little above 1 occur.

    Raises:
        BadParameter: k below 1.
        DataError: features that are not 2-D and finite, too few samples, different numbers of samples.
        UndefinedMeasure: no variation, ties that leave every neighborhood open, or HSIC of a model with itself
            that is not positive.

    Example:
        >>> import numpy as np
        >>> from seealike.measures import cknna
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((200, 30))
        >>> y = np.concatenate([x[:, :20], rng.standard_normal((200, 10))], axis=1)
        >>> round(cknna(x, y), 6), round(cknna(y, x), 6), round(cknna(x, y, unbiased=False), 6)
        (0.391643, 0.391547, 0.391535)

    Source:
        Huh et al. 2024, "The platonic representation hypothesis", appendix A, and its program's `cknna`.
    """

    def compare(x: LocalKernel, y: LocalKernel) -> float:
        place = places(x.lists, y.lists)
        L = np.where(place > 0, np.take_along_axis(y.values, np.maximum(place - 1, 0), axis=0), 0.0)
        cross = local_hsic(x, np.where(place > 0, x.values, 0.0), L, unbiased)
        return cross / math.sqrt(x.own * y.own)

    minimum = max(k + 1, 4) if unbiased else k + 1
    return Comparison(LocalKernels(k, unbiased), compare, minimum)
