"""Two models on the same judgements, each at the layer that suits people best: a test that allows for that choice.

Letters: U units, L layers, B draws.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from seealike.errors import MisalignedSamples, UndefinedMeasure
from seealike.human.intervals import check_level

_BLOCK_NUMBERS = 1 << 22


@dataclass(frozen=True)
class BestLayers:
    """What `best_layers` finds.

    Attributes:
        first: the best layer of the first model.
        second: of the second.
        difference: of their scores, first - second.
        low: of the interval of the difference between the models' best scores, whichever layers have them.
        high: likewise.
        p_value: of no difference, two-sided.
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
    """How much better one model's best layer is than another's, allowing for layers having been picked by their scores.

    The best of many layers is better than it is. Which layers compete for the best is told by the data: those not more
    than √(2 log log U) standard errors behind it. Noise is drawn by turning the signs of each unit's deviations at
    random, the same for all layers of both models. The error of the difference lies between that of the picked layers
    alone and that of the largest of all competing layers, for either model: of these four, each end of the
    interval is the farthest, and the p-value the largest.

    Args:
        first: layer -> (U,) contributions of units (`human.influence.influences`).
        second: the same of another model, on the same judgements.
        widen: the noise is multiplied by it, where judgements of one rater hang together too.
        draws: B; no p-value is below 2/(B + 1).
        level: of the interval.
        seed: of the draws.

    Raises:
        MisalignedSamples: scores of other judgements.
        UndefinedMeasure: a single unit.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> base = rng.random(200)
        >>> one = {"early": base, "late": base + 0.3 + 0.1 * rng.random(200)}
        >>> found = best_layers(one, {"only": base + 0.1 * rng.random(200)})
        >>> found.first, round(found.difference, 1), found.p_value < 0.01
        ('late', 0.3, True)

    Source:
        Hansen 2005, "A test for superior predictive ability" (which competitors count); Cameron, Gelbach & Miller 2008
        (turned signs).
    """
    check_level(level)
    x, y = (np.stack(list(one.values()), axis=1) for one in (first, second))
    units = len(x)
    if units != len(y):
        raise MisalignedSamples(
            where="best_layers",
            expected=f"scores on the same {units} units",
            got=f"{len(y)}",
            fix="Score both models on the same judgements.",
        )
    if units < 2:
        raise UndefinedMeasure(
            where="best_layers", expected="at least two units", got="one", fix="Use more judgements."
        )
    i, j = int(x.mean(axis=0).argmax()), int(y.mean(axis=0).argmax())
    gap = float(x[:, i].mean() - y[:, j].mean())
    few = float(student.ppf((1 + level) / 2, units - 1) / norm.ppf((1 + level) / 2))
    noise = widen * few * _errors((x, i), (y, j), draws, seed)
    low, high = np.quantile(noise, [(1 - level) / 2, (1 + level) / 2], axis=1)
    beyond = (noise >= gap if gap > 0 else noise <= gap).sum(axis=1).max()
    return BestLayers(
        first=list(first)[i],
        second=list(second)[j],
        difference=gap,
        low=gap - float(high.max()),
        high=gap - float(low.min()),
        p_value=min(1.0, 2 * (1 + float(beyond)) / (draws + 1)),
        n_units=units,
    )


def _errors(x: tuple[np.ndarray, int], y: tuple[np.ndarray, int], draws: int, seed: int) -> np.ndarray:
    """(4, B) errors of the difference: of the picked layers, or of the largest competitor, on either side."""
    units = len(x[0])
    sides = [one - one.mean(axis=0) for one, _ in (x, y)]
    rng, step = np.random.default_rng(seed), max(1, _BLOCK_NUMBERS // units)
    made: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for start in range(0, draws, step):
        signs = rng.integers(0, 2, size=(min(step, draws - start), units), dtype=np.int8) * 2.0 - 1
        for kept, rest in zip(made, sides, strict=True):
            kept.append(signs @ rest / np.sqrt(units * (units - 1)))
    pairs = []
    for (values, best), kept in zip((x, y), made, strict=True):
        noise = np.concatenate(kept)
        pairs.append((noise[:, best], noise[:, _competing(values, best)].max(axis=1)))
    return np.stack([one - other for one, other in product(*pairs)])


def _competing(values: np.ndarray, best: int) -> np.ndarray:
    """(L,) which layers may be the best in truth, by paired standard errors."""
    behind = values[:, [best]] - values
    errors = behind.std(axis=0, ddof=1) / np.sqrt(len(values))
    return behind.mean(axis=0) <= np.sqrt(2 * max(0.0, np.log(max(1.0, np.log(len(values)))))) * errors
