"""From a layer's output to one row a sample."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from seealike.errors import BadParameter, ShapeError, suggestion

_RULES: dict[str, Callable[[np.ndarray], np.ndarray | None]] = {
    "none": lambda v: v if v.ndim == 2 else None,
    "flatten": lambda v: v.reshape(len(v), -1),
    "mean": lambda v: _spatial(v, np.mean),
    "max": lambda v: _spatial(v, np.max),
    "cls": lambda v: v[:, 0] if v.ndim == 3 else None,
}

POOLINGS = tuple(_RULES)


def check_pooling(rule: str, where: str) -> None:
    """Refuse an unknown pooling rule."""
    if rule not in _RULES:
        raise BadParameter(
            where=where, expected="a pooling rule", got=repr(rule), fix=suggestion(rule, POOLINGS)
        )


def pool(values: np.ndarray, rule: str, *, where: str) -> np.ndarray:
    """One row a sample from a layer's output.

    Args:
        values: (n, d), tokens (n, n_tokens, d) or maps (n, channels, height, width).
        rule: ``none`` (already one row), ``flatten``, ``mean`` or ``max`` (over positions or tokens), ``cls``
            (the first token).
        where: the model and layer, for the error.

    Returns:
        (n, n_dims).

    Raises:
        ShapeError: the rule does not fit the output's shape.

    Example:
        >>> import numpy as np
        >>> pool(np.ones((2, 3, 4, 4)), "mean", where="layer").shape
        (2, 3)
        >>> pool(np.ones((2, 3, 4, 4)), "none", where="layer conv1")
        Traceback (most recent call last):
        ...
        seealike.errors.ShapeError: layer conv1: expected one row a sample (n, d), got output (n, 3, 4, 4). Add pooling: mean | max | flatten.
    """  # noqa: E501
    pooled = _RULES[rule](values)
    if pooled is not None:
        return pooled
    fitting = {3: "cls | mean | max | flatten", 4: "mean | max | flatten"}.get(values.ndim, "none | flatten")
    wanted = "one row a sample (n, d)" if rule == "none" else f"an output that {rule!r} can pool"
    got = f"output (n, {', '.join(map(str, values.shape[1:]))})"
    raise ShapeError(where=where, expected=wanted, got=got, fix=f"Add pooling: {fitting}.")


def _spatial(values: np.ndarray, reduce: Callable[..., np.ndarray]) -> np.ndarray | None:
    axes = {3: (1,), 4: (2, 3), 5: (2, 3, 4)}.get(values.ndim)
    return None if axes is None else reduce(values, axis=axes)
