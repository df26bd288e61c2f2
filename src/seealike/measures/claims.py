"""What a measure says of itself; the conformance tests hold every claim to account, both ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Flag, auto
from typing import Literal, TypeAlias

#: A measure's parameters, defaults filled in; those that do not apply are None.
Parameters: TypeAlias = Mapping[str, object]


class Invariance(Flag):
    """What may be done to one model's features without changing the value.

    Example:
        >>> Invariance.SCALING in Invariance.SCALING | Invariance.TRANSLATION
        True
    """

    NONE = 0
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
        symmetric: whether the order of the two models does not matter.
        self_value: of a model with itself.
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
    symmetric: bool = True
    self_value: float = 1.0
    version: int = 1
