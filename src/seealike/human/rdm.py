"""Representational similarity with people: a model's dissimilarities of all pairs against a human matrix of them.

Letters: n samples, M contexts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from scipy.special import logsumexp

from seealike.data.features import Features
from seealike.data.judgements import HumanRdm
from seealike.errors import DataError, TooFewSamples, UndefinedMeasure, UnknownName, suggestion
from seealike.human.distances import Distance, distances
from seealike.human.rows import Located, located
from seealike.numerics.checks import Array
from seealike.numerics.over_models import Pairs, correlations_over_models, mantel

#: How two matrices are compared.
Compare: TypeAlias = Literal["spearman", "pearson", "kendall"]

_FEWEST = 4


@dataclass(frozen=True)
class RsaToHuman:
    """What `rsa_to_human` finds.

    Attributes:
        correlation: of the strict upper triangles, in [-1, 1].
        low: of the 95 % interval over samples (jackknife of Fisher's z); None for kendall.
        high: likewise.
        p_value: of no relation, one-sided, by exchanging samples at random (Mantel); None for kendall.
        n: samples.
        n_pairs: pairs.
    """

    correlation: float
    low: float | None
    high: float | None
    p_value: float | None
    n: int
    n_pairs: int


def rsa_to_human(
    features: Features | Array,
    human: HumanRdm,
    dissimilarity: Distance | Literal["triplet"] = "correlation",
    compare: Compare = "spearman",
    *,
    permutations: int = 999,
    seed: int = 0,
) -> RsaToHuman:
    """Whether pairs of samples that people find dissimilar are dissimilar for a model too.

    Args:
        features: `Features`, or an array whose rows are the samples of `human`, in its order.
        human: what people said.
        dissimilarity: one of the distances of `pair_distances`, or "triplet": 1 - p(x, y), where p is the mean, over
            every third sample of the matrix as context, of the softmax over dot products that x, y are the pair
            chosen.
        compare: spearman (average ranks), pearson or kendall (tau-b).
        permutations: of the samples, for the p-value.
        seed: of the permutations.

    Raises:
        MisalignedSamples: features that lack a sample.
        TooFewSamples: fewer than four samples.
        UndefinedMeasure: a matrix whose entries are all the same.
        UnknownName: no such dissimilarity, or comparison.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((12, 3))
        >>> human = HumanRdm(((x[:, None] - x[None]) ** 2).sum(-1), tuple("abcdefghijkl"))
        >>> found = rsa_to_human(Features(x, human.sample_ids), human, "euclidean", permutations=99)
        >>> round(found.correlation, 3), found.p_value
        (1.0, 0.01)

    Source:
        Kriegeskorte, Mur & Bandettini 2008; the triplet dissimilarity: Hebart et al. 2020.
    """
    made = dissimilarities(_rows_of(features, human), dissimilarity)
    left, right = np.triu_indices(len(made), 1)
    return agreement_with_rdm(made[left, right], human, compare, permutations=permutations, seed=seed)


def agreement_with_rdm(
    made: np.ndarray,
    human: HumanRdm,
    compare: Compare = "spearman",
    *,
    permutations: int = 999,
    seed: int = 0,
) -> RsaToHuman:
    """Like `rsa_to_human`, for dissimilarities that come from elsewhere.

    Args:
        made: (n (n - 1) / 2,) of the pairs of the strict upper triangle, row by row.
        human: what people said.
        compare: as for `rsa_to_human`.
        permutations: as for `rsa_to_human`.
        seed: as for `rsa_to_human`.

    Raises:
        TooFewSamples: fewer than four samples.
        UndefinedMeasure: a matrix whose entries are all the same.
        UnknownName: no such comparison.

    Example:
        >>> x = np.array([0.0, 1.0, 3.0, 7.0, 15.0])
        >>> far = np.abs(x[:, None] - x)
        >>> found = agreement_with_rdm(far[np.triu_indices(5, 1)], HumanRdm(far, tuple("abcde")), permutations=9)
        >>> round(found.correlation, 6)
        1.0
    """
    kinds = ("spearman", "pearson", "kendall")
    if compare not in kinds:
        raise UnknownName(
            where="compare", expected="a comparison", got=repr(compare), fix=suggestion(compare, kinds)
        )
    n = len(human.sample_ids)
    if n < _FEWEST:
        raise TooFewSamples(
            where=human.name, expected=f"at least {_FEWEST} samples", got=str(n), fix="Use a larger matrix."
        )
    left, right = np.triu_indices(n, 1)
    rows = np.stack([made, human.values[left, right]])
    pairs = Pairs(left, right, np.zeros(n, dtype=np.int64))
    over = correlations_over_models(rows, pairs, compare)
    if np.isnan(over.correlations[0, 1]):
        raise UndefinedMeasure(
            where=human.name,
            expected="dissimilarities that vary",
            got="the same for all pairs",
            fix="Use another dissimilarity or layer.",
        )
    low = high = p = None
    if compare != "kendall":
        low, high = (float(end[0, 1]) for end in over.interval())
        p = float(mantel(rows, pairs, compare, permutations=permutations, seed=seed)[0][0, 1])
    return RsaToHuman(float(over.correlations[0, 1]), low, high, p, n, len(left))


def dissimilarities(found: Located, dissimilarity: str) -> np.ndarray:
    """(n, n) dissimilarities of the located samples, (n, 1) members, from one another; 0 on the diagonal."""
    members = found.members[:, 0]
    n = len(members)
    if dissimilarity == "triplet":
        some = found.values[members].astype(np.float64)
        return triplet_dissimilarities(some @ some.T)
    left, right = np.triu_indices(n, 1)
    pairs = Located(found.values, np.stack([members[left], members[right]], axis=1))
    made = np.zeros((n, n))
    made[left, right] = made[right, left] = distances(pairs, ((0, 1),), dissimilarity)[:, 0]
    return made


def triplet_dissimilarities(similarities: np.ndarray) -> np.ndarray:
    """1 - p(i, j): how rarely i and j are the pair chosen, over all third samples k.

    p(i, j) = mean_k exp(s_ij) / (exp(s_ij) + exp(s_ik) + exp(s_jk)), k other than i and j.

    Args:
        similarities: (n, n) symmetric, n ≥ 3.

    Returns:
        (n, n) symmetric, in [0, 1], 0 on the diagonal.

    Example:
        >>> triplet_dissimilarities(np.zeros((4, 4))).round(4)[0].tolist()
        [0.0, 0.6667, 0.6667, 0.6667]

    Source:
        Hebart et al. 2020, "Revealing the multidimensional mental representations of natural objects underlying human
        similarity judgements".
    """
    n = len(similarities)
    made = np.zeros((n, n))
    every = np.arange(n)
    for i in range(n):
        s = similarities[i]
        three = np.stack(np.broadcast_arrays(s[:, None], s[None, :], similarities))  # (3, j, k)
        chosen = np.exp(three[0] - logsumexp(three, axis=0))
        chosen[:, i] = 0
        chosen[every, every] = 0
        made[i] = 1 - chosen.sum(axis=1) / (n - 2)
    np.fill_diagonal(made, 0)
    return (made + made.T) / 2


def _rows_of(features: Features | Array, human: HumanRdm) -> Located:
    if isinstance(features, Features):
        ids: Sequence[Sequence[object]] = [[name] for name in human.sample_ids]
        return located(features, ids, where=f"features for {human.name}")
    if len(features) != len(human.sample_ids):
        raise DataError(
            where=human.name,
            expected=f"features with sample ids, or {len(human.sample_ids)} rows in the order of the matrix",
            got=f"an array of {len(features)} rows",
            fix="Pass seealike.Features.",
        )
    return located(features, np.arange(len(features))[:, None], where=f"features for {human.name}")
