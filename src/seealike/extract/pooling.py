"""From a layer's output to one row a sample."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seealike.errors import BadParameter, DataError, ShapeError, suggestion

POOLINGS = ("none", "cls", "mean", "max", "patch_mean", "cls+patch_mean", "last", "flatten")
_TOKENS, _MAPS, _VOLUMES = 2, 3, 4  # axes of one sample's output
_REDUCE = {"mean": np.mean, "patch_mean": np.mean, "max": np.max}


def check_pooling(rule: str, where: str) -> None:
    """Refuse an unknown pooling rule.

    Raises:
        BadParameter: there is no such rule.

    Example:
        >>> check_pooling("mean", "model m")
    """
    if rule not in POOLINGS:
        raise BadParameter(
            where=where, expected="a pooling rule", got=repr(rule), fix=suggestion(rule, POOLINGS)
        )


def fitting(
    shape: Sequence[int], *, prefix_tokens: int | None = None, padded: bool = False
) -> dict[str, int]:
    """The rules that fit an output, with the number of dimensions that each gives.

    Args:
        shape: of one sample's output: (d,), tokens (n_tokens, d), maps (channels, height, width) or
            (height, width, channels), volumes (channels, time, height, width).
        prefix_tokens: how many leading tokens are no patches, if known.
        padded: the samples are texts of different lengths.

    Returns:
        Rule -> n_dims, in the order of `POOLINGS`.

    Example:
        >>> fitting((197, 768), prefix_tokens=1)
        {'cls': 768, 'mean': 768, 'max': 768, 'patch_mean': 768, 'cls+patch_mean': 1536, 'last': 768, 'flatten': 151296}
        >>> fitting((64, 7, 7))
        {'mean': 64, 'max': 64, 'flatten': 3136}
    """
    widths: dict[str, int] = {}
    if len(shape) == 1:
        widths["none"] = shape[0]
    if len(shape) == _TOKENS and shape[0]:
        width, patches = shape[1], prefix_tokens is not None and prefix_tokens < shape[0]
        widths |= dict.fromkeys(("cls", "mean", "max", "last"), width)
        widths |= {"patch_mean": width} if patches else {}
        widths |= {"cls+patch_mean": 2 * width} if patches and prefix_tokens else {}
    if len(shape) in (_MAPS, _VOLUMES):
        widths |= dict.fromkeys(("mean", "max"), shape[channel_axis(shape)])
    if not padded:
        widths["flatten"] = int(np.prod(shape))
    return {rule: widths[rule] for rule in POOLINGS if rule in widths}


def pool(
    values: np.ndarray,
    rule: str,
    *,
    where: str,
    mask: np.ndarray | None = None,
    prefix_tokens: int | None = None,
) -> np.ndarray:
    """One row a sample from a layer's output.

    ``none`` takes rows as they are, ``flatten`` everything in order, ``mean`` and ``max`` run over all positions or
    tokens, ``cls`` takes the first token, ``patch_mean`` the mean of the tokens behind the prefix,
    ``cls+patch_mean`` both side by side, ``last`` the last token. Padding takes no part in any of them.

    Args:
        values: (n, d), tokens (n, n_tokens, d), maps (n, channels, height, width) or (n, height, width, channels) -
            the channels are last where the first two axes alone are equal - or volumes
            (n, channels, time, height, width). Not written to; ``none`` returns it as it is.
        rule: one of `POOLINGS`.
        where: the model and layer, for the error.
        mask: (n, n_tokens), True for tokens and False for the padding behind them; None where there is none.
        prefix_tokens: how many leading tokens are no patches.

    Returns:
        (n, n_dims).

    Raises:
        BadParameter: no such rule.
        ShapeError: the rule does not fit the output's shape; those that do are listed.
        DataError: a sample without any token to pool.

    Example:
        >>> import numpy as np
        >>> pool(np.ones((2, 3, 4, 4)), "mean", where="layer").shape
        (2, 3)
        >>> tokens = np.arange(12.0).reshape(1, 4, 3)
        >>> pool(tokens, "mean", where="layer", mask=np.array([[True, True, False, False]]))
        array([[1.5, 2.5, 3.5]])
        >>> pool(np.ones((2, 3, 4, 4)), "none", where="layer conv1")
        Traceback (most recent call last):
        ...
        seealike.errors.ShapeError: layer conv1: expected one row a sample (n, d), got output (n, 3, 4, 4). Add pooling: mean | max | flatten.
    """  # noqa: E501
    check_pooling(rule, where)
    shape = values.shape[1:]
    fits = fitting(shape, prefix_tokens=prefix_tokens, padded=mask is not None)
    if rule not in fits:
        raise _does_not_fit(shape, rule, where, list(fits), prefix_tokens)
    if rule in ("none", "flatten"):
        return values.reshape(len(values), fits[rule])
    if len(shape) == _TOKENS:
        return _of_tokens(values, rule, _lengths(values, mask, where), prefix_tokens or 0, where)
    channel = channel_axis(shape) + 1
    axes = tuple(axis for axis in range(1, values.ndim) if axis != channel)
    return _REDUCE[rule](values, axis=axes)


def channel_axis(shape: Sequence[int]) -> int:
    """Where the channels of maps stand: last if the first two axes alone are equal (a square), else first."""
    return 2 if len(shape) == _MAPS and shape[0] == shape[1] != shape[2] else 0


def _lengths(values: np.ndarray, mask: np.ndarray | None, where: str) -> np.ndarray | None:
    """How many tokens each sample has, or None where all of them are tokens."""
    if mask is None:
        return None
    if mask.shape != values.shape[:2] or (mask[:, 1:] > mask[:, :-1]).any():
        raise ShapeError(
            where=where,
            expected=f"a mask {values.shape[:2]} with the padding behind the tokens",
            got=f"a mask {mask.shape}",
            fix="Read a layer of the text's own tokens.",
        )
    return mask.sum(axis=1)


def _of_tokens(
    values: np.ndarray, rule: str, lengths: np.ndarray | None, prefix: int, where: str
) -> np.ndarray:
    if rule == "cls+patch_mean":
        parts = [_of_tokens(values, one, lengths, prefix, where) for one in ("cls", "patch_mean")]
        return np.concatenate(parts, axis=1)
    start = prefix if rule == "patch_mean" else 0
    _check_lengths(lengths, start, where)
    if rule == "cls":
        return values[:, 0]
    if rule == "last":
        return values[:, -1] if lengths is None else values[np.arange(len(values)), lengths - 1]
    reduce = _REDUCE[rule]
    if lengths is None:
        return reduce(values[:, start:], axis=1)
    # One by one: what stands in the padding (NaN, in some networks) is not touched at all.
    rows = [reduce(sample[start:length], axis=0) for sample, length in zip(values, lengths, strict=True)]
    return np.stack(rows)


def _check_lengths(lengths: np.ndarray | None, start: int, where: str) -> None:
    if lengths is not None and (lengths <= start).any():
        row = int(np.argmax(lengths <= start))
        raise DataError(
            where=where,
            expected="texts with tokens to pool",
            got=f"one (row {row} of its batch) with {lengths[row]}, of which {start} are left out",
            fix="Remove empty texts, or use another pooling rule.",
        )


def _does_not_fit(
    shape: Sequence[int], rule: str, where: str, fits: list[str], prefix_tokens: int | None
) -> ShapeError:
    fix = f"Add pooling: {' | '.join(fits)}." if fits else "Read another layer."
    if "patch_mean" in rule and len(shape) == _TOKENS:
        told = "nobody told" if prefix_tokens is None else f"{prefix_tokens} told"
        fix = f"Add prefix_tokens: how many leading tokens are no patches ({told}). {fix}"
    return ShapeError(
        where=where,
        expected="one row a sample (n, d)" if rule == "none" else f"an output that {rule!r} can pool",
        got=f"output (n, {', '.join(map(str, shape))})",
        fix=fix,
    )
