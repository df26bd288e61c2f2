"""The line from a study file to tables: right numbers, nothing done twice, nothing finished lost."""

import json
import subprocess
import sys
import time

import numpy as np
import polars as pl
import pytest
import torch

import seealike
from seealike import read_features, read_studies, run
from seealike.errors import SpecError

from .conftest import STUDY, images, write_study


def once(path):
    return run(read_studies(path)[0])


def by_status(outcomes):
    counts = {}
    for outcome in outcomes:
        counts.setdefault((outcome.stage, outcome.status), []).append(outcome)
    return counts


def table(path, name):
    return pl.read_parquet(path.parent / "results" / "tables" / f"{name}.parquet")


def test_every_stage_gives_what_calls_by_hand_give(study_file):
    assert {key: len(v) for key, v in by_status(once(study_file)).items()} == {
        ("extract", "done"): 8,
        ("compare", "done"): 4,
        ("analyse", "done"): 2,
    }
    space: dict = {}
    exec((study_file.parent / "nets.py").read_text(), space)
    features = {}
    for name in ("ssl-0", "supervised-1"):
        network = space["Tiny"]().eval()
        network.load_state_dict(torch.load(study_file.with_name(f"{name}.pt"), weights_only=True))
        from PIL import Image

        pixels = [
            np.asarray(Image.fromarray(p).resize((12, 12), Image.Resampling.BILINEAR), dtype=np.float32) / 255
            for p in images("noise")["images"]
        ]
        batch = torch.from_numpy(np.stack(pixels).transpose(0, 3, 1, 2))
        with torch.inference_mode():
            features[name] = network.pool(network.body(network.conv(batch))).flatten(1).numpy()
            logits = network(batch).numpy()
    stored = read_features(next(study_file.parent.glob("results/features/noise/ssl-0/pool-*.safetensors")))
    np.testing.assert_allclose(stored.values, features["ssl-0"], rtol=1e-6, atol=1e-7)

    similarities = table(study_file, "similarities")
    assert similarities.height == 2 * 2 * 16
    row = similarities.filter(
        dataset="noise", measure="cka-kernel=linear-unbiased=true", model_x="ssl-0", model_y="supervised-1"
    )
    assert row["similarity"].item() == pytest.approx(
        seealike.cka(features["ssl-0"], features["supervised-1"]), abs=1e-6
    )

    accuracy = table(study_file, "head_accuracy").filter(model="supervised-1")
    assert accuracy["dataset"].to_list() == ["noise"]  # stripes follow no class list
    expected = (logits.argmax(1) == images("noise")["labels"]).mean()
    assert accuracy["top1"].item() == pytest.approx(expected)

    consistency = table(study_file, "consistency").filter(
        measure="cka-kernel=linear-unbiased=true", correlation="pearson", set_x="all"
    )
    pairs = similarities.filter(
        (pl.col("model_x") < pl.col("model_y")) & (pl.col("measure") == "cka-kernel=linear-unbiased=true")
    )
    a, b = (
        pairs.filter(dataset=d).sort("model_x", "model_y")["similarity"].to_numpy()
        for d in ("noise", "stripes")
    )
    assert consistency["consistency"].item() == pytest.approx(np.corrcoef(a, b)[0, 1], abs=1e-9)


def test_a_path_is_no_study_yet(study_file):
    with pytest.raises(SpecError, match=r"run: expected a study, got str. Read it first: seealike.read_st"):
        run(str(study_file))


def test_a_second_run_does_nothing_again(study_file):
    once(study_file)
    files = {
        p: p.stat().st_mtime_ns
        for kind in ("features", "similarities", "analyses")
        for p in (study_file.parent / "results" / kind).rglob("*")
        if p.is_file()
    }
    outcomes = once(study_file)
    assert all(o.status == "done" for o in outcomes)
    assert {p: p.stat().st_mtime_ns for p in files} == files


