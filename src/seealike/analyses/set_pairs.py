"""Which model pairs lie between which sets of models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations_with_replacement

import numpy as np
import polars as pl

from seealike.analyses.model_sets import members
from seealike.errors import DataError, UnknownName, suggestion
from seealike.numerics.over_models import Pairs

ALL = "all"


@dataclass(frozen=True)
class SetPair:
    """Two sets of models and the unordered pairs with one member in each.

    Attributes:
        set_x: name of the one.
        set_y: name of the other.
        chosen: (all pairs,) bool, in the order of `numpy.triu_indices`.
        pairs: the models of the chosen ones.
    """

    set_x: str
    set_y: str
    chosen: np.ndarray = field(repr=False)
    pairs: Pairs = field(repr=False)


def set_pairs(
    models: pl.DataFrame, sets: str | Mapping[str, str] = ALL, anchors: tuple[str, ...] = ()
) -> list[SetPair]:
    """All models against all, every unordered pair of sets, and every anchor against every set.

    Args:
        models: a table with the column "model" and the card fields.
        sets: a card field, or name -> expression (see `model_sets`); "all" for no further sets.
        anchors: names of models.

    Raises:
        UnknownName: no such field, value or anchor.
        SpecError: an expression that cannot be read, or a set without models.
        DataError: a model without a value for the field.

    Example:
        >>> models = pl.DataFrame({"model": ["a", "b", "c"], "objective": ["ssl", "ssl", "sup"]})
        >>> [(p.set_x, p.set_y, int(p.chosen.sum())) for p in set_pairs(models, "objective", ("c",))]
        [('all', 'all', 3), ('ssl', 'ssl', 1), ('ssl', 'sup', 2), ('sup', 'sup', 0), ('c', 'all', 2), ('c', 'ssl', 2)]
    """
    everything = np.ones(models.height, dtype=bool)
    named = named_sets(models, sets)
    found = [_pair((ALL, everything), (ALL, everything))]
    found += [_pair(x, y) for x, y in combinations_with_replacement(named.items(), 2)]
    for anchor in anchors:
        one = (models["model"] == anchor).to_numpy()
        if not one.any():
            raise UnknownName(
                where="anchors",
                expected="the name of a model",
                got=repr(anchor),
                fix=suggestion(anchor, models["model"].to_list()),
            )
        others = {ALL: everything, **named}
        against = [_pair((anchor, one), (name, mask & ~one)) for name, mask in others.items()]
        found += [pair for pair in against if pair.chosen.any()]
    return found


def named_sets(
    models: pl.DataFrame, sets: str | Mapping[str, str], *, apart: bool = False
) -> dict[str, np.ndarray]:
    """Name -> (n_models,) bool.

    Args:
        models: as for `set_pairs`.
        sets: as for `set_pairs`.
        apart: whether no model may be in two sets.

    Raises:
        UnknownName, SpecError, DataError: as for `set_pairs`; DataError for a model in two sets.

    Example:
        >>> models = pl.DataFrame({"model": ["a", "b"], "objective": ["ssl", "sup"]})
        >>> {name: mask.tolist() for name, mask in named_sets(models, "objective").items()}
        {'ssl': [True, False], 'sup': [False, True]}
    """
    named = _by_field(models, sets) if isinstance(sets, str) else {}
    if isinstance(sets, Mapping):
        named = {name: members(expression, models) for name, expression in sets.items()}
    twice = np.sum(list(named.values()), axis=0) > 1 if named else np.zeros(0, dtype=bool)
    if apart and twice.any():
        raise DataError(
            where="sets",
            expected="every model in one set at most",
            got=f"{models['model'][int(np.flatnonzero(twice)[0])]} in several",
            fix="Narrow the expressions.",
        )
    return named


def _by_field(models: pl.DataFrame, sets: str) -> dict[str, np.ndarray]:
    if sets == ALL:
        return {}
    if sets not in models.columns:
        raise UnknownName(
            where="consistency",
            expected="a field of the models",
            got=repr(sets),
            fix=suggestion(sets, models.columns),
        )
    without = models.filter(pl.col(sets).is_null())["model"].to_list()
    if without:
        raise DataError(
            where="consistency",
            expected=f"every model to have the field {sets!r}",
            got=f"none for {', '.join(without[:5])}",
            fix="Add it to `fields:` of these models.",
        )
    return {name: (models[sets] == name).to_numpy() for name in sorted(models[sets].unique().to_list())}


def _pair(x: tuple[str, np.ndarray], y: tuple[str, np.ndarray]) -> SetPair:
    (name_x, in_x), (name_y, in_y) = x, y
    left, right = np.triu_indices(len(in_x), 1)
    chosen = (in_x[left] & in_y[right]) | (in_y[left] & in_x[right])
    strata = np.where(in_x | in_y, in_x + 2 * in_y, -1)
    return SetPair(name_x, name_y, chosen, Pairs(left[chosen], right[chosen], strata))
