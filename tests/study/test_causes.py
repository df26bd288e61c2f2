"""Studies that train pairs of networks on data and tasks that overlap: what is trained, compared, kept and said."""

import numpy as np
import polars as pl
import pytest

from seealike import read_studies, run
from seealike.data.tables import OVERLAP_RUNS
from seealike.errors import StudyMistakes
from seealike.study.needs import StudyLeftOut
from seealike.study.opening import open_study

STUDY = """\
name: causes
measures: [cka]
standard_errors: false
causes:
  - name: tiny
    data: {source: digits, subset: {per_class: 20}}
    designs: [data, task, factorial]
    overlaps: [0, 1]
    seeds: 1
    network: seealike.training.networks:Perceptron
    arguments: {inputs: 64, width: 8, depth: 1}
    input: {size: 8, channels: 1}
    layer: features
    head: head
    recipe: {steps: 3, batch_size: 16}
    evaluate: [others]
datasets:
  - {source: digits, name: others, only_classes: ["0", "1"], subset: {samples: 30}}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "study.yaml").write_text(STUDY)
    return tmp_path


def _edit(folder, old, new):
    text = (folder / "study.yaml").read_text()
    assert text.count(old) == 1
    (folder / "study.yaml").write_text(text.replace(old, new))


def _study(folder):
    return read_studies(folder / "study.yaml")[0]


def _run(folder, **how):
    outcomes = run(_study(folder), **how)
    path = folder / "results" / "tables" / "overlap_runs.parquet"
    return outcomes, pl.read_parquet(path)


def _of(outcomes, stage, status="done"):
    return [one for one in outcomes if (one.stage, one.status) == (stage, status)]


def test_runs_are_trained_and_compared_once(folder):
    outcomes, table = _run(folder)
    assert {one.status for one in outcomes} == {"done"}
    # data: one first and two seconds; task: the same with its own first; the factorial adds (1, 1) alone.
    assert len(_of(outcomes, "train")) == 3 + 3 + 1
    assert dict(table.schema) == OVERLAP_RUNS
    rows = {(r["design"], r["data_overlap"], r["task_overlap"], r["dataset"]): r for r in table.to_dicts()}
    assert len(rows) == (2 + 2 + 3) * 3
    assert {key[:3] for key in rows} == {
        *(("data", share, 1.0) for share in (0.0, 1.0)),
        *(("task", 0.0, share) for share in (0.0, 1.0)),
        *(("factorial", *shares) for shares in ((0.0, 0.0), (0.0, 1.0), (1.0, 1.0))),
    }
    for (_, _, task, dataset), row in rows.items():
        empty = dataset == ("tiny: one class" if task else "tiny: common classes")
        assert (row["similarity"] is None) == empty
        assert row["reason"] == ("at this overlap there is no such class" if empty else None)
    same = [rows["task", 0.0, share, "others"]["similarity"] for share in (0.0, 1.0)]
    assert same == [rows["factorial", 0.0, share, "others"]["similarity"] for share in (0.0, 1.0)]
    before = [path.stat().st_mtime_ns for path in sorted(folder.rglob("weights.safetensors"))]
    again, _ = _run(folder)
    assert before == [path.stat().st_mtime_ns for path in sorted(folder.rglob("weights.safetensors"))]
    assert [one.status for one in again] == [one.status for one in outcomes]


def test_evaluation_sets_and_classes_fit(folder):
    opened = open_study(_study(folder))
    test = opened.samples["tiny/test"]
    assert len(test.sample_ids) == 10 * 4  # a fifth of each class is held out
    (cause,) = opened.causes
    trained = {name for one in cause.runs for name in (card.name for card in one.cards)}
    assert trained == {one.card.name for one in cause.trainings}
    for one in opened.overlap_runs:
        known = [{test.classes.index(name) for name in classes} for classes in one.classes]
        labels = [
            set(test.labels[one.evaluation[f"tiny: {kind}"][1]]) for kind in ("common classes", "one class")
        ]
        assert labels[0] == known[0] & known[1]
        assert labels[1] == known[0] ^ known[1]
        assert one.evaluation["others"] == ("others", None)
        common = len(known[0] & known[1])
        assert one.classes[0][:common] == one.classes[1][:common]
        assert [card.arguments["num_classes"] for card in one.cards] == [len(k) for k in known]


def test_experiments_of_one_study_are_told_apart_in_files_of_before_too(folder):
    text = (folder / "study.yaml").read_text()
    again = text[text.index("  - name: tiny") : text.index("datasets:")].replace("tiny", "other")
    again = again.replace("[data, task, factorial]", "[data]")
    (folder / "study.yaml").write_text(text.replace("datasets:\n", f"{again}datasets:\n"))
    _, table = _run(folder)
    of = table.filter(design="data", dataset="others").group_by("experiment").len()
    assert sorted(of.rows()) == [("other", 2), ("tiny", 2)]
    for path in (folder / "results" / "overlaps").rglob("*.parquet"):
        pl.read_parquet(path).drop("experiment").write_parquet(path)  # as it was written once
    _, older = _run(folder)
    assert older.equals(table)


def test_no_test_sample_is_trained_on(folder):
    (cause,) = open_study(_study(folder)).causes
    opened = open_study(_study(folder))
    held = set(opened.samples["tiny/test"].sample_ids)
    for one in cause.trainings:
        assert not held & {cause.samples.sample_ids[row] for row in one.side.rows}
        assert np.array_equal(
            one.side.labels, [one.side.numbers[k] for k in cause.samples.labels[one.side.rows]]
        )


def test_a_training_that_fails_leaves_the_others(folder):
    _edit(
        folder,
        "recipe: {steps: 3, batch_size: 16}",
        "recipe: {steps: 3, learning_rate: 1.0e+30, optimizer: sgd}",
    )
    outcomes, table = _run(folder)
    failed = _of(outcomes, "train", "failed")
    assert failed
    assert all("expected a finite loss" in one.reason for one in failed)
    assert all("weights of a finished training" in one.reason for one in _of(outcomes, "extract", "failed"))
    assert table["similarity"].null_count() == table.height
    assert table["reason"].str.contains("no features of tiny").any()
    _edit(folder, "learning_rate: 1.0e+30", "learning_rate: 0.01")
    outcomes, table = _run(folder)
    assert not _of(outcomes, "train", "failed")
    assert table["similarity"].is_not_null().any()


def test_stages_one_by_one(folder):
    outcomes, _ = _run(folder, stages=("train",))
    assert len(_of(outcomes, "train")) == 7
    assert not _of(outcomes, "extract")
    outcomes, table = _run(folder, stages=("extract", "compare"))
    assert len(_of(outcomes, "extract")) == 14
    assert table["similarity"].is_not_null().any()


def test_data_that_cannot_be_had_is_said_of_every_network(folder):
    _edit(
        folder, "data: {source: digits, subset: {per_class: 20}}", "data: {source: digits, only_classes: [x]}"
    )
    outcomes, table = _run(folder)
    (failed,) = _of(outcomes, "train", "failed")
    assert "expected the name of a class, got 'x'" in failed.reason
    assert table.height == 0


def test_attributes_are_tasks_over_the_same_images(folder):
    _edit(
        folder,
        "data: {source: digits, subset: {per_class: 20}}",
        "data: {source: color_shape_digit, size: 16, per_class: 1, test: {part: test, subset: {samples: 20}}}",
    )
    _edit(
        folder,
        "designs: [data, task, factorial]",
        "designs: [attributes]\n    attributes: [shape, digit, color]",
    )
    opened = open_study(_study(folder))
    assert [run.task_overlap for run in opened.overlap_runs] == [0, 0, 0, 0.5, 0.5, 0.5, 1]
    assert {run.design for run in opened.overlap_runs} == {"task"}
    assert {len(run.classes[0]) for run in opened.overlap_runs} == {10, 80, 100, 800}
    assert all(len(run.evaluation["tiny: common classes"][1]) == 20 for run in opened.overlap_runs)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("source: digits, subset: {per_class: 20}", "source: digit", "Did you mean 'digits'?"),
        ("evaluate: [others]", "evaluate: [other]", "no dataset 'other' here. Did you mean 'others'?"),
        (
            "overlaps: [0, 1]",
            "overlaps: [0, 2]",
            "expected shares from 0 to 1 under `overlaps`, got [0.0, 2.0]",
        ),
        ("steps: 3,", "stepps: 3,", "unknown key 'stepps'. Did you mean 'steps'"),
        ("layer: features", "layr: features", "the key 'layer' is missing"),
        ("[data, task, factorial]", "[attributes]", "the design attributes together, or neither"),
        ("name: others", "name: tiny/test", "is the name of something else"),
    ],
)
def test_mistakes_are_shown_where_they_stand(folder, old, new, message):
    _edit(folder, old, new)
    with pytest.raises(StudyMistakes) as caught:
        _study(folder)
    assert message in str(caught.value)
    assert "study.yaml:" in str(caught.value)


def test_published_hyper_parameters_are_a_study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("cifar100", "tiny-imagenet/train", "tiny-imagenet/val"):
        (tmp_path / "data" / name).mkdir(parents=True)
    studies = {study.name: study for study in read_studies("causes-2025")}
    entries = {name: study.causes[0].entry for name, study in studies.items()}
    assert list(entries) == [
        "cifar100-scratch",
        "tiny-imagenet-scratch",
        "drawings-scratch",
        "cifar100-pretrained-resnet",
        "cifar100-pretrained-vit",
    ]
    scratch = entries["cifar100-scratch"].recipe
    n_batches = 25_000 // scratch.batch_size
    steps = scratch.n_steps(n_batches)
    rates = [scratch.rate(step, steps) for step in range(steps)]
    assert max(rates) == 0.5
    assert rates.index(0.5) == pytest.approx(
        10 * n_batches, abs=1
    )  # a triangle with its peak at the tenth epoch
    assert rates[-1] < 0.001
    assert entries["drawings-scratch"].attributes == ("shape", "digit", "color")
    assert entries["cifar100-pretrained-vit"].recipe.weight_decay == 0.05


def test_small_study_has_all_designs_on_data_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.warns(StudyLeftOut, match="'causes-photographs' is left out: it needs .*cifar10_train"):
        digits, drawings = read_studies("causes-small")
    opened = open_study(digits)
    shares = {design: set() for design in ("data", "task", "factorial")}
    for one in opened.overlap_runs:
        shares[one.design].add((one.data_overlap, one.task_overlap, one.seed))
    assert {design: len(found) for design, found in shares.items()} == {
        "data": 6 * 3,
        "task": 6 * 3,
        "factorial": (5 * 6 + 1) * 3,
    }
    assert len(opened.train_cells) == 3 * (1 + 6 + 1 + 6 + 25)
    assert len(open_study(drawings).overlap_runs) == 7 * 3
