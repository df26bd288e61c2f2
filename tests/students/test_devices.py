"""Several devices: each sees its share of every batch, and the weights are those of one device up to rounding."""

import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from seealike.data.triplet_codes import CodedTriplets, write_coded
from seealike.errors import BadParameter
from seealike.sources.images import ImageInput
from seealike.sources.models.hooks import TorchModel
from seealike.students.images import TripletImages
from seealike.students.network import Student
from seealike.students.spec import Decay, Tuning
from seealike.students.task import TripletTask
from seealike.training import Recipe
from seealike.training.sharing import chosen, is_first, join, own

NETWORK = """
import torch
from torch import nn

def make():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Conv2d(3, 6, 3, stride=2), nn.ReLU(), nn.Flatten(), nn.Linear(54, 12), nn.Linear(12, 2))
"""

STUDY = """
name: shared
output: {output}
models:
  - {{source: python, name: base, function: net.py:make, layer: "3", input: {{size: 8}}}}
datasets:
  - {{source: image_folder, name: colors, path: images}}
students:
  - name: aligned
    model: base
    images: [colors]
    triplets: colors.npz
    seeds: [0, 1]
    temperature: 1
    head: 8
    decay: {{kind: penalty, strength: 0.1}}
    recipe:
      {{steps: 6, batch_size: 4, learning_rate: 0.05, optimizer: sgd, accumulate: 2, clip_norm: 1, checkpoint_every: 2}}
"""


def task(samples, **changes):
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(192, 5))
    student = Student(TorchModel("m", network, ImageInput(size=8), "cpu"), "1", head=None)
    rows = np.random.default_rng(0).permuted(np.tile(np.arange(24), (16, 1)), axis=1)[:, :3]
    similarities = np.random.default_rng(1).normal(size=(16, 3))
    recipe = Recipe(steps=1, **{"batch_size": 8, **changes.pop("recipe", {})})
    how = Tuning(**{"temperature": 1.0, "decay": Decay(kind="none"), **changes}, recipe=recipe)
    return TripletTask(student, TripletImages(samples, rows, ImageInput(size=8)), rows, similarities, how)


def batches(shared):
    return list(shared.batches(0, torch.Generator().manual_seed(3)))


def test_shares_are_the_whole_and_their_mean_loss_is_its_loss(samples):
    whole, parts = task(samples), [task(samples) for _ in range(2)]
    for rank, part in enumerate(parts):
        part.share(rank, 2)
        assert part.n_batches == whole.n_batches == 2
    for one, *shares in zip(batches(whole), *map(batches, parts), strict=True):
        together = torch.stack([share.similarities for share in shares], dim=1).flatten(0, 1)
        assert torch.equal(together, one.similarities)
        losses = [part.loss(part.module, share) for part, share in zip(parts, shares, strict=True)]
        torch.testing.assert_close(sum(losses) / 2, whole.loss(whole.module, one))


def test_what_cannot_be_shared_is_refused(samples):
    with pytest.raises(
        BadParameter, match=r"multiple of 3 \(devices\).* got batches of 8, batch_statistics false"
    ):
        task(samples).share(0, 3)
    with pytest.raises(BadParameter, match="got batches of 8, batch_statistics true"):
        task(samples, batch_statistics=True).share(0, 2)
    with pytest.raises(BadParameter, match="expected one device for this task, got 2"):
        join(SimpleNamespace(world_size=2), SimpleNamespace(), 0)
    with pytest.raises(BadParameter, match="at most"):
        chosen(torch.device("cuda"), torch.cuda.device_count() + 2)


def test_each_process_has_its_own_generator_and_the_first_speaks(monkeypatch):
    states = torch.arange(6).reshape(2, 3)
    second = own(SimpleNamespace(global_rank=1), states)
    assert (second.tolist(), second.storage_offset()) == (
        [3, 4, 5],
        0,
    )  # else torch crashes when it takes the state
    assert own(SimpleNamespace(global_rank=2), states).tolist() == [0, 1, 2]
    assert own(SimpleNamespace(global_rank=1), states[0]).tolist() == [0, 1, 2]
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert is_first(1)
    assert not is_first(2)


@pytest.mark.slow
def test_two_processes_end_where_one_does(samples, tmp_path):
    for row, name in enumerate(samples.sample_ids):
        (tmp_path / "images" / name).parent.mkdir(parents=True, exist_ok=True)
        samples.image(row).save(tmp_path / "images" / name)
    rows = np.array([[k, k + 1, k + 12] for k in range(8)])
    answers = np.random.default_rng(0).uniform(0, 1, (8, 3)).astype(np.float32)
    coded = CodedTriplets(np.array(samples.sample_ids), rows, answers + np.float32([1, 0, 0]))
    write_coded(tmp_path / "colors.npz", coded)
    (tmp_path / "net.py").write_text(NETWORK)
    weights = {}
    for devices in (1, 2):
        study = tmp_path / f"study{devices}.yaml"
        study.write_text(STUDY.format(output=f"out{devices}"))
        command = [sys.executable, "-m", "seealike", "align", "tune", str(study), "--devices", str(devices)]
        env = {**os.environ, "OMP_NUM_THREADS": "1"}
        made = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        assert made.returncode == 0, made.stderr
        assert made.stdout.count("8 triplets, loss") == 2, made.stdout  # one process speaks
        files = sorted((tmp_path / f"out{devices}").glob("students/*/student.safetensors"))
        assert len(files) == 2
        weights[devices] = [load_file(file) for file in files]
    for one, two in zip(weights[1], weights[2], strict=True):
        for name, value in one.items():
            torch.testing.assert_close(two[name], value, rtol=1e-5, atol=1e-6)
