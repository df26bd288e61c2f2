"""Number formats on disk: how an array of floats becomes bytes of another precision, and comes back."""

from __future__ import annotations

import numpy as np

from seealike.errors import BadParameter, NonFiniteError, suggestion

#: The precisions that features can be stored in, by the name a study file uses -> the code in the file.
STORED = {"float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16"}

#: Code in the file -> the numpy type that lies on disk (bfloat16 has none: its two bytes lie there).
DTYPES = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype("<u2"),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "I16": np.dtype("<i2"),
    "I8": np.dtype("i1"),
    "U64": np.dtype("<u8"),
    "U32": np.dtype("<u4"),
    "U16": np.dtype("<u2"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("?"),
}
_CODES = {dtype: code for code, dtype in DTYPES.items() if code != "BF16"}


def code_of(array: np.ndarray) -> str:
    """The code of an array's own type.

    Raises:
        BadParameter: a type that a safetensors file has no code for (text, objects, complex numbers).

    Example:
        >>> code_of(np.zeros(3, dtype=np.float16))
        'F16'
    """
    code = _CODES.get(array.dtype.newbyteorder("<"))
    if code is None:
        raise BadParameter(
            where="array", expected="real numbers", got=str(array.dtype), fix="Convert it to float32."
        )
    return code


def stored_code(dtype: str, where: str) -> str:
    """The code of a precision by its name.

    Raises:
        BadParameter: no such precision.
    """
    if dtype not in STORED:
        raise BadParameter(
            where=where, expected="a precision", got=repr(dtype), fix=suggestion(dtype, STORED)
        )
    return STORED[dtype]


def encoded(block: np.ndarray, code: str) -> np.ndarray:
    """Numbers as they lie on disk: rounded to nearest, ties to even, where the precision is lower.

    Raises:
        NonFiniteError: a finite number is too large for that precision (float16 ends at 65,504).

    Example:
        >>> encoded(np.array([1.0, 3.0], dtype=np.float32), "BF16").tolist()
        [16256, 16448]
        >>> encoded(np.array([1e6]), "F16")
        Traceback (most recent call last):
        ...
        seealike.errors.NonFiniteError: F16: expected numbers up to 65504, got 1e+06. Store float32 or bfloat16.
    """
    if code == "BF16":
        return _bfloat16(block)
    with np.errstate(over="ignore"):
        result = np.ascontiguousarray(block, dtype=DTYPES[code])
    if result.dtype.kind == "f" and result.itemsize < block.dtype.itemsize:
        _check_overflow(block, np.isfinite(result), code, float(np.finfo(result.dtype).max))
    return result


def decoded(stored: np.ndarray, code: str) -> np.ndarray:
    """What `encoded` made, as numbers; bfloat16 becomes float32 without loss, all others are themselves.

    Example:
        >>> decoded(np.array([16256, 16448], dtype=np.uint16), "BF16").tolist()
        [1.0, 3.0]
    """
    if code != "BF16":
        return stored
    wide = np.empty(stored.shape, dtype=np.uint32)
    np.left_shift(stored, 16, out=wide, dtype=np.uint32)
    return wide.view(np.float32)


def _bfloat16(block: np.ndarray) -> np.ndarray:
    """The upper half of float32, rounded to nearest even (a NaN stays one)."""
    with np.errstate(over="ignore"):
        single = np.ascontiguousarray(block, dtype=np.float32)
    bits = single.view(np.uint32)
    rounded = ((bits + (0x7FFF + ((bits >> 16) & 1))) >> 16).astype(np.uint16)
    rounded[np.isnan(single)] = 0x7FC0
    largest = float(decoded(np.array([0x7F7F], dtype=np.uint16), "BF16")[0])
    _check_overflow(block, (rounded & 0x7F80) != 0x7F80, "BF16", largest)
    return rounded


def _check_overflow(block: np.ndarray, finite: np.ndarray, code: str, largest: float) -> None:
    lost = ~finite & np.isfinite(block)
    if lost.any():
        got = float(block[lost][0])
        raise NonFiniteError(
            where=code,
            expected=f"numbers up to {largest:.6g}",
            got=f"{got:g}",
            fix="Store float32 or bfloat16." if code == "F16" else "Store float64.",
        )
