"""The training loop: what it computes, that it goes on where it was stopped, and what it refuses."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from seealike.errors import BadParameter, DamagedArtifact, DataError, NonFiniteError, StoreError
from seealike.training import Recipe, drawing_from, load_weights, read_record, train


class Regression:
    """A small network with dropout on noisy data that is drawn for every epoch."""

    n_batches = 3

    def __init__(self, seed=0, spoiled=None):
        with drawing_from(seed):
            layers = [nn.Linear(4, 8), nn.Dropout(0.2), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1)]
            self.module = nn.Sequential(*layers)
        self.seen, self.spoiled = 0, spoiled

    def batches(self, epoch, generator):
        for _ in range(self.n_batches):
            x = torch.randn(16, 4, generator=generator)
            yield x, x.sum(1, keepdim=True)

    def loss(self, module, batch):
        self.seen += 1
        loss = nn.functional.mse_loss(module(batch[0]), batch[1])
        return loss * float("nan") if self.seen == self.spoiled else loss


RECIPES = {
    "adamw": Recipe(steps=20, learning_rate=0.05, weight_decay=0.1, warmup_steps=3, checkpoint_every=6),
    "sgd, ema": Recipe(steps=20, optimizer="sgd", learning_rate=0.05, ema=0.9, checkpoint_every=6),
    "clipped, accumulated": Recipe(
        steps=20, learning_rate=0.05, clip_norm=0.5, accumulate=2, checkpoint_every=6, schedule="linear"
    ),
    "bfloat16": Recipe(steps=20, learning_rate=0.05, precision="bfloat16", checkpoint_every=6),
}


def _stopped_at(task, recipe, folder, step):
    """Train, and be killed before this step."""

    class Killed(Exception):
        pass

    def progress(done, _):
        if done == step:
            raise Killed

    with pytest.raises(Killed):
        train(task, recipe, folder, progress=progress)


def _same(one, other):
    mine, theirs = one.module.state_dict(), other.module.state_dict()
    return all(torch.equal(mine[name], theirs[name]) for name in mine)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_resumed_training_ends_with_the_same_bits(tmp_path, recipe):
    whole, parted, again = Regression(), Regression(), Regression()
    said = train(whole, recipe, tmp_path / "whole")
    _stopped_at(parted, recipe, tmp_path / "parted", 14)
    torch.rand(7)  # what others draw in between does not matter
    record = train(again, recipe, tmp_path / "parted")
    assert again.seen == 8 * recipe.accumulate  # steps 13 to 20 alone
    assert _same(whole, again)
    assert record.losses == said.losses
    assert (record.resumed, said.resumed, record.weights) == (1, 0, said.weights)
    assert not (tmp_path / "parted" / "state.pt").exists()


def test_plain_adamw_is_what_torch_does(tmp_path):
    recipe = Recipe(steps=9, learning_rate=0.03, weight_decay=0.2, warmup_steps=2, schedule="cosine")
    ours, bare = Regression(), Regression()
    train(ours, recipe, tmp_path)
    optimizer = torch.optim.AdamW(bare.module.parameters(), lr=1.0, weight_decay=0.2)
    bare.module.train()
    from seealike.training.task import derived_seed

    with drawing_from(0):
        for step in range(9):
            if step % 3 == 0:
                generator = torch.Generator().manual_seed(derived_seed(0, "batches", step // 3))
                batches = iter(bare.batches(step // 3, generator))
            optimizer.param_groups[0]["lr"] = recipe.rate(step, 9)
            optimizer.zero_grad()
            bare.loss(bare.module, next(batches)).backward()
            optimizer.step()
    for mine, theirs in zip(ours.module.parameters(), bare.module.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-6)


def test_average_is_that_of_the_weights(tmp_path):
    seen = []

    class Watched(Regression):
        def after_step(self, module, learning_rate):
            seen.append(module[0].weight.detach().clone())

    task = Watched()
    start = task.module[0].weight.detach().clone()
    train(task, Recipe(steps=5, learning_rate=0.05, ema=0.8), tmp_path)
    expected = start
    for weight in seen:
        expected = 0.8 * expected + 0.2 * weight
    torch.testing.assert_close(task.module[0].weight.detach(), expected)


def test_after_step_may_change_the_weights(tmp_path):
    class Pulled(Regression):
        def after_step(self, module, learning_rate):
            module[0].weight.zero_()

    task = Pulled()
    train(task, Recipe(steps=2), tmp_path)
    assert not task.module[0].weight.any()


def test_frozen_parameters_stay(tmp_path):
    task = Regression()
    task.module[0].requires_grad_(False)
    before = task.module[0].weight.clone()
    train(task, Recipe(steps=3, learning_rate=0.1, weight_decay=0.5), tmp_path)
    assert torch.equal(task.module[0].weight, before)


def test_accumulated_batches_are_one_large_batch(tmp_path):
    class Plain(Regression):
        n_batches = 4

        def __init__(self, size):
            super().__init__()
            self.module, self.size = nn.Sequential(self.module[0], self.module[4]), size

        def batches(self, epoch, generator):
            x = torch.randn(64, 4, generator=generator)
            for part in x.split(self.size):
                yield part, part.sum(1, keepdim=True)

    small, large = Plain(16), Plain(64)
    large.n_batches = 1
    train(small, Recipe(epochs=3, optimizer="sgd", accumulate=4), tmp_path / "small")
    record = train(large, Recipe(epochs=3, optimizer="sgd"), tmp_path / "large")
    assert record.steps == 3
    for mine, theirs in zip(small.module.parameters(), large.module.parameters(), strict=True):
        torch.testing.assert_close(mine, theirs)


def test_a_loss_that_is_no_number_stops_the_training(tmp_path):
    with pytest.raises(NonFiniteError, match="step 15 of 20: expected a finite loss, got nan"):
        train(Regression(spoiled=15), RECIPES["adamw"], tmp_path)
    assert read_record(tmp_path) is None
    assert not (tmp_path / "weights.safetensors").exists()


def test_global_generator_is_put_back(tmp_path):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train(Regression(), Recipe(steps=3), tmp_path)
    assert torch.equal(torch.rand(3), expected)


def test_finished_training_is_loaded_not_repeated(tmp_path):
    first, second = Regression(), Regression(seed=1)
    train(first, RECIPES["adamw"], tmp_path)
    record = train(second, RECIPES["adamw"], tmp_path)
    assert second.seen == 0
    assert _same(first, second)
    assert record == read_record(tmp_path)
    assert not second.module.training


def test_another_recipe_is_refused(tmp_path):
    train(Regression(), Recipe(steps=2), tmp_path / "done")
    with pytest.raises(StoreError, match="that of another recipe"):
        train(Regression(), Recipe(steps=3), tmp_path / "done")
    _stopped_at(Regression(), RECIPES["adamw"], tmp_path / "half", 7)
    with pytest.raises(StoreError, match="that of another recipe"):
        train(Regression(), Recipe(steps=3), tmp_path / "half")


def test_damaged_files_are_named(tmp_path):
    _stopped_at(Regression(), RECIPES["adamw"], tmp_path, 7)
    (tmp_path / "state.pt").write_bytes(b"no state")
    with pytest.raises(DamagedArtifact, match="state.pt: expected the state of a training"):
        train(Regression(), RECIPES["adamw"], tmp_path)
    (tmp_path / "record.json").write_text(json.dumps({"format": 9}))
    with pytest.raises(DamagedArtifact, match="another format"):
        read_record(tmp_path)
    (tmp_path / "record.json").write_text("{")
    with pytest.raises(DamagedArtifact, match="expected a record of a training"):
        read_record(tmp_path)


def test_weights_of_another_network_are_refused(tmp_path):
    train(Regression(), Recipe(steps=1), tmp_path)
    with pytest.raises(DamagedArtifact, match="weights of a Linear as it was trained"):
        load_weights(nn.Linear(2, 2), tmp_path)


def test_task_must_give_the_batches_that_it_promises(tmp_path):
    task = Regression()
    task.n_batches = 2

    def batches(epoch, generator):
        yield from Regression.batches(Regression(), epoch, generator)

    task.batches = batches
    with pytest.raises(DataError, match="expected 2 batches, as the task says, got 3"):
        train(task, Recipe(steps=5), tmp_path)


def test_float16_needs_cuda(tmp_path):
    with pytest.raises(BadParameter, match="float16 needs CUDA"):
        train(Regression(), Recipe(steps=1, precision="float16"), tmp_path)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "either `steps` or `epochs`"),
        ({"steps": 1, "epochs": 1}, "either `steps` or `epochs`"),
        ({"steps": 9, "warmup_steps": 1, "warmup_share": 0.1}, "not both"),
        ({"steps": 9, "lr": 1}, "Extra inputs"),
    ],
)
def test_recipes_that_cannot_be(settings, message):
    with pytest.raises(ValueError, match=message):
        Recipe(**settings)


@pytest.mark.parametrize("schedule", ["constant", "linear", "cosine"])
def test_schedules(schedule):
    recipe = Recipe(steps=100, learning_rate=2.0, schedule=schedule, warmup_share=0.1, final_share=0.25)
    rates = np.array([recipe.rate(step, 100) for step in range(101)])
    np.testing.assert_allclose(rates[:10], 2.0 * np.arange(1, 11) / 10)
    end = {"constant": 2.0, "linear": 0.5, "cosine": 0.5}[schedule]
    middle = {"constant": 2.0, "linear": 1.25, "cosine": 1.25}[schedule]
    assert rates[100] == pytest.approx(end)
    assert rates[55] == pytest.approx(middle)
    assert (np.diff(rates[10:]) <= 0).all()
