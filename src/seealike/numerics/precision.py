"""Full-precision products, whatever the process has switched on for training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def exact_products() -> Iterator[None]:
    """Matrix products in the full precision of their type, and no gradient tape, until the block ends.

    A training script may have allowed reduced-precision float32 products or be inside autocast; both
    cost CKA several digits. The caller's settings come back at the end.

    Example:
        >>> with exact_products():
        ...     torch.get_float32_matmul_precision()
        'highest'
    """
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        with torch.no_grad(), torch.autocast("cpu", enabled=False):
            yield
    finally:
        torch.set_float32_matmul_precision(before)
