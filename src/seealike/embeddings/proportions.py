"""How people chose in repeated trials, as probabilities: the raw proportions, or drawn a little to each other."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import gammaln

from seealike.data.judgements import Trials
from seealike.data.triplet_rows import checked_rows
from seealike.embeddings.counted import counted
from seealike.errors import BadParameter, DataError


@dataclass(frozen=True)
class Proportions:
    """The share of people who chose each pair of a triplet, p_k = (c_k + α) / (Σ c + 3 α).

    Attributes:
        triplets: (U, 3) rows, ascending.
        counts: (U, 3) choices of the pairs (0, 1), (0, 2), (1, 2).
        n_objects: N.
        concentration: α ≥ 0; 0 for the raw proportions.

    Example:
        >>> made = Proportions.of(np.array([[0, 1, 2], [0, 1, 2], [0, 2, 1], [2, 1, 0]]), 3, concentration=0)
        >>> made.probabilities(np.array([[0, 1, 2], [2, 1, 0]])).tolist()
        [[0.5, 0.25, 0.25], [0.25, 0.25, 0.5]]
    """

    triplets: np.ndarray = field(repr=False)
    counts: np.ndarray = field(repr=False)
    n_objects: int
    concentration: float

    @classmethod
    def of(
        cls, trials: Trials | np.ndarray, n_objects: int, *, concentration: float | None = None
    ) -> Proportions:
        """Count trials.

        Args:
            trials: (n, 3) rows of the objects, **the odd one last**.
            n_objects: N.
            concentration: α; where not given, the one under which the counts are the likeliest if every triplet's
                probabilities come from a symmetric Dirichlet distribution.

        Raises:
            BadParameter: a negative concentration.
            DataError: as `counted`.

        Source:
            Minka 2000, "Estimating a Dirichlet distribution".
        """
        if concentration is not None and not concentration >= 0:
            raise BadParameter(
                where="concentration", expected="0 or more", got=str(concentration), fix="Leave it out."
            )
        found = counted(trials, n_objects)
        counts = found.counts.numpy()
        alpha = likeliest_concentration(counts) if concentration is None else concentration
        return cls(found.triplets.numpy(), counts, n_objects, alpha)

    def probabilities(self, triplets: np.ndarray) -> np.ndarray:
        """(n, 3) of the pairs (0, 1), (0, 2), (1, 2), in any order of the three.

        Raises:
            DataError: a triplet that nobody judged; says which.
        """
        rows = checked_rows(triplets, self.n_objects)
        known = self._codes(self.triplets)
        asked = self._codes(np.sort(rows, axis=1))
        order = np.argsort(known)
        place = order[np.minimum(np.searchsorted(known, asked, sorter=order), len(known) - 1)]
        missing = known[place] != asked
        if missing.any():
            raise DataError(
                where=f"triplet {int(missing.argmax())}",
                expected="a triplet that was judged",
                got=f"{rows[missing.argmax()].tolist()}, and {int(missing.sum()) - 1} more that nobody judged",
                fix="Proportions know judged triplets only; fit an embedding for others.",
            )
        raised = self.counts[place] + self.concentration
        shares = raised / raised.sum(axis=1, keepdims=True)
        # Column k leaves out member 2 - k; where that member stands in ascending order says which count is meant.
        ranks = np.argsort(np.argsort(rows, axis=1), axis=1)
        return np.take_along_axis(shares, 2 - ranks[:, ::-1], axis=1)

    def _codes(self, rows: np.ndarray) -> np.ndarray:
        """One number for each ascending triplet."""
        first, second, third = rows.astype(np.uint64).T
        n = np.uint64(self.n_objects)
        return (first * n + second) * n + third


def likeliest_concentration(counts: np.ndarray) -> float:
    """The α of a symmetric Dirichlet distribution under which these counts are the likeliest, from 0.001 to 1000.

    Args:
        counts: (U, K).

    Example:
        >>> rng = np.random.default_rng(0)
        >>> counts = np.array([rng.multinomial(20, p) for p in rng.dirichlet([0.8] * 3, 5000)])
        >>> round(likeliest_concentration(counts), 1)
        0.8
    """
    k, totals = counts.shape[1], counts.sum(axis=1)

    def unlikely(log_alpha: float) -> float:
        alpha = np.exp(log_alpha)
        each = gammaln(counts + alpha).sum() - counts.size * gammaln(alpha)
        return float((gammaln(totals + k * alpha) - gammaln(k * alpha)).sum() - each)

    found = minimize_scalar(unlikely, bounds=(np.log(1e-3), np.log(1e3)), method="bounded")
    return float(np.exp(found.x))  # pyright: ignore[reportAttributeAccessIssue]
