"""Memory of large tensors: reused while a pass runs, given back afterwards.

Each test is a process of its own: what an allocator does depends on all that was asked of it before.
"""

from __future__ import annotations

import ctypes
import platform
import subprocess
import sys

import pytest

from seealike.extract.memory import kept_memory

pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc's allocator can be told to keep memory"
)
SETUP = """
import resource
from pathlib import Path

import torch

from seealike.extract.memory import kept_memory

PAGE, SIZE = 4096, 96 << 20


def faults_of_one_more():  # pages that the system had to find for a tensor, where one like it had just been freed
    torch.ones(SIZE, dtype=torch.uint8)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(SIZE, dtype=torch.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def held():  # bytes of this process that are in memory
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE

"""
REUSED_WITHIN_THE_PASS_ONLY = """
with kept_memory("cpu"):
    faults_of_one_more()
    assert faults_of_one_more() < SIZE / PAGE / 20, "reused"
before = held()
torch.ones(8 * SIZE, dtype=torch.uint8)  # more than any hole that the pass may have left among what lives on
assert held() < before + SIZE / 4, "given back"
"""
GIVEN_BACK_AT_THE_END = """
before = held()
with kept_memory("cpu"):
    torch.ones(SIZE, dtype=torch.uint8)
    assert held() > before + SIZE / 2, "kept"
assert held() < before + SIZE / 4, "given back"
"""
NOT_REUSED_ELSEWHERE = """
with kept_memory("cuda"):
    assert faults_of_one_more() > 16, "asked for anew"
"""


@pytest.mark.parametrize(
    "script",
    [REUSED_WITHIN_THE_PASS_ONLY, GIVEN_BACK_AT_THE_END, NOT_REUSED_ELSEWHERE],
    ids=["reused", "given back", "elsewhere"],
)
def test_memory_is_kept_while_a_pass_runs(script):
    done = subprocess.run([sys.executable, "-c", SETUP + script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_other_devices_are_left_alone(monkeypatch):
    def refuse(name: object) -> None:
        raise AssertionError("the C library was asked for")

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    with kept_memory("cuda"):
        pass
