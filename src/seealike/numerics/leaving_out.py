"""How sure any statistic of pairs of models is: models are left out, one after the other, with all their pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from seealike.numerics.pairs import WORTH, Pairs


@dataclass(frozen=True)
class Jackknifed:
    """Statistics with their errors over the models; all arrays have the statistic's shape.

    Attributes:
        values: of all models; NaN where undefined.
        standard_errors: how the values would vary with other models of the same kind; NaN where that is unknown.
        degrees: models less sets, whose `WORTH` are the degrees of freedom of these errors.
    """

    values: np.ndarray
    standard_errors: np.ndarray
    degrees: np.ndarray

    def interval(self, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper ends, value ± t se."""
        reach = student.ppf((1 + level) / 2, self._worth) * self.standard_errors
        return self.values - reach, self.values + reach

    def above_zero(self) -> np.ndarray:
        """One-sided p-values of «not above zero», from Student's t; NaN where unknown.

        Example:
            >>> Jackknifed(np.array([2.0, -2.0]), np.ones(2), np.array([60, 60])).above_zero().round(3).tolist()
            [0.026, 0.974]
        """
        errors = np.where(self.standard_errors > 0, self.standard_errors, np.nan)
        return student.sf(self.values / errors, self._worth)

    @property
    def _worth(self) -> np.ndarray:
        return np.maximum(WORTH * self.degrees, 1)


def leaving_out_models(statistic: Callable[[np.ndarray], np.ndarray], pairs: Pairs) -> Jackknifed:
    """A statistic of pairs of models, with its error over the models.

    se² = J_models - J_pairs, at least J_models / 2, where J = Σ_sets (m - 1) / m Σ_i (θ_(i) - mean θ)² is a
    jackknife. J_models leaves out one of the m models of a set after the other, with all its pairs. What is a single
    pair's own, and neither model's, is thereby left out twice where it should be once; so J_pairs leaves out one
    group of pairs after the other, of which no two share a model. For correlations alone,
    `correlations_over_models` is faster.

    Args:
        statistic: (P,) bool, the pairs in use -> numbers of any fixed shape, NaN where undefined.
        pairs: the models of the P pairs; a set (stratum) of one model stays as it is.

    Example:
        >>> left, right = np.triu_indices(6, 1)
        >>> similar = np.random.default_rng(0).random(15)
        >>> found = leaving_out_models(lambda kept: similar[kept].mean(), Pairs(left, right, np.zeros(6, int)))
        >>> bool(found.values == similar.mean()), int(found.degrees), bool(found.standard_errors > 0)
        (True, 5, True)

    Source:
        Efron & Stein, «The jackknife estimate of variance», Ann. Stat. 1981; that what is a pair's own counts twice,
        Aronow, Samii & Assenova, «Cluster-robust variance estimation for dyadic data», Political Analysis 2015.
    """
    values = np.asarray(statistic(np.ones(len(pairs.left), dtype=bool)), dtype=np.float64)
    of_models, degrees = np.zeros(values.shape), np.zeros(values.shape, dtype=np.int64)
    for models in _drawn(pairs):
        squares, known = _jackknife(statistic, [pairs.without(int(model)) for model in models])
        of_models += squares
        degrees += np.maximum(known - 1, 0)
    groups = list(_apart(pairs))
    if len(groups) > 1:
        of_pairs = np.nan_to_num(_jackknife(statistic, groups)[0])
        of_models = np.maximum(of_models - of_pairs, of_models / 2)
    errors = np.where(np.isnan(values) | (degrees == 0), np.nan, np.sqrt(of_models))
    return Jackknifed(values, errors, degrees)


def _drawn(pairs: Pairs) -> list[np.ndarray]:
    """The models in some pair, by set; a set of one is not drawn from anything."""
    sets = pairs.strata[pairs.members]
    found = [pairs.members[sets == one] for one in np.unique(sets)]
    return [models for models in found if len(models) > 1]


def _apart(pairs: Pairs) -> Iterator[np.ndarray]:
    """(P,) bool, all pairs but a group of which no two share a model; pairs with one drawn model only stay."""
    drawn = np.concatenate([np.empty(0, dtype=np.int64), *_drawn(pairs)])
    place = np.full(len(pairs.strata), -1)
    place[drawn] = np.arange(len(drawn))
    twice = (place[pairs.left] >= 0) & (place[pairs.right] >= 0)
    group = np.where(twice, (place[pairs.left] + place[pairs.right]) % max(len(drawn), 1), -1)
    for one in np.unique(group[twice]):
        yield group != one


def _jackknife(
    statistic: Callable[[np.ndarray], np.ndarray], kept: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """(m - 1) / m Σ (θ_(i) - mean θ)² of the m statistics that are known, and m."""
    without = np.stack([np.asarray(statistic(one)) for one in kept])
    known = ~np.isnan(without)
    m = known.sum(axis=0)
    mean = np.where(known, without, 0).sum(axis=0) / np.maximum(m, 1)
    squares = (m - 1) / np.maximum(m, 1) * (np.where(known, without - mean, 0) ** 2).sum(axis=0)
    return np.where(m < 2, np.nan, squares), m
