"""Predictivity: how much of one model's features a linear map of the other's predicts on held-out samples."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch

from seealike.engine.forms import Comparison
from seealike.errors import BadParameter
from seealike.measures.base import measure
from seealike.measures.claims import Claims, Invariance, Parameters
from seealike.numerics.checks import Samples
from seealike.numerics.factors import RANK_TOLERANCE, compact, read

_ROTATIONS = Invariance.PERMUTATION | Invariance.ORTHOGONAL
_TO_SCALE = Invariance.SCALING | Invariance.TRANSLATION


def _invariances(parameters: Parameters) -> Invariance:
    linear = Invariance.LINEAR if parameters["ridge"] == 0 else Invariance.NONE
    return _ROTATIONS | _TO_SCALE | linear


def _settle(parameters: Parameters) -> Parameters:
    ridge, folds = parameters["ridge"], parameters["folds"]
    if not (isinstance(ridge, float) and ridge >= 0):
        raise _bad("ridge of at least 0", ridge, "0 is ordinary least squares.")
    if not (isinstance(folds, int) and folds >= 2):
        raise _bad("at least 2 folds", folds, "5 is usual.")
    return parameters


def _bad(expected: str, got: object, fix: str) -> BadParameter:
    return BadParameter(where="linear_regression", expected=expected, got=str(got), fix=fix)


@measure(
    Claims(
        formula="1 - Σ_i ‖y_i - ŷ_i‖² / Σ_i ‖y_i - ȳ‖², ŷ_i predicted from x_i by a fit without the fold of i",
        source="Kornblith et al. 2019 (without cross-validation); Schrimpf et al. 2018 (with)",
        bounds=lambda parameters: (-math.inf, 1.0),
        invariances=_invariances,
        symmetric=False,
        self_value=None,
        cost="M n d² + folds M d³ + 2 M² n d²",
        differs="resi and Kornblith et al. score the samples that were fitted; brain-score the correlation of each "
        "dimension; scikit-learn's cross_val_score averages the R² of folds and dimensions",
    ),
    settle=_settle,
)
def linear_regression(*, ridge: float = 0.0, folds: int = 5) -> Comparison:
    """Linear predictivity: the share of y's variance that a linear map of x predicts on held-out samples.

    R² = 1 - Σ_i ‖y_i - ŷ_i‖² / Σ_i ‖y_i - ȳ‖². ŷ_i = b + x_i W, with b and W from least squares with penalty
    λ ‖W‖² on all samples outside the fold of i; λ = ridge · Σ_j ‖x_j - x̄‖² over the same samples, so that ridge
    has no units. Sample i is in fold i mod folds: fixed, and so one order of the samples gives one number; another
    order moves it by what another split would.

    Args:
        x: features to predict from, (n_samples, n_dims_x); numpy or torch, read only.
        y: features to predict, (n_samples, n_dims_y); the same samples in the same order.
        ridge: the penalty, as a share of the total variance of x. 0 is ordinary least squares, of all
            solutions the least where dimensions outnumber samples (then a ridge, 1e-3 say, predicts better).
        folds: how many parts the samples are split into; at least 2.

    Returns:
        At most 1. 0 is what predicting the mean gets; worse is negative, without limit. Not the same with x
        and y exchanged. Of invariances to x: with ridge = 0 any invertible linear map, as long as training
        samples outnumber dimensions. y: rotations, scale and translation, for every dimension weighs by its
        variance. Needs two samples a fold.

    Raises:
        BadParameter: a negative ridge, fewer than two folds.
        DataError: features that are not 2-D and finite, too few samples, different numbers of samples.
        UndefinedMeasure: features without variation.

    Example:
        >>> import numpy as np
        >>> from seealike.measures import linear_regression
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((200, 10))
        >>> y = x[:, :5] @ rng.standard_normal((5, 8)) + rng.standard_normal((200, 8))
        >>> round(linear_regression(x, y), 6), round(linear_regression(y, x), 6)
        (0.863791, 0.368703)

    Source:
        Kornblith et al. 2019, "Similarity of neural network representations revisited" (R²_LR, there without
        cross-validation); the same number as scikit-learn's r2_score(y, cross_val_predict(…), multioutput=
        "variance_weighted") with the same folds.
    """
    return Comparison(Folded(ridge, folds), _held_out_r2, minimum=2 * folds)


@dataclass(frozen=True, eq=False)
class _Fold:
    """One part of the samples, and how it is predicted from the others.

    Attributes:
        held: its samples.
        n_training: how many samples are outside it.
        mean: (m,), the mean of the training samples.
        reader: (held samples, m), what a training cross product is multiplied by to give predictions.
    """

    held: slice
    n_training: int
    mean: torch.Tensor = field(repr=False)
    reader: torch.Tensor = field(repr=False)


@dataclass(frozen=True, eq=False)
class _Parts:
    values: torch.Tensor  # (n, m), columns of mean zero
    folds: tuple[_Fold, ...]


@dataclass(frozen=True)
class Folded:
    """Prepares a model for prediction: for every fold the linear map from cross products to predictions.

    Attributes:
        ridge: the penalty, as a share of the total variance of the training samples.
        folds: how many parts.

    Example:
        >>> import numpy as np
        >>> from seealike.numerics.checks import samples
        >>> len(Folded(ridge=0.0, folds=3).prepare(samples(np.eye(6, 2), "x")).folds)
        3
    """

    ridge: float
    folds: int

    def prepare(self, samples: Samples) -> _Parts:
        """The folds of one model."""
        values = compact(read(samples))
        values /= torch.linalg.vector_norm(values)
        total = values.T @ values
        return _Parts(values, tuple(self._fold(values, total, start) for start in range(self.folds)))

    def _fold(self, values: torch.Tensor, total: torch.Tensor, start: int) -> _Fold:
        held = slice(start, None, self.folds)
        rows = values[held]
        n_training = len(values) - len(rows)
        mean = -rows.sum(dim=0) / n_training
        training = total - rows.T @ rows - n_training * torch.outer(mean, mean)
        strengths, axes = torch.linalg.eigh(training)
        kept = strengths > RANK_TOLERANCE**2 * strengths[-1]
        inverse = kept / (strengths + self.ridge * training.trace()).where(kept, 1.0)
        return _Fold(held, n_training, mean, (rows - mean) @ (axes * inverse) @ axes.T)


def _held_out_r2(x: _Parts, y: _Parts) -> float:
    total = x.values.T @ y.values
    unexplained = 0.0
    for x_fold, y_fold in zip(x.folds, y.folds, strict=True):
        rows, targets = x.values[x_fold.held], y.values[x_fold.held]
        training = total - rows.T @ targets - x_fold.n_training * torch.outer(x_fold.mean, y_fold.mean)
        unexplained += float((targets - y_fold.mean - x_fold.reader @ training).square().sum())
    return 1.0 - unexplained / float(y.values.square().sum())
