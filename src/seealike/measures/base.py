"""The `measure` decorator: a declared function of parameters becomes something to call, bind and list."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import update_wrapper
from types import MappingProxyType
from typing import Any, Generic, Literal, ParamSpec

from seealike.engine.allpairs import all_pairs
from seealike.engine.forms import Comparison, Form
from seealike.errors import BadParameter
from seealike.measures.aliases import find
from seealike.measures.claims import Claims, Invariance, Parameters, given
from seealike.measures.doubts import warn_if_faded
from seealike.measures.parameters import filled, identifier
from seealike.numerics.checks import Array, check_same_count, samples
from seealike.registry import Registry

P = ParamSpec("P")

#: Settles parameters that depend on one another: checks them together, fills defaults that depend.
Settle = Callable[[Parameters], Parameters]


class Measure(Generic[P]):
    """A measure: call it on two arrays, or `bind` its parameters to use it on many.

    Made by the decorator `measure`; its call signature is x and y, then the parameters.

    Attributes:
        name: under which it is registered.
        claims: its formula, source and properties.

    Example:
        >>> import numpy as np
        >>> from seealike.measures import cka
        >>> x = np.random.default_rng(0).standard_normal((50, 8))
        >>> round(cka(x, x[:, :4], kernel="linear"), 3), cka.claims.source[:15]
        (0.654, 'Kornblith et al')
    """

    def __init__(self, function: Callable[P, Form], claims: Claims, settle: Settle) -> None:
        update_wrapper(self, function)
        self.name, self.claims = function.__name__, claims
        self._function, self._settle = function, settle
        self.__signature__ = _with_x_and_y(function)

    def __call__(self, x: Array, y: Array, *args: P.args, **kwargs: P.kwargs) -> float:
        """The value for two models' features, (n_samples, n_dims_x) and (n_samples, n_dims_y)."""
        return self.bind(*args, **kwargs)(x, y)

    def bind(self, *args: P.args, **kwargs: P.kwargs) -> BoundMeasure:
        """The measure with its parameters fixed.

        Raises:
            BadParameter: an unknown parameter, a value that cannot be, or parameters that exclude each other.
        """
        if args:
            raise BadParameter(
                where=self.name,
                expected="parameters by name",
                got=f"{len(args)} without one",
                fix=f"Write {next(iter(inspect.signature(self._function).parameters))}=….",
            )
        parameters = self._settle(filled(self.name, self._function, kwargs))
        made: Callable[..., Form] = self._function
        form = made(**parameters)
        if isinstance(form, Comparison):  # the engine does not compute what the claims know
            form = replace(
                form,
                symmetric=given(self.claims.symmetric, parameters),
                self_value=given(self.claims.self_value, parameters),
            )
        return BoundMeasure(self, MappingProxyType(dict(parameters)), form)

    def __get__(self, instance: object, owner: type | None = None) -> Measure[P]:
        # Kept on a class it stays itself; and `help` takes what has a __get__ for a routine: it shows the
        # signature and the docstring.
        return self

    def __repr__(self) -> str:
        return f"<measure {self.name}>"

    def __reduce__(self) -> tuple[object, ...]:
        return MEASURES.__getitem__, (self.name,)


