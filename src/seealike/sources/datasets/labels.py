"""Class names to class numbers, and numbers that must fit their names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from seealike.errors import DataError


def numbered(names: Sequence[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Class names -> class numbers in sorted order, and the names.

    Example:
        >>> labels, classes = numbered(["b", "a", "b"])
        >>> labels.tolist(), classes
        ([1, 0, 1], ('a', 'b'))
    """
    classes, labels = np.unique(np.array(names, dtype=str), return_inverse=True)
    return labels.astype(np.int64), tuple(str(c) for c in classes)


def labelled(values: Sequence[object], where: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Labels of a table: whole numbers are class numbers already, anything else is a class name.

    Args:
        values: one a sample.
        where: for the error.

    Raises:
        DataError: a sample without a label, or a negative class number.

    Example:
        >>> labelled(["10", "2"], "d")[0].tolist(), labelled(["x", "10"], "d")[1]
        ([10, 2], ('10', 'x'))
    """
    for row, value in enumerate(values):
        if value is None or value == "":
            raise DataError(
                where=f"{where}, row {row + 1}",
                expected="a label",
                got="nothing",
                fix="Fill it in, or drop the row.",
            )
    texts = [str(value) for value in values]
    if not all(text.lstrip("-").isdecimal() for text in texts):
        return numbered(texts)
    numbers = np.array([int(text) for text in texts], dtype=np.int64)
    return checked(numbers, (), where)


def checked(numbers: np.ndarray, classes: Sequence[str], where: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Class numbers with the names of all classes; every number must have a name.

    Args:
        numbers: (n_samples,) class numbers.
        classes: names by number; empty where there are none, then the numbers are the names.
        where: for the error.

    Raises:
        DataError: a number below zero or beyond the last name.

    Example:
        >>> checked(np.array([0, 2]), ("a", "b"), "dataset d")
        Traceback (most recent call last):
        ...
        seealike.errors.DataError: dataset d: expected class numbers 0 to 1, one a name, got 2. Check the labels and the list of class names.
    """  # noqa: E501
    numbers = np.asarray(numbers).astype(np.int64)
    names = tuple(classes) or tuple(str(k) for k in range(int(numbers.max(initial=-1)) + 1))
    bad = numbers[(numbers < 0) | (numbers >= len(names))]
    if bad.size:
        named = classes or numbers.min() >= 0
        raise DataError(
            where=where,
            expected=f"class numbers 0 to {len(names) - 1}, one a name" if named else "class numbers from 0",
            got=", ".join(str(k) for k in np.unique(bad)[:5]),
            fix="Check the labels and the list of class names.",
        )
    return numbers, names
