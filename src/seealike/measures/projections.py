"""Projection weighting: canonical correlations, each weighted by how much of a model it accounts for."""

from __future__ import annotations

import torch

from seealike.engine.forms import Comparison
from seealike.measures.base import measure
from seealike.measures.claims import Claims, Invariance
from seealike.measures.correlations import LEAST, warn_if_spanned
from seealike.numerics.factors import Factored, Factors, overlap

#: Canonical correlations that differ by no more than this are equal.
_EQUAL = 1e-9


@measure(
    Claims(
        formula="Σ α_i ρ_i / Σ α_i, α_i = Σ_j |<h_i, x_j>|, h_i canonical variates of x, x_j its dimensions",
        source="Morcos et al. 2018",
        bounds=lambda parameters: (0.0, 1.0),
        invariances=lambda parameters: Invariance.PERMUTATION | Invariance.SCALING | Invariance.TRANSLATION,
        symmetric=False,
        cost="M n d² + M² n d²",
        differs="google/svcca adds the means back before it projects and takes the model of fewer dimensions for "
        "x; Ding et al., anatome, kisungyou's repsim (symmetrized) and Aristotelian each weight otherwise",
    )
)
def pwcca() -> Comparison:
    """Projection-weighted canonical correlation: correlations weighted by how much of x they account for.

    Σ α_i ρ_i / Σ α_i over i <= min(rank x, rank y), with α_i = Σ_j |<h_i, x_j>|: h_i is the i-th canonical
    variate of x (unit norm over the samples), x_j its j-th centered dimension.

    Args:
        x: features whose directions weigh, (n_samples, n_dims_x); numpy or torch, read only.
        y: features of the other, (n_samples, n_dims_y); the same samples in the same order.

    Returns:
        In [0, 1]; 1 where x is a linear map of y. Not the same with x and y exchanged. The weights are sums
        over the dimensions of x, so a rotation of x changes them; any invertible linear map of y changes
        nothing. Where canonical correlations are equal (to 1e-9), such as several of 1, the paper leaves their
        variates open: here they are the principal axes of x among them. Needs 10 samples.

    Raises:
        DataError: features that are not 2-D and finite, too few samples, different numbers of samples.
        UndefinedMeasure: features without variation.

    Warns:
        DoubtfulSimilarity: the ranks add up to n_samples or more (see `mean_cca`).

    Example:
        >>> import numpy as np
        >>> from seealike.measures import pwcca
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((80, 30))
        >>> y = np.concatenate([3 * x[:, :10], rng.standard_normal((80, 20))], axis=1)
        >>> round(pwcca(x, y), 6), round(pwcca(y, x), 6)
        (0.691523, 0.780343)

    Source:
        Morcos, Raghu & Bengio 2018, "Insights on representational similarity in neural networks with canonical
        correlation", section 3. Five public programs of this name give five numbers; this is the paper's text.
    """
    return Comparison(Factored(axes=True), _pwcca, minimum=LEAST)


def _pwcca(x: Factors, y: Factors) -> float:
    warn_if_spanned("pwcca", x.rank + y.rank, x.room)
    if x.digest == y.digest:
        return 1.0
    assert x.axes is not None
    left, correlations, _ = torch.linalg.svd(overlap(x, y), full_matrices=False)
    projections = (left * x.spectrum[: x.rank, None]).T @ x.axes[: x.rank]
    weights = _settled(projections, correlations).abs().sum(dim=1)
    return float((weights / weights.sum()) @ correlations.clamp(max=1.0))


def _settled(projections: torch.Tensor, correlations: torch.Tensor) -> torch.Tensor:
    """The projections on the variates (rows), with those of equal correlation turned to x's principal axes.

    Any rotation among them would do as well, and a decomposition gives whichever rounding leads to.
    """
    steps = torch.nonzero(correlations[:-1] - correlations[1:] > _EQUAL).flatten() + 1
    groups = projections.tensor_split(steps)
    return torch.cat([_principal(group) if len(group) > 1 else group for group in groups])


def _principal(rows: torch.Tensor) -> torch.Tensor:
    _, strengths, axes = torch.linalg.svd(rows, full_matrices=False)
    return strengths[:, None] * axes
