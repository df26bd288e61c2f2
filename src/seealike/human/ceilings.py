"""Noise ceilings: how well people's judgements can be predicted at all, given that people disagree.

Letters: U units (distinct triplets or choices), K alternatives, m_u judgements of unit u.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from seealike.data.judgements import Choices, Trials, odd_last
from seealike.errors import DataError, ShapeError, UndefinedMeasure
from seealike.human.intervals import check_level
from seealike.human.tally import numbered, tallied

#: Random halves that each bootstrap sample of the reliability averages over.
_SPLITS_DRAWN = 5
#: Numbers of one block of bootstrap weights.
_BLOCK_NUMBERS = 1 << 22


@dataclass(frozen=True)
class NoiseCeiling:
    """What `noise_ceiling` finds; every number is in [0, 1], and more is more agreement between people.

    Attributes:
        majority: mean over units of the largest share of judgements, max_k c_uk / m_u. The published kind of ceiling;
            too high, since the majority was counted with the judgement it predicts.
        leave_one_out: mean over judgements of the credit of guessing each from the majority of the other judgements
            of its unit; a guess among equals counts its share. A predictor that people could be; too low.
        leave_one_rater_out: likewise from the judgements of *other raters*; None where raters are not known.
        agreement: mean over units of the probability that two judgements agree, Σ_k c_uk (c_uk - 1) / (m_u (m_u - 1));
            for two alternatives it estimates p² + (1 - p)² without bias.
        split_half: the Spearman-Brown reliability 2r/(1 + r), r the mean correlation of the shares of all units and
            alternatives between random halves of the judgements.
        entropy: mean over units of the entropy of the shares, in nats (plug-in: too low for few judgements).
        intervals: name -> 95 % interval over units (percentiles of bootstrap samples).
        n: judgements in use.
        n_units: units in use: those with at least two judgements.
    """

    majority: float
    leave_one_out: float
    leave_one_rater_out: float | None
    agreement: float
    split_half: float
    entropy: float
    intervals: dict[str, tuple[float, float]] = field(repr=False)
    n: int
    n_units: int


def noise_ceiling(
    trials: Trials | Choices | np.ndarray | Sequence[Sequence[object]],
    *,
    draws: int = 1000,
    splits: int = 50,
    level: float = 0.95,
    seed: int = 0,
) -> NoiseCeiling:
    """How well any model could predict these judgements.

    Args:
        trials: repeated judgements: odd-one-out `Trials`, or (n, 3) ids or numbers with **the odd one last**, or the
            (n, 5) rows i, j, k, choice, rater of the raw THINGS files (the choice counts from 1); or two-alternative
            `Choices` with their numbers of votes. Units that were judged once are left out.
        draws: bootstrap samples of the intervals.
        splits: random halves.
        level: of the intervals.
        seed: of draws and splits.

    Returns:
        The ceilings and their intervals.

    Raises:
        UndefinedMeasure: nothing was judged twice.
        DataError: a triplet with the same sample twice; choices without votes; raw choices that are not 1, 2 or 3.

    Example:
        >>> trials = [[0, 1, 2], [1, 0, 2], [0, 2, 1], [3, 4, 5], [4, 3, 5]]
        >>> found = noise_ceiling(trials)
        >>> round(found.majority, 4), found.leave_one_out, found.n_units
        (0.8333, 0.6, 2)

    Source:
        Hebart et al. 2020 (majority); Spearman 1910 and Brown 1910 (split half); Zhang et al. 2018 (two alternatives).
    """
    check_level(level)
    if isinstance(trials, Choices):
        counts, raters = _votes(trials), None
    else:
        given = trials if isinstance(trials, Trials) else _trials(np.asarray(trials))
        tally = tallied(numbered(given.triplets))
        counts = tally.counts
        raters = None
        if given.raters is not None:
            raters = np.stack([tally.units, tally.places, numbered(given.raters)])
    kept = counts.sum(axis=1) > 1
    if not kept.any():
        raise UndefinedMeasure(
            where="noise_ceiling",
            expected="something that was judged at least twice",
            got="one judgement of each",
            fix="Give repeated judgements, or leave the ceiling out.",
        )
    rows = counts[kept]
    parts = _parts(rows)
    halves = _halves(rows, splits, seed)
    found = _means(parts, np.ones((1, len(rows))))
    found["split_half"] = _reliability(halves, np.ones((1, len(rows))))
    drawn = _drawn(parts, halves[:, :_SPLITS_DRAWN], draws, seed)
    ends = [(1 - level) / 2, (1 + level) / 2]
    intervals = {
        name: (float(low), float(high))
        for name, (low, high) in ((name, np.quantile(values, ends)) for name, values in drawn.items())
    }
    return NoiseCeiling(
        **{name: float(value[0]) for name, value in found.items()},
        leave_one_rater_out=None if raters is None else _without_raters(counts, raters),
        intervals=intervals,
        n=int(rows.sum()),
        n_units=len(rows),
    )


def _trials(rows: np.ndarray) -> Trials:
    if rows.ndim != 2 or rows.shape[1] not in (3, 5):
        raise ShapeError(
            where="noise_ceiling",
            expected="trials of the shape (n, 3), the odd one last, or (n, 5): i, j, k, choice, rater",
            got=f"shape {rows.shape}",
            fix="Give one row a trial.",
        )
    if rows.shape[1] == 3:
        return Trials(rows)
    return Trials(odd_last(rows[:, :3], rows[:, 3]), raters=rows[:, 4])


def _votes(choices: Choices) -> np.ndarray:
    if choices.votes is None:
        raise DataError(
            where="noise_ceiling",
            expected="how many votes each choice has",
            got="shares alone",
            fix="Give `votes`, one a choice.",
        )
    second = np.rint(choices.second_share * choices.votes)
    return np.stack([choices.votes - second, second], axis=1).astype(np.int64)


def _parts(counts: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Per unit, the numerator and denominator of each mean."""
    m = counts.sum(axis=1).astype(np.float64)
    shares = counts / m[:, None]
    logs = np.log(np.where(shares > 0, shares, 1))
    one = np.ones(len(m))
    return {
        "majority": (shares.max(axis=1), one),
        "leave_one_out": (_left_out(counts), m),
        "agreement": ((counts * (counts - 1)).sum(axis=1) / (m * (m - 1)), one),
        "entropy": (-(shares * logs).sum(axis=1), one),
    }


