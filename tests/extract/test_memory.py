"""Memory of large tensors: reused while a pass runs, given back afterwards."""

from __future__ import annotations

import ctypes
import platform
import resource

import pytest
import torch

from seealike.extract.memory import kept_memory

pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc's allocator can be told to keep memory"
)
PAGE = 4096
SIZE = 96 << 20


def faults_of_one_more() -> int:
    """Pages that the system had to find for a tensor, where one like it had just been freed."""
    torch.ones(SIZE, dtype=torch.uint8)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(SIZE, dtype=torch.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def held() -> int:
    """Bytes of this process that are in memory."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * PAGE


def test_a_freed_tensor_is_reused_within_the_pass_only():
    with kept_memory("cpu"):
        assert faults_of_one_more() < SIZE / PAGE / 20
    before = held()
    faults_of_one_more()
    assert held() < before + SIZE / 4, "given back"


def test_memory_is_given_back_when_the_pass_ends():
    before = held()
    with kept_memory("cpu"):
        torch.ones(SIZE, dtype=torch.uint8)
        assert held() > before + SIZE / 2
    assert held() < before + SIZE / 4


def test_other_devices_are_left_alone(monkeypatch):
    def refuse(name: object) -> None:
        raise AssertionError("the C library was asked for")

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    with kept_memory("cuda"):
        pass
