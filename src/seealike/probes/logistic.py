"""Multinomial logistic regression with a squared penalty, to its optimum.

Letters: n samples, C classes, r coordinates, λ penalty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from scipy.optimize import minimize

from seealike.engine.allpairs import Progress
from seealike.errors import BadParameter, UndefinedMeasure
from seealike.probes.axes import Axes
from seealike.probes.peak import Grid, PeakSearch
from seealike.probes.result import Chosen, ProbeResult, scored
from seealike.probes.split import Split, check_pair, held_out

#: Penalties on 82 logarithmic steps from 1e-8 to 10; there is no learning rate.
PENALTIES = Grid(learning_rates=(1.0,), first_exponent=-8)
#: The largest slope along any scaled coordinate at what counts as the optimum; and the most steps to it.
_SLOPE, _STEPS = 1e-7, 5000


def probe_logistic(
    train: Split,
    test: Split,
    *,
    seeds: Sequence[int] = (0, 1, 2),
    grid: Grid = PENALTIES,
    progress: Progress | None = None,
) -> list[ProbeResult]:
    """Multinomial logistic regression, solved exactly, its penalty chosen on held-out samples.

    W and b minimize the mean cross-entropy + λ/2 ‖W‖². λ is found by the same peak search as the published probe's
    weight decay, so that every fit starts from the solution for a near λ.

    Args:
        train: features and labels to fit on.
        test: features and labels to report on.
        seeds: of the stratified fifth on which λ is chosen; one result each.
        grid: its decays are the penalties that are tried. scikit-learn's LogisticRegression calls 1 / (n λ) C.
        progress: called with the number of fits done and the most that there can be.

    Returns:
        One result a seed; settings: penalty.

    Raises:
        BadParameter: no seed.
        DataError: splits that do not fit each other.
        UndefinedMeasure: no optimum within 5,000 steps (classes that can be told apart under a tiny penalty).

    Example:
        >>> rng = np.random.default_rng(0)
        >>> labels = rng.integers(0, 3, 60)
        >>> split = Split(np.eye(3)[labels] + 0.1 * rng.standard_normal((60, 3)), labels)
        >>> probe_logistic(split, split, seeds=[0])[0].top1
        1.0
    """
    check_pair(train, test)
    if not seeds:
        raise BadParameter(
            where="logistic probe",
            expected="at least one seed",
            got="none",
            fix="Leave seeds out for 0, 1, 2.",
        )
    last = LogisticFits(train, train.n_classes)
    total = len(seeds) * grid.most_fits
    results = []
    for number, seed in enumerate(seeds):
        chosen = _choose(train, seed, grid)
        train_logits, test_logits = (last.logits(s.values, chosen.settings["penalty"]) for s in (train, test))
        results.append(scored("logistic", chosen, train, train_logits, test, test_logits))
        if progress:
            progress((number + 1) * grid.most_fits, total)
    return results


def _choose(train: Split, seed: int, grid: Grid) -> Chosen:
    rows, out = held_out(train.labels, seed)
    fits, held = LogisticFits(train.select(rows), train.n_classes), train.select(out)
    search = PeakSearch(grid)
    for phase in range(grid.n_phases):
        # From the largest penalty down: the optimum moves least from each to the next.
        positions = sorted(search.candidates(phase), reverse=True)
        predicted = {k: fits.logits(held.values, grid.decays[k]).argmax(axis=1) for k in positions}
        search.take({k: int((classes == held.labels).sum()) for k, classes in predicted.items()})
    return Chosen(seed, {"penalty": grid.decays[search.best]}, search.right / held.n)


@dataclass
class LogisticFits:
    """The fits of one set of samples, each started from the one with the nearest penalty so far.

    Attributes:
        split: the samples.
        n_classes: C.
    """

    split: Split
    n_classes: int
    _known: dict[float, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.axes = Axes.of(self.split.values)
        self.coordinates = self.axes.of_samples(self.split.values)
        self.labels = torch.from_numpy(self.split.labels)

    def logits(self, values: np.ndarray, penalty: float) -> np.ndarray:
        """(n, C) of any samples (n, d)."""
        weights = torch.from_numpy(self.weights(penalty))
        return (self.axes.of_samples(values) @ weights[:-1] + weights[-1]).numpy()

    def weights(self, penalty: float) -> np.ndarray:
        """(r + 1, C): W along the axes, and b (at the mean of the samples) in the last row."""
        if penalty not in self._known:
            near = min(self._known, key=lambda known: abs(np.log(known / penalty)), default=None)
            start = np.zeros((len(self.axes.variances) + 1, self.n_classes))
            self._known[penalty] = self._optimum(start if near is None else self._known[near], penalty)
        return self._known[penalty]

    def _optimum(self, start: np.ndarray, penalty: float) -> np.ndarray:
        # Where nothing is known yet the curvature along an axis is s / C + λ; scaled by its root all are alike.
        scale = torch.sqrt(self.axes.variances / self.n_classes + penalty)
        scale = torch.cat([scale, torch.ones(1, dtype=torch.float64) / np.sqrt(self.n_classes)])[
            :, None
        ].numpy()
        problem = _Problem(self.coordinates, self.labels, penalty, scale)
        options = {"maxiter": _STEPS, "maxfun": 2 * _STEPS, "gtol": _SLOPE, "ftol": 0.0, "maxcor": 20}
        found = minimize(problem, (start * scale).ravel(), jac=True, method="L-BFGS-B", options=options)
        if not found.success and np.abs(found.jac).max() > 100 * _SLOPE:
            raise UndefinedMeasure(
                where=f"logistic probe with penalty {penalty:.2g}",
                expected=f"an optimum within {_STEPS} steps",
                got=f"a slope of {np.abs(found.jac).max():.1g} after {found.nit}",
                fix="Use a grid of larger penalties.",
            )
        return found.x.reshape(start.shape) / scale


@dataclass(frozen=True)
class _Problem:
    """What is minimized, as a function of the scaled weights."""

    coordinates: torch.Tensor
    labels: torch.Tensor
    penalty: float
    scale: np.ndarray

    def __call__(self, scaled: np.ndarray) -> tuple[float, np.ndarray]:
        """The penalized mean cross-entropy and its gradient."""
        weights = torch.from_numpy(scaled.reshape(len(self.scale), -1) / self.scale)
        logits = torch.addmm(weights[-1], self.coordinates, weights[:-1]).log_softmax(dim=1)
        own = self.labels[:, None]
        loss = -logits.gather(1, own).mean() + 0.5 * self.penalty * weights[:-1].square().sum()
        wrong = (
            logits.exp_().scatter_add_(1, own, torch.full_like(own, -1.0, dtype=torch.float64)).div_(len(own))
        )
        slope = torch.cat(
            [self.coordinates.T @ wrong + self.penalty * weights[:-1], wrong.sum(0, keepdim=True)]
        )
        return float(loss), (slope.numpy() / self.scale).ravel()
