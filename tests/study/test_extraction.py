"""Extraction as a study does it: passes of several models, bad samples, layers by pattern, and what the plan says."""

import json

import numpy as np
import polars as pl
import pytest
from PIL import Image

from seealike import read_features, read_studies, run
from seealike.data.arrays import read_header
from seealike.data.features import Features
from seealike.data.store import write_features
from seealike.errors import OutOfMemory, SourceError
from seealike.sources.models.checkpoint import CheckpointCard
from seealike.sources.models.hooks import TorchModel
from seealike.study.opening import open_study

from .conftest import STUDY, write_study


def once(path):
    return run(read_studies(path)[0])


def change(path, *pairs):
    text = path.read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)


def table(path, name):
    return pl.read_parquet(path.parent / "results" / "tables" / f"{name}.parquet")


def record(path):
    return json.loads((path.parent / "results/record/last-run.json").read_text())


def planned(path):
    opened = open_study(read_studies(path)[0])
    return {c.name: c.outcome(opened.results) for c in opened.cells(present_only=False)}


@pytest.fixture
def folder_study(tmp_path):
    """A study of four models on a folder of images."""
    path = write_study(tmp_path)
    rng = np.random.default_rng(0)
    for label in ("cat", "dog"):
        (tmp_path / "photos" / label).mkdir(parents=True)
        for number in range(10):
            pixels = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / label / f"{number}.png")
    lines = STUDY.splitlines()
    kept = [line for line in lines if not line.startswith(("  - {source: arrays", "analyses:"))]
    kept.insert(kept.index("datasets:") + 1, "  - {source: image_folder, name: photos, path: photos}")
    path.write_text("\n".join(kept) + "\n")
    return path


def bad(path):
    file = path.parent / "photos" / "cat" / "3.png"
    file.write_bytes(b"")
    return "cat/3.png"


@pytest.mark.parametrize("size", [1, 3])
def test_the_number_of_models_in_a_pass_changes_no_number(study_file, size, tmp_path):
    once(study_file)
    other = write_study(tmp_path / "other", STUDY.replace("seed: 3", f"seed: 3\nmodels_per_pass: {size}"))
    once(other)
    found = sorted((study_file.parent / "results/features").rglob("*.safetensors"))
    assert len(found) == 16
    for file in found:
        twin = other.parent / file.relative_to(study_file.parent)
        np.testing.assert_array_equal(read_features(file).values, read_features(twin).values)


def test_models_are_loaded_once_and_so_many_at_a_time(study_file, monkeypatch):
    change(study_file, ("seed: 3", "seed: 3\nmodels_per_pass: 2"))
    said = []

    class Watch:
        def __init__(self):
            from seealike.study.cells import Silent

            self._silent = Silent()

        def __getattr__(self, name):
            def call(*words):
                said.append((name, *words))
                return getattr(self._silent, name)(*words)

            return call

    run(read_studies(study_file)[0], ["extract"], Watch())
    loads = [words[1] for words in said if words[0] == "doing" and words[1].startswith("loading")]
    assert loads == [f"loading {m}" for m in ("ssl-0", "supervised-0", "ssl-1", "supervised-1")]
    passes = [words[1] for words in said if words[0] == "cell"]
    assert passes == ["noise: 2 models", "stripes: 2 models"] * 2
    assert ("doing", "reading dataset noise") in said
    assert ("doing", "digesting the weights of ssl-0") in said


def test_a_bad_image_stops_its_dataset_with_its_name(folder_study):
    name = bad(folder_study)
    failed = [o for o in once(folder_study) if o.status == "failed"]
    assert len(failed) == 4
    assert all(name in o.reason for o in failed)


def test_a_bad_image_is_left_out_of_all_models_and_named(folder_study):
    once(folder_study)
    whole = table(folder_study, "similarities")
    assert record(folder_study)["warnings"] == []
    name = bad(folder_study)
    change(folder_study, ("seed: 3", "seed: 3\non_bad_image: skip"))
    assert all(o.status == "done" for o in once(folder_study))
    assert set(table(folder_study, "similarities")["n_samples"]) == {19}
    assert set(whole["n_samples"]) == {20}
    (warning,) = record(folder_study)["warnings"]
    assert warning.startswith("photos: 1 of 20 samples are left out of ssl-0, ")
    assert name in warning
    assert "supervised-1" in warning
    again = once(folder_study)
    assert all(o.status == "done" for o in again)
    assert record(folder_study)["warnings"] == [warning]  # later runs say so as well


