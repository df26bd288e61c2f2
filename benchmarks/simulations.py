"""Intervals cover and tests keep their level: simulations of worlds where the truth is known.

    python benchmarks/simulations.py [--only TEXT ...] [--runs-scale 1.0] [--seed 0] [--workers 1] [--no-write]

Each row of the table is one claim: an interval of 95 % that holds the truth in so many runs, a test at 5 % that rejects
where nothing is to be found in so many, or one that finds what was planted. Features of models are drawn so that two
datasets have a consistency that is known (see `World`); similarities are their CKA, exact (of infinitely many samples)
or measured on some. About half an hour on one core; each row is written as it comes, and rows of other claims stay.
tests/test_simulations.py runs all of it small.

To add a claim, write a function (rng) -> bool and an entry of CLAIMS.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache, partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import polars as pl
from scipy.spatial.distance import pdist, squareform
from scipy.stats import norm

import seealike
from seealike.analyses import (
    consequence_slopes,
    consistency_differences,
    consistency_domains,
    inverse_u,
    measure_agreement,
    performance_gap,
)
from seealike.data.similarity import SimilarityMatrix
from seealike.data.tables import CONSEQUENCES, OVERLAP_RUNS, PERFORMANCE
from seealike.human.intervals import share_interval
from seealike.human.paired import layer_profile, paired_difference
from seealike.numerics.clustering import linkage_clusters
from seealike.numerics.components import components, strata
from seealike.numerics.correlation import row_correlations
from seealike.numerics.curves import parabola
from seealike.numerics.over_models import correlations_over_models, fisher, mantel
from seealike.numerics.over_samples import over_samples
from seealike.numerics.pair_levels import same_value, split, upper
from seealike.numerics.pairs import Pairs
from seealike.numerics.partial_mantel import partial_mantel
from seealike.numerics.partitions import agreement_by_luck
from seealike.overlap.attribution import Verdict, verdict
from seealike.overlap.mixed import MixedSlopes, mixed_slopes

RESULTS = Path(__file__).parent / "results" / "simulations.md"
ROUNDING = 1e-9


@dataclass(frozen=True)
class World:
    """Models that see two datasets: of all samples, so many factors with loadings that both datasets have in part.

    Attributes:
        share: how much of the variance of a model's loadings both datasets have in common: 0 is no consistency.
        heavy: loadings of heavy tails (Student's t with 4 degrees of freedom) instead of normal ones.
        factors: of the samples.
        dims: of the features.
        noise: standard deviation of what is a model's own in each dimension.
        apart: how much of a model's loadings is its own; the rest is the same for all models, and their similarities
            spread little.
    """

    share: float
    heavy: bool = False
    factors: int = 6
    dims: int = 8
    noise: float = 0.5
    apart: float = 1.0

    def loadings(self, rng: np.random.Generator, n_models: int, n_datasets: int = 2) -> np.ndarray:
        """(n_datasets, n_models, factors, dims)."""
        shape = (n_models, self.factors, 1)
        draw = partial(rng.standard_t, 4) if self.heavy else rng.standard_normal
        common, turned = draw(size=shape), rng.standard_normal((n_models, self.factors, self.dims))
        own = draw(size=(n_datasets, *shape))
        strength = self.share**0.5 * common + (1 - self.share) ** 0.5 * own
        middle = (
            np.random.default_rng(5).standard_normal((self.factors, self.dims)) if self.apart < 1 else 0.0
        )
        return (middle + self.apart * strength * turned) / self.dims**0.5

    def similarities(self, loadings: np.ndarray) -> np.ndarray:
        """(n_models, n_models) linear CKA over infinitely many samples."""
        n_models = len(loadings)
        flat = np.swapaxes(loadings, 1, 2) @ loadings + self.noise**2 * np.eye(self.dims)
        of_model = np.sqrt((flat**2).sum(axis=(1, 2)))
        grams = (loadings @ np.swapaxes(loadings, 1, 2)).reshape(n_models, -1)
        return grams @ grams.T / np.outer(of_model, of_model)

    def measured(
        self, rng: np.random.Generator, loadings: np.ndarray, n_samples: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """(P,) unbiased CKA on so many samples, and (G, P) how it moves with groups of them."""
        seen = rng.standard_normal((n_samples, self.factors))
        own = self.noise * rng.standard_normal((len(loadings), n_samples, self.dims))
        features = {f"m{k:03}": seen @ one + own[k] for k, one in enumerate(loadings)}
        matrix = seealike.pairwise("cka", features, standard_error=True)
        sides = np.triu_indices(len(loadings), 1)
        assert matrix.deviations is not None
        return matrix.values[sides], matrix.deviations[:, sides[0], sides[1]]


@lru_cache(maxsize=64)
def true_consistency(world: World, two_sets: bool = False) -> float:
    """The consistency of 14,000 models; its own error is hundredths of the intervals' widths."""
    rng, found = np.random.default_rng(99), []
    for _ in range(20):
        squares = [world.similarities(one) for one in world.loadings(rng, 700)]
        values = np.stack([one[:350, 350:].ravel() if two_sets else upper(one) for one in squares])
        found.append(fisher(row_correlations(values, "pearson")[0][0, 1]))
    return float(np.tanh(np.mean(found)))


def one_set(n_models: int) -> Pairs:
    """All pairs of models."""
    return Pairs(*np.triu_indices(n_models, 1), np.zeros(n_models, dtype=np.int64))


def two_sets(n_x: int, n_y: int) -> Pairs:
    """All pairs of a model of one set and one of another."""
    left, right = np.divmod(np.arange(n_x * n_y), n_y)
    return Pairs(left, right + n_x, np.repeat([0, 1], [n_x, n_y]))


def covers_over_models(rng: np.random.Generator, world: World, pairs: Pairs) -> bool:
    """The interval of consistency holds that of infinitely many models."""
    squares = [world.similarities(one) for one in world.loadings(rng, len(pairs.members))]
    values = np.stack([one[pairs.left, pairs.right] for one in squares])
    low, high = correlations_over_models(values, pairs, "pearson").interval(0.95)
    apart = len(np.unique(pairs.strata)) > 1
    return bool(low[0, 1] <= true_consistency(world, apart) <= high[0, 1])


def covers_over_both(rng: np.random.Generator, world: World, n_models: int, n_samples: int) -> bool:
    """The interval over models and samples holds the consistency of infinitely many of both."""
    pairs, loadings = one_set(n_models), world.loadings(rng, n_models)
    values, moved = zip(*(world.measured(rng, one, n_samples) for one in loadings), strict=True)
    samples = over_samples(np.stack(values), moved, "pearson")
    found = correlations_over_models(np.stack(values), pairs, "pearson")
    low, high = found.interval(0.95, samples.errors, samples.biases)
    return bool(low[0, 1] <= true_consistency(world) <= high[0, 1])


def covers_over_samples(
    rng: np.random.Generator, world: World, n_models: int, n_samples: int, kind: str = "pearson"
) -> bool:
    """Fisher's z - bias ± 1.96 errors over samples holds these models' consistency on infinitely many samples."""
    loadings = world.loadings(rng, n_models)
    truth = np.stack([upper(world.similarities(one)) for one in loadings])
    values, moved = zip(*(world.measured(rng, one, n_samples) for one in loadings), strict=True)
    found = over_samples(np.stack(values), moved, kind)
    z, true = (fisher(row_correlations(np.stack(one), kind)[0][0, 1]) for one in (values, truth))
    return bool(abs(z - found.biases[0, 1] - true) <= norm.ppf(0.975) * found.errors[0, 1])


def rejects_no_consistency(rng: np.random.Generator, world: World, pairs: Pairs, kind: str) -> bool:
    """Mantel's test of consistency at 5 %."""
    loadings = world.loadings(rng, len(pairs.members))
    if not world.share:  # not even the directions of the loadings in common
        loadings[1] = world.loadings(rng, len(pairs.members), 1)[0]
    values = np.stack([world.similarities(one)[pairs.left, pairs.right] for one in loadings])
    p, _ = mantel(values, pairs, kind, permutations=99, seed=int(rng.integers(1 << 31)))
    return bool(p[0, 1] <= 0.05)


def rejects_equal_sets(rng: np.random.Generator, shares: tuple[float, float], alike: float = 0.0) -> bool:
    """The test of `consistency_differences` of a-a against b-b at 5 %; `alike` lifts all similarities within a."""
    half = [World(share).loadings(rng, 7, 3) for share in shares]
    loadings = np.concatenate(half, axis=1)
    frames, names = [], [f"m{k}" for k in range(14)]
    for place, one in enumerate(loadings):
        values = World(0).similarities(one)
        values[:7, :7] += alike
        np.fill_diagonal(values, 1.0)
        frames.append(SimilarityMatrix(values, tuple(names), "cka", 50, f"d{place}").to_frame())
    models = pl.DataFrame({"model": names, "kind": ["a"] * 7 + ["b"] * 7})
    tables = {"similarities": pl.concat(frames), "models": models}
    seed = int(rng.integers(1 << 31))
    found = consistency_differences(tables, sets="kind", permutations=39, seed=seed)
    return found["p_value"][1] <= 0.05


@dataclass(frozen=True)
class Cards:
    """Models with four fields as public ones have them: training data goes with the objective, the rest is free.

    Attributes:
        levels: what categories bring to all pairs of a model, by field.
        same: what sharing the category adds, by field.
        noise: "normal", "heavy" (Student's t with 5 degrees of freedom), or "factors": pairs' own part is a product of
            the models' hidden factors, so that pairs depend on each other.
        own: variance of what models bring of their own; that of pairs is 1.
    """

    levels: tuple[tuple[str, float], ...] = ()
    same: tuple[tuple[str, float], ...] = ()
    noise: str = "normal"
    own: float = 0.3

    def fields(self, rng: np.random.Generator, n_models: int) -> dict[str, np.ndarray]:
        """Field -> (n_models,) categories."""
        objective = rng.choice(3, n_models, p=[0.47, 0.31, 0.22])
        common = rng.choice(3, n_models, p=[0.6, 0.25, 0.15])
        return {
            "objective": objective,
            "architecture": rng.integers(0, 2, n_models),
            "data": np.where(objective == 2, rng.choice([2, 3], n_models), common),
            "size": rng.integers(0, 4, n_models),
        }

    def planted(self, fields: dict[str, np.ndarray]) -> np.ndarray:
        """(n_models, n_models) what the fields bring."""
        square = np.zeros((len(fields["size"]),) * 2)
        for name, size in self.levels:
            level = size * np.linspace(-1, 1, int(fields[name].max()) + 1)[fields[name]]
            square += level[:, None] + level
        for name, size in self.same:
            square += size * same_value(fields[name])
        return square

    def values(self, rng: np.random.Generator, planted: np.ndarray) -> np.ndarray:
        """With what models and pairs bring of their own."""
        n_models = len(planted)
        draw = partial(rng.standard_t, 5) if self.noise == "heavy" else rng.standard_normal
        scale = 0.6**0.5 if self.noise == "heavy" else 1.0
        own = (self.own**0.5 * scale * draw(size=n_models))[:, None]
        if self.noise == "factors":
            hidden = rng.standard_normal((n_models, 3))
            return planted + own + own.T + hidden @ hidden.T / 3**0.5
        pairs = np.triu(scale * draw(size=(n_models, n_models)), 1)
        return planted + own + own.T + pairs + pairs.T


def true_shares(cards: Cards, fields: dict[str, np.ndarray], planted: np.ndarray) -> dict[str, float]:
    """The components' shares for models with exactly these fields."""
    models, pairs = strata(fields)
    (levels,), (rest,) = split(planted[None])
    parts = {}
    for stratum, values, times in ((models, levels, 2.0), (pairs, upper(rest), 1.0)):
        for name, own in stratum.parts.items():
            effects = stratum.columns[:, own] @ (stratum.inverse[own] @ values)
            parts[name] = times * float(effects @ effects) / len(values)
    parts |= {"model": 2 * cards.own, "pair": 1.0}
    total = sum(parts.values())
    return {name: value / total for name, value in parts.items()}


def covers_share(rng: np.random.Generator, cards: Cards, n_models: int, component: str) -> bool:
    """The interval of a component's share holds the truth (drawn again where the field cannot be told apart)."""
    while True:
        fields = cards.fields(rng, n_models)
        planted = cards.planted(fields)
        found = {one.name: one for one in components(cards.values(rng, planted), fields)}
        if component in found:
            one, true = found[component], true_shares(cards, fields, planted)[component]
            return one.low - ROUNDING <= true <= one.high + ROUNDING


def rejects_component(rng: np.random.Generator, cards: Cards, n_models: int, component: str) -> bool:
    """The test of a component at 5 %."""
    while True:
        fields = cards.fields(rng, n_models)
        found = components(cards.values(rng, cards.planted(fields)), fields)
        named = {one.name: one.p_value for one in found}
        if component in named:
            return named[component] <= 0.05


def rejects_partial(
    rng: np.random.Generator, cards: Cards, n_models: int, name: str, held: tuple[str, ...]
) -> bool:
    """The partial Mantel test at 5 %."""
    fields = cards.fields(rng, n_models)
    values = cards.values(rng, cards.planted(fields))[None]
    given = [same_value(fields[one]) for one in held]
    seed = int(rng.integers(1 << 31))
    found = partial_mantel(values, same_value(fields[name]), given, permutations=99, seed=seed)
    return bool(found.p_values[0] <= 0.05)


@lru_cache(maxsize=8)
def true_gap(effect: float) -> float:
    """The correlation of similarity with the gap of performance, of infinitely many models but for a rounding."""
    rng = np.random.default_rng(98)
    found = [np.corrcoef(*gap_world(rng, 2000, effect)[1:])[0, 1] for _ in range(3)]
    return float(np.mean(found))


def gap_world(
    rng: np.random.Generator, n_models: int, effect: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(M,) performances, (P,) similarities that fall with their gap, and (P,) gaps."""
    reached, hidden = rng.random(n_models), rng.standard_normal((n_models, 3))
    left, right = np.triu_indices(n_models, 1)
    gap = np.abs(reached[left] - reached[right])
    own = 0.1 * np.einsum("pk,pk->p", hidden[left], hidden[right]) + 0.05 * rng.standard_normal(len(left))
    return reached, own - effect * gap, gap


def of_gap(rng: np.random.Generator, effect: float, n_models: int, permutations: int) -> dict[str, float]:
    """The row of `performance_gap` for such models."""
    reached, alike, _ = gap_world(rng, n_models, effect)
    square, names = np.eye(n_models), tuple(f"m{k}" for k in range(n_models))
    sides = np.triu_indices(n_models, 1)
    square[sides] = square.T[sides] = alike
    same = {"dataset": "d", "method": "ridge", "metric": "top1", "split": "test"}
    rows = [{"model": name, "value": one, **same} for name, one in zip(names, reached, strict=True)]
    tables = {
        "similarities": SimilarityMatrix(square, names, "cka", 50, "d").to_frame(),
        "performance": pl.DataFrame(rows, schema=PERFORMANCE),
    }
    seed = int(rng.integers(1 << 31))
    found = performance_gap(tables, correlations=("pearson",), permutations=permutations, seed=seed)
    return found.row(0, named=True)


def covers_gap(rng: np.random.Generator, effect: float, n_models: int) -> bool:
    """The interval of `performance_gap` holds the correlation of infinitely many models."""
    row = of_gap(rng, effect, n_models, permutations=0)
    return row["low"] <= true_gap(effect) <= row["high"]


def rejects_gap(rng: np.random.Generator, effect: float, n_models: int) -> bool:
    """The test of `performance_gap` at 5 %."""
    return of_gap(rng, effect, n_models, permutations=99)["p_value"] <= 0.05


#: How the deviation of a similarity over datasets depends on its mean.
SPREADS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "flat": lambda mean: 0.1 + 0 * mean,
    "rises, then stays": lambda mean: 0.03 + 0.12 * np.minimum(mean, 0.45),
    "inverse U": lambda mean: 0.02 + 0.4 * mean * (1 - mean),
}


def spread_world(rng: np.random.Generator, n_models: int, shape: str, n_datasets: int = 8) -> np.ndarray:
    """(n_datasets, M, M): means of models in a plane; deviations over datasets, the models' own and the pairs'."""
    place = rng.standard_normal((n_models, 2))
    mean = np.exp(-((place[:, None] - place) ** 2).sum(axis=-1) / 4)
    own = 0.15 * rng.standard_normal(n_models)
    size = SPREADS[shape](mean) * np.exp(own[:, None] + own)
    common = rng.standard_normal((n_datasets, n_models))
    alone = np.triu(rng.standard_normal((n_datasets, n_models, n_models)), 1)
    noise = (common[:, :, None] + common[:, None]) / 2 + (alone + alone.transpose(0, 2, 1)) / 2**0.5
    values = mean + size * noise
    values[:, range(n_models), range(n_models)] = 1.0
    return values


def as_tables(measures: dict[str, np.ndarray]) -> dict[str, pl.DataFrame]:
    """The tables of a study: id of a measure -> (n_datasets, M, M); models of two kinds, datasets of two domains."""
    frames, (n_datasets, n_models, _) = [], next(iter(measures.values())).shape
    names = tuple(f"m{k:03}" for k in range(n_models))
    for measure, stack in measures.items():
        for place, one in enumerate(stack):
            frames.append(SimilarityMatrix(one, names, measure, 50, f"d{place}").to_frame())
    kinds = [f"k{k % 2}" for k in range(n_models)]
    domains = {
        "dataset": [f"d{k}" for k in range(n_datasets)],
        "domain": [f"o{k % 2}" for k in range(n_datasets)],
    }
    models = pl.DataFrame({"model": names, "kind": kinds})
    return {"similarities": pl.concat(frames), "models": models, "datasets": pl.DataFrame(domains)}


@lru_cache(maxsize=8)
def true_curvature(shape: str) -> float:
    """The parabola's curvature for infinitely many models, but for a rounding."""
    rng, found, sides = np.random.default_rng(97), [], np.triu_indices(300, 1)
    for _ in range(12):
        values = spread_world(rng, 300, shape)[:, *sides]
        found.append(parabola(values.mean(axis=0), values.std(axis=0, ddof=1))[0])
    return float(np.mean(found))


def covers_curvature(rng: np.random.Generator, shape: str, n_models: int) -> bool:
    """The interval of `inverse_u` holds the curvature of infinitely many models."""
    tables = as_tables({"cka": spread_world(rng, n_models, shape)})
    row = inverse_u(tables, transforms=("none",)).row(0, named=True)
    return row["low"] <= true_curvature(shape) <= row["high"]


def rejects_no_inverse_u(rng: np.random.Generator, shape: str, n_models: int) -> bool:
    """The two lines of `inverse_u` at 5 %; without a peak there is no test, and nothing is rejected."""
    tables = as_tables({"cka": spread_world(rng, n_models, shape)})
    p = inverse_u(tables, transforms=("none",))["p_value"][0]
    return p is not None and p <= 0.05


def two_measures(
    rng: np.random.Generator, world: World, n_models: int, n_datasets: int = 3
) -> dict[str, np.ndarray]:
    """Similarities of the same models under two measures, of which the other sees something else, too."""
    seen = world.loadings(rng, n_models, n_datasets)
    other = 0.8 * seen + 0.6 * World(0.0).loadings(rng, n_models, n_datasets)
    return {
        measure: np.stack([world.similarities(one) for one in loadings])
        for measure, loadings in (("one", seen), ("other", other))
    }


def of_agreement(rng: np.random.Generator, world: World, n_models: int, of: str) -> dict[str, float]:
    """A row of `measure_agreement`."""
    tables = as_tables(two_measures(rng, world, n_models))
    found = measure_agreement(tables, sets="kind", correlations=("pearson",))
    return found.filter(pl.col("of") == of).row(0, named=True)


@lru_cache(maxsize=8)
def true_agreement(world: World, n_models: int, of: str) -> float:
    """Of 8,000 models; of consistencies, which are noisy, the mean (of Fisher's z) of 60 draws of as many models."""
    rng, found = np.random.default_rng(96), []
    if of == "consistencies":
        rows = [of_agreement(rng, world, n_models, of)["agreement"] for _ in range(60)]
        return float(np.tanh(np.mean(fisher(np.array(rows)))))
    for _ in range(40):
        stacks = two_measures(rng, world, 200).values()
        values = np.stack([upper(one.mean(axis=0) if "mean" in of else one[0]) for one in stacks])
        found.append(fisher(row_correlations(values, "pearson")[0][0, 1]))
    return float(np.tanh(np.mean(found)))


def covers_agreement(rng: np.random.Generator, world: World, n_models: int, of: str) -> bool:
    """The interval of `measure_agreement` holds the truth."""
    row = of_agreement(rng, world, n_models, of)
    return row["low"] <= true_agreement(world, n_models, of) <= row["high"]


def covers_median(rng: np.random.Generator, world: World, n_models: int) -> bool:
    """The interval of `consistency_domains` holds the median, where all pairs of datasets are equally consistent."""
    stack = np.stack([world.similarities(one) for one in world.loadings(rng, n_models, 5)])
    row = consistency_domains(as_tables({"cka": stack}), correlations=("pearson",)).row(0, named=True)
    return row["low"] <= true_consistency(world) <= row["high"]


def rejects_luck(rng: np.random.Generator, told: float, n_models: int) -> bool:
    """Clusters of models of three kinds agree with a field that is the kind of so many of them, else random."""
    kinds = rng.integers(0, 3, n_models)
    centers = rng.standard_normal((3, 4))
    places = centers[kinds] + 0.5 * rng.standard_normal((n_models, 4))
    clusters = linkage_clusters(squareform(pdist(places)), 3)
    values = np.where(rng.random(n_models) < told, kinds, rng.integers(0, 3, n_models))
    return agreement_by_luck(clusters, values, 199, rng) <= 0.05


@dataclass(frozen=True)
class Credits:
    """A score of a model against people, by its credits alone."""

    correct: np.ndarray
    units: np.ndarray
    raters: np.ndarray | None = None


def judged(
    rng: np.random.Generator, n_triplets: int, n_raters: int, n_models: int = 1
) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Credits of models on all triplets × raters: both vary for all models alike, triplets in each's own way too."""
    triplets, raters = np.repeat(np.arange(n_triplets), n_raters), np.tile(np.arange(n_raters), n_triplets)
    shared = 0.6 + rng.standard_normal(n_triplets)[triplets] + 0.9 * rng.standard_normal(n_raters)[raters]
    made = []
    for _ in range(n_models):
        chance = 1 / (1 + np.exp(-shared - 0.6 * rng.standard_normal(n_triplets)[triplets]))
        made.append((rng.random(len(triplets)) < chance).astype(np.float64))
    return made, triplets, raters


@lru_cache
def true_accuracy() -> float:
    """Of `judged`, over infinitely many triplets and raters."""
    draws = np.random.default_rng(0).standard_normal((3, 4_000_000))
    return float((1 / (1 + np.exp(-0.6 - draws[0] - 0.9 * draws[1] - 0.6 * draws[2]))).mean())


def covers_accuracy(rng: np.random.Generator, n_triplets: int, n_raters: int) -> bool:
    """The interval of an odd-one-out accuracy holds the truth."""
    made, *units = judged(rng, n_triplets, n_raters)
    low, high = share_interval(made[0], *units)
    return low <= true_accuracy() <= high


def rejects_equal_models(rng: np.random.Generator, n_triplets: int) -> bool:
    """Two models that people agree with equally differ on the same triplets."""
    made, triplets, _ = judged(rng, n_triplets, 12, 2)
    return paired_difference(*(Credits(one, triplets) for one in made), draws=199).p_value <= 0.05


def rejects_any_layer(rng: np.random.Generator, n_triplets: int) -> bool:
    """Some of eight layers, that people agree with as much as with a ninth, is better than it."""
    made, triplets, _ = judged(rng, n_triplets, 12, 9)
    scores = {str(k): Credits(one, triplets) for k, one in enumerate(made)}
    return layer_profile(scores, scores.pop("8"), draws=199).p_value_familywise.min() <= 0.05


@dataclass(frozen=True)
class Overlaps:
    """Runs of a factorial design whose similarity follows what data and task share.

    Attributes:
        effects: of data, task and data x task.
        n_seeds: of each cell.
        levels: of each overlap.
        missing: the share of runs that are not there.
        tilt: standard deviation between seeds of each effect; that of their levels is 0.05, of runs 0.03.
    """

    effects: tuple[float, float, float]
    n_seeds: int = 5
    levels: int = 3
    missing: float = 0.0
    tilt: float = 0.0

    def found(self, rng: np.random.Generator) -> MixedSlopes:
        """What the mixed model says of runs of such a design."""
        one = np.linspace(0, 1, self.levels)
        data, task = (np.tile(grid.ravel(), self.n_seeds) for grid in np.meshgrid(one, one))
        terms = np.column_stack([data, task, data * task])
        seeds = np.repeat(np.arange(self.n_seeds), self.levels**2)
        effects = np.array(self.effects) + rng.normal(0, self.tilt, (self.n_seeds, 3))
        values = 0.3 + (terms * effects[seeds]).sum(axis=1) + rng.normal(0, 0.05, self.n_seeds)[seeds]
        values += rng.normal(0, 0.03, len(values))
        there = rng.random(len(values)) >= self.missing
        found = mixed_slopes(terms[there], values[there], seeds[there])
        assert found is not None
        return found


def covers_effect(rng: np.random.Generator, world: Overlaps, term: int) -> bool:
    """The interval of one effect of a factorial design holds the planted one."""
    found = world.found(rng)
    return bool(found.low[term] <= world.effects[term] <= found.high[term])


def says_of_effect(rng: np.random.Generator, world: Overlaps, term: int, said: tuple[Verdict, ...]) -> bool:
    """The verdict on one effect is one of these."""
    found = world.found(rng)
    return verdict(found.low[term], found.high[term]) in said


def led_to(rng: np.random.Generator, slope: float, n_seeds: int) -> dict[str, float]:
    """The row of `consequence_slopes` where values follow similarity with this slope, in two designs."""
    runs, shown = [], []
    for design, level in (("data", 0.4), ("task", 0.2)):
        tilt, own = rng.normal(0.3, 0.1, n_seeds), rng.normal(0, 0.05, n_seeds)
        for seed in range(n_seeds):
            for x in np.linspace(0, 1, 5):
                name = ("", design, x if design == "data" else 1.0, x if design == "task" else 0.0, seed)
                alike = level + tilt[seed] * x + rng.normal(0, 0.03)
                value = level / 2 + slope * alike + own[seed] + rng.normal(0, 0.05)
                runs.append((*name, "d", "cka", "a", "b", alike, None, None))
                shown.append(("agreement", "", *name, "a", "b", "d", value, 100, 0.9, 0.9, None))
    tables = {
        "overlap_runs": pl.DataFrame(runs, OVERLAP_RUNS, orient="row"),
        "consequences": pl.DataFrame(shown, CONSEQUENCES, orient="row"),
    }
    return consequence_slopes(tables).row(0, named=True)


def covers_consequence(rng: np.random.Generator, slope: float, n_seeds: int) -> bool:
    """The interval of `consequence_slopes` holds the planted slope."""
    row = led_to(rng, slope, n_seeds)
    return row["low"] <= slope <= row["high"]


def rejects_no_consequence(rng: np.random.Generator, n_seeds: int) -> bool:
    """`consequence_slopes` where similarity leads to nothing."""
    return led_to(rng, 0.0, n_seeds)["verdict"] != "not supported"


@dataclass(frozen=True)
class Claim:
    """One row of the table.

    Attributes:
        what: the interval or test.
        where: the world it is tried in.
        run: (rng) -> whether it covered or rejected.
        expected: 0.95 of an interval, 0.05 of a test where there is nothing, None where something was planted.
        runs: at full size.
        small: in the tests.
        allowed: beyond which the claim is broken: lowest and highest rate, Monte-Carlo error apart.
    """

    what: str
    where: str
    run: Callable[[np.random.Generator], bool]
    expected: float | None = 0.95
    runs: int = 1000
    small: int = 40
    allowed: tuple[float, float] = field(default=(0.93, 0.97))


def rate(claim: Claim, runs: int, seed: int = 0) -> float:
    """How often, in so many runs."""
    rng = np.random.default_rng([seed, *map(ord, claim.what + claim.where)])
    return sum(claim.run(rng) for _ in range(runs)) / runs


def kept(claim: Claim, found: float, runs: int, errors: float = 3.0) -> bool:
    """Whether the rate is within what is allowed, give or take so many Monte-Carlo errors."""
    low, high = claim.allowed
    reach = [errors * max(end * (1 - end) / runs, 1e-9) ** 0.5 for end in (low, high)]
    return low - reach[0] <= found <= high + reach[1]


NOTHING, FOUND = (0.0, 0.07), (0.5, 1.0)
WEAK, MIDDLE, STRONG, TAILS = World(0.0), World(0.5), World(0.9), World(0.9, heavy=True)
NONE = Cards()
REAL = Cards((("objective", 0.4), ("architecture", 0.2)), (("objective", 0.8), ("architecture", 0.3)))
TAILED, BOUND = (Cards(REAL.levels, REAL.same, noise) for noise in ("heavy", "factors"))
ONLY = Cards((), (("objective", 0.8),))
CONSISTENCY = "consistency, interval over models"

CLAIMS = [
    *(
        Claim(
            CONSISTENCY,
            f"{n} models, {where}",
            partial(covers_over_models, world=world, pairs=one_set(n)),
            runs=runs,
        )
        for n, runs in ((6, 4000), (10, 4000), (20, 2000), (40, 2000))
        for where, world in (("r = .1", MIDDLE), ("r = .6", STRONG), ("r = .6, heavy tails", TAILS))
    ),
    *(
        Claim(
            CONSISTENCY,
            f"{n} models, {where}",
            partial(covers_over_models, world=world, pairs=one_set(n)),
            runs=runs,
            small=20,
        )
        for n, runs in ((8, 2000), (15, 2000), (30, 1000), (64, 500))
        for where, world in (
            ("r = 0", WEAK),
            ("r = .3", World(0.73)),
            ("r = .9", World(0.985)),
            ("r = .9, heavy tails", World(0.985, heavy=True)),
            ("narrow range", World(0.9, apart=0.5)),
        )
    ),
    *(
        Claim(
            CONSISTENCY,
            f"sets of {x} and {y}, r = .6",
            partial(covers_over_models, world=STRONG, pairs=two_sets(x, y)),
            runs=2000,
        )
        for x, y in ((6, 12), (14, 14))
    ),
    *(
        Claim(
            "consistency, error over samples",
            f"10 models, {n} samples, {kind}",
            partial(covers_over_samples, world=STRONG, n_models=10, n_samples=n, kind=kind),
            runs=200,
            small=6,
        )
        for n, kind in ((200, "pearson"), (500, "pearson"), (500, "spearman"))
    ),
    *(
        Claim(
            "consistency, interval over models and samples",
            f"{m} models, {n} samples, r = .6",
            partial(covers_over_both, world=STRONG, n_models=m, n_samples=n),
            runs=200,
            small=6,
        )
        for m, n in ((10, 200), (20, 200), (20, 500))
    ),
    *(
        Claim(
            "mantel",
            f"no consistency, {where}, {kind}",
            partial(rejects_no_consistency, world=WEAK, pairs=pairs, kind=kind),
            0.05,
            1000,
            allowed=NOTHING,
        )
        for where, pairs in (
            ("8 models", one_set(8)),
            ("20 models", one_set(20)),
            ("sets of 5 and 9", two_sets(5, 9)),
        )
        for kind in ("pearson", "spearman")
    ),
    Claim(
        "mantel",
        "r = .6, 20 models",
        partial(rejects_no_consistency, world=STRONG, pairs=one_set(20), kind="pearson"),
        None,
        300,
        allowed=FOUND,
    ),
    Claim(
        "consistency_differences",
        "two sets of 7, alike",
        partial(rejects_equal_sets, shares=(0.5, 0.5)),
        0.05,
        400,
        20,
        NOTHING,
    ),
    Claim(
        "consistency_differences",
        "two sets of 7, alike but one more similar",
        partial(rejects_equal_sets, shares=(0.5, 0.5), alike=0.3),
        0.05,
        400,
        20,
        NOTHING,
    ),
    Claim(
        "consistency_differences",
        "two sets of 7, r = 0 and 1",
        partial(rejects_equal_sets, shares=(0.0, 1.0)),
        None,
        100,
        10,
        FOUND,
    ),
    *(
        Claim(
            "variance_components, share",
            f"{n} models, {part}, {where}",
            partial(covers_share, cards=cards, n_models=n, component=part),
            runs=runs,
            small=20,
            allowed=(0.93, 1.0 if "same" in part else 0.985),
        )
        for n, runs in ((20, 600), (64, 200))
        for where, cards in (("normal", REAL), ("heavy tails", TAILED), ("factors", BOUND))
        for part in ("objective", "same objective", "model", "pair")
    ),
    *(
        Claim(
            "variance_components, test",
            f"{n} models, {part}, {where}, nothing planted in it",
            partial(rejects_component, cards=cards, n_models=n, component=part),
            0.05,
            runs,
            20,
            NOTHING,
        )
        for n, runs in ((20, 1000), (64, 300))
        for where, cards in (("normal", REAL), ("factors", BOUND))
        for part in ("size", "same size", "same data")
    ),
    Claim(
        "variance_components, test",
        "20 models, same objective, planted",
        partial(rejects_component, cards=REAL, n_models=20, component="same objective"),
        None,
        200,
        20,
        FOUND,
    ),
    *(
        Claim(
            "partial_mantel",
            f"{n} models, data given objective, {where}, only objective planted",
            partial(rejects_partial, cards=cards, n_models=n, name="data", held=("objective",)),
            0.05,
            1000,
            20,
            NOTHING,
        )
        for n in (12, 30)
        for where, cards in (("normal", ONLY), ("factors", Cards((), ONLY.same, "factors")))
    ),
    Claim(
        "partial_mantel",
        "30 models, data alone, nothing planted",
        partial(rejects_partial, cards=NONE, n_models=30, name="data", held=()),
        0.05,
        1000,
        20,
        NOTHING,
    ),
    Claim(
        "partial_mantel",
        "30 models, data alone, only objective planted: not the same as given objective",
        partial(rejects_partial, cards=Cards((), (("objective", 2.5),)), n_models=30, name="data", held=()),
        None,
        200,
        20,
        FOUND,
    ),
    Claim(
        "partial_mantel",
        "30 models, objective given all others, planted",
        partial(
            rejects_partial, cards=ONLY, n_models=30, name="objective", held=("data", "architecture", "size")
        ),
        None,
        200,
        20,
        FOUND,
    ),
    *(
        Claim(
            "performance_gap, interval over models",
            f"{n} models, r = {r}",
            partial(covers_gap, effect=effect, n_models=n),
            runs=runs,
            small=20,
            allowed=(0.92, 1.0),
        )
        for n, runs in ((8, 1000), (20, 1000), (40, 1000))
        for r, effect in (("0", 0.0), ("-.6", 0.6), ("-.9", 2.0))
    ),
    *(
        Claim(
            "performance_gap, test",
            f"{n} models, no association",
            partial(rejects_gap, effect=0.0, n_models=n),
            0.05,
            1000,
            20,
            NOTHING,
        )
        for n in (8, 20)
    ),
    Claim(
        "performance_gap, test",
        "12 models, r = -.6",
        partial(rejects_gap, effect=0.6, n_models=12),
        None,
        200,
        20,
        FOUND,
    ),
    *(
        Claim(
            "inverse_u, interval of the curvature",
            f"{n} models, {shape}",
            partial(covers_curvature, shape=shape, n_models=n),
            runs=runs,
            small=small,
            allowed=(0.93, 0.99),
        )
        for n, runs, small in ((12, 500, 10), (40, 200, 3))
        for shape in SPREADS
    ),
    *(
        Claim(
            "inverse_u, two lines",
            f"{n} models, {shape}",
            partial(rejects_no_inverse_u, shape=shape, n_models=n),
            0.05,
            runs,
            small,
            NOTHING,
        )
        for n, runs, small in ((12, 500, 10), (40, 200, 3))
        for shape in ("flat", "rises, then stays")
    ),
    Claim(
        "inverse_u, two lines",
        "16 models, inverse U",
        partial(rejects_no_inverse_u, shape="inverse U", n_models=16),
        None,
        200,
        20,
        FOUND,
    ),
    *(
        Claim(
            "measure_agreement, interval",
            f"{n} models, {of}",
            partial(covers_agreement, world=STRONG, n_models=n, of=of),
            runs=runs,
            small=5,
        )
        for n, runs, of in (
            (12, 500, "similarities"),
            (12, 500, "mean similarities"),
            (12, 500, "consistencies"),
            (30, 200, "similarities"),
            (30, 200, "mean similarities"),
        )
    ),
    *(
        Claim(
            "consistency_domains, interval of the median",
            f"{n} models, {where}",
            partial(covers_median, world=world, n_models=n),
            runs=runs,
            small=5,
        )
        for n, runs in ((10, 500), (30, 200))
        for where, world in (("r = .1", MIDDLE), ("r = .6", STRONG))
    ),
    *(
        Claim(
            "cluster_agreement, permuted labels",
            f"{n} models, {where}",
            partial(rejects_luck, told=told, n_models=n),
            expected,
            2000,
            allowed=allowed,
        )
        for n in (15, 40)
        for where, told, expected, allowed in (
            ("a field that says nothing", 0.0, 0.05, NOTHING),
            ("a field that is the kind of 80 %", 0.7, None, FOUND),
        )
    ),
    *(
        Claim(
            "odd_one_out, interval of the accuracy",
            f"{n} triplets, {m} raters",
            partial(covers_accuracy, n_triplets=n, n_raters=m),
            runs=2000,
            small=100,
        )
        for n, m in ((40, 24), (300, 20))
    ),
    Claim(
        "human.paired_difference",
        "40 triplets, equal models",
        partial(rejects_equal_models, n_triplets=40),
        0.05,
        2000,
        100,
        NOTHING,
    ),
    Claim(
        "human.layer_profile, any layer",
        "60 triplets, equal layers",
        partial(rejects_any_layer, n_triplets=60),
        0.05,
        2000,
        60,
        NOTHING,
    ),
    *(
        Claim(
            f"attribution, {term}",
            f"{n} seeds, {where}",
            partial(covers_effect, world=Overlaps((0.2, 0.1, 0.1), n, missing=missing, tilt=tilt), term=k),
            runs=1000,
        )
        for k, term in enumerate(("data", "task", "data x task"))
        for n in (3, 5)
        for where, missing, tilt in (
            ("all runs", 0.0, 0.0),
            ("a tenth of the runs missing", 0.1, 0.0),
            ("effects that differ between seeds", 0.0, 0.1),
        )
    ),
    *(
        Claim(
            "attribution, verdict",
            f"5 seeds, {where}",
            partial(says_of_effect, world=world, term=2, said=said),
            expected,
            1000,
            allowed=allowed,
        )
        for where, world, said, expected, allowed in (
            ("no effects", Overlaps((0.0, 0.0, 0.0)), ("supported", "reversed"), 0.05, NOTHING),
            ("no interaction", Overlaps((0.2, 0.1, 0.0)), ("supported", "reversed"), 0.05, NOTHING),
            ("an interaction", Overlaps((0.0, 0.0, 0.2)), ("supported",), None, FOUND),
            ("a reversed interaction", Overlaps((0.2, 0.1, -0.2)), ("reversed",), None, FOUND),
        )
    ),
    *(
        Claim(
            "consequence_slopes, interval",
            f"{n} seeds, slope {slope:g}",
            partial(covers_consequence, slope=slope, n_seeds=n),
            runs=1000,
        )
        for n in (3, 5, 10)
        for slope in (0.5, -0.5)
    ),
    *(
        Claim(
            "consequence_slopes, verdict",
            f"{n} seeds, similarity leads to nothing",
            partial(rejects_no_consequence, n_seeds=n),
            0.05,
            1000,
            allowed=NOTHING,
        )
        for n in (3, 5)
    ),
]


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _row(claim: Claim, found: float, runs: int, seconds: float) -> str:
    expected = f"{100 * claim.expected:.0f} %" if claim.expected is not None else "found"
    error = _percent((found * (1 - found) / runs) ** 0.5)
    verdict = "yes" if kept(claim, found, runs, 2.0) else "**no**"
    numbers = (expected, _percent(found), error, str(runs), verdict, f"{seconds:.0f}")
    return "| " + " | ".join((claim.what, claim.where, *numbers, f"{datetime.now(UTC):%Y-%m-%d}")) + " |"


def main() -> None:
    """Run claims; each row is written when it is there, and the others stay as they are."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--only", nargs="+", default=[""], help="claims whose words contain one of these")
    options.add_argument("--runs-scale", type=float, default=1.0)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--workers", type=int, default=1, help="processes")
    options.add_argument("--no-write", action="store_true")
    given = options.parse_args()
    claims = [claim for claim in CLAIMS if any(one in f"{claim.what}, {claim.where}" for one in given.only)]
    jobs = [(claim, max(1, round(claim.runs * given.runs_scale)), given.seed) for claim in claims]
    with ProcessPoolExecutor(given.workers, get_context("spawn")) as pool:
        for (claim, runs, _), (found, seconds) in zip(jobs, pool.map(_timed, jobs), strict=True):
            row = _row(claim, found, runs, seconds)
            print(row, flush=True)
            if not given.no_write:
                write(row)


def write(row: str) -> None:
    """Put a row in its place in the table, which has the claims' order and keeps what was found earlier."""
    known = RESULTS.read_text(encoding="utf-8").splitlines() if RESULTS.exists() else []
    rows = {_claimed(one): one for one in (*known, row)}
    ordered = [rows[key] for claim in CLAIMS if (key := (claim.what, claim.where)) in rows]
    missing = f"\n{len(CLAIMS) - len(ordered)} of {len(CLAIMS)} claims have not been run at full size.\n"
    last = missing if len(ordered) < len(CLAIMS) else ""
    RESULTS.write_text("\n".join([HEAD, *ordered]) + "\n" + last, encoding="utf-8")


def _claimed(row: str) -> tuple[str, ...]:
    """What a row is about: its first two cells."""
    return tuple(cell.strip() for cell in row.split("|")[1:3])


def _timed(job: tuple[Claim, int, int]) -> tuple[float, float]:
    """The rate of a claim, and seconds of CPU."""
    start = time.process_time()
    return rate(*job), time.process_time() - start


HEAD = """# Simulations

`python benchmarks/simulations.py`: intervals of 95 % and tests at 5 % in worlds whose truth is known (docs/inference.md
says what each means). «Kept» is whether the rate lies in what is allowed (intervals 93 to 97 %, up to 100 % where the
truth is at a bound; tests up to 7 %; what was planted is found in half of the runs or more), give or take two
Monte-Carlo errors. A row is of the day that stands in it (seed 0), and of the code of that day.

| what | where | expected | found | Monte-Carlo error | runs | kept | CPU s | run on |
|---|---|---:|---:|---:|---:|---|---:|---|"""


if __name__ == "__main__":
    main()
