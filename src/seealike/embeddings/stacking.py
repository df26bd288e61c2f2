"""How much an embedding is worth for triplets that nobody judged: its share in a mixture with no preference.

Letters: n trials, N objects, p_i the probability of what was chosen in trial i.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from seealike.data.judgements import Trials
from seealike.embeddings.choosers import Chooser, Ensemble, PointEmbedding
from seealike.embeddings.counted import counted_rows
from seealike.errors import TooFewSamples, UndefinedMeasure
from seealike.human.tally import tallied

#: Probabilities are kept above 0.
_LEAST = 1e-300

#: Fits an embedding to some of the trials, (n, 3) rows with the odd one last.
FitTrials = Callable[[np.ndarray], Chooser]


@dataclass(frozen=True)
class Worth:
    """What `out_of_sample` finds; cross-entropies are means over trials of triplets that were left out, in nats.

    Attributes:
        share: of the fit in a mixture with no preference, in [0, 1]; 0 where no preference foretells choices as well.
        alone: cross-entropy of the fit by itself; no preference has log 3 = 1.0986.
        together: that of the mixture, with the share that suits these trials.
        n: trials.
    """

    share: float
    alone: float
    together: float
    n: int


def out_of_sample(
    fit: FitTrials, trials: Trials | np.ndarray, n_objects: int, *, folds: int = 5, seed: int = 0
) -> Worth:
    """How well fits foretell choices in triplets that were left out, alone and mixed with no preference.

    Triplets are dealt into folds, all judgements of one into the same; each fold is foretold by a fit to the others.
    The share is argmax_w Σ_i log(w p_i + (1 - w)/3), a concave problem. A fit in which nothing is left counts as no
    preference.

    Args:
        fit: what to fit, such as ``lambda rows: fit_variational(rows, n_objects)``.
        trials: (n, 3) rows of the objects, **the odd one last**.
        n_objects: N.
        folds: of triplets.
        seed: of the deal.

    Raises:
        TooFewSamples: fewer triplets than folds, or fewer than two folds.
        DataError: as `fit_variational`.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> rows = np.array([rng.permutation(30)[:3] for _ in range(60)])  # choices of nobody
        >>> from seealike.embeddings import SparseSettings, fit_sparse
        >>> found = out_of_sample(lambda some: fit_sparse(some, 30, SparseSettings(n_dims=3)), rows, 30)
        >>> found.share < 0.2, found.together <= 1.0987 < found.alone
        (True, True)
    """
    rows = counted_rows(trials, n_objects)
    units = tallied(rows).units
    n_units = int(units.max()) + 1
    if not 2 <= folds <= n_units:
        raise TooFewSamples(
            where="out_of_sample",
            expected=f"two folds or more, and a triplet for each of {folds}",
            got=f"{n_units} triplets",
            fix="Use 5 folds, or more triplets.",
        )
    fold_of = np.random.default_rng(seed).permutation(n_units)[units] % folds
    p = np.empty(len(rows))
    for fold in range(folds):
        held = fold_of == fold
        p[held] = _fitted(fit, rows[~held], n_objects).probabilities(rows[held])[:, 0]
    share = likeliest_share(p)
    alone, together = (-float(np.log(np.maximum(q, _LEAST)).mean()) for q in (p, _mixed(p, share)))
    return Worth(share, alone, together, len(rows))


def stacked(
    fit: FitTrials, trials: Trials | np.ndarray, n_objects: int, *, folds: int = 5, seed: int = 0
) -> Ensemble:
    """A fit mixed with no preference, by the share that makes choices in *other* triplets the likeliest.

    For triplets that nobody judged. Where few were, an embedding knows much of these and little of others, and what it
    takes for knowledge can be worse than none: objects that were judged get larger weights than those that were not.
    With a share of 0 there is no preference, exactly.

    Args, Raises: as `out_of_sample`.

    Returns:
        Two members, the fit to all trials and no preference, with their `weights`.

    Source:
        Yao et al. 2018, "Using stacking to average Bayesian predictive distributions".
    """
    share = out_of_sample(fit, trials, n_objects, folds=folds, seed=seed).share
    made = _fitted(fit, counted_rows(trials, n_objects), n_objects)
    return Ensemble((made, _no_preference(n_objects)), weights=(share, 1 - share))


def likeliest_share(p: np.ndarray) -> float:
    """The w in [0, 1] of the largest Σ log(w p + (1 - w)/3).

    Args:
        p: (n,) probabilities of what was chosen among three.

    Example:
        >>> round(likeliest_share(np.array([0.9, 0.9, 0.0])), 3), likeliest_share(np.array([0.9, 0.0, 0.0]))
        (0.471, 0.0)
    """

    def slope(w: float) -> float:
        return float(((p - 1 / 3) / np.maximum(_mixed(p, w), _LEAST)).mean())

    if slope(0.0) <= 0:
        return 0.0
    return 1.0 if slope(1.0) >= 0 else float(brentq(slope, 0.0, 1.0))  # pyright: ignore[reportArgumentType]


def _mixed(p: np.ndarray, share: float) -> np.ndarray:
    return share * p + (1 - share) / 3


def _fitted(fit: FitTrials, rows: np.ndarray, n_objects: int) -> Chooser:
    try:
        return fit(rows)
    except UndefinedMeasure:  # no dimension is left: these trials say nothing of the objects
        return _no_preference(n_objects)


def _no_preference(n_objects: int) -> PointEmbedding:
    return PointEmbedding(np.zeros((n_objects, 1)))