def test_rows_are_joined_by_id_on_what_all_models_have(folder_study):
    """Imported features in another order, of fewer samples, beside extracted ones."""
    once(folder_study)
    first = next(folder_study.parent.glob("results/features/photos/ssl-0/pool-*"))
    ours = read_features(first)
    order = np.random.default_rng(0).permutation(20)[:15]
    copied = Features(ours.values[order] * 2, tuple(ours.sample_ids[k] for k in order))
    theirs = folder_study.parent / "theirs/photos/import/pool.safetensors"
    write_features(theirs, copied)
    entry = "  - {source: features, name: import, path: theirs, layer: pool, fields: {objective: x}}\n"
    change(folder_study, ("datasets:\n", entry + "datasets:\n"))
    assert [o.reason for o in once(folder_study) if o.status != "done"] == []
    rows = table(folder_study, "similarities").filter(measure="cka-kernel=linear-unbiased=true")
    assert set(rows["n_samples"]) == {15}
    same = rows.filter(model_x="import", model_y="ssl-0")["similarity"].item()
    assert same == pytest.approx(1, abs=1e-6)
    (warning,) = record(folder_study)["warnings"]
    assert warning.startswith("photos: 5 of 20 samples are left out of import (")
    write_features(theirs, Features(copied.values, tuple(f"x{k}" for k in range(15))))
    failed = [o for o in once(folder_study) if o.status == "failed"]
    assert "import on photos: expected features of the dataset's samples (cat/0.png, …)" in failed[0].reason


def test_the_plan_says_what_has_changed(folder_study):
    once(folder_study)
    Image.new("RGB", (16, 16)).save(folder_study.parent / "photos/cat/3.png")
    said = {o.reason for o in planned(folder_study).values() if o.stage == "extract"}
    assert said == {"changed since extraction: the dataset's samples"}
    change(folder_study, ("seed: 3", "seed: 3\nstore: float16\nautocast: bfloat16"), ("size: 12", "size: 13"))
    (reason,) = {o.reason for o in planned(folder_study).values() if o.stage == "extract"}
    for word in ("the preprocessing", "the dataset's samples", "autocast", "the type of the stored numbers"):
        assert word in reason


def test_stored_type_and_precision_are_other_features(study_file):
    once(study_file)
    full = table(study_file, "similarities")
    change(study_file, ("seed: 3", "seed: 3\nstore: float16\nautocast: bfloat16"))
    assert all(o.status == "done" for o in once(study_file))
    files = list(study_file.parent.glob("results/features/noise/ssl-0/pool-*"))
    kinds = {read_header(p).arrays["values"]["dtype"]: json.loads(read_header(p).notes["key"]) for p in files}
    assert kinds.keys() == {"F32", "F16"}
    assert kinds["F16"]["precision"] == "bfloat16"
    half = table(study_file, "similarities")
    difference = (full["similarity"] - half["similarity"]).abs()
    assert 0 < difference.max() < 0.05


def test_labels_are_stored_once(study_file):
    once(study_file)
    (noise,) = study_file.parent.glob("results/features/noise/samples-*.parquet")
    stored = pl.read_parquet(noise)
    assert stored.columns == ["sample_id", "label", "class"]
    assert stored["label"].to_list() == [k % 3 for k in range(40)]
    features = next(study_file.parent.glob("results/features/noise/ssl-0/pool-*"))
    assert tuple(stored["sample_id"]) == read_features(features).sample_ids
    before = noise.stat().st_mtime_ns
    change(study_file, ("pooling: flatten", "pooling: mean"))
    once(study_file)
    assert noise.stat().st_mtime_ns == before


