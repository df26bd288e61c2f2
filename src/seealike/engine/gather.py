"""What the values of forms, and their errors, follow from: gathered in one pass, or two where errors need it.

For values alone the tiles are multiplied as they are, and centering corrects the sums. For errors by leaving
out one sample after the other the tiles are centered first, which takes the row sums: from a formula, or
from a pass of their own.

Letters: M models, n samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch

from seealike.engine.estimate import Outcome
from seealike.engine.estimators import Estimator, Sums, before_centering
from seealike.engine.feature_space import gather_linear
from seealike.engine.forms import InnerProduct
from seealike.engine.maps import Gram, HalfSquaredDistance, Map
from seealike.engine.stream import Group, Tick, gather
from seealike.engine.sums import Gathered, RowProducts, Totals
from seealike.engine.workers import in_order


def needs_row_sums(form: InnerProduct) -> bool:
    """Whether leaving samples out takes a pass of its own over the row sums of the form's matrix."""
    return form.map.leaves_one_out and not isinstance(form.map, Gram | HalfSquaredDistance)


def gather_all(
    groups: Sequence[tuple[Group, Sequence[InnerProduct]]],
    n_models: int,
    tick: Tick,
    *,
    errors: bool,
    through_features: bool = False,
) -> dict[InnerProduct, Outcome]:
    """Pass over the tiles of groups that share their products, for all forms.

    Args:
        groups: models, rows and fitted matrices, with the forms of these rows; every form's map is among the
            group's matrices. The first group is multiplied, the tiles of the others follow from its.
        n_models: how many models there are in all.
        tick: called when a tile of all models is done.
        errors: whether to gather what every sample contributes, where leaving one out has a closed form.
        through_features: whether to go through feature space instead of tiles; for linear kernels alone.
    """
    row_sums = _row_sums(groups, tick, errors=errors)
    wanted: list[tuple[Group, list[Gathered]]] = []
    totals: dict[tuple[int, Map], Totals] = {}
    rows: dict[tuple[int, Map, Estimator], RowProducts] = {}
    for place, (group, forms) in enumerate(groups):
        size = group.plan.n_samples, len(group.members)
        for form in forms:
            if errors and form.map.leaves_one_out:
                sums = row_sums[place, form.map]
                key = place, form.map, form.estimator
                rows[key] = rows.get(key) or _start(group, form.map, form.estimator, sums)
            else:
                same = place, form.map
                totals[same] = totals.get(same) or _totals(group, form.map, *size)
        mine: list[Gathered] = [one for key, one in (*totals.items(), *rows.items()) if key[0] == place]
        wanted.append((group, mine))
    if through_features:
        gather_linear(*wanted[0], tick)
    elif totals or rows:
        gather(wanted, tick)
    made: dict[InnerProduct, Outcome] = {}
    for place, (group, forms) in enumerate(groups):
        for form in forms:
            one = rows.get((place, form.map, form.estimator))
            if one is None:
                made[form] = _plain(group, form, totals[place, form.map], n_models)
            else:
                made[form] = _by_rows(group, form, one, row_sums[place, form.map], n_models)
    return {form: _coarser(outcome) for form, outcome in made.items()} if through_features else made


def _coarser(outcome: Outcome) -> Outcome:
    """With the rounding errors of feature space, whose sums hold the diagonals until they are taken away."""
    sums = outcome.sums
    return replace(outcome, sums=replace(sums, noise=sums.noise.clamp(min=(sums.epsilon / sums.n) ** 0.5)))


def _row_sums(
    groups: Sequence[tuple[Group, Sequence[InnerProduct]]], tick: Tick, *, errors: bool
) -> dict[tuple[int, Map], torch.Tensor]:
    """(n, M) sums over j ≠ i of K_ij, of each kind of matrix whose tiles are to be centered."""
    if not errors:
        return {}
    found: dict[tuple[int, Map], torch.Tensor] = {}
    counted: list[tuple[Group, list[Totals]]] = []
    for place, (group, forms) in enumerate(groups):
        size = group.plan.n_samples, len(group.members)
        mine = list[Totals]()
        for kind in {form.map: None for form in forms if form.map.leaves_one_out}:
            known = _by_formula(group, kind)
            if known is None:
                mine.append(Totals.zeros(kind, *size, products=False))
            else:
                found[place, kind] = known
        counted.append((group, mine))
    if any(mine for _, mine in counted):
        gather(counted, tick)
    return found | {
        (place, totals.kind): totals.row_sums for place, (_, mine) in enumerate(counted) for totals in mine
    }


def _totals(group: Group, kind: Map, n_samples: int, n_models: int) -> Totals:
    totals, known = Totals.zeros(kind, n_samples, n_models), _by_formula(group, kind)
    return totals if known is None else replace(totals, row_sums=known, counts=False)


def _by_formula(group: Group, kind: Map) -> torch.Tensor | None:
    each = list(in_order(kind.row_sums, group.prepared, min(group.plan.workers, len(group.prepared))))
    known = [sums for sums in each if sums is not None]
    return torch.stack(known, dim=1) if len(known) == len(each) else None


def _start(group: Group, kind: Map, estimator: Estimator, row_sums: torch.Tensor) -> RowProducts:
    center = estimator.center(_sums(group, kind, None, row_sums)).T
    return RowProducts.zeros(kind, center.to(group.plan.device, group.plan.dtype).contiguous())


def _sums(group: Group, kind: Map, products: torch.Tensor | None, row_sums: torch.Tensor) -> Sums:
    matrices, n_models = group.matrices[kind], len(group.members)
    epsilon = torch.finfo(group.plan.dtype).eps
    return Sums(
        torch.zeros((n_models, n_models), dtype=torch.float64) if products is None else products,
        row_sums.T.contiguous(),
        matrices.known("diagonal"),
        matrices.known("shift"),
        matrices.known("unit"),
        matrices.known("noise") * epsilon,
        epsilon,
    )


def _plain(group: Group, form: InnerProduct, totals: Totals, n_models: int) -> Outcome:
    sums = _sums(group, form.map, totals.products, totals.row_sums)
    return Outcome(group.members, n_models, group.matrices[form.map], sums)


def _by_rows(
    group: Group, form: InnerProduct, rows: RowProducts, row_sums: torch.Tensor, n_models: int
) -> Outcome:
    whole = torch.zeros((len(group.members),) * 2, dtype=torch.float64)
    whole[rows.pairs[0], rows.pairs[1]] = whole[rows.pairs[1], rows.pairs[0]] = rows.sums.sum(dim=0)
    known = _sums(group, form.map, None, row_sums)
    center = rows.center.T.to("cpu", torch.float64)  # as it was taken away, rounded
    products = before_centering(whole, center, known)
    sums = _sums(group, form.map, products, row_sums)
    return Outcome(group.members, n_models, group.matrices[form.map], sums, rows)
