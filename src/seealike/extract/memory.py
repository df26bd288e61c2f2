"""The memory of forward passes on the CPU: kept from one layer to the next, not given back and asked for again."""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Iterator
from contextlib import contextmanager

# Numbers of mallopt(3).
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -2, -3, -4
#: What glibc comes to by itself where large arrays come and go; asking for it once more turns its own search off.
_LARGEST_THRESHOLD = 32 << 20
_MMAPS = 65536


@contextmanager
def kept_memory(device: str) -> Iterator[None]:
    """On the CPU let the allocator reuse the memory of large tensors while a pass runs, and give it back at the end.

    By default glibc maps each tensor of more than some MB anew and unmaps it when it is freed, so that the system must
    clear every page of every layer's output: a fifth of a vision transformer's forward pass. With another C library, or
    on another device, nothing is changed.

    Args:
        device: a torch device name.

    Example:
        >>> with kept_memory("cpu"):
        ...     pass
    """
    if device != "cpu" or platform.libc_ver()[0] != "glibc":
        yield
        return
    library = ctypes.CDLL(None)
    library.mallopt(_MMAP_MAX, 0)
    library.mallopt(_TRIM_THRESHOLD, 2**31 - 1)
    library.mallopt(_TOP_PAD, _LARGEST_THRESHOLD)
    try:
        yield
    finally:
        library.mallopt(_MMAP_MAX, _MMAPS)
        library.mallopt(_MMAP_THRESHOLD, _LARGEST_THRESHOLD)
        library.mallopt(_TRIM_THRESHOLD, 2 * _LARGEST_THRESHOLD)
        library.mallopt(_TOP_PAD, 0)
        library.malloc_trim(0)
