"""A sparse, non-negative embedding of triplet choices (SPoSE), by a bounded quasi-Newton search.

Letters: N objects, d dimensions, n trials.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import minimize

from seealike.data.judgements import Trials
from seealike.embeddings.choosers import PointEmbedding
from seealike.embeddings.counted import Counted, counted
from seealike.errors import BadParameter


@dataclass(frozen=True)
class SparseSettings:
    """How `fit_sparse` searches.

    Attributes:
        n_dims: at most; those that end empty are left out.
        regularization: λ ≥ 0, nats a trial for a mean row sum of 1.
        max_steps: of L-BFGS-B.
        seed: of the starting places.
    """

    n_dims: int = 90
    regularization: float = 0.005
    max_steps: int = 500
    seed: int = 0


def fit_sparse(
    trials: Trials | np.ndarray, n_objects: int, settings: SparseSettings | None = None
) -> PointEmbedding:
    """Fit a sparse non-negative embedding: min over X ≥ 0 of -(1/n) Σ log p(choice) + λ/N Σ |X|.

    p is the softmax of the three inner products. On X ≥ 0 the L1 norm is linear, so that the problem is smooth with
    bounds and L-BFGS-B solves it on all trials at once: weights end at zero exactly. The problem is not convex: another
    seed may end elsewhere (see `Ensemble`).

    Args:
        trials: (n, 3) rows of the objects, **the odd one last**.
        n_objects: N.
        settings: dimensions, λ, steps, seed.

    Returns:
        The embedding, dimensions by falling sum; empty ones are left out.

    Raises:
        BadParameter: no dimension, λ < 0, no step.
        DataError: as `counted`.

    Example:
        >>> trials = np.array([[0, 1, 2], [0, 1, 3], [2, 3, 0], [2, 3, 1]] * 9)
        >>> made = fit_sparse(trials, 4, SparseSettings(n_dims=3, seed=1))
        >>> made.probabilities(np.array([[1, 0, 3]]))[0].argmax()
        np.int64(0)

    Source:
        Zheng et al. 2019, "Revealing interpretable object representations from human behavior". Differs in the
        optimizer (there: stochastic gradients and truncation).
    """
    settings = settings or SparseSettings()
    if settings.n_dims < 1 or not settings.regularization >= 0 or settings.max_steps < 1:
        raise BadParameter(
            where="fit_sparse",
            expected="n_dims and max_steps of 1 or more, a regularization of 0 or more",
            got=str(settings),
            fix="Leave them out.",
        )
    known = counted(trials, n_objects)
    shape = (n_objects, settings.n_dims)
    rng = np.random.default_rng(settings.seed)
    found = minimize(
        _objective,
        rng.random(n_objects * settings.n_dims),
        args=(known, shape, settings.regularization),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0, None)] * (n_objects * settings.n_dims),
        options={"maxiter": settings.max_steps, "maxfun": 2 * settings.max_steps, "ftol": 1e-9, "gtol": 1e-9},
    )
    return PointEmbedding(by_importance(found.x.reshape(shape)))


def by_importance(values: np.ndarray) -> np.ndarray:
    """Dimensions by falling sum, without empty ones.

    Example:
        >>> by_importance(np.array([[0.0, 1.0, 2.0]])).tolist()
        [[2.0, 1.0]]
    """
    sums = values.sum(axis=0)
    order = np.argsort(-sums, kind="stable")
    return np.ascontiguousarray(values[:, order[sums[order] > 0]])


def _objective(
    packed: np.ndarray, known: Counted, shape: tuple[int, int], regularization: float
) -> tuple[float, np.ndarray]:
    """Value and gradient."""
    x = torch.from_numpy(packed).view(shape).requires_grad_()
    loss = -known.log_likelihood(x) / known.n_trials + regularization / shape[0] * x.sum()
    (gradient,) = torch.autograd.grad(loss, x)
    return float(loss.detach()), gradient.flatten().numpy()
