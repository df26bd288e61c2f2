"""A pass that is killed loses no finished shard of any model."""

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from seealike.data.identity import FeatureKey
from seealike.data.store import read_features
from seealike.extract import Pass, Reader, Reading, extract_together, shards
from seealike.sources.datasets.card import Samples
from seealike.sources.images import ImageInput
from seealike.sources.models.hooks import TorchModel

N = 21
SIZES = {"a": 6, "b": 6, "c": 8}


def samples():
    pixels = np.random.default_rng(0).integers(0, 256, (N, 9, 9, 3), dtype=np.uint8)
    return Samples(tuple(f"i{k}" for k in range(N)), lambda row: Image.fromarray(pixels[row]), None, (), "r")


def reading(folder, name):
    with torch.random.fork_rng():
        torch.manual_seed(ord(name))
        network = torch.nn.Sequential(torch.nn.Conv2d(3, 5, 3), torch.nn.ReLU(), torch.nn.Flatten())
    model = TorchModel(name, network, ImageInput(size=SIZES[name]), "cpu")
    key = FeatureKey(name, "w", "2", "none", f"size {SIZES[name]}", "d", "r", "all")
    return Reading(Reader(model, name), {folder / f"{name}.safetensors": key}, {})


def stored(folder, name):
    return read_features(folder / f"{name}.safetensors").values


KILLED = """
import os, signal, sys
from pathlib import Path
from seealike.extract import Pass, extract_together, shards
from tests.extract import test_killed as this

shards.SHARD = 4
real, written = shards.write_arrays, []
def write(path, *args, **kwargs):
    if len(written) == int(sys.argv[2]):
        path.with_name(".half.tmp").write_bytes(b"half")
        os.kill(os.getpid(), signal.SIGKILL)
    written.append(path)
    real(path, *args, **kwargs)
shards.write_arrays = write
folder = Path(sys.argv[1])
extract_together([this.reading(folder, name) for name in this.SIZES], this.samples(), Pass(4))
"""


@pytest.mark.parametrize("after", [1, 8, 17])
def test_a_killed_pass_keeps_every_finished_shard_of_every_model(tmp_path, monkeypatch, after):
    """A real SIGKILL; what is there is not read again, and the end is equal to the last bit."""
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, tmp_path / "a", str(after)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "a").rglob("*.safetensors")}
    assert len(before) == after
    monkeypatch.setattr(shards, "SHARD", 4)
    read = []
    data = samples()
    counted = replace(data, image=lambda row: (read.append(row), data.image(row))[1])
    extract_together([reading(tmp_path / "a", name) for name in SIZES], counted, Pass(4))
    first = 4 * (after // 3)
    assert sorted(read) == list(range(first, N))
    extract_together([reading(tmp_path / "b", name) for name in SIZES], data, Pass(4))
    for name in SIZES:
        np.testing.assert_array_equal(stored(tmp_path / "a", name), stored(tmp_path / "b", name))
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == sorted(
        f"{name}.safetensors" for name in SIZES
    )
