"""Students learn what their teacher chooses; a killed training ends in the same weights, bit for bit."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from seealike.data.triplet_codes import CodedTriplets
from seealike.errors import DataError, NonFiniteError
from seealike.sources.models import OpenClipCard, TimmCard, TorchvisionCard
from seealike.sources.models.lora import Lora
from seealike.sources.models.python import PythonCard
from seealike.students.images import TripletImages
from seealike.students.spec import Decay, Tuning
from seealike.students.task import TripletTask
from seealike.students.tune import choices, starting, tune
from seealike.students.weights import fill_student, read_about
from seealike.training import Recipe, drawing_from

NETWORK = """
import torch
from torch import nn

def make():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(3, 6, 3, stride=2), nn.ReLU(), nn.Dropout(0.1), nn.Flatten(), nn.Linear(54, 12), nn.Linear(12, 2)
        )
"""


@pytest.fixture
def card(tmp_path):
    (tmp_path / "net.py").write_text(NETWORK)
    about = {
        "source": "python",
        "name": "base",
        "function": "net.py:make",
        "layer": "4",
        "input": {"size": 8},
    }
    return PythonCard.model_validate(about, context={"root": tmp_path})


@pytest.fixture
def answered(samples):
    """Two of one color are alike, the third is odd; rows in the published layout."""
    rng = np.random.default_rng(3)
    half = len(samples.sample_ids) // 2
    rows = []
    for _ in range(60):
        side = rng.integers(2)
        pair = rng.choice(half, 2, replace=False) + side * half
        rows.append([*pair, rng.integers(half) + (1 - side) * half])
    names = np.array(samples.sample_ids)
    similarities = np.tile([3.0, 0.0, 0.0], (60, 1)) + rng.normal(scale=0.1, size=(60, 3))
    return CodedTriplets(names, np.array(rows), similarities.astype(np.float32)), "colors.npz"


def how(**changes):
    recipe = {
        "steps": 30,
        "batch_size": 16,
        "optimizer": "adam",
        "learning_rate": 0.01,
        "checkpoint_every": 7,
    }
    recipe |= changes.pop("recipe", {})
    return Tuning(
        **{"temperature": 1.0, "head": 8, "decay": Decay(strength=0.1), **changes}, recipe=Recipe(**recipe)
    )


def right(card, tuning, answered, samples, weights=None):
    with drawing_from(0):
        student, _ = starting(card, tuning.model_copy(update={"lora": None}))
    if weights:
        fill_student(student, weights)
    images = TripletImages(samples, answered[0].rows, student.model.preprocess)
    return choices(student, images, answered[0].rows).mean()


@pytest.mark.parametrize("loss", ["kl", "js", "hard"])
def test_a_student_learns_to_choose(card, answered, samples, tmp_path, loss):
    made = tune(card, how(loss=loss), answered, samples, tmp_path / loss)
    before = right(card, how(), answered, samples)
    after = right(card, how(), answered, samples, made.weights)
    assert made.losses[-1] < 0.6 * made.losses[0]
    assert before < 0.85 < after


def test_lora_learns_too_and_its_file_is_of_the_plain_network(card, answered, samples, tmp_path):
    tuning = how(lora=Lora(rank=4), recipe={"learning_rate": 0.03})
    made = tune(card, tuning, answered, samples, tmp_path / "lora")
    assert made.losses[-1] < 0.6 * made.losses[0]
    assert right(card, tuning, answered, samples, made.weights) > 0.85


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "entry"),
    [
        (TimmCard, {"model": "test_vit", "layer": "norm", "pooling": "cls"}),
        (OpenClipCard, {"model": "small-clip", "layer": "visual"}),
        (TorchvisionCard, {"model": "resnet18", "layer": "avgpool", "pooling": "mean"}),
    ],
)
@pytest.mark.usefixtures("small_open_clip")
def test_networks_of_every_zoo_become_students(kind, entry, answered, samples, tmp_path):
    """Untrained ones, whose first steps already bring the triplets nearer; weights come back as they were saved."""
    zoo = {"source": kind.source_name, "name": "m", "pretrained": False, "input": {"size": 32}, **entry}
    card, tuning = kind.model_validate(zoo), how(recipe={"steps": 10, "learning_rate": 0.003})
    made = tune(card, tuning, answered, samples, tmp_path / "zoo")
    assert np.mean(made.losses[-4:]) < np.mean(made.losses[:4])
    with drawing_from(0):
        student, _ = starting(card, tuning)
    start = {name: value.detach().clone() for name, value in student.named_parameters()}
    fill_student(student, made.weights)
    moved = [name for name, value in student.named_parameters() if not torch.equal(value, start[name])]
    assert len(moved) > 5


class Killed(Exception):
    pass


def kill_at(step):
    def progress(done, total):
        if done == step:
            raise Killed

    return progress


@pytest.mark.parametrize("changes", [{}, {"lora": Lora(rank=2, dropout=0.2)}, {"recipe": {"accumulate": 2}}])
def test_a_killed_training_ends_bit_for_bit_as_an_unbroken_one(card, answered, samples, tmp_path, changes):
    whole = tune(card, how(**changes), answered, samples, tmp_path / "whole")
    for step in (10, 24):
        with pytest.raises(Killed):
            tune(card, how(**changes), answered, samples, tmp_path / "broken", progress=kill_at(step))
    broken = tune(card, how(**changes), answered, samples, tmp_path / "broken")
    assert broken.resumed == 2
    assert broken.losses == whole.losses
    one, two = (right_bytes(path.weights) for path in (whole, broken))
    assert one == two


def right_bytes(path):
    from safetensors.torch import load_file

    return {name: value.numpy().tobytes() for name, value in load_file(path).items()}


def test_what_is_done_is_not_done_again_but_other_triplets_are_another_student(
    card, answered, samples, tmp_path
):
    first = tune(card, how(), answered, samples, tmp_path / "s")
    stamp = first.weights.stat().st_mtime_ns

    def never(done, total):
        raise AssertionError("trained again")

    again = tune(card, how(), answered, samples, tmp_path / "s", progress=never)
    assert (again.losses, again.weights.stat().st_mtime_ns) == (first.losses, stamp)
    other = replace(answered[0], similarities=answered[0].similarities * 2)
    changed = tune(card, how(), (other, "t"), samples, tmp_path / "s")
    assert changed.losses != first.losses
    assert read_about(changed.weights)["losses"] == list(changed.losses)


def test_every_image_is_encoded_once_a_batch_and_every_triplet_seen_once_an_epoch(card, answered, samples):
    with drawing_from(0):
        student, _ = starting(card, how())
    rows = answered[0].rows
    images = TripletImages(samples, rows, student.model.preprocess)
    task = TripletTask(student, images, rows, answered[0].similarities, how())
    batches = list(task.batches(0, torch.Generator().manual_seed(5)))
    assert len(batches) == task.n_batches == 60 // 16
    seen = torch.cat([batch.similarities for batch in batches])
    assert len(torch.unique(seen, dim=0)) == 48
    for batch in batches:
        assert len(torch.unique(batch.images.flatten(1), dim=0)) == len(batch.images)
    later = list(task.batches_from(0, torch.Generator().manual_seed(5), 2))
    assert len(later) == 1
    for one, two in zip(later[0], batches[2], strict=True):
        assert torch.equal(one, two)


def test_batches_are_made_as_they_are_needed(card, answered, samples, monkeypatch):
    """An epoch of ten million triplets is not laid out before its first batch."""
    with drawing_from(0):
        student, _ = starting(card, how())
    images = TripletImages(samples, answered[0].rows, student.model.preprocess)
    task = TripletTask(student, images, answered[0].rows, answered[0].similarities, how())
    laid_out = []
    unique = np.unique
    monkeypatch.setattr(np, "unique", lambda *given, **asked: laid_out.append(1) or unique(*given, **asked))
    batches = task.batches(0, torch.Generator().manual_seed(5))
    for n in (1, 2, 3):
        next(batches)
        assert len(laid_out) == n


def test_decay_without_head_pulls_the_network_alone(card, answered, samples):
    with drawing_from(0):
        student, _ = starting(card, how())
    rows = answered[0].rows
    images = TripletImages(samples, rows, student.model.preprocess)
    for head in (True, False):
        decay = Decay(strength=1.0, head=head)
        task = TripletTask(student, images, rows, answered[0].similarities, how(decay=decay))
        before = {name: p.detach().clone() for name, p in student.trained().items()}
        for p in student.parameters():
            p.data += 1.0
        task.before_step(student, 0.25)
        for name, p in student.trained().items():
            moved = 1.0 if name.startswith("head.") and not head else 0.75
            torch.testing.assert_close(p.detach() - before[name], torch.full_like(p, moved))


def test_a_loss_that_is_no_number_stops_this_student(card, answered, samples, tmp_path):
    with pytest.raises(NonFiniteError, match="a finite loss"):
        tune(
            card,
            how(decay=Decay(kind="none"), recipe={"learning_rate": 1e38, "optimizer": "sgd"}),
            answered,
            samples,
            tmp_path / "s",
        )


def test_unanswered_triplets_are_refused(card, answered, samples, tmp_path):
    asked = replace(answered[0], similarities=None)
    with pytest.raises(DataError, match="t.npz: expected answered triplets, got no similarities"):
        tune(card, how(), (asked, "t.npz"), samples, tmp_path)


def test_digest_follows_everything_but_the_checkpoints():
    assert how().digest == how(recipe={"checkpoint_every": 1}).digest
    changed = [
        how(loss="js"),
        how(head=9),
        how(lora=Lora()),
        how(decay=Decay(head=False)),
        how(recipe={"seed": 1}),
    ]
    assert len({how().digest, *(one.digest for one in changed)}) == 6


def test_a_pull_past_the_start_is_refused():
    with pytest.raises(ValueError, match="decay strength × learning rate ≤ 1, got 2"):
        how(decay=Decay(strength=200))
