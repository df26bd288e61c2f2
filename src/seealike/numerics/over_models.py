"""How sure a correlation over pairs of models is: pairs that share a model are not independent.

So the models are what is left out or permuted, never single pairs.

Letters: M models, P pairs of them, D rows (a row holds one value a pair: the similarities on one dataset).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from seealike.numerics.correlation import ranked, row_correlations
from seealike.numerics.jackknife import Squares, counted_once, jackknife, reach
from seealike.numerics.pair_noise import pair_noise
from seealike.numerics.pairs import Pairs

#: Fisher's z of a correlation of 1 is infinite; nothing is nearer to 1 than this.
_MOST = 1 - 1e-12
#: Correlations nearer than this are equal.
_EQUAL = 1e-12


@dataclass(frozen=True)
class OverModels:
    """Correlations of all pairs of rows, with what leaving out models says of them; all (D, D).

    Attributes:
        correlations: r; NaN where it is undefined.
        counts: pairs of models in use.
        standard_errors: of Fisher's z of r, by leaving out one model after the other.
        degrees: of freedom of that error.
        influence: the model whose leaving changes z most, -1 where nothing is known.
        without: r without that model.
    """

    correlations: np.ndarray
    counts: np.ndarray
    standard_errors: np.ndarray
    degrees: np.ndarray
    influence: np.ndarray
    without: np.ndarray

    def interval(
        self, level: float = 0.95, others: np.ndarray | float = 0.0, biases: np.ndarray | float = 0.0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends of the intervals of r: z - bias ± t se, turned back.

        Args:
            level: of the intervals.
            others: (D, D) standard errors of z for other reasons, well known, added in squares; NaN for none.
            biases: (D, D) how much z is known to be off; NaN for nothing known.
        """
        z = fisher(self.correlations) - np.nan_to_num(biases)
        far = reach(self.standard_errors**2, self.degrees, level, np.nan_to_num(others) ** 2)
        return np.tanh(z - far), np.tanh(z + far)


def fisher(correlations: np.ndarray) -> np.ndarray:
    """Fisher's z = artanh(r), finite for |r| = 1.

    Example:
        >>> fisher(np.array([0.0, 0.5])).round(4).tolist()
        [0.0, 0.5493]
    """
    return np.arctanh(np.clip(correlations, -_MOST, _MOST))


def correlations_over_models(values: np.ndarray, pairs: Pairs, kind: str) -> OverModels:
    """The correlation of every pair of rows over pairs of models, with its error over the models.

    The standard error is the delete-one-model jackknife of Fisher's z, within each set that models are drawn
    from, less what the noise of single pairs adds to it because each is left out with both its models (see
    `pair_noise`, `counted_once`), and no less than if all pairs were independent. It says how r would vary had other
    models of the same kind been compared on the same samples.

    Args:
        values: (D, P) float64; NaN where missing.
        pairs: the models of each column.
        kind: as in `row_correlations`; Kendall's tau-b is given without errors.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> left, right = np.triu_indices(8, 1)
        >>> base = rng.random(28)
        >>> rows = np.stack([base, base + 0.1 * rng.random(28)])
        >>> made = correlations_over_models(rows, Pairs(left, right, np.zeros(8, int)), "pearson")
        >>> low, high = made.interval()
        >>> bool(low[0, 1] < made.correlations[0, 1] < high[0, 1])
        True

    Source:
        Efron & Stein, «The jackknife estimate of variance», Ann. Stat. 1981; for pairs that share members,
        Snijders & Borgatti, «Non-parametric standard errors and tests for network statistics», Connections 1999.
    """
    r, counts = row_correlations(values, kind)
    used = pairs.members
    left_out = np.full((len(used), *r.shape), np.nan)
    if kind != "kendall":
        for place, model in enumerate(used):
            left_out[place] = row_correlations(values[:, pairs.without(int(model))], kind)[0]
    squares = _squares(values, r, fisher(left_out), pairs, kind)
    none = np.isnan(r) | (squares.drawn == 0)
    errors, degrees = (np.where(none, np.nan, one) for one in (np.sqrt(squares.sums), squares.degrees))
    return OverModels(r, counts, errors, degrees, *_most_influential(r, left_out, used))


def _squares(values: np.ndarray, r: np.ndarray, z_without: np.ndarray, pairs: Pairs, kind: str) -> Squares:
    """Squared errors of z over the models."""
    drawn = pairs.drawn
    if kind == "kendall" or not drawn:
        unknown = np.full_like(r, np.nan)
        return Squares(unknown, unknown, np.zeros(r.shape, dtype=np.int64))
    parts = [jackknife(z_without[np.isin(pairs.members, models)]) for models in drawn]
    too_large, least = pair_noise(values, r, pairs, kind)
    known = (~np.isnan(values)).astype(np.int64)
    n_pairs = np.maximum(known @ known.T, 1)
    return counted_once(sum(parts[1:], parts[0]), too_large, Squares(least, 2 * least**2 / n_pairs, n_pairs))


