"""All pairs of models under several measures, in one pass over the tiles of all Gram matrices.

Letters: n samples, M models.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar

import numpy as np
import torch

from seealike.engine.comparing import compare_all
from seealike.engine.estimate import Estimate, estimate
from seealike.engine.feature_space import cheaper
from seealike.engine.forms import Comparison, Form, InnerProduct
from seealike.engine.gather import gather_all, needs_row_sums
from seealike.engine.maps import Gram, Map, Stack
from seealike.engine.rank_errors import with_rank_errors
from seealike.engine.ranks import Ranks
from seealike.engine.rows import Centered, Rows
from seealike.engine.stream import Group, Matrices
from seealike.engine.subsample import DRAWS, subsampled, with_subsamples
from seealike.engine.tiles import CPU, Load, Plan, plan_pass
from seealike.engine.turning import turning
from seealike.engine.workers import count_workers, in_order
from seealike.errors import UndefinedMeasure
from seealike.numerics.checks import Samples
from seealike.numerics.precision import exact_products

T = TypeVar("T")
U = TypeVar("U")

#: What a pass may allocate when nothing else is said.
DEFAULT_BUDGET_BYTES = 2**31

#: Called with (tiles done, tiles in all), counting every model's tiles.
Progress: TypeAlias = Callable[[int, int], object]


@dataclass(frozen=True)
class Options:
    """How a pass is made.

    Attributes:
        budget_bytes: how much memory it may take beside the features.
        device: where it is made.
        errors: whether every value gets its standard error.
        replicates: whether the values that the errors are made of are kept.
        seed: of the subsamples that errors without a closed form come from.
        progress: is told how far it is.
    """

    budget_bytes: int = DEFAULT_BUDGET_BYTES
    device: torch.device = CPU
    errors: bool = False
    replicates: bool = False
    seed: int = 0
    progress: Progress | None = None


def all_pairs(
    forms: Sequence[Form], models: Sequence[Samples], options: Options | None = None
) -> list[Estimate]:
    """The values of every form for all pairs of models; each model's rows are multiplied once a kind.

    One pass has one precision: float64 as soon as one model's features are, else float32 tiles (with
    float64 preparation and sums).

    Args:
        forms: the measures.
        models: features of the same n samples, (n, d_m) each; at least one model.
        options: memory, device, errors, progress.

    Returns:
        One estimate a form, in their order.

    Raises:
        BadParameter: the budget is too small.

    Example:
        >>> import numpy as np
        >>> from seealike.engine.estimators import BIASED
        >>> from seealike.engine.maps import Gram
        >>> from seealike.engine.rows import Centered
        >>> from seealike.numerics.checks import samples
        >>> models = [samples(np.eye(4, d), "x") for d in (2, 3)]
        >>> all_pairs([InnerProduct(Centered(), Gram(), BIASED)], models)[0].values.round(3).tolist()
        [[1.0, 0.856], [0.856, 1.0]]
    """
    options, ticks = options or Options(), Ticks()
    ticks.progress = options.progress
    streamed = list({form: None for form in forms if isinstance(form, InnerProduct)})
    compared = list({form: None for form in forms if isinstance(form, Comparison)})
    preparations = {form.preparation for form in compared}
    rounds = 1 + (DRAWS if options.errors else 0)
    ticks.total += len(models) * rounds * (len(preparations) + len(compared))
    with exact_products():
        made: dict[Form, Estimate] = {**_streamed(streamed, models, options, ticks)}
        made |= _compared(compared, models, (options, ticks))
        if options.errors:
            made |= {form: _with_errors(form, made[form], models, (options, ticks)) for form in compared}
    ticks.finish()
    return [made[form] for form in forms]


def _with_errors(
    form: Comparison, result: Estimate, models: Sequence[Samples], how: tuple[Options, Ticks]
) -> Estimate:
    """The result with errors from subsamples."""
    options, _ = how
    if np.isnan(result.values).all():
        return result

    def values(some: Sequence[Samples]) -> np.ndarray:
        return _compared([form], some, how)[form].values

    made, size = subsampled(form.minimum, models, values, options.seed)
    return with_subsamples(result, made, size, models[0].n, replicates=options.replicates)


def _compared(
    forms: Sequence[Comparison], models: Sequence[Samples], how: tuple[Options, Ticks]
) -> dict[Comparison, Estimate]:
    options, ticks = how
    workers = _workers(count_workers(options.device), len(models))
    made: dict[Comparison, Estimate] = {}
    for preparation in {form.preparation: None for form in forms}:
        states, undefined = _each(dict(enumerate(models)), preparation.prepare, workers, lambda: ticks.add(1))
        for form in forms:
            if form.preparation == preparation:
                made[form] = compare_all(form, states, undefined)
                ticks.add(len(models))
    return made


def _streamed(
    forms: Sequence[InnerProduct], models: Sequence[Samples], options: Options, ticks: Ticks
) -> dict[InnerProduct, Estimate]:
    if not forms:
        return {}
    load = load_of(forms, models, options)
    plan = plan_pass(load, options.budget_bytes)
    ticks.total += plan.n_tiles * len(models) * passes(forms, errors=options.errors)
    groups, made = _groups(forms, models, (plan, ticks))
    for bundle in _bundles([(group, left) for group, left in groups if left]):
        linear = len(bundle) == 1 and all(form.map == Gram() for form in bundle[0][1])
        outcomes = gather_all(
            bundle,
            len(models),
            lambda: ticks.add(len(models)),
            errors=options.errors,
            through_features=linear and cheaper(load, errors=options.errors),
        )
        made |= {
            form: estimate(form, outcome, replicates=options.replicates) for form, outcome in outcomes.items()
        }
    if options.errors:
        made |= {
            form: with_rank_errors(made[form], group, options.seed, replicates=options.replicates)
            for group, left in groups
            for form in left
            if isinstance(form.map, Ranks)
        }
    return made


def fitted_groups(
    forms: Sequence[InnerProduct], models: Sequence[Samples], options: Options
) -> tuple[list[tuple[Group, list[InnerProduct]]], dict[InnerProduct, Estimate]]:
    """All models under each kind of rows with the forms of it, and the forms that no model has a matrix for."""
    plan = plan_pass(load_of(forms, models, options), options.budget_bytes)
    return _groups(forms, models, (plan, Ticks()))


def _groups(
    forms: Sequence[InnerProduct], models: Sequence[Samples], how: tuple[Plan, Ticks]
) -> tuple[list[tuple[Group, list[InnerProduct]]], dict[InnerProduct, Estimate]]:
    made: dict[InnerProduct, Estimate] = {}
    groups: list[tuple[Group, list[InnerProduct]]] = []
    for rows in sorted({form.rows: None for form in forms}, key=lambda rows: rows != Centered()):
        sharing = list({form: None for form in forms if form.rows == rows})
        group, blank = _group(rows, sharing, models, how)
        made |= blank
        groups.append((group, [form for form in sharing if form not in blank]))
    return groups, made


def _group(
    rows: Rows, forms: Sequence[InnerProduct], models: Sequence[Samples], how: tuple[Plan, Ticks]
) -> tuple[Group, dict[InnerProduct, Estimate]]:
    """All models under one kind of rows, prepared and fitted, and the forms that no model has a matrix for."""
    plan, ticks = how
    workers = _workers(plan.workers, len(models))
    alone = replace(plan, workers=1) if workers > 1 else plan
    prepared, undefined = _each(dict(enumerate(models)), lambda model: rows.prepare(model, alone), workers)
    matrices: dict[Map, Matrices] = {}
    blank: dict[InnerProduct, Estimate] = {}
    for kind in {form.map: None for form in forms}:
        fitted, unfit = _each(prepared, lambda p, kind=kind: kind.fit(p, alone), workers)
        ticks.add(kind.scans * plan.n_tiles * len(models))
        if fitted:
            maps = tuple(fitted.get(member) for member in prepared)
            matrices[kind] = Matrices(kind, maps, undefined | unfit, Stack(maps, plan))
        else:
            nothing = np.full((len(models), len(models)), np.nan)
            blank |= {form: Estimate(nothing, undefined | unfit) for form in forms if form.map == kind}
    return Group(list(prepared), list(prepared.values()), matrices, plan), blank


def _workers(workers: int, n_models: int) -> int:
    """With many models each is one worker's, from its first block to its last tile; few share all threads."""
    return workers if n_models >= workers else 1


