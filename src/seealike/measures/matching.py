"""Matching: how well the single dimensions of two models correlate once each has found its partner."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment, linprog
from scipy.sparse import eye_array, kron, vstack

from seealike.engine.forms import Comparison
from seealike.measures.base import measure
from seealike.measures.claims import Claims, Invariance
from seealike.numerics.checks import Samples
from seealike.numerics.factors import digest, read

_INVARIANCES = Invariance.PERMUTATION | Invariance.SCALING | Invariance.TRANSLATION

#: Shares are split into equal parts and assigned where that is at most so many times the dimensions.
_MOST_PARTS = 4

#: Relative size below which a dimension does not vary.
_ROUNDING = 64 * float(np.finfo(np.float64).eps)


@measure(
    Claims(
        formula="max over one-to-one matchings of Σ corr(x_i, y_π(i)) / sqrt(p q)",
        source="Li et al. 2015; Williams et al. 2021 (permutations)",
        bounds=lambda parameters: (-1.0, 1.0),
        invariances=lambda parameters: _INVARIANCES,
        cost="M n d + M² (n d² + d³)",
        differs="resi's HardCorrelationMatch divides by min(p, q), so that the rest of the wider model costs "
        "nothing; its PermutationProcrustes does not bring dimensions to unit norm",
    )
)
def permutation() -> Comparison:
    """Permutation score: the mean correlation of the dimensions of two models under the best one-to-one matching.

    s = max over one-to-one matchings π of Σ_i corr(x_i, y_π(i)) / sqrt(p q). With p = q it is the mean
    correlation of partners. Else the narrower model is filled up with zeros, to which the rest of the wider
    one is matched at no gain: s is then the cosine whose arc is Williams' permutation-invariant shape
    distance of standardized dimensions.

    Args:
        x: features of one model, (n_samples, n_dims_x); numpy or torch, read only.
        y: features of the other, (n_samples, n_dims_y); the same samples in the same order.

    Returns:
        In [-1, 1]; 1 where the dimensions are the same up to order, offset and positive scale. Dimensions that
        do not vary are left out (p and q count the others). Needs 3 samples.

    Raises:
        DataError: features that are not 2-D and finite, too few samples, different numbers of samples.
        UndefinedMeasure: features without variation.

    Example:
        >>> import numpy as np
        >>> from seealike.measures import permutation
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((60, 30))
        >>> y = np.concatenate([x[:, 10:], rng.standard_normal((60, 10))], axis=1)
        >>> round(permutation(x, y), 6), round(permutation(x, x[:, :15]), 6)
        (0.730195, 0.707107)

    Source:
        Li, Yosinski, Clune, Lipson & Hopcroft 2015, "Convergent learning" (one-to-one matching by correlation);
        Williams et al. 2021, "Generalized shape metrics on neural representations" (permutations, zero-padding).
        The assignment is scipy.optimize.linear_sum_assignment.
    """
    return Comparison(UnitColumns(), _permutation, minimum=3)


@measure(
    Claims(
        formula="max over P >= 0 with row sums 1/p, column sums 1/q of Σ P_ij corr(x_i, y_j)",
        source="Khosla & Williams 2024",
        bounds=lambda parameters: (-1.0, 1.0),
        invariances=lambda parameters: _INVARIANCES,
        cost="M n d + M² (n d² + d³); a linear program of d² unknowns where widths have no small common multiple",
        differs="the score, not the distance sqrt(2 - 2s); not resi's SoftCorrelationMatch (Li et al. 2015), where "
        "each dimension takes its best partner, which several may share",
    )
)
def soft_matching() -> Comparison:
    """Soft matching score: the correlation of the dimensions of two models under the best transport plan.

    s = max over P of Σ P_ij corr(x_i, y_j), P_ij >= 0 with row sums 1/p and column sums 1/q: every dimension
    of x hands out 1/p, every dimension of y takes 1/q. With p = q it is `permutation`. The soft matching
    distance of the source, for dimensions of unit norm, is sqrt(2 - 2 s); that one is a metric.

    Args:
        x: features of one model, (n_samples, n_dims_x); numpy or torch, read only.
        y: features of the other, (n_samples, n_dims_y); the same samples in the same order.

    Returns:
        In [-1, 1]; 1 where the dimensions are the same up to order, offset, positive scale and equal repetition.
        Dimensions that do not vary are left out (p and q count the others). Needs 3 samples.

    Raises:
        DataError: features that are not 2-D and finite, too few samples, different numbers of samples.
        UndefinedMeasure: features without variation.

    Example:
        >>> import numpy as np
        >>> from seealike.measures import soft_matching
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((60, 30))
        >>> round(soft_matching(x, np.repeat(x, 2, axis=1)), 6), round(soft_matching(x, x[:, :15]), 6)
        (1.0, 0.613408)

    Source:
        Khosla & Williams 2024, "Soft matching distance: a metric on neural representations that captures
        single-neuron tuning". Exact: an assignment of lcm(p, q) equal parts where these are at most four times
        max(p, q), else scipy's HiGHS linear program: seconds a pair for 300 dimensions each, minutes towards 1000.
    """
    return Comparison(UnitColumns(), _soft_matching, minimum=3)


@dataclass(frozen=True, eq=False)
class _Columns:
    digest: bytes = field(repr=False)
    values: torch.Tensor = field(repr=False)


@dataclass(frozen=True)
class UnitColumns:
    """Prepares a model: its dimensions centered, at unit norm; those that do not vary are left out.

    Raises (in `prepare`):
        UndefinedMeasure: no dimension varies.

    Example:
        >>> import numpy as np
        >>> from seealike.numerics.checks import samples
        >>> x = np.array([[2.0, 0.1], [4.0, 0.1], [6.0, 0.1]])
        >>> UnitColumns().prepare(samples(x, "x")).values.round(decimals=3).tolist()
        [[-0.707], [0.0], [0.707]]
    """

    def prepare(self, samples: Samples) -> _Columns:
        """The unit columns of one model."""
        values = read(samples)
        norms = torch.linalg.vector_norm(values, dim=0)
        sizes = torch.zeros_like(norms)
        for block in samples.blocks():
            sizes = torch.maximum(sizes, samples.rows(block).abs().amax(dim=0))
        varies = norms > _ROUNDING * len(values) ** 0.5 * sizes
        return _Columns(digest(samples), values[:, varies] / norms[varies])


def _permutation(x: _Columns, y: _Columns) -> float:
    if x.digest == y.digest:
        return 1.0
    correlations = (x.values.T @ y.values).numpy()
    return _best_sum(correlations) / math.sqrt(correlations.size)


def _soft_matching(x: _Columns, y: _Columns) -> float:
    if x.digest == y.digest:
        return 1.0
    correlations = (x.values.T @ y.values).numpy()
    p, q = correlations.shape
    parts = math.lcm(p, q)
    if parts > _MOST_PARTS * max(p, q):
        return _best_transport(correlations)
    return _best_sum(correlations.repeat(parts // p, axis=0).repeat(parts // q, axis=1)) / parts


def _best_sum(gains: np.ndarray) -> float:
    return float(gains[linear_sum_assignment(gains, maximize=True)].sum())


def _best_transport(gains: np.ndarray) -> float:
    """The most that a plan with uniform shares gains: a linear program in the entries of the plan."""
    p, q = gains.shape
    rows, columns = kron(eye_array(p), np.ones((1, q))), kron(np.ones((1, p)), eye_array(q))
    shares = np.repeat([1 / p, 1 / q], [p, q])
    found = linprog(-gains.ravel(), A_eq=vstack([rows, columns], format="csr"), b_eq=shares, method="highs")
    if not found.success:
        raise RuntimeError(
            f"HiGHS failed on a transport problem, which always has a solution: {found.message}"
        )
    return -float(found.fun)
