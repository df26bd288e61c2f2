"""All layers of a model against chance and against its best one; the largest of all layers is the statistic of tests.

Letters: U units, L layers, B draws.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from seealike.errors import DataError, UndefinedMeasure
from seealike.human.intervals import check_level

_BLOCK_NUMBERS = 1 << 22
#: Sums nearer than this, of values of order one, are equal.
_EQUAL = 1e-9


@dataclass(frozen=True)
class LayerProfile:
    """What `layer_profile` and `profile_of_units` find, all (L,) in the order of the scores.

    Attributes:
        layers: names.
        gain: score - what it is compared with.
        low: of the band that holds all layers' gains together.
        high: likewise.
        p_value: one-sided, of no gain of this layer.
        p_value_familywise: of such a gain anywhere among the layers.
        best: the layer of the largest gain; its `low` and `high` allow for its having been chosen.
        behind: the best layer's gain - this one's.
        p_value_best: one-sided, of this layer being as good as all others, the largest of which is the statistic:
            the layers above .05 are those that may be the best, with 95 % confidence.
        n_units: units.
    """

    layers: tuple[str, ...]
    gain: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p_value: np.ndarray
    p_value_familywise: np.ndarray
    best: str
    behind: np.ndarray
    p_value_best: np.ndarray
    n_units: int


@dataclass(frozen=True)
class UnitSums:
    """What units add to the gains of layers.

    Attributes:
        gains: (U, L) what each unit adds to n times each gain.
        deviations: (U, L) likewise, of each judgement's deviation from the mean.
        n: judgements.
        widen: (L,) or a number: what errors are multiplied by, where judgements hang together beyond units.
    """

    gains: np.ndarray
    deviations: np.ndarray
    n: int
    widen: np.ndarray | float = 1.0


def profile_of_units(
    scores: Mapping[str, np.ndarray],
    against: float = 0.0,
    *,
    draws: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> LayerProfile:
    """Like `human.paired.layer_profile`, for any score that is the mean of units' contributions.

    Args:
        scores: layer -> (U,) contributions (`human.influence.influences`).
        against: chance.
        draws: B, null draws.
        level: of the band.
        seed: of the draws.

    Raises:
        DataError: no score.
        UndefinedMeasure: a single unit.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> found = profile_of_units({"early": rng.normal(0.0, 1, 100), "late": rng.normal(1.0, 1, 100)})
        >>> found.best, found.p_value_best.round(2).tolist()
        ('late', [0.0, 1.0])
    """
    if not scores:
        raise DataError(where="layer_profile", expected="scores", got="none", fix="Give at least one.")
    units = np.stack(list(scores.values()), axis=1)
    sums = UnitSums(units - against, units - units.mean(axis=0), len(units))
    return profiled(tuple(scores), sums, draws=draws, level=level, seed=seed)


def profiled(
    layers: tuple[str, ...], sums: UnitSums, *, draws: int = 2000, level: float = 0.95, seed: int = 0
) -> LayerProfile:
    """The profile of layers whose units' sums are known; see `human.paired.layer_profile`."""
    check_level(level)
    n_units = len(sums.gains)
    if n_units < 2:
        raise UndefinedMeasure(
            where="layer_profile", expected="at least two units", got="one", fix="Use more judgements."
        )
    gain = sums.gains.sum(axis=0) / sums.n
    null, z = _standardized(_turned(sums.gains, draws, seed), sums.gains)
    z = z / sums.widen
    moved = _turned(sums.deviations, draws, seed)
    size = sums.widen * np.sqrt((sums.deviations**2).sum(axis=0) * n_units / (n_units - 1)) / sums.n
    reach = float(np.quantile(np.abs(_standardized(moved, sums.deviations)[0]).max(axis=1), level)) * size
    return LayerProfile(
        layers=layers,
        gain=gain,
        low=gain - reach,
        high=gain + reach,
        p_value=(1 + (null >= z - _EQUAL).sum(axis=0)) / (draws + 1),
        p_value_familywise=(1 + (null.max(axis=1)[:, None] >= z - _EQUAL).sum(axis=0)) / (draws + 1),
        best=layers[int(gain.argmax())],
        behind=gain.max() - gain,
        p_value_best=np.array([_as_good(layer, gain, moved, sums) for layer in range(len(layers))]),
        n_units=n_units,
    )


def _as_good(layer: int, gain: np.ndarray, moved: np.ndarray, sums: UnitSums) -> float:
    """The p-value of a layer being as good as all others; `moved` are (B, L) sums of turned deviations."""
    gaps = sums.deviations - sums.deviations[:, [layer]]
    size = np.sqrt((gaps**2).sum(axis=0))
    differs = size > _EQUAL
    if not differs.any():
        return 1.0
    widen = np.broadcast_to(sums.widen, gain.shape)[differs].max()
    ahead = ((gain - gain[layer]) * sums.n)[differs] / size[differs] / widen
    noise = (moved - moved[:, [layer]])[:, differs] / size[differs]
    return float((1 + (noise.max(axis=1) >= ahead.max() - _EQUAL).sum()) / (len(moved) + 1))


def _turned(sums: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """(B, L) Σ_u ±D_u of (U, L) sums of units, the signs the same for all layers."""
    rng, step = np.random.default_rng(seed), max(1, _BLOCK_NUMBERS // len(sums))
    made = []
    for start in range(0, draws, step):
        signs = rng.integers(0, 2, size=(min(step, draws - start), len(sums)), dtype=np.int8)
        made.append((2.0 * signs - 1) @ sums)
    return np.concatenate(made)


def _standardized(turned: np.ndarray, sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Turned sums, and the sums as they are, over √Σ_u D_u²."""
    size = np.sqrt((sums**2).sum(axis=0))
    scale = np.divide(1.0, size, out=np.zeros_like(size), where=size > _EQUAL)
    return turned * scale, sums.sum(axis=0) * scale