def _left_out(counts: np.ndarray) -> np.ndarray:
    """(U,) summed credits of guessing each judgement from the majority of the others of its unit."""
    total = np.zeros(len(counts))
    for k in range(counts.shape[1]):
        others = counts.copy()
        others[:, k] -= 1
        most = others.max(axis=1)
        credit = (others[:, k] == most) / (others == most[:, None]).sum(axis=1)
        total += counts[:, k] * credit
    return total


def _without_raters(counts: np.ndarray, judged: np.ndarray) -> float | None:
    """The mean credit of guessing each judgement from those of other raters."""
    units, places, raters = judged
    same = np.unique(units * (int(raters.max()) + 1) + raters, return_inverse=True)[1]
    own = np.zeros((int(same.max()) + 1, 3), dtype=np.int64)
    np.add.at(own, (same, places), 1)
    others = counts[units] - own[same]
    known = others.sum(axis=1) > 0
    most = others.max(axis=1)
    hit = others[np.arange(len(units)), places] == most
    credit = hit / (others == most[:, None]).sum(axis=1)
    return float(credit[known].mean()) if known.any() else None


def _means(parts: dict[str, tuple[np.ndarray, np.ndarray]], weights: np.ndarray) -> dict[str, np.ndarray]:
    return {name: (weights @ top) / (weights @ bottom) for name, (top, bottom) in parts.items()}


def _drawn(
    parts: dict[str, tuple[np.ndarray, np.ndarray]], halves: np.ndarray, draws: int, seed: int
) -> dict[str, np.ndarray]:
    """The numbers in bootstrap samples of the units, some samples at a time."""
    n_units = halves.shape[-1]
    rng, size = np.random.default_rng(seed), max(1, _BLOCK_NUMBERS // n_units)
    made: list[dict[str, np.ndarray]] = []
    for start in range(0, draws, size):
        some = min(size, draws - start)
        weights = rng.multinomial(n_units, np.full(n_units, 1 / n_units), size=some).astype(np.float64)
        made.append(_means(parts, weights) | {"split_half": _reliability(halves, weights)})
    return {name: np.concatenate([block[name] for block in made]) for name in made[0]}


def _halves(counts: np.ndarray, splits: int, seed: int) -> np.ndarray:
    """(3, splits, U) products of the shares in random halves of every unit's judgements: xy, xx and yy.

    A judgement too many goes to the second half. Every unit's shares sum to 1: their mean is 1/K, whatever the units.
    """
    rng = np.random.default_rng([seed, 1])
    made = np.empty((3, splits, len(counts)))
    for split in range(splits):
        left, rest, wanted = np.zeros_like(counts), counts.sum(axis=1), counts.sum(axis=1) // 2
        for k in range(counts.shape[1]):
            rest = rest - counts[:, k]
            left[:, k] = rng.hypergeometric(counts[:, k], rest, wanted)
            wanted = wanted - left[:, k]
        x, y = (
            half / half.sum(axis=1, keepdims=True) - 1 / counts.shape[1] for half in (left, counts - left)
        )
        for place, (a, b) in enumerate(((x, y), (x, x), (y, y))):
            made[place, split] = (a * b).sum(axis=1)
    return made


def _reliability(halves: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(draws,) Spearman-Brown reliability, 2r/(1 + r) of the mean correlation of the halves of weighted units."""
    across, left, right = (weights @ products.T for products in halves)
    spread = np.sqrt(left * right)
    r = np.divide(across, spread, out=np.zeros_like(across), where=spread > 0).mean(axis=1)
    return np.maximum(2 * r / np.maximum(1 + r, 1e-12), -1.0)
