"""Two models on the same judgements, each at the layer that suits people best: a test that allows for that choice.

Letters: U units, L layers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from seealike.errors import MisalignedSamples, UndefinedMeasure
from seealike.human.intervals import check_level

_BLOCK_NUMBERS = 1 << 22
#: A spread below this share of the contributions is rounding.
_SMALL = 1e-12


@dataclass(frozen=True)
class BestLayers:
    """What `best_layers` finds.

    Attributes:
        first: the best layer of the first model.
        second: of the second.
        difference: of their scores, first - second.
        low: of the band that holds the differences of all pairs of layers together, at this pair.
        high: likewise.
        p_value: of no difference, two-sided, from the largest of all pairs of layers.
        n_units: units.
    """

    first: str
    second: str
    difference: float
    low: float
    high: float
    p_value: float
    n_units: int


def best_layers(
    first: Mapping[str, np.ndarray],
    second: Mapping[str, np.ndarray],
    *,
    widen: float = 1.0,
    draws: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> BestLayers:
    """The difference between two models' best layers, with a band that holds for every pair of their layers.

    Null draws turn the signs of each unit's deviations at random, the same for all layers of both models. The statistic
    is the largest |t| of all pairs, so whichever layers are picked, the interval holds for them. The best layer is the
    one of the largest score.

    Args:
        first: layer -> (U,) contributions of units (`human.influence.influences`).
        second: the same of another model, on the same judgements.
        widen: standard errors are multiplied by it, where judgements of one rater hang together too.
        draws: null draws; no p-value is below 1/(draws + 1).
        level: of the band.
        seed: of the draws.

    Raises:
        MisalignedSamples: scores of other judgements.
        UndefinedMeasure: a single unit.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> base = rng.random(200)
        >>> one = {"early": base, "late": base + 0.3 + 0.1 * rng.random(200)}
        >>> found = best_layers(one, {"only": base + 0.1 * rng.random(200)})
        >>> found.first, round(found.difference, 1), found.p_value
        ('late', 0.3, 0.0004...)

    Source:
        Nichols & Holmes 2002 (largest statistic); Cameron, Gelbach & Miller 2008 (turned signs).
    """
    check_level(level)
    x, y = (np.stack(list(one.values()), axis=1) for one in (first, second))
    if len(x) != len(y):
        raise MisalignedSamples(
            where="best_layers",
            expected=f"scores on the same {len(x)} units",
            got=f"{len(y)}",
            fix="Score both models on the same judgements.",
        )
    units = len(x)
    if units < 2:
        raise UndefinedMeasure(
            where="best_layers", expected="at least two units", got="one", fix="Use more judgements."
        )
    i, j = int(x.mean(axis=0).argmax()), int(y.mean(axis=0).argmax())
    difference = float(x[:, i].mean() - y[:, j].mean())
    error = float((x[:, i] - y[:, j]).std(ddof=1)) / np.sqrt(units) * widen
    largest = _largest(x - x.mean(axis=0), y - y.mean(axis=0), draws, seed)
    reach = float(np.quantile(largest, level)) * error
    mine = abs(difference) / error if error > _SMALL else (np.inf if abs(difference) > _SMALL else 0.0)
    return BestLayers(
        first=list(first)[i],
        second=list(second)[j],
        difference=difference,
        low=difference - reach,
        high=difference + reach,
        p_value=float((1 + (largest >= mine).sum()) / (draws + 1)),
        n_units=units,
    )


def _largest(x: np.ndarray, y: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """(draws,) the largest |t| of all pairs of columns, over random signs of the (U, L) deviations."""
    units = len(x)
    squares = (x * x).sum(axis=0)[:, None] + (y * y).sum(axis=0) - 2 * (x.T @ y)
    rng, step = np.random.default_rng(seed), max(1, _BLOCK_NUMBERS // max(units, squares.size))
    made = []
    for start in range(0, draws, step):
        signs = rng.integers(0, 2, size=(min(step, draws - start), units), dtype=np.int8) * 2.0 - 1
        means = ((signs @ x)[:, :, None] - (signs @ y)[:, None, :]) / units
        variances = (squares - units * means**2) / (units - 1) / units
        living = variances > _SMALL * np.maximum(squares, _SMALL) / units**2
        t = np.abs(means) / np.sqrt(np.where(living, variances, 1))
        made.append(np.where(living, t, 0).reshape(len(signs), -1).max(axis=1))
    return np.concatenate(made)
