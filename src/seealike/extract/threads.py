"""The processor: how many threads decode, leaving the forward pass its cores; and float32 that is float32."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any


def decoding_threads(device: str) -> int:
    """How many threads decode: every core that this process may use, but one that feeds an accelerator.

    On the CPU decoding and the forward pass take turns (see `prefetch`), so that each has all cores.

    Example:
        >>> decoding_threads("cpu") >= decoding_threads("cuda") >= 1
        True
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores if device == "cpu" else max(1, cores - 1)


@contextmanager
def quiet_threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """A pool of threads in which torch's own operations (of image transforms) start no threads of theirs.

    That setting is a thread's own, but setting it also changes the number that matrix products of the whole
    process use; so all threads are started at once, and that number is then set back.
    """
    import torch

    before = torch.get_num_threads()
    started = threading.Barrier(count + 1)

    def start() -> None:
        torch.set_num_threads(1)
        started.wait()

    pool = ThreadPoolExecutor(count, thread_name_prefix="decode", initializer=start)
    for _ in range(count):
        pool.submit(int)
    started.wait()
    torch.set_num_threads(before)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def exact_float32(device: str) -> Iterator[None]:
    """On CUDA let products of float32 be computed in float32, not in TF32 with its 10 bits of mantissa.

    torch's default is TF32 for convolutions, so that features would depend on the machine from the third digit on.
    """
    if device == "cpu":
        yield
        return
    import torch

    backends: tuple[Any, ...] = (torch.backends.cudnn, torch.backends.cuda.matmul)
    before = [backend.allow_tf32 for backend in backends]
    try:
        for backend in backends:
            backend.allow_tf32 = False
        yield
    finally:
        for backend, value in zip(backends, before, strict=True):
            backend.allow_tf32 = value
