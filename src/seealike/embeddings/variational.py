"""An embedding of triplet choices that knows how sure it is: normal weights under a spike-and-slab prior.

Letters: N objects, d dimensions, n trials; X = μ + σ ε, people see relu(X).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from seealike.data.judgements import Trials
from seealike.data.triplet_rows import checked_rows
from seealike.embeddings.choosers import PointEmbedding
from seealike.embeddings.counted import counted, similarities
from seealike.embeddings.search import Progress, Search, VariationalSettings, check_settings

#: Triplets whose probabilities are computed at a time.
_BLOCK = 2**18


@dataclass(frozen=True)
class Variational:
    """Where the objects are, and how sure that is.

    Attributes:
        means: (N, d) μ.
        deviations: (N, d) σ.
        draws: of whole embeddings, for `probabilities`.
        seed: of these draws.
        bound: of the evidence, in nats a trial; NaN where it is not known.
        settled: whether no dimension was dropped in the last window.
    """

    means: np.ndarray = field(repr=False)
    deviations: np.ndarray = field(repr=False)
    draws: int = 50
    seed: int = 0
    bound: float = float("nan")
    settled: bool = True

    def probabilities(self, triplets: np.ndarray) -> np.ndarray:
        """The posterior predictive: the mean over draws of relu(μ + σ ε) of the softmax of inner products.

        Whole embeddings are drawn, so a triplet has the same probabilities in whatever company it is asked.

        Args:
            triplets: (n, 3) rows.

        Returns:
            (n, 3) of the pairs (0, 1), (0, 2), (1, 2).

        Raises:
            ShapeError, MisalignedSamples, DataError: triplets that are not three different rows.
        """
        rows = torch.tensor(checked_rows(triplets, len(self.means)))
        means, deviations = torch.from_numpy(self.means), torch.from_numpy(self.deviations)
        noise = torch.Generator().manual_seed(self.seed)
        total = torch.zeros(rows.shape, dtype=torch.float64)
        for _ in range(self.draws):
            x = (means + deviations * torch.randn(means.shape, generator=noise, dtype=torch.float64)).relu()
            for start in range(0, len(rows), _BLOCK):
                block = slice(start, start + _BLOCK)
                total[block] += torch.softmax(similarities(x, rows[block]), dim=1)
        return (total / self.draws).numpy()

    def of(self, rows: Sequence[int]) -> Variational:
        """The posterior of some objects, in this order."""
        return replace(self, means=self.means[list(rows)], deviations=self.deviations[list(rows)])

    def point(self) -> PointEmbedding:
        """The objects at relu(μ), without the uncertainty."""
        return PointEmbedding(np.maximum(self.means, 0.0))


def fit_variational(
    trials: Trials | np.ndarray,
    n_objects: int,
    settings: VariationalSettings | None = None,
    *,
    progress: Progress | None = None,
) -> Variational:
    """Fit normal weights q(X) = Π N(μ, σ²) to choices under a spike-and-slab prior, and drop empty dimensions.

    Maximized is E_q[log p(choices | relu(X))] - KL(q ‖ π N(0, spike²) + (1 - π) N(0, slab²)), with one draw of X a
    step, the entropy of q in closed form and all trials at once: three numbers a triplet are gathered, whatever the
    number of its judgements. After the burn-in, dimensions in which too few objects have a weight above zero
    are dropped as the search goes on.

    Args:
        trials: (n, 3) rows of the objects, **the odd one last**.
        n_objects: N.
        settings: prior, dimensions, search.
        progress: is told after each step.

    Returns:
        The posterior, dimensions by falling sum of relu(μ).

    Raises:
        BadParameter: settings that cannot be.
        UndefinedMeasure: no dimension is left: the choices say too little of the objects.
        DataError: as `counted`.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> groups = np.repeat(np.arange(3), 4)
        >>> rows = np.array([rng.permutation(12)[:3] for _ in range(2000)])
        >>> kinds = groups[rows]
        >>> twice = (kinds[:, 0] == kinds[:, 1]) & (kinds[:, 0] != kinds[:, 2])  # the odd one is last by group
        >>> how = VariationalSettings(n_dims=8, objects=1, burn_in=50, window=50, max_steps=150)
        >>> made = fit_variational(rows[twice], 12, how)
        >>> bool(made.probabilities(np.array([[0, 1, 11]]))[0, 0] > 0.9)
        True

    Source:
        Muttenthaler et al. 2022, "VICE: Variational Interpretable Concept Embeddings". Differs in its search: all
        trials at once, and dimensions dropped on the way.
    """
    settings = settings or VariationalSettings()
    check_settings(settings)
    search = Search(counted(trials, n_objects), settings)
    bound, settled = search.run(progress)
    means, deviations = search.result()
    return Variational(means, deviations, seed=settings.seed, bound=bound, settled=settled)
