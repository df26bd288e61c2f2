"""How an analysis is declared, and how its options are checked before anything runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, get_type_hints

import polars as pl
from pydantic import ConfigDict, TypeAdapter, ValidationError

from seealike.data.identity import digest
from seealike.errors import BadParameter, DataError, clauses, suggestion
from seealike.registry import Registry

Tables = Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class Analysis:
    """A declared analysis.

    Attributes:
        name: as study files write it; also the name of the table it makes.
        run: (tables, **options) -> table.
        needs: the tables it reads: similarities, models, datasets, predictions.
        groups_by: the option that names a card field which every model must have, if there is one.
        version: raised when its numbers change.
    """

    name: str
    run: Callable[..., pl.DataFrame]
    needs: tuple[str, ...]
    groups_by: str | None = None
    version: int = 1

    def bind(self, options: Mapping[str, Any], seed: int = 0) -> BoundAnalysis:
        """Fix the options, with defaults filled in; `seed` is the default of an option of that name.

        Raises:
            BadParameter: an unknown option or an impossible value.
        """
        return BoundAnalysis(
            self, keyword_options(self.run, options, where=f"analysis {self.name}", seed=seed)
        )


def keyword_options(
    run: Callable[..., Any],
    options: Mapping[str, Any],
    *,
    where: str,
    seed: int = 0,
    apart: Collection[str] = (),
) -> dict[str, Any]:
    """All keyword-only options of a function: those given, checked by its type hints, and the others' defaults.

    Args:
        run: the function.
        options: name -> value, as a study file has them.
        where: what has these options, for errors.
        seed: the default of an option of the name seed.
        apart: keyword arguments that are no options.

    Raises:
        BadParameter: an unknown option or an impossible value.

    Example:
        >>> def fit(x, *, epochs: int = 20, seed: int = 0): ...
        >>> keyword_options(fit, {"epochs": 5}, where="fit", seed=7)
        {'epochs': 5, 'seed': 7}
    """
    signature = inspect.signature(run)
    known = {n: p for n, p in signature.parameters.items() if p.kind is p.KEYWORD_ONLY and n not in apart}
    hints = get_type_hints(run, include_extras=True)
    values = {}
    for name, value in options.items():
        if name not in known:
            raise BadParameter(
                where=where, expected="a known option", got=repr(name), fix=suggestion(name, known)
            )
        values[name] = _checked(name, value, hints[name], where)
    defaults = {name: seed if name == "seed" else option.default for name, option in known.items()}
    return defaults | values


def _checked(name: str, value: Any, hint: Any, where: str) -> Any:
    try:
        return TypeAdapter(hint, config=ConfigDict(extra="forbid")).validate_python(value)
    except ValidationError as error:
        raise BadParameter(
            where=where,
            expected=f"{name}: {clauses(error.errors()[0])[0]}",
            got=repr(value),
            fix=f"See the docs of this {where.partition(' ')[0]}.",
        ) from error


@dataclass(frozen=True)
class BoundAnalysis:
    """An analysis with all its options fixed."""

    analysis: Analysis
    options: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Name and digest of version and options."""
        return f"{self.analysis.name}-{digest([self.analysis.version, self.options])}"

    @property
    def fields(self) -> tuple[str, ...]:
        """The card fields that every model must have, where the analysis groups by some."""
        value = self.options.get(self.analysis.groups_by) if self.analysis.groups_by else None
        named = (value,) if isinstance(value, str) else value if isinstance(value, tuple) else ()
        return tuple(name for name in named if name != "all")

    @property
    def sets(self) -> Mapping[str, str]:
        """Name -> expression of the sets of models, where the option that groups gives them so."""
        value = self.options.get(self.analysis.groups_by) if self.analysis.groups_by else None
        return value if isinstance(value, Mapping) else {}

    def __call__(self, tables: Tables) -> pl.DataFrame:
        """The analysis of these tables."""
        return self.analysis.run(tables, **self.options)


ANALYSES: Registry[Analysis] = Registry("analysis", group="seealike.analyses")


def analysis(
    *, needs: tuple[str, ...], groups_by: str | None = None, version: int = 1
) -> Callable[[Callable[..., pl.DataFrame]], Callable[..., pl.DataFrame]]:
    """Declare a function (tables, *, options) -> table as an analysis of its own name."""

    def declare(run: Callable[..., pl.DataFrame]) -> Callable[..., pl.DataFrame]:
        @wraps(run)
        def with_tables(tables: Tables, **options: Any) -> pl.DataFrame:
            lacking = [name for name in needs if name not in tables]
            if lacking:
                raise DataError(
                    where=f"analysis {run.__name__}",
                    expected=f"the table{'s' * (len(needs) > 1)} {' and '.join(needs)}",
                    got=f"no {' and no '.join(lacking)}",
                    fix='Give {"NAME": table, ...}, as a study leaves them in its folder tables.',
                )
            return run(tables, **options)

        ANALYSES.add(run.__name__, Analysis(run.__name__, with_tables, needs, groups_by, version))
        return with_tables

    return declare
