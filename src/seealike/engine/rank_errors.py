"""Standard errors of rank correlations, from subsamples: leaving one sample out changes every rank.

Letters: n samples, b of them in a subsample, M models, N = b(b-1)/2 pairs of samples.
"""

from __future__ import annotations

import numpy as np
import torch

from seealike.engine.estimate import Estimate
from seealike.engine.rows import Prepared
from seealike.engine.scan import upper
from seealike.engine.stream import Group
from seealike.engine.subsample import with_subsamples
from seealike.engine.workers import in_order

_DRAWS = 40
#: A subsample is a quarter of the samples, within these limits: enough that its pairs of pairs, whose part
#: of the variance falls with the square of its size, do not count.
_SHARE, _FEWEST, _MOST = 1 / 4, 24, 192


def with_rank_errors(result: Estimate, group: Group, seed: int, *, replicates: bool) -> Estimate:
    """The estimate with the errors of rank correlations, from exact ranks within subsamples.

    Args:
        result: the values of all pairs of models.
        group: the models' prepared rows.
        seed: of the subsamples.
        replicates: whether to keep the subsamples' values.
    """
    n, n_models = group.plan.n_samples, len(result.values)
    size = min(max(int(_SHARE * n), min(_FEWEST, n // 2)), _MOST)
    rng = np.random.default_rng(seed)
    draws = [torch.from_numpy(np.sort(rng.choice(n, size, replace=False))) for _ in range(_DRAWS)]
    values = np.full((_DRAWS, n_models, n_models), np.nan)
    places = np.ix_(group.members, group.members)
    made = in_order(lambda which: _correlations(group, which), draws, group.plan.workers)
    for draw, some in zip(values, made, strict=True):
        draw[places] = some
    return with_subsamples(result, values, size, n, replicates=replicates)


def _correlations(group: Group, which: torch.Tensor) -> np.ndarray:
    """(M, M) correlations of the ranks of all pairs of some samples; NaN where all are equal."""
    ranks = torch.stack([_ranks(rows, which) for rows in group.prepared])
    ranks -= ranks.mean(dim=1, keepdim=True)
    norms = torch.linalg.vector_norm(ranks, dim=1)
    ranks /= torch.where(norms > 0, norms, torch.nan)[:, None]
    return (ranks @ ranks.T).clamp_(-1.0, 1.0).numpy()


def _ranks(rows: Prepared, which: torch.Tensor) -> torch.Tensor:
    """(N,) float64, the average ranks of the pairs' distances."""
    x = rows.read(which)
    halves = (0.5 * rows.norms[which]).to(x)
    values = upper(torch.mm(x, x.T).sub_(halves[:, None]).sub_(halves))
    # Equal distances differ by rounding: what agrees to so many digits is tied.
    values.mul_((2**20 if values.dtype == torch.float32 else 2**40) / rows.spread).round_()
    ordered, order = values.sort()
    _, tied, counts = ordered.unique_consecutive(return_inverse=True, return_counts=True)
    last = counts.cumsum(0)
    ranks = torch.empty(len(values), dtype=torch.float64, device=x.device)
    ranks[order] = (last - (counts - 1) / 2).to(torch.float64)[tied]
    return ranks.cpu()