def _most_influential(r: np.ndarray, left_out: np.ndarray, used: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The model whose leaving changes z most (-1 where nothing is known), and r without it."""
    if not len(used):
        return np.full(r.shape, -1), r
    sizes = np.abs(fisher(left_out) - fisher(r))
    sizes = np.where(np.isnan(sizes), -1.0, sizes)
    most, known = sizes.argmax(axis=0), (sizes.max(axis=0) >= 0) & ~np.isnan(r)
    without = np.take_along_axis(left_out, most[None], axis=0)[0]
    return np.where(known, used[most], -1), np.where(known, without, np.nan)


def mantel(
    values: np.ndarray, pairs: Pairs, kind: str, *, permutations: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Whether two rows agree more than they would if the models of one were exchanged at random.

    The models of a set are permuted among themselves on one side; a row that is not known for all pairs loses
    the models that miss any.

    Args:
        values: (D, P) float64; NaN where missing.
        pairs: the models of each column.
        kind: "pearson" or "spearman".
        permutations: how many; the smallest p is 1 / (permutations + 1).
        seed: of the permutations.

    Returns:
        p: (D, D), the share of permutations (the identity counted) that correlate at least as much; one-sided,
            symmetric, NaN where undefined.
        null: (permutations, D, D) the correlations under permutation.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> left, right = np.triu_indices(10, 1)
        >>> base = rng.random(45)
        >>> rows = np.stack([base, base + 0.05 * rng.random(45), rng.random(45)])
        >>> p, _ = mantel(rows, Pairs(left, right, np.zeros(10, int)), "pearson", permutations=199, seed=0)
        >>> float(p[0, 1]), bool(p[0, 2] > 0.05)
        (0.005, True)

    Source:
        Mantel, «The detection of disease clustering and a generalized regression approach», Cancer Res. 1967.
    """
    n_rows = len(values)
    p = np.full((n_rows, n_rows), np.nan)
    null = np.full((permutations, n_rows, n_rows), np.nan)
    if not np.isnan(values).any():
        return _complete(values, pairs, kind, (permutations, seed))
    for x in range(n_rows):
        for y in range(x, n_rows):
            rows, kept = _complete_models(values[[x, y]], pairs)
            part, some = _complete(rows, kept, kind, (permutations, seed))
            p[x, y] = p[y, x] = part[0, 1]
            null[:, x, y] = null[:, y, x] = some[:, 0, 1]
    return p, null


def _complete(
    values: np.ndarray, pairs: Pairs, kind: str, how: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    permutations, seed = how
    r, _ = row_correlations(values, kind)
    null = np.full((permutations, *r.shape), np.nan)
    if np.isnan(r).all():
        return r, null
    rows = ranked(values) if kind == "spearman" else values
    rows = rows - rows.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    rows = rows / np.where(norms > 0, norms, 1)
    columns = _column_of(pairs)
    rng = np.random.default_rng(seed)
    for k in range(permutations):
        order = _permuted(pairs, rng)
        null[k] = rows @ rows[:, columns[order[pairs.left], order[pairs.right]]].T
    null = np.triu(null) + np.triu(null, 1).transpose(
        0, 2, 1
    )  # permuting one side or the other is the same test
    p = (1 + (null >= r - _EQUAL).sum(axis=0)) / (permutations + 1)
    return np.where(np.isnan(r), np.nan, p), null


def _column_of(pairs: Pairs) -> np.ndarray:
    """(M, M) the column of a pair of models, in either order."""
    size = int(max(pairs.left.max(), pairs.right.max())) + 1
    columns = np.full((size, size), -1)
    columns[pairs.left, pairs.right] = columns[pairs.right, pairs.left] = np.arange(len(pairs.left))
    return columns


def _permuted(pairs: Pairs, rng: np.random.Generator) -> np.ndarray:
    """(M,) which model takes the place of each, within its set."""
    order = np.arange(len(pairs.strata))
    for stratum in np.unique(pairs.strata[pairs.members]):
        members = np.flatnonzero(pairs.strata == stratum)
        order[members] = rng.permutation(members)
    return order


def _complete_models(rows: np.ndarray, pairs: Pairs) -> tuple[np.ndarray, Pairs]:
    """The rows over the models that miss nothing."""
    kept = pairs.complete(np.asarray(np.isnan(rows).any(axis=0)))
    keep = kept[pairs.left] & kept[pairs.right]
    left, right = pairs.left[keep], pairs.right[keep]
    strata = np.full(len(pairs.strata), -1)
    members = np.unique(np.concatenate([left, right]))
    strata[members] = pairs.strata[members]
    return rows[:, keep], Pairs(left, right, strata)
