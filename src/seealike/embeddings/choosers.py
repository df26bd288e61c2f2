"""Triplets in, probabilities of choices out: one interface for whatever knows how people choose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, runtime_checkable

import numpy as np
import torch

from seealike.data.judgements import Trials
from seealike.data.triplet_rows import checked_rows
from seealike.embeddings.counted import similarities
from seealike.errors import BadParameter, NonFiniteError, ShapeError
from seealike.human.temperature import fitted_temperature


@runtime_checkable
class Chooser(Protocol):
    """Something that says how likely each pair of a triplet is to be chosen as the most alike."""

    def probabilities(self, triplets: np.ndarray) -> np.ndarray:
        """(n, 3) float64, rows sum to one: of the pairs (0, 1), (0, 2), (1, 2) of triplets (n, 3) of rows."""
        ...


@dataclass(frozen=True)
class PointEmbedding:
    """Objects at places, and choices as the softmax of inner products: p({a, b}) ∝ exp(x_a · x_b / T).

    Attributes:
        values: (N, d) float64.
        temperature: T > 0; infinite for no preference.

    Raises:
        ShapeError: not 2-D.
        NonFiniteError: NaN or infinity.
        BadParameter: a temperature that is not positive.

    Example:
        >>> sure = PointEmbedding(np.array([[2.0, 0], [2, 0], [0, 1]]))
        >>> sure.probabilities(np.array([[0, 2, 1]])).round(3).tolist()
        [[0.018, 0.965, 0.018]]
    """

    values: np.ndarray = field(repr=False)
    temperature: float = 1.0

    def __post_init__(self) -> None:
        if self.values.ndim != 2:
            raise ShapeError(
                where="embedding",
                expected="(n_objects, n_dims)",
                got=str(self.values.shape),
                fix="Give one row an object.",
            )
        if not np.isfinite(self.values).all():
            raise NonFiniteError(
                where="embedding", expected="numbers", got="NaN or infinity", fix="Fit it again."
            )
        if not self.temperature > 0:
            raise BadParameter(
                where="embedding",
                expected="a positive temperature",
                got=str(self.temperature),
                fix="Leave it out, or fit it with `fitted`.",
            )

    def probabilities(self, triplets: np.ndarray) -> np.ndarray:
        """(n, 3) of the pairs (0, 1), (0, 2), (1, 2).

        Raises:
            ShapeError, MisalignedSamples, DataError: triplets that are not three different rows.
        """
        s = self._similarities(triplets) / self.temperature
        return torch.softmax(torch.from_numpy(s), dim=1).numpy()

    def fitted(self, trials: Trials | np.ndarray) -> PointEmbedding:
        """The same places at the temperature that suits these trials, (n, 3) rows with the odd one last.

        Example:
            >>> places = PointEmbedding(np.eye(3) + 0.5)
            >>> places.fitted(np.array([[0, 1, 2], [0, 2, 1], [1, 2, 0]])).temperature
            inf
        """
        rows = trials.triplets if isinstance(trials, Trials) else trials
        return replace(self, temperature=fitted_temperature(self._similarities(rows)))

    def of(self, rows: Sequence[int]) -> PointEmbedding:
        """The places of some objects, in this order."""
        return replace(self, values=self.values[list(rows)])

    def _similarities(self, triplets: np.ndarray) -> np.ndarray:
        rows = checked_rows(triplets, len(self.values))
        places = torch.from_numpy(np.ascontiguousarray(self.values, dtype=np.float64))
        return similarities(places, torch.tensor(rows)).numpy()


@dataclass(frozen=True)
class Ensemble:
    """The mean of what several say: fits from several seeds, say.

    Attributes:
        members: at least one.
        weights: of the members, positive or 0; None for equal ones.

    Raises:
        BadParameter: no member, or not one weight each.

    Example:
        >>> one, other = PointEmbedding(np.eye(3)), PointEmbedding(np.array([[9.0], [9], [0]]))
        >>> Ensemble((one, other)).probabilities(np.array([[0, 1, 2]])).round(3).tolist()
        [[0.667, 0.167, 0.167]]

    Source:
        Lakshminarayanan et al. 2017, "Simple and scalable predictive uncertainty estimation using deep ensembles".
    """

    members: Sequence[Chooser]
    weights: Sequence[float] | None = None

    def __post_init__(self) -> None:
        if not self.members:
            raise BadParameter(
                where="ensemble", expected="at least one member", got="none", fix="Give some fits."
            )
        given = [1.0] * len(self.members) if self.weights is None else list(self.weights)
        if len(given) != len(self.members) or not min(given) >= 0 or not 0 < sum(given) < np.inf:
            raise BadParameter(
                where="ensemble",
                expected="one weight a member, of 0 or more, not all 0",
                got=str(given),
                fix="Leave them out.",
            )

    def probabilities(self, triplets: np.ndarray) -> np.ndarray:
        """(n, 3) of the pairs (0, 1), (0, 2), (1, 2)."""
        said = [member.probabilities(triplets) for member in self.members]
        return np.average(said, axis=0, weights=self.weights)
