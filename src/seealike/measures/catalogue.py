"""Every measure in words: what the command `seealike list measures` and the page docs/measures.md say."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from seealike.errors import BadParameter
from seealike.measures.base import BoundMeasure, Measure
from seealike.measures.claims import Invariance

#: Numbers tried to see whether a parameter changes what a measure is invariant to.
_TRIED = (0.0, 0.5, 1.0)


@dataclass(frozen=True)
class Entry:
    """One measure in words.

    Attributes:
        name: under which it is registered.
        summary: what it is, in one sentence.
        formula: the definition in one line.
        source: where it is from.
        direction: "similarity" or "distance", and whether it is a metric and symmetric.
        range: the least and the greatest value, for all choices of parameters.
        self_value: of a model with itself.
        invariances: what changes nothing, for all choices of parameters.
        parameters: each with its default and its choices.
        cost: of all pairs.
        differs: from whom, where one name means two things.
        id: with all parameters at their defaults.

    Example:
        >>> from seealike.measures import mutual_knn
        >>> entry = described(mutual_knn)
        >>> entry.parameters
        ('k=10', 'metric=cosine (or euclidean, dot)')
        >>> entry.range, entry.invariances
        ('0 … 1', 'rotations, scale; with metric=euclidean: rotations, scale, translation')
    """

    name: str
    summary: str
    formula: str
    source: str
    direction: str
    range: str
    self_value: str
    invariances: str
    parameters: tuple[str, ...]
    cost: str
    differs: str
    id: str


def described(measure: Measure[...]) -> Entry:
    """A measure in words.

    Example:
        >>> from seealike.measures import procrustes
        >>> described(procrustes).range
        '0 … 1.41; with scale=false: 0 … ∞'
    """
    claims, bound = measure.claims, measure.bind()
    return Entry(
        name=measure.name,
        summary=(inspect.getdoc(measure) or "").partition("\n\n")[0].replace("\n", " "),
        formula=claims.formula,
        source=claims.source,
        direction=_direction(bound),
        range=_for_all(measure, _range),
        self_value=_for_all(measure, _self_value),
        invariances=_for_all(measure, _invariances),
        parameters=tuple(_parameter(name, *about) for name, about in _signature(measure).items()),
        cost=claims.cost,
        differs=claims.differs,
        id=bound.id,
    )


def _self_value(bound: BoundMeasure) -> str:
    return "not one number" if bound.self_value is None else f"{bound.self_value:g}"


def _direction(bound: BoundMeasure) -> str:
    words = [bound.direction]
    words += ["a metric"] if bound.measure.claims.metric else []
    words += [] if bound.symmetric else ["not symmetric: the order of the models matters"]
    return ", ".join(words)


def _signature(measure: Measure[...]) -> dict[str, tuple[Any, object]]:
    """Every parameter's annotation and default."""
    function = inspect.unwrap(measure)
    hints = get_type_hints(function)
    return {name: (hints[name], p.default) for name, p in inspect.signature(function).parameters.items()}


def _parameter(name: str, hint: Any, default: object) -> str:
    others = [_word(choice) for choice in _choices(hint) if choice != default]
    if default is None:
        return f"{name} (optional {'whole ' if int in get_args(hint) else ''}number)"
    return f"{name}={_word(default)}" + (f" (or {', '.join(others)})" if others else "")


def _choices(hint: Any) -> tuple[object, ...]:
    """All values of a parameter that has a few only."""
    return (True, False) if hint is bool else get_args(hint) if get_origin(hint) is Literal else ()


def _word(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).lower()


def _range(bound: BoundMeasure) -> str:
    least, greatest = (f"{value:.3g}".replace("inf", "∞") for value in bound.bounds)
    return f"{least} … {greatest}"


def _invariances(bound: BoundMeasure) -> str:
    held = bound.invariances
    widest = next(word for flag, word in _MAPS.items() if flag in held)
    scaled = ["scale"] if Invariance.SCALING in held and Invariance.LINEAR not in held else []
    return ", ".join([widest, *scaled, *(["translation"] if Invariance.TRANSLATION in held else [])])


#: From the widest to the narrowest: each contains those below.
_MAPS = {
    Invariance.LINEAR: "invertible linear maps",
    Invariance.ORTHOGONAL: "rotations",
    Invariance.PERMUTATION: "permutations",
    Invariance.NONE: "nothing",
}


def _for_all(measure: Measure[...], said: Callable[[BoundMeasure], str]) -> str:
    """What is said of a measure at its defaults, then the choices of which something else is said."""
    usual, others = said(measure.bind()), dict[str, list[str]]()
    for label, text in _said_of_choices(measure, said):
        if text != usual:
            others.setdefault(text, []).append(label)
    return "; ".join([usual, *(f"with {' or '.join(labels)}: {text}" for text, labels in others.items())])


def _said_of_choices(measure: Measure[...], said: Callable[[BoundMeasure], str]) -> Iterator[tuple[str, str]]:
    """Every other choice of one parameter, alone and with every number that changes what is said."""
    about = _signature(measure)
    settings: list[dict[str, Any]] = [{}]
    settings += [{k: v} for k, (hint, default) in about.items() for v in _choices(hint) if v != default]
    for setting in settings:
        chosen = ", ".join(f"{name}={_word(value)}" for name, value in setting.items())
        text = said(measure.bind(**setting))
        if chosen:
            yield chosen, text
        for name, (hint, default) in about.items():
            if float in (hint, *get_args(hint)):
                tried = _tried(measure, setting, (name, default), said)
                yield from _of_number(chosen, (name, default), text, tried)


def _tried(
    measure: Measure[...],
    setting: dict[str, Any],
    parameter: tuple[str, object],
    said: Callable[[BoundMeasure], str],
) -> dict[float, str]:
    texts = dict[float, str]()
    for value in _TRIED:
        with suppress(BadParameter):  # not a value, or not with this choice
            if value != parameter[1]:
                texts[value] = said(measure.bind(**setting, **{parameter[0]: value}))
    return texts


def _of_number(
    chosen: str, parameter: tuple[str, object], usual: str, tried: dict[float, str]
) -> Iterator[tuple[str, str]]:
    name, default = parameter
    lead = f"{chosen}, " if chosen else ""
    if len(set(tried.values())) == 1 and usual not in tried.values():
        yield (
            f"{lead}{name} given" if default is None else f"{lead}another {name}",
            next(iter(tried.values())),
        )
        return
    for value, text in tried.items():
        if text != usual:
            yield f"{lead}{name}={_word(value)}", text