def _bundles(
    groups: Sequence[tuple[Group, list[InnerProduct]]],
) -> list[list[tuple[Group, list[InnerProduct]]]]:
    """Groups that share their products: those whose tiles follow from the first one's, and all others alone."""
    bundles: list[list[tuple[Group, list[InnerProduct]]]] = []
    for group, forms in groups:
        first = bundles[0][0][0] if bundles else None
        same = first is not None and first.members == group.members
        same = same and all(form.map.of_distances for form in forms)  # inner products do not follow
        how = turning(first.prepared, group.prepared, group.plan) if first is not None and same else None
        if how is None:
            bundles.append([(group, forms)])
        else:
            bundles[0].append((replace(group, turning=how), forms))
    return bundles


def _each(
    given: Mapping[int, T],
    make: Callable[[T], U],
    workers: int = 1,
    tick: Callable[[], object] = lambda: None,
) -> tuple[dict[int, U], dict[int, UndefinedMeasure]]:
    """What `make` makes of every entry, and why it could not make something of the others."""

    def attempt(value: T) -> U | UndefinedMeasure:
        try:
            return make(value)
        except UndefinedMeasure as error:
            return error

    tried: dict[int, U | UndefinedMeasure] = {}
    for key, found in zip(given, in_order(attempt, given.values(), min(workers, len(given))), strict=True):
        tried[key] = found
        tick()
    undefined = {key: found for key, found in tried.items() if isinstance(found, UndefinedMeasure)}
    return {key: found for key, found in tried.items() if not isinstance(found, UndefinedMeasure)}, undefined


def load_of(forms: Sequence[InnerProduct], models: Sequence[Samples], options: Options) -> Load:
    """What a pass for these forms has to carry."""
    wide = any(model.dtype == torch.float64 for model in models)
    rowwise = {(form.rows, form.map, form.estimator) for form in forms if form.map.leaves_one_out}
    return Load(
        n_samples=models[0].n,
        dims=tuple(model.d for model in models),
        n_rows=len({form.rows for form in forms}),
        n_maps=len({(form.rows, form.map) for form in forms}),
        dtype=torch.float64 if wide else torch.float32,
        device=options.device,
        workers=count_workers(options.device),
        n_rowwise=len(rowwise) if options.errors else 0,
    )


def passes(forms: Sequence[InnerProduct], *, errors: bool) -> int:
    """How often all tiles are passed over, at most."""
    rows = {form.rows for form in forms}
    scans = sum(kind.scans for _, kind in {(form.rows, form.map) for form in forms})
    counted = {form.rows for form in forms if errors and needs_row_sums(form)}
    return scans + len(rows) + len(counted)


@dataclass
class Ticks:
    """Counts what is done, for the caller's progress."""

    progress: Progress | None = None
    total: int = 0
    done: int = 0

    def add(self, some: int) -> None:
        """So many are done more."""
        self.done += some
        if self.progress is not None and some:
            self.progress(self.done, self.total)

    def finish(self) -> None:
        """All is done, whatever could be saved on the way."""
        self.add(max(self.total - self.done, 0))