def test_memory_that_runs_out_is_in_the_record(study_file, monkeypatch):
    real = TorchModel.forward

    def forward(self, batch, layers):
        if len(batch) > 5 and self.name == "ssl-1":
            raise OutOfMemory(where="ssl-1", expected="room", got="none", fix="Less.")
        return real(self, batch, layers)

    monkeypatch.setattr(TorchModel, "forward", forward)
    assert all(o.status == "done" for o in once(study_file))
    assert record(study_file)["warnings"] == [
        "ssl-1 ran out of memory and went on in batches of 5 on noise, stripes"
    ]


def test_layers_by_pattern_are_found_once(study_file, monkeypatch):
    change(study_file, ("layer: pool", 'layer: {match: "body.*", depth: [0.5, 1.0]}'))
    loads = []
    real = CheckpointCard.load
    monkeypatch.setattr(
        CheckpointCard, "load", lambda self, device: (loads.append(self.name), real(self, device))[1]
    )
    planned(study_file)
    assert sorted(loads) == ["ssl-0", "ssl-1", "supervised-0", "supervised-1"]
    cells = planned(study_file)
    assert len(loads) == 4  # what it found is kept
    assert all(o.status == "todo" for o in cells.values())
    once(study_file)
    assert len(loads) == 8
    models = table(study_file, "models")
    assert models.filter(layer="body.1")["model"].to_list()[0].endswith("/body.1")
    assert set(models["layer"]) == {"body.0", "body.1"}
    study_file.with_name("ssl-0.pt").write_bytes(study_file.with_name("ssl-1.pt").read_bytes())
    planned(study_file)
    assert len(loads) == 8  # the same weights as another model's, whose layers are known


def test_a_pattern_that_fits_nothing_fails_its_model_alone(study_file):
    text = STUDY.replace("    layer: pool", '    layer: "boddy.*"', 1)
    other = (
        STUDY.split("models:\n")[1]
        .split("datasets:")[0]
        .replace('{objective}-{seed}"\n    network', 'more-{objective}-{seed}"\n    network')
    )
    study_file.write_text(text.replace("datasets:", other + "datasets:"))
    outcomes = {o.cell: o for o in once(study_file)}
    assert outcomes["ssl-0 × noise"].status == "failed"
    assert "expected a pattern that fits a layer, got 'boddy.*'" in outcomes["ssl-0 × noise"].reason
    assert outcomes["more-ssl-0 × noise"].status == "done"
    rows = table(study_file, "similarities").filter(pl.col("model_x") == "ssl-0")
    assert rows["similarity"].null_count() == rows.height > 0
    assert rows["reason"].str.contains("boddy").all()


def test_weights_that_cannot_be_had_fail_their_model_alone(study_file, monkeypatch):
    real = CheckpointCard.weights_digest

    def digest(self):
        if self.name == "ssl-1":
            raise SourceError(
                where="model ssl-1", expected="weights", got="a gated repository", fix="Ask for them."
            )
        return real(self)

    monkeypatch.setattr(CheckpointCard, "weights_digest", digest)
    outcomes = {o.cell: o for o in once(study_file)}
    assert "a gated repository" in outcomes["ssl-1 × noise"].reason
    assert outcomes["ssl-0 × noise"].status == "done"
    assert set(table(study_file, "head_accuracy")["model"]) == {"ssl-0", "supervised-0", "supervised-1"}


def test_autocast_wants_a_network_that_can(study_file, monkeypatch):
    change(study_file, ("seed: 3", "seed: 3\nautocast: bfloat16"))
    real = CheckpointCard.load

    class Fixed:
        def __init__(self, model):
            self.forward, self.preprocess = model.forward, model.preprocess
            self.modality, self.prefix_tokens, self.layers = "image", None, model.layers

    def load(self, device):
        model = real(self, device)
        return Fixed(model) if self.name == "ssl-0" else model

    monkeypatch.setattr(CheckpointCard, "load", load)
    outcomes = {o.cell: o for o in once(study_file)}
    assert "expected a network that can run in bfloat16" in outcomes["ssl-0 × noise"].reason
    assert outcomes["ssl-1 × noise"].status == "done"
