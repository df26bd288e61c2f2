"""Ridge regression to the classes, in closed form for every penalty at once.

Letters: n samples, C classes, r coordinates, λ penalty.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from seealike.errors import BadParameter
from seealike.probes.axes import Axes
from seealike.probes.peak import Grid
from seealike.probes.result import Chosen, ProbeResult, scored
from seealike.probes.split import Split, check_pair, held_out

#: The penalties that are tried: 64 logarithmic steps from 1e-6 to 10.
PENALTIES = Grid().decays


def probe_ridge(
    train: Split, test: Split, *, seeds: Sequence[int] = (0, 1, 2), penalties: Sequence[float] = PENALTIES
) -> list[ProbeResult]:
    """The class with the highest prediction of a ridge regression, its penalty chosen on held-out samples.

    W and b minimize ‖X W + b - Y‖² / n + λ ‖W‖² with Y = 1 at a sample's class and -1 elsewhere. With the
    eigenvectors Q and eigenvalues s of the covariance of X, W = Q (s + λ)⁻¹ Qᵀ Cov(X, Y) for every λ.

    Args:
        train: features and labels to fit on.
        test: features and labels to report on.
        seeds: of the stratified fifth on which λ is chosen; one result each.
        penalties: every λ to try; the largest wins ties. scikit-learn's RidgeClassifier calls n λ alpha.

    Returns:
        One result a seed; settings: penalty.

    Raises:
        BadParameter: no seed, or a penalty that is not above 0.
        DataError: splits that do not fit each other.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> labels = rng.integers(0, 3, 60)
        >>> split = Split(np.eye(3)[labels] + 0.1 * rng.standard_normal((60, 3)), labels)
        >>> probe_ridge(split, split, seeds=[0])[0].top1
        1.0
    """
    check_pair(train, test)
    if not seeds or not penalties or min(penalties) <= 0:
        raise BadParameter(
            where="ridge probe",
            expected="at least one seed, and penalties above 0",
            got=f"seeds {tuple(seeds)}, penalties {tuple(penalties)}",
            fix="Leave them out for the usual ones.",
        )
    last = RidgeFits.of(train, train.n_classes)
    results = []
    for seed in seeds:
        chosen = _choose(train, seed, sorted(penalties))
        train_logits, test_logits = (
            last.logits(last.axes.of_samples(split.values), chosen.settings["penalty"]).numpy()
            for split in (train, test)
        )
        results.append(scored("ridge", chosen, train, train_logits, test, test_logits))
    return results


def _choose(train: Split, seed: int, penalties: Sequence[float]) -> Chosen:
    rows, out = held_out(train.labels, seed)
    fits = RidgeFits.of(train.select(rows), train.n_classes)
    coordinates, labels = fits.axes.of_samples(train.values[out]), train.labels[out]
    right = [int((fits.logits(coordinates, p).argmax(1).numpy() == labels).sum()) for p in penalties]
    best = max(range(len(penalties)), key=lambda k: (right[k], k))
    return Chosen(seed, {"penalty": penalties[best]}, right[best] / len(out))


class RidgeFits:
    """The fits of one set of samples under any penalty.

    Attributes:
        axes: in which the samples vary independently.
        covariances: (r, C) of the coordinates with Y.
        means: (C,) of Y, which is b at the mean of the samples.
    """

    def __init__(self, axes: Axes, covariances: torch.Tensor, means: torch.Tensor) -> None:
        self.axes, self.covariances, self.means = axes, covariances, means

    @classmethod
    def of(cls, split: Split, n_classes: int) -> RidgeFits:
        """Of the samples of a split."""
        axes = Axes.of(split.values)
        targets = torch.from_numpy(np.where(split.labels[:, None] == np.arange(n_classes), 1.0, -1.0))
        return cls(axes, axes.of_samples(split.values).T @ targets / split.n, targets.mean(dim=0))

    def logits(self, coordinates: torch.Tensor, penalty: float) -> torch.Tensor:
        """(n, C) predictions of samples at these (n, r) coordinates."""
        shrunk = self.covariances / (self.axes.variances + penalty)[:, None]
        return coordinates @ shrunk + self.means
