"""Choosing λ, α and τ on objects that the map has not seen.

Letters: N objects, k folds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import polars as pl
import torch

from seealike.errors import DataError
from seealike.transforms.fitting import Fit, Settings, fit_transform, standardized_choices
from seealike.transforms.objectives import Choices, choice_loss

#: Triplets that a fold needs on either side.
_FEWEST = 10


@dataclass(frozen=True)
class Grid:
    """The settings that are tried: every combination.

    Attributes:
        regularization: values of λ.
        alpha: values of α.
        temperature: values of τ; only the first is tried where α is 0.
    """

    regularization: tuple[float, ...] = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
    alpha: tuple[float, ...] = (0.0,)
    temperature: tuple[float, ...] = (0.1,)

    def settings(self, base: Settings) -> list[Settings]:
        """One for each combination, in the order of the grid."""
        combined = product(self.regularization, self.alpha, self.temperature)
        return [
            replace(base, regularization=weight, alpha=alpha, temperature=tau)
            for weight, alpha, tau in combined
            if alpha or tau == self.temperature[0]
        ]


@dataclass(frozen=True)
class Chosen:
    """The map of the best settings, fitted to all triplets.

    Attributes:
        fit: the map.
        settings: the best.
        scores: one row a setting and fold: regularization, alpha, temperature, fold, n_train, n_held_out (triplets that
            lie wholly on one side), loss (mean KL on the held-out ones, nats), unfitted (that of the start), steps.
    """

    fit: Fit
    settings: Settings
    scores: pl.DataFrame


def choose_transform(
    features: np.ndarray,
    triplets: np.ndarray,
    targets: np.ndarray | None = None,
    grid: Grid | None = None,
    *,
    folds: int = 4,
    seed: int = 0,
    base: Settings | None = None,
    neighbors: np.ndarray | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Chosen:
    """Cross-validate every setting over folds of objects, and fit the best to all triplets.

    Objects are dealt into k folds; a map is fitted to the triplets with three objects in the other folds and scored
    on those whose three objects are in the one: about ((k - 1) / k)³ and (1 / k)³ of all (k = 4: 42 % and 1.6 %); the
    others are not used, and the scores say how many were. Every fold is used. Within a fit the step with the lowest
    held-out loss counts; the final fit takes the mean number of those steps.

    Args:
        features: as for `fit_transform`.
        triplets: as for `fit_transform`.
        targets: as for `fit_transform`.
        grid: what to try.
        folds: k.
        seed: of the deal.
        base: further settings.
        neighbors: as for `fit_transform`.
        progress: is told (fits done, fits in all).

    Raises:
        DataError: a fold with fewer than 10 triplets on either side; says which.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((40, 3))
        >>> rows = np.array([rng.choice(40, 3, replace=False) for _ in range(3000)])
        >>> made = choose_transform(x, rows, None, Grid(regularization=(1e-3, 1.0)), folds=3)
        >>> made.scores.height
        6
    """
    grid, base = grid or Grid(), base or Settings()
    _, choices = standardized_choices(features, triplets, targets)
    parts = _parts(choices, len(features), folds, seed)
    tried = grid.settings(base)
    total, done = len(tried) * len(parts) + 1, 0
    rows: list[dict[str, float]] = []
    for settings in tried:
        for fold, (train, tested) in enumerate(parts):
            made = fit_transform(
                features,
                *_arrays(train),
                settings,
                neighbors=neighbors,
                held_out=_arrays(tested),
            )
            rows.append(_score(features, settings, fold, (train, tested), made))
            done += 1
            if progress is not None:
                progress(done, total)
    scores = pl.DataFrame(rows)
    keys = ["regularization", "alpha", "temperature"]
    means = scores.group_by(keys, maintain_order=True).agg(pl.col("loss", "steps").mean())
    best = means.row(int(means["loss"].arg_min() or 0), named=True)
    settings = replace(base, **{key: best[key] for key in keys})
    steps = max(1, round(best["steps"]))
    final = fit_transform(
        features, *_arrays(choices), replace(settings, max_steps=steps), neighbors=neighbors
    )
    if progress is not None:
        progress(total, total)
    return Chosen(final, settings, scores)


def _parts(choices: Choices, n_objects: int, folds: int, seed: int) -> list[tuple[Choices, Choices]]:
    """(train, held out) of every fold."""
    fold_of = torch.from_numpy(np.random.default_rng(seed).permutation(n_objects) % folds)
    parts = [(choices.within(fold_of != k), choices.within(fold_of == k)) for k in range(folds)]
    for k, (train, tested) in enumerate(parts):
        if min(len(train), len(tested)) < _FEWEST:
            raise DataError(
                where=f"fold {k} of {folds}",
                expected=f"at least {_FEWEST} triplets whose objects are all in it, and all outside",
                got=f"{len(tested)} and {len(train)} of {len(choices)}",
                fix="Use fewer folds or more triplets.",
            )
    return parts


def _arrays(choices: Choices) -> tuple[np.ndarray, np.ndarray]:
    return choices.triplets.numpy(), choices.targets.numpy()


def _score(
    features: np.ndarray, settings: Settings, fold: int, parts: tuple[Choices, Choices], made: Fit
) -> dict[str, float]:
    train, tested = parts
    x = torch.from_numpy((np.asarray(features, dtype=np.float64) - made.mean) / made.std)
    best = min(made.held_out) if made.held_out else float("nan")
    return {
        "regularization": settings.regularization,
        "alpha": settings.alpha,
        "temperature": settings.temperature,
        "fold": fold,
        "n_train": len(train),
        "n_held_out": len(tested),
        "loss": best,
        "unfitted": float(choice_loss(x, tested)),
        "steps": 1 + int(np.argmin(made.held_out)) if made.held_out else made.steps,
    }