def test_only_what_changed_is_done_again(study_file):
    once(study_file)
    network = torch.load(study_file.with_name("ssl-0.pt"), weights_only=True)
    network["conv.weight"] += 0.1
    torch.save(network, study_file.with_name("ssl-0.pt"))
    from seealike.study.opening import open_study

    opened = open_study(read_studies(study_file)[0])
    outcomes = [c.outcome(opened.results) for c in opened.cells(present_only=False)]
    todo = {o.cell: o.reason for o in outcomes if o.status == "todo" and o.stage == "extract"}
    assert todo == dict.fromkeys(
        ["ssl-0 × noise", "ssl-0 × stripes"], "changed since extraction: the model's weights"
    )
    before = table(study_file, "similarities")
    assert all(o.status == "done" for o in once(study_file))
    after = table(study_file, "similarities")
    same = (before["similarity"] - after["similarity"]).abs() == 0
    touched = (before["model_x"] == "ssl-0") | (before["model_y"] == "ssl-0")
    assert same.filter(~touched).all()
    assert not same.filter(touched & (before["model_x"] != before["model_y"])).any()


def test_a_failed_cell_is_a_row_with_a_reason_and_is_retried(study_file):
    good = study_file.with_name("ssl-1.pt").read_bytes()
    state = torch.load(study_file.with_name("ssl-1.pt"), weights_only=True)
    torch.save({f"module.{k}": v for k, v in state.items()}, study_file.with_name("ssl-1.pt"))
    outcomes = once(study_file)
    failed = [o for o in outcomes if o.status == "failed"]
    assert [o.cell for o in failed] == ["ssl-1 × noise", "ssl-1 × stripes"]
    assert 'strip: "module."' in failed[0].reason
    assert "conv.bias" in failed[0].reason
    missing = table(study_file, "similarities").filter(pl.col("similarity").is_null())
    assert set(missing["model_x"]) | set(missing["model_y"]) == {
        "ssl-0",
        "ssl-1",
        "supervised-0",
        "supervised-1",
    }
    assert missing["reason"].str.contains("strip: ").all()
    study_file.with_name("ssl-1.pt").write_bytes(good)
    assert all(o.status == "done" for o in once(study_file))
    assert table(study_file, "similarities")["similarity"].null_count() == 0


def test_an_analysis_is_done_again_when_features_that_it_lacked_are_there(study_file):
    (study,) = read_studies(study_file)
    run(study, ["extract", "compare"])
    next(study_file.parent.glob("results/features/noise/ssl-0/head-*")).unlink()
    run(study, ["analyse"])
    assert table(study_file, "head_accuracy")["model"].n_unique() == 3
    run(study)
    assert table(study_file, "head_accuracy")["model"].n_unique() == 4


def test_a_broken_dataset_fails_alone(study_file):
    study_file.with_name("stripes.npz").write_bytes(b"PK not a zip")
    outcomes = once(study_file)
    failed = [o for o in outcomes if o.status == "failed"]
    assert {o.cell.split(" × ")[1] for o in failed} == {"stripes"}
    assert "stripes.npz" in failed[0].reason
    assert table(study_file, "similarities")["dataset"].unique().to_list() == ["noise"]


def test_skipped_cells_say_why(tmp_path):
    path = write_study(tmp_path, STUDY.replace("    classes: three\n", "    datasets: [noise]\n", 1))
    outcomes = once(path)
    skipped = {o.cell: o.reason for o in outcomes if o.status == "skipped"}
    assert skipped["ssl-0 × stripes"] == "the model's `datasets:` lists noise only"
    assert "0 models have features on it" in skipped["stripes, cka-kernel=linear-unbiased=true"]
    assert "no model has a head" in skipped["head_accuracy()"]


def test_two_models_with_one_checkpoint_are_named(study_file):
    study_file.with_name("ssl-1.pt").write_bytes(study_file.with_name("ssl-0.pt").read_bytes())
    once(study_file)
    record = json.loads((study_file.parent / "results/record/last-run.json").read_text())
    assert record["warnings"] == [
        "ssl-0 and ssl-1 have identical features on noise, stripes: are they the same checkpoint?"
    ]