@dataclass(frozen=True, eq=False)
class BoundMeasure:
    """A measure with all its parameters fixed.

    Attributes:
        measure: the measure.
        parameters: all of them, defaults filled in; None where one does not apply.
        form: what it is to the engine.

    Example:
        >>> bound = bind("cka", {"kernel": "rbf", "sigma": 0.4})
        >>> bound.id, bound.bounds
        ('cka-kernel=rbf-sigma=0.4-unbiased=true', (-1.0, 1.0))
    """

    measure: Measure[...]
    parameters: Mapping[str, Any]
    form: Form

    @property
    def name(self) -> str:
        """The name of the measure."""
        return self.measure.name

    @property
    def id(self) -> str:
        """Name and parameters: safe as a file name, and never shared by two configurations."""
        return identifier(self.name, self.parameters)

    @property
    def minimum(self) -> int:
        """How many samples it needs."""
        return self.form.minimum

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the greatest value it can have."""
        return self.measure.claims.bounds(self.parameters)

    @property
    def invariances(self) -> Invariance:
        """What may be done to the features of one model without changing the value."""
        return self.measure.claims.invariances(self.parameters)

    @property
    def direction(self) -> Literal["similarity", "distance"]:
        """Whether larger values mean more alike or less."""
        return self.measure.claims.direction

    @property
    def symmetric(self) -> bool:
        """Whether the order of the two models does not matter."""
        return given(self.measure.claims.symmetric, self.parameters)

    @property
    def self_value(self) -> float | None:
        """The value of a model with itself; None where that depends on the features."""
        return given(self.measure.claims.self_value, self.parameters)

    def chance(self, n_samples: int) -> float | None:
        """The value for models that have nothing in common, where there is a formula for it.

        Example:
            >>> bind("cka").chance(1001) is None
            True
        """
        known = self.measure.claims.chance
        return None if known is None else known(n_samples, self.parameters)

    @property
    def version(self) -> int:
        """Raised whenever the same features give another number than before."""
        return self.measure.claims.version

    def __call__(self, x: Array, y: Array) -> float:
        """The value for two models' features, (n_samples, n_dims_x) and (n_samples, n_dims_y).

        Raises:
            DataError: the features are not 2-D, finite numbers of as many samples as are needed.
            UndefinedMeasure: there is no value for these features.
        """
        checked = {
            side: samples(value, f"{self.name}: {side}", minimum=self.minimum)
            for side, value in (("x", x), ("y", y))
        }
        check_same_count(checked)
        result = all_pairs([self.form], list(checked.values()))[0]
        for error in (*result.undefined.values(), *result.undefined_pairs.values()):
            raise error
        warn_if_faded(self.id, [("x", "y")[place] for place in result.faded])
        return float(result.values[0, 1])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BoundMeasure) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"<{self.id}>"

    def __reduce__(self) -> tuple[object, ...]:
        return bind, (self.name, {key: value for key, value in self.parameters.items() if value is not None})


#: Every measure by its name; other packages add theirs through entry points.
MEASURES = Registry["Measure[...]"]("measure", group="seealike.measures")


def measure(claims: Claims, *, settle: Settle = dict) -> Callable[[Callable[P, Form]], Measure[P]]:
    """Declare and register a measure: decorates a keyword-only function of parameters that gives its form.

    Args:
        claims: its formula, source and properties; tests are made of them.
        settle: checks parameters together and fills defaults that depend on others.

    Example:
        >>> from seealike.measures import MEASURES
        >>> MEASURES["cka"].name
        'cka'
    """

    def declare(function: Callable[P, Form]) -> Measure[P]:
        declared = Measure(function, claims, settle)
        MEASURES.add(declared.name, declared)
        return declared

    return declare


def bind(name: str, parameters: Mapping[str, object] | None = None) -> BoundMeasure:
    """The registered measure of this name with these parameters, as a study file gives them.

    Args:
        name: of a measure, or what another program calls it (`seealike list measures --aliases`).
        parameters: those that are not to have their defaults.

    Raises:
        UnknownName: no such measure; suggests near ones.
        BadParameter: no such parameter, or a value that cannot be.

    Example:
        >>> bind("rsa").id
        'rsa-compare=spearman-rdm=correlation'
        >>> bind("platonic-rep/mutual_knn", {"k": 5}).id
        'mutual_knn-k=5-metric=dot'
    """
    alias = None if name in MEASURES else find(name)
    if alias is not None:
        return MEASURES[alias.measure].bind(**{**alias.parameters, **(parameters or {})})
    return MEASURES[name].bind(**(parameters or {}))


def _with_x_and_y(function: Callable[..., object]) -> inspect.Signature:
    shown = inspect.signature(function)
    either = inspect.Parameter.POSITIONAL_OR_KEYWORD
    features = [inspect.Parameter(side, either, annotation="Array") for side in ("x", "y")]
    parameters = [*features, *shown.parameters.values()]
    return shown.replace(parameters=parameters, return_annotation="float")
