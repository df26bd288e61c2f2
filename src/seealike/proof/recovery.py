"""Cross-recovery: if one of the models were how people see, would fitting and scoring find out which?

A map that is free enough makes many models predict people about equally well; then the best fitted score does not say
which model is like people. Here the answer is known: choices are simulated from each model in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from scipy.special import softmax

from seealike.data.features import Features
from seealike.data.judgements import Trials
from seealike.errors import TooFewSamples
from seealike.human.triplets import SIDES, credit
from seealike.proof.probing import cross_fitted, dealt
from seealike.transforms import Fit, Settings, fit_transform

#: Places of the chosen pair and the odd one, by the column of the pair that was chosen.
_ORDER = np.array([[0, 1, 2], [0, 2, 1], [1, 2, 0]])


_COLUMNS = {
    "generator": pl.String,
    "draw": pl.Int64,
    "candidate": pl.String,
    "accuracy": pl.Float64,
    "unfitted": pl.Float64,
}


@dataclass(frozen=True)
class Recovery:
    """What `cross_recovery` finds.

    Attributes:
        scores: one row a generator, draw and candidate: accuracy on held-out simulated trials (fitted), and `unfitted`.
        rates: one row a generator: recovered, the share of draws in which it is the best candidate after fitting, and
            unfitted, the share before; shared first places count their share.
        n: trials held out and scored.
        n_draws: simulated sets of choices a generator.
    """

    scores: pl.DataFrame = field(repr=False)
    rates: pl.DataFrame
    n: int
    n_draws: int

    @property
    def rate(self) -> float:
        """Mean share of draws in which the model that made the choices is found, after fitting."""
        return float(np.mean(self.rates["recovered"].to_numpy()))


def cross_recovery(
    models: Mapping[str, Features],
    trials: Trials,
    settings: Settings | None = None,
    *,
    draws: int = 3,
    folds: int = 3,
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> Recovery:
    """Simulate people who see as each model does, fit all models to them, and see which one predicts them best.

    Every model is first fitted to the real trials: its simulated people see through that map, and are as unsure as
    real ones, since the fit is of probabilities. They choose once for every trial. Then all models, the generator
    among them, are fitted to the simulated choices by object-disjoint folds and scored on held-out ones, as
    `probe_alignment` does.

    Args:
        models: name -> features of the same objects.
        trials: by sample id.
        settings: of all fits.
        draws: simulated sets of choices for each model.
        folds: of the objects.
        seed: of choices and folds.
        progress: is told (simulated sets done, sets in all).

    Raises:
        TooFewSamples: fewer than two models.
        MisalignedSamples: trials of samples that a model lacks.
        DataError: a fold with fewer than 10 trials on either side; says which.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> x, ids = rng.standard_normal((50, 6)), tuple(f"i{k}" for k in range(50))
        >>> drawn = np.array(ids)[np.array([rng.choice(50, 3, replace=False) for _ in range(2000)])]
        >>> models = {"one": Features(x[:, :3], ids), "two": Features(x[:, 3:], ids)}
        >>> found = cross_recovery(models, Trials(drawn), draws=1)
        >>> found.rates.columns, found.scores.height
        (['generator', 'recovered', 'unfitted'], 4)

    Source:
        Avitan & Golan 2025, "Model-behavior alignment under flexible evaluation: when the best-fitting model isn't the
        right one" (arXiv 2510.23321).
    """
    if len(models) < 2:
        raise TooFewSamples(
            where="cross_recovery", expected="two models or more", got=str(len(models)), fix="Add a model."
        )
    ids, members = np.unique(trials.triplets, return_inverse=True)
    values = {name: np.asarray(one.select(ids.tolist()).values) for name, one in models.items()}
    simulation = _Simulation(
        values, members.reshape(-1, 3), dealt(len(ids), folds, seed), settings or Settings()
    )
    rng = np.random.default_rng(seed)
    parts: list[pl.DataFrame] = []
    for generator in values:
        probabilities = simulation.probabilities(generator)
        for draw in range(draws):
            chosen = _drawn(probabilities, rng)
            parts.append(simulation.scored(generator, draw, chosen))
            if progress is not None:
                progress(len(parts), draws * len(models))
    scores = pl.concat(parts)
    return Recovery(scores, _rates(scores), simulation.n_held, draws)


@dataclass(frozen=True)
class _Simulation:
    """All models on the same objects in the same order, and the folds of these."""

    values: dict[str, np.ndarray]
    members: np.ndarray
    deal: np.ndarray
    settings: Settings

    @property
    def n_held(self) -> int:
        fold_of = self.deal[self.members]
        return int((fold_of == fold_of[:, :1]).all(axis=1).sum())

    def fit(self, values: np.ndarray, members: np.ndarray) -> Fit:
        return fit_transform(values, members, None, self.settings)

    def probabilities(self, generator: str) -> np.ndarray:
        """(n, 3) of the pairs of each trial, as this model's people would choose."""
        seen = self.fit(self.values[generator], self.members)(self.values[generator])
        return softmax(_dots(seen, self.members), axis=1)

    def scored(self, generator: str, draw: int, chosen: np.ndarray) -> pl.DataFrame:
        """The accuracy of all models on these choices."""
        simulated = np.take_along_axis(self.members, _ORDER[chosen], axis=1)
        rows = []
        for candidate, values in self.values.items():
            mapped, held, _ = cross_fitted(values, simulated, self.deal, self.fit)
            after, before = (_accuracy(z, simulated[held]) for z in (mapped, values))
            rows.append((generator, draw, candidate, after, before))
        return pl.DataFrame(rows, schema=_COLUMNS, orient="row")


def _drawn(probabilities: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(n,) a column for each row, with its probability."""
    return (rng.random((len(probabilities), 1)) > probabilities.cumsum(axis=1)[:, :2]).sum(axis=1)


def _dots(values: np.ndarray, members: np.ndarray) -> np.ndarray:
    products = values @ values.T
    return np.stack([products[members[:, a], members[:, b]] for a, b in SIDES], axis=1)


def _accuracy(values: np.ndarray, members: np.ndarray) -> float:
    return float(credit(_dots(values, members), "half")[0].mean())


def _rates(scores: pl.DataFrame) -> pl.DataFrame:
    """The share of draws in which each generator comes first; of k that come first together, 1/k."""
    draw = ["generator", "draw"]

    def first(column: str) -> pl.Expr:
        best = pl.col(column) == pl.col(column).max().over(draw)
        return best / best.sum().over(draw)

    return (
        scores.with_columns(recovered=first("accuracy"), unfitted=first("unfitted"))
        .filter(pl.col("candidate") == pl.col("generator"))
        .group_by("generator", maintain_order=True)
        .agg(pl.col("recovered", "unfitted").mean())
    )