def test_the_record_says_what_ran(study_file):
    once(study_file)
    record = json.loads((study_file.parent / "results/record/last-run.json").read_text())
    assert record["versions"]["torch"] == torch.__version__
    assert record["seed"] == 3
    assert record["cells"] == {"done": 14, "failed": 0, "skipped": 0, "todo": 0}
    assert record["study_digest"] == read_studies(study_file)[0].digest
    assert set(record["elapsed_by_stage"]) == {"extract", "compare", "analyse"}


def test_stages_can_be_done_one_by_one(study_file):
    (study,) = read_studies(study_file)
    assert all(o.status == "todo" for o in run(study, ()) if o.stage == "extract")
    run(study, ["compare"])
    assert "no features yet" not in str(table(study_file, "similarities"))
    run(study, ["extract"])
    run(study, ["compare"])
    assert all(o.status == "done" for o in run(study, ["analyse"]))


def test_rows_of_unit_length_are_a_view_that_is_recorded(study_file):
    once(study_file)
    plain = table(study_file, "similarities")
    study_file.write_text(study_file.read_text().replace("seed: 3", "seed: 3\nnormalize: unit_rows"))
    extracted = {
        p: p.stat().st_mtime_ns for p in study_file.parent.glob("results/features/*/*/*.safetensors")
    }
    once(study_file)
    assert {p: p.stat().st_mtime_ns for p in extracted} == extracted
    unit = table(study_file, "similarities")
    path = {n: next(study_file.parent.glob(f"results/features/noise/{n}/pool-*")) for n in ("ssl-0", "ssl-1")}
    x, y = (read_features(p).values.astype("f8") for p in path.values())
    x, y = (v / np.linalg.norm(v, axis=1, keepdims=True) for v in (x, y))
    chosen = {"dataset": "noise", "measure": "cka-kernel=linear-unbiased=true"}
    chosen |= {"model_x": "ssl-0", "model_y": "ssl-1"}
    assert unit.filter(**chosen)["similarity"].item() == pytest.approx(seealike.cka(x, y), abs=1e-5)
    assert unit.filter(**chosen)["similarity"].item() != plain.filter(**chosen)["similarity"].item()


@pytest.mark.parametrize("kill_after", [2, 5])
def test_a_killed_run_goes_on_where_it_stopped(study_file, kill_after):
    """A real SIGKILL in the middle of extraction; the features that were finished are not touched again."""
    program = (
        "import os, signal, sys\n"
        "from seealike.extract.shards import Shards\n"
        "real, calls = Shards.join, []\n"
        "def join(*args):\n"
        f"    if len(calls) == {kill_after}: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    calls.append(1); real(*args)\n"
        "Shards.join = join\n"
        "from seealike import read_studies, run\n"
        "run(read_studies(sys.argv[1])[0])\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(study_file)], capture_output=True, text=True)
    assert done.returncode == -9, done.stderr
    finished = {
        p: p.stat().st_mtime_ns for p in study_file.parent.glob("results/features/*/*/pool-*.safetensors")
    }
    assert len(finished) == kill_after
    time.sleep(0.01)
    assert all(o.status == "done" for o in once(study_file))
    assert {p: p.stat().st_mtime_ns for p in finished} == finished


def test_order_of_models_and_datasets_changes_no_number(tmp_path):
    once(write_study(tmp_path / "a"))
    reordered = STUDY.replace(
        "seed: [0, 1], objective: [ssl, supervised]", "objective: [supervised, ssl], seed: [1, 0]"
    )
    once(write_study(tmp_path / "b", reordered))
    keys = ["dataset", "measure", "model_x", "model_y"]
    a, b = (table(tmp_path / d / "study.yaml", "similarities").sort(keys) for d in "ab")
    np.testing.assert_allclose(a["similarity"], b["similarity"], atol=1e-6)
