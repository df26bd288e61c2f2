"""`seealike.extract.pooling` for tensors that gradients flow through."""

from __future__ import annotations

import torch

from seealike.errors import ShapeError
from seealike.extract.pooling import channel_axis, check_pooling, fitting

_TOKENS = 2  # axes of one sample's output


def pooled(values: torch.Tensor, rule: str, *, where: str, prefix_tokens: int | None = None) -> torch.Tensor:
    """One row a sample from a layer's output; the same numbers as `seealike.extract.pooling.pool` gives.

    Args:
        values: (n, d), tokens (n, n_tokens, d), maps or volumes.
        rule: none, cls, mean, max, patch_mean, cls+patch_mean, last or flatten.
        where: the model and layer, for the error.
        prefix_tokens: how many leading tokens are no patches.

    Returns:
        (n, n_dims).

    Raises:
        BadParameter: no such rule.
        ShapeError: the rule does not fit the output's shape; those that do are listed.

    Example:
        >>> pooled(torch.ones(2, 3, 4, 4), "mean", where="layer").shape
        torch.Size([2, 3])
    """
    check_pooling(rule, where)
    shape = tuple(values.shape[1:])
    fits = fitting(shape, prefix_tokens=prefix_tokens)
    if rule not in fits:
        raise ShapeError(
            where=where,
            expected="an output that this pooling fits" if fits else "an output that can be pooled",
            got=f"pooling {rule} of (n, {', '.join(map(str, shape))})",
            fix=f"Set pooling: {' | '.join(fits)}." if fits else "Train another layer.",
        )
    if rule in ("none", "flatten"):
        return values.flatten(1)
    if len(shape) == _TOKENS:
        return _of_tokens(values, rule, prefix_tokens or 0)
    channel = channel_axis(shape) + 1
    axes = tuple(axis for axis in range(1, values.ndim) if axis != channel)
    return values.mean(dim=axes) if rule == "mean" else values.amax(dim=axes)


def _of_tokens(values: torch.Tensor, rule: str, prefix: int) -> torch.Tensor:
    if rule == "cls+patch_mean":
        return torch.cat([values[:, 0], values[:, prefix:].mean(dim=1)], dim=1)
    if rule in ("cls", "last"):
        return values[:, 0 if rule == "cls" else -1]
    if rule == "max":
        return values.amax(dim=1)
    return values[:, prefix if rule == "patch_mean" else 0 :].mean(dim=1)
