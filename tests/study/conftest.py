"""A study small enough for a test: random images in two files, four tiny networks with saved weights."""

from pathlib import Path

import numpy as np
import pytest
import torch

NETWORKS = '''
import torch
from torch import nn


class Tiny(nn.Module):
    """Two convolutions and a head."""

    def __init__(self, width=8):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3, stride=2)
        self.body = nn.Sequential(nn.ReLU(), nn.Conv2d(width, 12, 3))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(12, 3)

    def forward(self, x):
        return self.head(self.pool(self.body(self.conv(x))).flatten(1))
'''

STUDY = """\
name: tiny
seed: 3
output: results
models:
  - each: {seed: [0, 1], objective: [ssl, supervised]}
    source: checkpoint
    name: "{objective}-{seed}"
    network: nets.py:Tiny
    weights: "{objective}-{seed}.pt"
    layer: pool
    pooling: flatten
    head: head
    classes: three
    input: {size: 12}
    fields: {objective: "{objective}"}
datasets:
  - {source: arrays, name: noise, images: noise.npz, classes: three, fields: {domain: a}}
  - {source: arrays, name: stripes, images: stripes.npz, fields: {domain: b}}
measures: [cka, rsa]
analyses: [{consistency: {sets: objective}}, head_accuracy]
"""


def images(kind: str, n: int = 40) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(len(kind))
    pixels = rng.integers(0, 256, (n, 16, 16, 3), dtype=np.uint8)
    if kind == "stripes":
        pixels[:, ::2] //= 4
    return {"images": pixels, "labels": np.arange(n) % 3}


def write_study(folder: Path, text: str = STUDY) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "nets.py").write_text(NETWORKS)
    space: dict = {}
    exec(NETWORKS, space)
    for seed in (0, 1):
        for objective in ("ssl", "supervised"):
            torch.manual_seed(seed + 10 * len(objective))
            torch.save(space["Tiny"]().state_dict(), folder / f"{objective}-{seed}.pt")
    for kind in ("noise", "stripes"):
        np.savez(folder / f"{kind}.npz", **images(kind))
    (folder / "study.yaml").write_text(text)
    return folder / "study.yaml"


@pytest.fixture
def study_file(tmp_path):
    return write_study(tmp_path)
