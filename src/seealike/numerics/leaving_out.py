"""How sure any statistic of pairs of models is: models are left out, one after the other, with all their pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from seealike.numerics.jackknife import Squares, jackknife, reach
from seealike.numerics.pairs import Pairs


@dataclass(frozen=True)
class Jackknifed:
    """Statistics with their errors over the models; all arrays have the statistic's shape.

    Attributes:
        values: of all models; NaN where undefined.
        standard_errors: how the values would vary with other models of the same kind; NaN where that is unknown.
        degrees: of freedom of these errors.
    """

    values: np.ndarray
    standard_errors: np.ndarray
    degrees: np.ndarray

    def interval(self, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends, value ± t se."""
        far = reach(self.standard_errors**2, self.degrees, level)
        return self.values - far, self.values + far

    def above_zero(self) -> np.ndarray:
        """One-sided p-values of «not above zero», from Student's t; NaN where unknown.

        Example:
            >>> Jackknifed(np.array([2.0, -2.0]), np.ones(2), np.array([40, 40])).above_zero().round(3).tolist()
            [0.026, 0.974]
        """
        errors = np.where(self.standard_errors > 0, self.standard_errors, np.nan)
        return student.sf(self.values / errors, self.degrees)


def leaving_out_models(statistic: Callable[[np.ndarray], np.ndarray], pairs: Pairs) -> Jackknifed:
    """A statistic of pairs of models, with its error over the models.

    se² = J_models - J_pairs, at least J_models / 2, where each J is a jackknife. J_models leaves out one of the models
    of a set after the other, with all its pairs. What is a single pair's own, and neither model's, is thereby left
    out twice where it should be once; so J_pairs leaves out one group of pairs after the other, of which no two share
    a model. The degrees of freedom are those of J_models. For correlations alone, `correlations_over_models` is
    faster.

    Args:
        statistic: (P,) bool, the pairs in use -> numbers of any fixed shape, NaN where undefined.
        pairs: the models of the P pairs; a set (stratum) of one model stays as it is.

    Example:
        >>> left, right = np.triu_indices(6, 1)
        >>> similar = np.random.default_rng(0).random(15)
        >>> found = leaving_out_models(lambda kept: similar[kept].mean(), Pairs(left, right, np.zeros(6, int)))
        >>> bool(found.values == similar.mean()), bool(found.degrees >= 1), bool(found.standard_errors > 0)
        (True, True, True)

    Source:
        That what is a pair's own counts twice, Aronow, Samii & Assenova, «Cluster-robust variance estimation for dyadic
        data», Political Analysis 2015.
    """
    values = np.asarray(statistic(np.ones(len(pairs.left), dtype=bool)), dtype=np.float64)
    drawn, groups = pairs.drawn, list(_apart(pairs))
    if not drawn:
        unknown = np.full(values.shape, np.nan)
        return Jackknifed(values, unknown, unknown)
    parts = [_left_out(statistic, [pairs.without(int(model)) for model in models]) for models in drawn]
    models = sum(parts[1:], parts[0])
    squares = models.sums
    if len(groups) > 1:
        squares = np.maximum(squares - np.nan_to_num(_left_out(statistic, groups).sums), squares / 2)
    none = np.isnan(values) | (models.drawn == 0)
    errors, degrees = (np.where(none, np.nan, one) for one in (np.sqrt(squares), models.degrees))
    return Jackknifed(values, errors, degrees)


def _left_out(statistic: Callable[[np.ndarray], np.ndarray], kept: list[np.ndarray]) -> Squares:
    return jackknife(np.stack([np.asarray(statistic(one), dtype=np.float64) for one in kept]))


def _apart(pairs: Pairs) -> Iterator[np.ndarray]:
    """(P,) bool, all pairs but a group of which no two share a model; pairs with one drawn model only stay."""
    drawn = np.concatenate([np.empty(0, dtype=np.int64), *pairs.drawn])
    place = np.full(len(pairs.strata), -1)
    place[drawn] = np.arange(len(drawn))
    twice = (place[pairs.left] >= 0) & (place[pairs.right] >= 0)
    group = np.where(twice, (place[pairs.left] + place[pairs.right]) % max(len(drawn), 1), -1)
    for one in np.unique(group[twice]):
        yield group != one
