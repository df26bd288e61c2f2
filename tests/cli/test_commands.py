"""The commands as a user types them: exit codes, one-line errors, tables for other programs."""

import re
import subprocess
import sys

import pytest
import torch

from tests.study.conftest import STUDY, write_study


@pytest.fixture
def study(tmp_path):
    return write_study(tmp_path)


def test_run_to_a_report_then_nothing_left_to_do(seealike, study):
    code, out, err = seealike("run", study)
    assert code == 0, err
    assert "tiny: 14 done" in out
    assert (study.parent / "results/report.html").stat().st_size > 100_000
    code, out, _ = seealike("plan", study)
    assert code == 0
    assert "todo:" not in out
    assert "0 forward passes" in out


def test_stages_one_by_one(seealike, study):
    code, out, err = seealike("report", study)
    assert code == 0, err
    for stage in ("extract", "compare", "probe", "analyse", "report"):
        code, out, err = seealike(stage, study)
        assert code == 0, err
    assert "14 done" in out
    code, out, err = seealike("report", study, "--figures", study.parent / "figures", "--format", "svg")
    assert code == 0, err
    names = [path.name for path in (study.parent / "figures").iterdir()]
    assert f"figures: {len(names)} in" in out
    assert any(name.startswith("similarity_cka") and name.endswith("_noise.svg") for name in names)


def test_probes_are_a_stage(seealike, study):
    study.write_text(study.read_text() + "probes: [ridge]\n")
    code, out, _ = seealike("plan", study, "--cells")
    assert re.search(r"^probe +0 +8 +0 +0 *$", out, re.MULTILINE), out
    assert "todo: probe ssl-0 × noise, ridge (never done)" in out
    assert seealike("extract", study)[0] == 0
    code, out, err = seealike("probe", study)
    assert (code, "probe: 8 cells, 8 to do" in err) == (0, True), err
    assert "16 done, 6 to do" in out
    assert (study.parent / "results/tables/performance.parquet").exists()


def test_a_stage_that_the_study_does_not_have_says_so(seealike, study):
    code, _, err = seealike("judge", study)
    assert (code, "judge: nothing to do; the study has no `human:`" in err) == (0, True), err


def test_plan_runs_nothing(seealike, study):
    code, out, _ = seealike("plan", study, "--cells")
    assert code == 0
    assert out.count("todo: extract") == 8
    assert "(never done)" in out
    assert not (study.parent / "results").exists()


def test_failed_cells_give_exit_code_three_and_a_reason(seealike, study):
    torch.save({"a": torch.ones(1)}, study.with_name("ssl-0.pt"))
    code, out, err = seealike("run", study)
    assert code == 3
    assert "failed: ssl-0 × noise" in out
    assert "6 missing (body.1.bias" in out
    assert "failed ssl-0 × stripes" in err
    code, out, _ = seealike("plan", study)
    assert "it will be tried again" in out
    write_study(study.parent)
    assert seealike("run", study)[0] == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["run", "none.yaml"], "none.yaml: expected a study file, got no file"),
        (["run", "{study}", "--set", "data"], "--set: expected NAME=VALUE, got data"),
        (["run", "{study}", "--only", "tni"], "Did you mean 'tiny'"),
        (["show-model", "something"], "expected a model of the catalogue, an .onnx file, timm:NAME"),
        (
            ["show-model", "ssl-9", "--study", "{study}"],
            "expected a model of the study, got 'ssl-9'. Did you mean",
        ),
        (["show-model", "timm:resnet1888"], "expected a timm model"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_two(seealike, study, words, says):
    code, _, err = seealike(*(word.format(study=study) for word in words))
    assert code == 2
    assert says in err
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1


def test_every_mistake_of_a_study_file_is_printed(seealike, study):
    study.write_text(STUDY.replace("seed: 3", "sed: 3").replace("rsa", "rsaa"))
    code, _, err = seealike("run", study)
    assert code == 2
    assert f"{study}:2:1: unknown key 'sed'. Did you mean 'seed'" in err
    assert "Did you mean 'rsa'?" in err
    assert "2 mistakes; nothing was run." in err


def test_unknown_commands_and_options(seealike, study):
    assert seealike("rum", study)[0] == 2
    assert seealike("run", study, "--sett", "a=b")[0] == 2


def test_a_bug_is_not_hidden(seealike, study, monkeypatch):
    import seealike.study.comparison as comparison

    def bug(*args, **kwargs):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(comparison, "similarities", bug)
    with pytest.raises(ZeroDivisionError, match="a bug"):
        seealike("run", study)


def test_lists(seealike, study):
    _, out, _ = seealike("list", "measures")
    assert out.startswith("measure\tformula")
    assert "\ncka\t" in out
    assert "\nrsa\t" in out
    _, out, _ = seealike("list", "models", "--sources")
    assert {line.split("\t")[0] for line in out.splitlines()[1:]} >= {"onnx", "checkpoint", "timm"}
    _, out, _ = seealike("list", "models", study)
    assert "supervised-1\tcheckpoint\tpool\tsupervised" in out
    _, out, _ = seealike("list", "datasets", study)
    assert "noise\tarrays\t40\t3\ta" in out
    _, out, _ = seealike("list", "datasets", "--sources")
    assert "image_folder\t" in out
    _, out, _ = seealike("list", "models", "--timm", "resnet50*")
    assert "resnet50.a1_in1k" in out.splitlines()


def test_stopping_keeps_what_is_finished(seealike, study, monkeypatch):
    from seealike.extract.shards import Shards

    real, calls = Shards.join, []

    def interrupted(*args):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        real(*args)

    monkeypatch.setattr(Shards, "join", interrupted)
    code, _, err = seealike("run", study)
    assert code == 130
    assert "the same command goes on from there" in err
    monkeypatch.setattr(Shards, "join", real)
    assert "extract: 8 cells, 6 to do" in seealike("run", study)[2]


def test_help_of_every_command_names_its_options():
    for command in (
        "demo",
        "run",
        "plan",
        "extract",
        "compare",
        "probe",
        "analyse",
        "report",
        "show-model",
        "list",
    ):
        done = subprocess.run(
            [sys.executable, "-m", "seealike", command, "--help"], capture_output=True, text=True
        )
        assert done.returncode == 0
        assert "default: False" not in done.stdout
        assert "--help" in done.stdout or "Usage" in done.stdout
