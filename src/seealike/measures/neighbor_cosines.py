"""How alike the cosines of neighbors are in two models."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from seealike.engine.forms import Comparison
from seealike.engine.neighbor_rows import products_at, unit_rows
from seealike.engine.neighbors import Nearest
from seealike.errors import UndefinedMeasure
from seealike.measures.base import measure
from seealike.measures.claims import Claims
from seealike.measures.neighbors import checked_k, neighbor_invariances
from seealike.numerics.checks import Samples
from seealike.numerics.lists import places

#: A row of cosines shorter than this is zero up to rounding.
_NOTHING = 1e-12


@dataclass(frozen=True)
class LocalCosine:
    """One model's cosines with its neighbors.

    Attributes:
        samples: the features.
        lists: (k, n); column i holds the neighbors of sample i.
        values: (k, n); the cosines of sample i with them.
    """

    samples: Samples = field(repr=False)
    lists: np.ndarray = field(repr=False)
    values: np.ndarray = field(repr=False)


@dataclass(frozen=True)
class LocalCosines:
    """The cosines of every sample with its k nearest by cosine.

    Attributes:
        k: how many neighbors.

    Raises (in `prepare`):
        UndefinedMeasure: there are no neighborhoods.

    Example:
        >>> from seealike.numerics.checks import samples
        >>> x = samples(np.array([[1.0, 0.0], [3.0, 4.0], [0.0, 1.0]]), "x")
        >>> cosines = LocalCosines(1).prepare(x)
        >>> cosines.lists.tolist(), cosines.values.round(3).tolist()
        ([[1, 2, 1]], [[0.6, 0.8, 0.8]])
    """

    k: int

    def prepare(self, samples: Samples) -> LocalCosine:
        """The cosines of one model with its neighbors."""
        lists = Nearest(self.k, "cosine").prepare(samples).lists
        return LocalCosine(samples, lists, products_at(unit_rows(samples), lists))


@measure(
    Claims(
        formula="mean_i cos((S_x(i, j))_j, (S_y(i, j))_j) over j ∈ N_x(i) ∪ N_y(i), S the cosines of rows",
        source="Hamilton et al. 2016; Klabunde et al. 2023 (survey), section 3.5",
        bounds=lambda parameters: (-1.0, 1.0),
        invariances=neighbor_invariances,
        cost="M n² d + M² n k d",
        differs="resi takes the cosine between cosine distances, 1 - S; deep-reps between concatenated features",
    ),
    settle=checked_k("second_order_cosine"),
)
def second_order_cosine(*, k: int = 10) -> Comparison:
    """Second-order cosine: how alike a sample's cosines with its neighbors are in both models.

    mean_i cos(s_i, t_i), where s_i holds the cosines S_x(i, j) and t_i the cosines S_y(i, j) of sample i with all
    j that are among its k nearest by cosine in x, or in y, or in both. Equally near samples (to 12 digits) are
    taken in the order of their index.

    There is no chance level by formula: where all cosines are large (features with a common offset), it is close
    to 1 for any models.

    Args:
        x: features of one model, (n_samples, n_dims_x); numpy or torch, read only.
        y: features of the other, (n_samples, n_dims_y); the same samples in the same order.
        k: how many neighbors; at least 1 and fewer than there are samples.

    Returns:
        In [-1, 1]; 1 for the same features up to rotation and scale.

    Raises:
        BadParameter: k below 1.
        DataError: features that are not 2-D and finite, k samples or fewer, different numbers of samples.
        UndefinedMeasure: rows of zeros, no variation, ties that leave every neighborhood open, or samples at a
            right angle to all neighbors.

    Example:
        >>> import numpy as np
        >>> from seealike.measures import second_order_cosine
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((200, 30))
        >>> y = np.concatenate([x[:, :20], rng.standard_normal((200, 10))], axis=1)
        >>> round(second_order_cosine(x, y), 6)
        0.784672

    Source:
        Hamilton et al. 2016, "Cultural shift or linguistic drift?"; Klabunde et al. 2023, "Similarity of neural
        network models: a survey", section 3.5.
    """

    def compare(x: LocalCosine, y: LocalCosine) -> float:
        new = places(y.lists, x.lists) == 0  # what y adds to x's neighbors
        s = np.concatenate([x.values, products_at(unit_rows(x.samples), y.lists) * new])
        t = np.concatenate([products_at(unit_rows(y.samples), x.lists), y.values * new])
        squares = [_squares(side, state.samples.where) for side, state in ((s, x), (t, y))]
        cosines = (s * t).sum(axis=0) / np.sqrt(squares[0] * squares[1])  # exactly 1 for the same features
        return float(np.clip(cosines, -1, 1).mean())

    return Comparison(LocalCosines(k), compare, minimum=k + 1)


def _squares(side: np.ndarray, where: str) -> np.ndarray:
    squares = (side * side).sum(axis=0)
    right = np.flatnonzero(squares <= _NOTHING**2)
    if len(right):
        raise UndefinedMeasure(
            where=where,
            expected="samples with a cosine other than 0 with some neighbor",
            got=f"right angles ({', '.join(map(str, right[:5]))}{', …' if len(right) > 5 else ''})",
            fix="Leave these samples out of every model, or use another measure of neighborhoods.",
        )
    return squares
