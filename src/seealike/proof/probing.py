"""How human-like features are after the best linear map: fitted to people on some objects, scored on others.

A fitted map shows what a representation *contains*, not what it shows; so the unfitted score stands beside it, on the
same judgements.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from seealike.data.features import Features
from seealike.data.judgements import Trials
from seealike.errors import BadParameter, DataError, place
from seealike.human.rows import located
from seealike.human.triplets import OddOneOut, odd_one_out
from seealike.transforms import Fit, Grid, Settings, choose_transform, fit_transform

#: Trials that a fold needs on either side.
_FEWEST = 10


@dataclass(frozen=True)
class ProbedAlignment:
    """What `probe_alignment` finds.

    Attributes:
        unfitted: the score of the features as they are, on the held-out trials of all folds.
        fitted: the score on the same trials after maps that had seen none of their objects.
        folds: one row a fold: fold, n_train and n_held_out (trials that lie wholly on one side), regularization.
        n: trials given; those that are not held out in any fold have objects of several folds.
    """

    unfitted: OddOneOut
    fitted: OddOneOut
    folds: pl.DataFrame = field(repr=False)
    n: int


def probe_alignment(
    features: Features,
    trials: Trials,
    grid: Grid | None = None,
    *,
    folds: int = 3,
    inner: int = 3,
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> ProbedAlignment:
    """Odd-one-out scores of features before and after a linear map, on objects that the map was not fitted to.

    Objects are dealt into k folds. For each, the map's settings are chosen by cross-validation over the *other*
    objects, the map is fitted to the trials among them, and the trials whose three objects are in the fold are scored:
    about 1/k² of all trials are scored once, by maps fitted to ((k - 1) / k)³ of them.

    Args:
        features: of the objects.
        trials: by sample id.
        grid: settings to choose from; λ of 1e-4 to 1 by default.
        folds: k.
        inner: folds of the choice; nothing is chosen where `grid` has a single setting.
        seed: of both deals.
        progress: is told (folds done, folds in all).

    Raises:
        MisalignedSamples: trials of samples that the features lack.
        DataError: a fold with fewer than 10 trials on either side; says which.
        BadParameter: fewer than two folds.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((60, 4))
        >>> drawn = np.array([rng.choice(60, 3, replace=False) for _ in range(4000)])
        >>> s = odd_one_out(x * [1, 0, 0, 0], drawn).similarities  # people see one dimension
        >>> order = np.array([[1, 2, 0], [0, 2, 1], [0, 1, 2]])[2 - s.argmax(axis=1)]
        >>> ids = np.array([f"i{k}" for k in range(60)])
        >>> trials = Trials(ids[np.take_along_axis(drawn, order, axis=1)])
        >>> found = probe_alignment(Features(x, tuple(ids.tolist())), trials, Grid(regularization=(1e-4,)))
        >>> found.unfitted.accuracy < 0.7 < 0.9 < found.fitted.accuracy
        True

    Source:
        Muttenthaler et al. 2023, "Human alignment of neural network representations", section 5 (linear probes).
    """
    if folds < 2:
        raise BadParameter(
            where="probe_alignment", expected="at least two folds", got=str(folds), fix="Take 3."
        )
    found = located(features, trials.triplets)
    tried = (grid or Grid()).settings(Settings())

    def fit(values: np.ndarray, members: np.ndarray) -> Fit:
        if len(tried) == 1:
            return fit_transform(values, members, None, tried[0])
        return choose_transform(values, members, None, grid, folds=inner, seed=seed).fit

    deal = dealt(len(found.values), folds, seed)
    mapped, held, rows = cross_fitted(found.values, found.members, deal, fit, progress)
    scored = trials[held]
    return ProbedAlignment(
        unfitted=odd_one_out(features, scored),
        fitted=odd_one_out(replace(features, values=mapped), scored),
        folds=pl.DataFrame(rows),
        n=len(trials),
    )


def dealt(n_objects: int, folds: int, seed: int) -> np.ndarray:
    """(N,) the fold of each object, at random and as equal in size as can be.

    Example:
        >>> np.bincount(dealt(10, 3, 0)).tolist()
        [4, 3, 3]
    """
    return np.random.default_rng(seed).permutation(n_objects) % folds


def cross_fitted(
    values: np.ndarray,
    members: np.ndarray,
    deal: np.ndarray,
    fit: Callable[[np.ndarray, np.ndarray], Fit],
    progress: Callable[[int, int], object] | None = None,
) -> tuple[np.ndarray, np.ndarray, list[dict[str, float]]]:
    """Every object mapped by the map that had not seen its fold.

    Args:
        values: (N, p) features.
        members: (n, 3) rows of the trials, the odd one last.
        deal: (N,) the fold of each object.
        fit: from the features of some objects and the trials among them (rows of these) to a map.
        progress: is told (folds done, folds in all).

    Returns:
        (N, p) mapped features; (n,) whether a trial's three objects are of one fold, so that one map made all three
        places; and one row a fold.

    Raises:
        DataError: a fold with fewer than 10 trials on either side; says which.
    """
    folds = int(deal.max()) + 1
    mapped = np.empty(values.shape)
    fold_of = deal[members]
    held = (fold_of == fold_of[:, :1]).all(axis=1)
    rows = []
    for fold in range(folds):
        inside = deal == fold
        train, n_held = (fold_of != fold).all(axis=1), int((held & (fold_of[:, 0] == fold)).sum())
        _check_parts(int(train.sum()), n_held, len(members), f"fold {fold} of {folds}")
        place_of = np.cumsum(~inside) - 1  # rows of the objects outside the fold, among themselves
        with place(f"fold {fold} of {folds}"):
            made = fit(values[~inside], place_of[members[train]])
        mapped[inside] = made(values[inside])
        rows.append(
            {
                "fold": fold,
                "n_train": int(train.sum()),
                "n_held_out": n_held,
                "regularization": made.settings.regularization,
            }
        )
        if progress is not None:
            progress(fold + 1, folds)
    return mapped, held, rows


def _check_parts(n_train: int, n_held: int, n: int, where: str) -> None:
    if min(n_train, n_held) < _FEWEST:
        raise DataError(
            where=where,
            expected=f"at least {_FEWEST} trials whose objects are all in it, and all outside",
            got=f"{n_held} and {n_train} of {n}",
            fix="Use fewer folds or more trials.",
        )
