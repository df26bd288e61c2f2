"""What a measure says of itself; the conformance tests hold every claim to account, both ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Flag, auto
from typing import Any, Literal, TypeAlias

#: A measure's parameters, defaults filled in; those that do not apply are None.
Parameters: TypeAlias = Mapping[str, object]


class Invariance(Flag):
    """What may be done to one model's features without changing the value.

    Example:
        >>> Invariance.SCALING in Invariance.SCALING | Invariance.TRANSLATION
        True
    """

    NONE = 0
    PERMUTATION = auto()  #: another order of the dimensions
    ORTHOGONAL = auto()  #: a rotation or reflection of the dimensions
    SCALING = auto()  #: one positive factor for all features
    TRANSLATION = auto()  #: one vector added to every row
    LINEAR = auto()  #: any invertible matrix


@dataclass(frozen=True)
class Claims:
    """The declared properties of a measure.

    Attributes:
        formula: the definition in one line.
        source: where it is from.
        bounds: of the values, given the parameters.
        invariances: what does not change the values, given the parameters; anything not named here does.
        direction: whether larger values mean more alike or less.
        symmetric: whether the order of the two models does not matter; given the parameters, where it depends on them.
        metric: whether it is a distance with d(x, z) <= d(x, y) + d(y, z).
        self_value: of a model with itself, likewise; None where that depends on the features.
        cost: what all pairs cost, in n samples, d dimensions, M models.
        differs: from whom, where one name means two things in the literature.
        chance: (n_samples, parameters) -> the value for models that have nothing in common; None where
            there is no such formula.
        version: raised whenever the same features give another number than before.

    Example:
        >>> claims = Claims("0", "nowhere", lambda p: (0.0, 0.0), lambda p: Invariance.LINEAR)
        >>> claims.direction, claims.version
        ('similarity', 1)
    """

    formula: str
    source: str
    bounds: Callable[[Parameters], tuple[float, float]]
    invariances: Callable[[Parameters], Invariance]
    direction: Literal["similarity", "distance"] = "similarity"
    symmetric: bool | Callable[[Parameters], bool] = True
    metric: bool = False
    self_value: float | Callable[[Parameters], float] | None = 1.0
    cost: str = "M n² d"
    differs: str = ""
    chance: Callable[[int, Parameters], float] | None = None
    version: int = 1


def given(claim: Any, parameters: Parameters) -> Any:
    """A claim for these parameters: the claim itself, unless it depends on them.

    Example:
        >>> given(True, {"k": 2}), given(lambda p: 1 / p["k"], {"k": 2})
        (True, 0.5)
    """
    return claim(parameters) if callable(claim) else claim
