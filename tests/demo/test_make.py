"""The folder: what is in it, that it learns, that a killed run goes on, that a changed recipe starts anew."""

import csv
import importlib.metadata
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
import yaml
from safetensors import safe_open
from safetensors.torch import load_file

import seealike.demo.make as room
from seealike.demo import networks
from seealike.demo.datasets import write_datasets
from seealike.demo.images import NAMES
from seealike.demo.pool import pooled
from seealike.demo.train import ARCHITECTURES, Recipe, jobs, learner, train
from seealike.errors import MissingDependency

TINY = Recipe(objectives=("classification", "image-text"), seeds=1, steps=2, batch=8, images=30)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A finished folder and what was told while it was made."""
    folder, told = tmp_path_factory.mktemp("demo") / "new", []
    room.assemble(folder, TINY, progress=lambda *news: told.append(news))
    return folder, told


@pytest.fixture
def folder(made, tmp_path):
    """A copy of the finished folder, to spoil."""
    return shutil.copytree(made[0], tmp_path / "demo")


@pytest.fixture
def trained(monkeypatch):
    """The names of the networks that are trained during the test."""
    names, really = [], room._train_one

    def noted(folder, recipe, item, pool):
        names.append(item[0].name)
        really(folder, recipe, item, pool)

    monkeypatch.setattr(room, "_train_one", noted)
    return names


def test_the_study_names_what_is_in_the_folder(made):
    folder, _ = made
    study = yaml.safe_load((folder / "study.yaml").read_text(encoding="utf-8"))
    assert [d["name"] for d in study["datasets"]] == list(NAMES)
    assert len({d["fields"]["domain"] for d in study["datasets"]}) >= 3
    for told in study["datasets"]:
        with np.load(folder / told["images"], allow_pickle=False) as held:
            assert held["images"].dtype == np.uint8
            assert held["images"].shape == (len(held["labels"]), 32, 32, 3)
            assert held["labels"].max() < len(held["classes"])
    with (folder / study["models"][0]["each"]).open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == [job.name for job in jobs(TINY)]
    for row in rows:
        assert float(row["final_loss"]) > 0
        assert row["steps"] == "2"
        tower = getattr(networks, row["network"])()
        tower.load_state_dict(load_file(folder / row["weights"]), strict=True)
        assert study["models"][0]["layer"] in dict(tower.named_modules())
        assert tower.eval()(torch.zeros(2, 3, 32, 32)).shape == (2, tower.n_features)


def test_no_training_image_is_in_the_study(made):
    for name in NAMES:
        with (
            np.load(made[0] / "datasets" / f"{name}.npz") as a,
            np.load(made[0] / "training" / f"{name}.npz") as b,
        ):
            assert not {x.tobytes() for x in a["images"]} & {x.tobytes() for x in b["images"]}


def test_progress_is_told_to_the_end(made):
    assert made[1][-1] == ("networks", 4, 4)
    assert ("datasets", len(NAMES), len(NAMES)) in made[1]
    assert [done for what, done, _ in made[1] if what == "networks"] == [0, 1, 2, 3, 4]


def test_a_finished_folder_is_left_alone(folder, trained):
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    study = folder / "study.yaml"
    study.write_text("# mine\n", encoding="utf-8")
    room.assemble(folder, TINY)
    assert trained == []
    assert study.read_text(encoding="utf-8") == "# mine\n"
    assert all(path.read_bytes() == content for path, content in before.items() if path != study)


def test_a_killed_run_goes_on_with_the_networks_that_are_missing(folder, trained, monkeypatch):
    shutil.rmtree(folder / "networks")
    really = room._train_one

    def killed(folder, recipe, item, pool):
        if trained:
            raise KeyboardInterrupt
        really(folder, recipe, item, pool)

    monkeypatch.setattr(room, "_train_one", killed)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    with pytest.raises(KeyboardInterrupt):
        room.assemble(folder, TINY)
    first = trained.copy()
    assert len(first) == 1
    assert [path.stem for path in (folder / "networks").iterdir()] == first
    monkeypatch.setattr(room, "_train_one", really)
    room.assemble(folder, TINY)
    assert sorted(trained) == sorted(job.name for job in jobs(TINY))


def test_the_same_recipe_gives_the_same_weights_on_any_number_of_cores(folder, made, monkeypatch):
    shutil.rmtree(folder / "networks")
    monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
    room.assemble(folder, TINY)
    for path in (made[0] / "networks").iterdir():
        again = load_file(folder / "networks" / path.name)
        assert all(torch.equal(value, again[name]) for name, value in load_file(path).items())


def test_a_damaged_network_and_a_damaged_dataset_are_made_again(folder, trained):
    path = folder / "networks" / "convolutional_classification_0.safetensors"
    path.write_bytes(path.read_bytes()[:100])
    broken = folder / "datasets" / "faces.npz"
    whole = broken.read_bytes()
    broken.write_bytes(whole[:200])
    room.assemble(folder, TINY)
    assert trained == ["convolutional_classification_0"]
    assert broken.read_bytes() == whole


def test_another_recipe_trains_again_and_another_number_of_seeds_only_the_new_ones(folder, trained):
    one = replace(TINY, objectives=("classification",), architectures=("transformer",))
    room.assemble(folder, replace(one, seeds=2))
    assert trained == ["transformer_classification_1"]
    room.assemble(folder, replace(one, rate=1e-4))
    assert trained[1:] == ["transformer_classification_0"]


def test_torch_is_left_as_it_was(folder):
    shutil.rmtree(folder / "networks")
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    room.assemble(folder, replace(TINY, objectives=("classification",)))
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("objective", Recipe().objectives)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_training_lowers_the_loss(made, objective, architecture):
    pool = pooled(write_datasets(made[0], seed=0, size=TINY.images, progress=lambda *_: None))
    recipe = Recipe((objective,), (architecture,), steps=25, batch=24)
    student = learner(jobs(recipe)[0], pool, "a")
    before = {name: value.clone() for name, value in student.tower.state_dict().items()}
    losses = train(student, pool, recipe, "a")
    assert np.mean(losses[-5:]) < 0.9 * np.mean(losses[:3])
    assert any(not torch.equal(value, before[name]) for name, value in student.tower.state_dict().items())


def test_seeds_differ_in_their_first_weights(made):
    pool = pooled(write_datasets(made[0], seed=0, size=TINY.images, progress=lambda *_: None))
    first, second = (
        learner(job, pool, job.recipe_digest(TINY, "", 0)) for job in jobs(replace(TINY, seeds=2))[::4]
    )
    assert not torch.equal(first.tower.stages[0].down[0].weight, second.tower.stages[0].down[0].weight)


def test_a_checkpoint_tells_what_it_was_made_from(made):
    with safe_open(made[0] / "networks" / "transformer_image-text_0.safetensors", "pt") as file:
        told = file.metadata()
    assert told["steps"] == "2"
    assert int(told["train_images"]) > 100
    assert len(told["recipe"]) == 16


def test_without_scikit_image_the_remedy_is_named(tmp_path, monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr("seealike.demo.wheels.version", missing)
    with pytest.raises(MissingDependency, match=r'Run: pip install "seealike\[demo\]"'):
        room.make(tmp_path / "demo")
    assert not (tmp_path / "demo").exists()
