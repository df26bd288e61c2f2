"""Warnings of a command's work, said in a line each when it is done."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def noted(what: str) -> Iterator[None]:
    """Write each different warning that is given inside to standard error, once.

    Args:
        what: it is about: a file, say.

    Example:
        >>> from contextlib import redirect_stderr
        >>> with redirect_stderr(sys.stdout), noted("x.safetensors"):
        ...     warnings.warn("rows of one length", UserWarning)
          note: x.safetensors: rows of one length
    """
    with warnings.catch_warnings(record=True) as doubts:
        warnings.simplefilter("always", UserWarning)
        yield
    for text in dict.fromkeys(str(doubt.message) for doubt in doubts):
        sys.stderr.write(f"  note: {what}: {text}\n")
