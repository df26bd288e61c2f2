"""Fitting an affine map of a model's features to human choices.

Letters: N objects, p dimensions, n triplets; y = ((x - m) / s) W + b.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import torch
from scipy.optimize import minimize

from seealike.data.features import warn_of_unit_rows
from seealike.data.triplet_rows import checked_rows
from seealike.errors import BadParameter, DataError, NonFiniteError
from seealike.transforms.objectives import (
    Choices,
    choice_loss,
    distance_from_identity,
    neighbor_loss,
)

#: Told after each step: (steps done, the objective).
Progress: TypeAlias = Callable[[int, float], object]

#: The scaled identity that the search starts from.
_START = 0.05


@dataclass(frozen=True)
class Settings:
    """What is minimized: (1 - α) choices + α neighbors + λ ‖W - c I‖².

    Attributes:
        regularization: λ ≥ 0.
        alpha: α in [0, 1): the weight of the neighbors; 0 for none.
        temperature: τ of the neighbors.
        bias: whether there is a b.
        max_steps: of L-BFGS, at most.
        tolerance: it stops where a step lowers the objective by less, relative to it.
    """

    regularization: float = 1e-3
    alpha: float = 0.0
    temperature: float = 0.1
    bias: bool = True
    max_steps: int = 300
    tolerance: float = 1e-7


@dataclass(frozen=True)
class Fit:
    """An affine map, and how well it fits.

    Attributes:
        weights: W, (p, p) float64.
        bias: b, (p,) float64.
        mean: m, one number: the mean of all features of the objects it was fitted to.
        std: s, one number.
        choices: mean KL of the choices, in nats, at the end.
        neighbors: the neighbor term at the end; 0 where α is.
        steps: of L-BFGS.
        held_out: mean KL on the held-out choices after each step (the map is the best of these), empty without any.
        settings: what was minimized.
        n_triplets: that it was fitted to.
    """

    weights: np.ndarray = field(repr=False)
    bias: np.ndarray = field(repr=False)
    mean: float
    std: float
    choices: float
    neighbors: float
    steps: int
    held_out: tuple[float, ...] = field(default=(), repr=False)
    settings: Settings = field(default_factory=Settings)
    n_triplets: int = 0

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """((x - m) / s) W + b, (…, p) float64."""
        return ((np.asarray(x, dtype=np.float64) - self.mean) / self.std) @ self.weights + self.bias


def fit_transform(
    features: np.ndarray,
    triplets: np.ndarray,
    targets: np.ndarray | None = None,
    settings: Settings | None = None,
    *,
    neighbors: np.ndarray | None = None,
    held_out: tuple[np.ndarray, np.ndarray] | None = None,
    progress: Progress | None = None,
) -> Fit:
    """Fit an affine map so that inner products of the mapped features choose as people do.

    Uncertainty distillation with soft `targets`; with none, the pair (0, 1) of each triplet is the human choice (the
    odd one last). With `neighbors` and α > 0 the local term of gLocal is added, on features standardized in the same
    way as those of the objects. The objective is smooth and minimized by L-BFGS on all triplets at once, from a scaled
    identity.

    Args:
        features: (N, p) of the objects.
        triplets: (n, 3) rows of them.
        targets: (n, 3) probabilities of the pairs (0, 1), (0, 2), (1, 2).
        settings: weights and stopping.
        neighbors: (B, p) features of other images, whose neighborhoods should stay.
        held_out: triplets and targets that the best step is chosen by.
        progress: is told after each step.

    Returns:
        The map.

    Raises:
        ShapeError, DataError: triplets of rows that do not exist, targets that are no probabilities, no triplets.
        NonFiniteError: features with NaN or infinity.
        BadParameter: α outside [0, 1), λ < 0, τ ≤ 0, or α without neighbors.

    Warns:
        UserWarning: all rows have one length, as normalized embeddings have.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x = rng.standard_normal((30, 4))
        >>> rows = np.array([rng.choice(30, 3, replace=False) for _ in range(400)])
        >>> from scipy.special import softmax
        >>> seen = x * [2, 1, 0.1, 0.1]  # people see two of the dimensions
        >>> dots = np.stack([(seen[rows[:, a]] * seen[rows[:, b]]).sum(1) for a, b in ((0, 1), (0, 2), (1, 2))], 1)
        >>> made = fit_transform(x, rows, softmax(dots, axis=1), Settings(regularization=0))
        >>> round(made.choices, 3)
        0.0

    Source:
        Muttenthaler et al., «Improving neural network representations using human similarity judgments», NeurIPS 2023
        (global and local terms); «Aligning machine and human visual representations across abstraction levels»,
        Nature 2025 (soft targets). Differs from the published code in the squared norm, as the papers have it, and in
        the local term's standardized features.
    """
    settings = settings or Settings()
    _check_settings(settings, neighbors)
    (x, mean, std), choices = standardized_choices(features, triplets, targets)
    tested = None if held_out is None else _choices(*held_out, len(x), "held_out")
    local = (
        None
        if neighbors is None or not settings.alpha
        else (torch.from_numpy(np.array(neighbors, dtype=np.float64)) - mean) / std
    )
    objective = _Objective(x, choices, local, settings)
    found, steps, history = _minimized(objective, tested, settings, progress)
    weights, bias = objective.unpacked(torch.from_numpy(found))
    with torch.no_grad():
        loss = float(choice_loss(x @ weights + bias, choices))
        moved = (
            0.0
            if local is None
            else float(neighbor_loss(local, local @ weights + bias, settings.temperature))
        )
    return Fit(
        weights=weights.numpy(),
        bias=bias.numpy(),
        mean=mean,
        std=std,
        choices=loss,
        neighbors=moved,
        steps=steps,
        held_out=tuple(history),
        settings=settings,
        n_triplets=len(choices),
    )


@dataclass(frozen=True)
class _Objective:
    x: torch.Tensor
    choices: Choices
    local: torch.Tensor | None
    settings: Settings

    def start(self) -> np.ndarray:
        p = self.x.shape[1]
        weights = _START * torch.eye(p, dtype=self.x.dtype)
        return torch.cat([weights.flatten(), torch.zeros(p * self.settings.bias, dtype=self.x.dtype)]).numpy()

    def unpacked(self, packed: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        p = self.x.shape[1]
        bias = packed[p * p :] if self.settings.bias else torch.zeros(p, dtype=packed.dtype)
        return packed[: p * p].view(p, p), bias

    def __call__(self, packed: np.ndarray) -> tuple[float, np.ndarray]:
        """Value and gradient."""
        leaf = torch.from_numpy(packed).requires_grad_()
        weights, bias = self.unpacked(leaf)
        how = self.settings
        loss = (1 - how.alpha) * choice_loss(self.x @ weights + bias, self.choices)
        if self.local is not None:
            loss = loss + how.alpha * neighbor_loss(self.local, self.local @ weights + bias, how.temperature)
        loss = loss + how.regularization * distance_from_identity(weights)
        loss.backward()
        assert leaf.grad is not None
        return float(loss.detach()), leaf.grad.numpy()


def _minimized(
    objective: _Objective, tested: Choices | None, settings: Settings, progress: Progress | None
) -> tuple[np.ndarray, int, list[float]]:
    """The best place, steps, and the held-out loss after each."""
    history: list[float] = []
    best: list[np.ndarray] = []
    steps = 0

    def after(intermediate_result: object) -> None:  # the name is how scipy asks for the whole result
        nonlocal steps
        steps += 1
        place, value = intermediate_result.x, float(intermediate_result.fun)  # type: ignore[attr-defined]
        if tested is not None:
            weights, bias = objective.unpacked(torch.from_numpy(place))
            history.append(float(choice_loss(objective.x @ weights + bias, tested)))
            if history[-1] == min(history):
                best[:] = [place.copy()]
        if progress is not None:
            progress(steps, value)

    options = {"maxiter": settings.max_steps, "ftol": settings.tolerance, "gtol": 1e-9, "maxfun": 10**6}
    result = minimize(
        objective, objective.start(), jac=True, method="L-BFGS-B", callback=after, options=options
    )
    return (best[0] if best else result.x), steps, history


def standardized_choices(
    features: np.ndarray, triplets: np.ndarray, targets: np.ndarray | None
) -> tuple[tuple[torch.Tensor, float, float], Choices]:
    """The objects' features in one scale, with its m and s, and the choices, checked.

    Raises:
        DataError, NonFiniteError: as `fit_transform`.
    """
    x = _standardized(features)
    return x, _choices(triplets, targets, len(x[0]), "triplets")


def _standardized(features: np.ndarray) -> tuple[torch.Tensor, float, float]:
    """(x - m) / s in float64, with one m and one s for all numbers."""
    x = torch.from_numpy(np.array(features, dtype=np.float64))  # a copy: memory maps are read-only
    if x.ndim != 2 or not torch.isfinite(x).all():
        raise NonFiniteError(
            where="features",
            expected="finite features, (n_objects, n_dims)",
            got=f"shape {tuple(x.shape)}" if x.ndim != 2 else "NaN or infinity",
            fix="Extract these objects again, in float32.",
        )
    mean, std = float(x.mean()), float(x.std(correction=0))
    if std == 0:
        raise DataError(
            where="features",
            expected="features that vary",
            got="one number throughout",
            fix="Read another layer.",
        )
    warn_of_unit_rows(features)
    return (x - mean) / std, mean, std


def _choices(triplets: np.ndarray, targets: np.ndarray | None, n_objects: int, where: str) -> Choices:
    rows = checked_rows(triplets, n_objects, where=where)
    if not len(rows):
        raise DataError(where=where, expected="at least one", got="none", fix="Give some.")
    soft = (
        np.tile([1.0, 0.0, 0.0], (len(rows), 1)) if targets is None else np.asarray(targets, dtype=np.float64)
    )
    fits = soft.shape == rows.shape and (soft >= 0).all()
    bad = np.flatnonzero(~np.isclose(soft.sum(axis=1), 1, atol=1e-4)) if fits else np.zeros(1, dtype=int)
    if not fits or len(bad):
        raise DataError(
            where=f"{where}, targets of row {int(bad[0])}",
            expected="probabilities of the pairs (0, 1), (0, 2), (1, 2), (n, 3)",
            got=str(soft[bad[0]].tolist()) if soft.shape == rows.shape else f"shape {soft.shape}",
            fix="Divide counts by their sum.",
        )
    return Choices(torch.from_numpy(rows), torch.from_numpy(soft))


def _check_settings(settings: Settings, neighbors: np.ndarray | None) -> None:
    checks = (
        (0 <= settings.alpha < 1, "alpha in [0, 1)", settings.alpha),
        (settings.regularization >= 0, "regularization ≥ 0", settings.regularization),
        (settings.temperature > 0, "temperature > 0", settings.temperature),
        (not settings.alpha or neighbors is not None, "features of neighbors where alpha > 0", None),
    )
    for good, expected, got in checks:
        if not good:
            raise BadParameter(where="transform", expected=expected, got=str(got), fix="See Settings.")
