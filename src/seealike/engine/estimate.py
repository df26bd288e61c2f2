"""From the sums of a pass to the values of one form, with errors, or with reasons where there is no value.

Letters: n samples, M models, P pairs of models (each with itself too).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from seealike.engine.estimators import BIASED, Estimator, Parts, Sums, centered_rows, vanishes
from seealike.engine.forms import InnerProduct
from seealike.engine.stream import Matrices
from seealike.engine.sums import RowProducts
from seealike.errors import UndefinedMeasure

#: Mean kernel value off the diagonal below which the kernel is numerically the identity.
_FADED = 1e-3
#: Leave-one-out values are made for so many numbers at a time.
_BLOCK_NUMBERS = 2**20
#: Deviations are kept for so many groups of samples.
GROUPS = 200


@dataclass(frozen=True)
class Estimate:
    """All pairs of M models under one form.

    Attributes:
        values: (M, M) float64, NaN where one of the two models has no value.
        undefined: position of a model -> why nothing can be said about it.
        undefined_pairs: positions of two models -> why there is no value for these two.
        faded: positions of the models whose kernel is numerically the identity, where that alone makes
            the value (biased estimators: it is then about 1 for any features).
        standard_errors: (M, M) float64, or None where they were not asked for.
        deviations: (G, M, M) float64 with the standard errors: products of two pairs' deviations, summed over
            G, are the covariance of their values over samples. The squares of subsamples' add up to the squared
            errors; those of more samples than `GROUPS`, left out one by one, do so up to about sqrt(2 / G).
        replicates: (R, M, M) values without one sample each, or of subsamples, where they were asked for.
    """

    values: np.ndarray
    undefined: Mapping[int, UndefinedMeasure]
    undefined_pairs: Mapping[tuple[int, int], UndefinedMeasure] = field(default_factory=dict)
    faded: tuple[int, ...] = ()
    standard_errors: np.ndarray | None = None
    deviations: np.ndarray | None = None
    replicates: np.ndarray | None = None


@dataclass(frozen=True)
class Outcome:
    """What a pass leaves of one form.

    Attributes:
        members: positions among all models of the models that the sums are of.
        n_models: how many models there are in all.
        matrices: their matrices.
        sums: the sums over them.
        rows: what every sample contributes, where errors are wanted.
    """

    members: Sequence[int]
    n_models: int
    matrices: Matrices
    sums: Sums
    rows: RowProducts | None = None


def estimate(form: InnerProduct, made: Outcome, *, replicates: bool = False) -> Estimate:
    """The values of one form, from the sums over its matrices.

    Args:
        form: the measure.
        made: what the pass left.
        replicates: whether to keep the values without each sample.
    """
    fitted = torch.tensor([one is not None for one in made.matrices.fitted])
    products = form.estimator.inner_products(made.sums)
    gone = fitted & vanishes(products, made.sums) & (not form.estimator.difference)
    undefined = dict(made.matrices.undefined)
    for place in torch.nonzero(gone).flatten().tolist():
        one = made.matrices.fitted[place]
        undefined[made.members[place]] = _no_variation("" if one is None else one.where)
    good = torch.nonzero(fitted & ~gone).flatten()
    spread = _Spread([made.members[int(place)] for place in good], made.n_models)
    faded = _faded(made.sums, good) if form.map.fades and form.estimator is BIASED else []
    result = Estimate(
        spread(form.estimator.values(products[good][:, good])),
        undefined,
        faded=tuple(made.members[place] for place in faded),
    )
    if made.rows is None:
        return result
    chosen = torch.isin(made.rows.pairs, good).all(dim=0)
    theta = _left_out(form.estimator, made.sums, made.rows)[:, chosen]
    errors = jackknife_errors(theta)
    packed = torch.triu_indices(len(good), len(good))
    return replace(
        result,
        standard_errors=spread(_unpacked(errors, packed).fill_diagonal_(0.0)),
        deviations=spread(_unpacked(grouped_deviations(theta), packed)),
        replicates=spread(_unpacked(theta, packed)) if replicates else None,
    )


def jackknife_errors(left_out: torch.Tensor) -> torch.Tensor:
    """The delete-one standard errors, se² = (n-1)/n Σ_r (θ_r - mean θ)²: (n, P) -> (P,).

    Example:
        >>> x = torch.tensor([1.0, 2.0, 4.0, 7.0], dtype=torch.float64)
        >>> means = (x.sum() - x) / 3
        >>> round(float(jackknife_errors(means[:, None])), 6), round(float(x.std() / 2), 6)
        (1.322876, 1.322876)
    """
    n = len(left_out)
    return (left_out.var(dim=0, correction=0) * (n - 1)).sqrt()


def grouped_deviations(left_out: torch.Tensor) -> torch.Tensor:
    """How the values move with groups of samples, (G, P): deviations whose squares add up to about se².

    Sample r belongs to group r modulo G; what its leaving changes is summed over its group. With G = n the sums
    of squares and products are exactly the jackknife's variances and covariances.

    Example:
        >>> x = torch.tensor([1.0, 2.0, 4.0, 7.0], dtype=torch.float64)
        >>> means = ((x.sum() - x) / 3)[:, None]
        >>> round(float(grouped_deviations(means).square().sum().sqrt() / jackknife_errors(means)), 6)
        1.0
    """
    n, mean = len(left_out), left_out.mean(dim=0)
    groups = min(n, GROUPS)
    sums = torch.zeros((groups, left_out.shape[1]), dtype=torch.float64)
    step = max(1, _BLOCK_NUMBERS // max(left_out.shape[1], 1))
    for start in range(0, n, step):
        block = mean - left_out[start : start + step]
        sums.index_add_(0, torch.arange(start, start + len(block)) % groups, block)
    # Groups of more samples vary less, as all sums together are zero.
    return sums * ((n - 1) ** 2 / (n * (n - n / groups))) ** 0.5


def _left_out(estimator: Estimator, sums: Sums, made: RowProducts) -> torch.Tensor:
    """(n, P) the values of all pairs without each sample; overwrites the sums of `made`."""
    center = estimator.center(sums)
    diagonal, row_sums = (sums.diagonals - 2 * center).T, centered_rows(center, sums).T
    x, y = made.pairs
    whole = made.sums.sum(dim=0)
    if not estimator.hollow:
        whole = whole + (diagonal.T @ diagonal)[x, y]
    units = sums.units[x] * sums.units[y] if estimator.difference else torch.ones(())
    theta = made.sums
    step = max(1, _BLOCK_NUMBERS // theta.shape[1])
    for start in range(0, sums.n, step):
        r = slice(start, start + step)
        own = diagonal[r, x] * diagonal[r, y]
        block = Parts(whole, theta[r], own, row_sums[r], made.pairs, sums.n)
        theta[r] = estimator.packed_values(estimator.left_out(block) * units, made.pairs)
    return theta


def _unpacked(values: torch.Tensor, pairs: torch.Tensor) -> torch.Tensor:
    """(…, P) -> (…, M, M), symmetric."""
    size = int(pairs.max()) + 1 if pairs.numel() else 0
    square = torch.zeros((*values.shape[:-1], size, size), dtype=torch.float64)
    square[..., pairs[0], pairs[1]] = square[..., pairs[1], pairs[0]] = values
    return square


@dataclass(frozen=True)
class _Spread:
    """Puts the values of some models in their places among all."""

    names: Sequence[int]
    n_models: int

    def __call__(self, values: torch.Tensor) -> np.ndarray:
        out = np.full((*values.shape[:-2], self.n_models, self.n_models), np.nan)
        out[..., np.array(self.names, dtype=int)[:, None], np.array(self.names, dtype=int)] = values.numpy()
        return out


def _faded(sums: Sums, good: torch.Tensor) -> list[int]:
    mean = sums.row_sums.sum(dim=1) / (sums.n * (sums.n - 1)) + sums.shifts
    return [int(place) for place in good if mean[place] < _FADED]


def _no_variation(where: str) -> UndefinedMeasure:
    return UndefinedMeasure(
        where=where,
        expected="a matrix over the samples that varies once it is centered",
        got="one that is constant up to rounding (all samples equally far apart, say)",
        fix="Leave this model out, or use another measure; float64 features resolve finer variation.",
    )
