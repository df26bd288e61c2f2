"""Studies of somebody else's similarities: analyses and report without any features."""

import json

import numpy as np
import polars as pl
import pytest
import torch

from seealike import read_studies
from seealike.analyses import consistency
from seealike.data.similarity import SimilarityMatrix
from seealike.errors import StudyMistakes
from seealike.report import write_report
from seealike.study.opening import open_study
from seealike.study.run import run

NAMES = ("vgg16", "resnet50", "dino-rn50", "simclr-rn50", "mae-vit-base-p16", "swav-rn50", "mine")
SLUG, LINEAR = "cka_kernel_linear_unbiased", "cka-kernel=linear-unbiased=true"
STUDY = """\
name: theirs
similarities: matrices
models:
  - {source: catalogue, models: paper-64}
  - {name: mine, fields: {objective: ssl, lab: ours}}
datasets:
  - {source: catalogue, datasets: paper-23}
  - {name: odd, fields: {domain: structured}}
analyses:
  - consistency: {sets: objective, correlations: [pearson], permutations: 0}
  - category_counts: {fields: [objective, architecture_class]}
"""


def matrix(seed, n=7):
    s = np.random.default_rng(0).random((7, 7)) + 0.3 * np.random.default_rng(seed).random((7, 7))
    s = (s + s.T) / 3
    np.fill_diagonal(s, 1)
    return s[:n, :n]


@pytest.fixture
def folder(tmp_path):
    """The published layout: three datasets, one of them without the last model."""
    for seed, (dataset, n) in enumerate({"wds_vtab_dtd": 7, "wds_cars": 6, "odd": 7}.items()):
        place = tmp_path / "matrices" / dataset / SLUG
        place.mkdir(parents=True)
        torch.save(matrix(seed, n), place / "similarity_matrix.pt")
        (place / "model_ids.txt").write_text("\n".join(NAMES[:n]) + "\n")
    return tmp_path


def study_of(folder, text=STUDY):
    (folder / "study.yaml").write_text(text)
    (study,) = read_studies(folder / "study.yaml")
    return study


def mistakes_of(folder, text):
    (folder / "study.yaml").write_text(text)
    with pytest.raises(StudyMistakes) as error:
        read_studies(folder / "study.yaml")
    return "\n".join(error.value.mistakes)


def table(folder, name):
    return pl.read_parquet(folder / "results" / "tables" / f"{name}.parquet")


def test_analyses_and_report_need_no_features(folder):
    study = study_of(folder)
    outcomes = run(study)
    assert [(o.stage, o.status) for o in outcomes] == [("compare", "done")] * 3 + [("analyse", "done")] * 2
    names = [name for name in NAMES if name != "mine"]
    frames = [
        SimilarityMatrix(matrix(seed, 6), tuple(names), LINEAR, 9, dataset).to_frame()
        for seed, dataset in enumerate(("wds/vtab/dtd", "wds/cars", "odd"))
    ]
    given = {"similarities": pl.concat(frames), "models": table(folder, "models")}
    expected = consistency(given, sets="objective", correlations=("pearson",), permutations=0)
    assert table(folder, "consistency").equals(expected)
    assert set(table(folder, "similarities")["dataset"]) == {"wds/vtab/dtd", "wds/cars", "odd"}
    datasets = table(folder, "datasets")
    assert datasets.select("dataset", "source", "n_samples", "domain").rows()[2] == (
        "odd",
        "described",
        None,
        "structured",
    )
    write_report(study.output)
    assert "theirs" in (folder / "results" / "report.html").read_text(encoding="utf-8")


def test_the_record_says_what_was_left_out(folder):
    run(study_of(folder))
    notes = json.loads((folder / "results" / "record" / "last-run.json").read_text())["warnings"]
    assert any(note.startswith("21 datasets have no matrix: ") for note in notes)
    assert any(note.startswith("58 models are in no matrix: ") for note in notes)
    assert "1 models are left out, as not every matrix has them: mine (not on wds/cars)" in notes


def test_all_models_are_kept_where_the_study_says_so(folder):
    study = study_of(
        folder, STUDY.replace("similarities: matrices", "similarities: {path: matrices, models: all}")
    )
    run(study)
    similarities = table(folder, "similarities")
    cars = similarities.filter(dataset="wds/cars", model_x="mine", model_y="vgg16")
    assert cars.select("similarity", "reason").row(0) == (None, "mine is not in similarity_matrix.pt")
    assert (
        similarities.filter(dataset="odd", model_x="mine", model_y="vgg16")["similarity"][0]
        == matrix(2)[6, 0]
    )
    assert table(folder, "consistency")["n_pairs"].max() == 21


def test_without_sections_all_models_and_datasets_are_used(folder):
    study = study_of(
        folder, "name: all\nsimilarities: matrices\nanalyses: [model_order, {model_map: {methods: [mds]}}]\n"
    )
    assert [card.name for card in study.models] == list(NAMES[:6])
    assert {card.name for card in study.datasets} == {"wds_vtab_dtd", "wds_cars", "odd"}
    assert {o.status for o in run(study)} == {"done"}


def test_fields_from_a_table_empty_cells_are_none(folder):
    (folder / "cards.csv").write_text("name,lab\nvgg16,a\nresnet50,a\nswav-rn50,\n")
    text = 'name: t\nsimilarities: matrices\nmodels:\n  - {each: cards.csv, name: "{name}", fields: {lab: "{lab}"}}\n'
    study = study_of(folder, text)
    assert {card.name: card.fields for card in study.models} == {
        "vgg16": {"lab": "a"},
        "resnet50": {"lab": "a"},
        "swav-rn50": {},
    }
    assert "'lab' is no field of 1 model (swav-rn50)" in mistakes_of(
        folder, text + "analyses: [consistency: {sets: lab}]\n"
    )


def test_nothing_is_done_twice_and_what_changed_is(folder):
    study = study_of(folder)
    run(study)
    path = next((folder / "results" / "similarities" / "odd").glob("*.parquet"))
    before = path.stat().st_mtime_ns
    assert {
        cell.outcome(open_study(study).results).status for cell in open_study(study).cells(present_only=True)
    } == {"done"}
    run(study)
    assert path.stat().st_mtime_ns == before
    torch.save(matrix(9), folder / "matrices" / "odd" / SLUG / "similarity_matrix.pt")
    opened = open_study(study_of(folder))
    said = {cell.name: cell.outcome(opened.results) for cell in opened.read_cells}
    assert [o.reason for name, o in said.items() if name.startswith("odd")] == [
        "its inputs have changed since it was done"
    ]
    run(study_of(folder))
    assert table(folder, "similarities").filter(dataset="odd")["similarity"][1] == matrix(9)[0, 1]


def test_a_damaged_matrix_fails_alone(folder):
    (folder / "matrices" / "odd" / SLUG / "similarity_matrix.pt").write_bytes(b"broken")
    outcomes = run(study_of(folder))
    failed = [o for o in outcomes if o.status == "failed"]
    assert len(failed) == 1
    assert "similarity_matrix.pt: expected" in failed[0].reason
    assert set(table(folder, "similarities")["dataset"]) == {"wds/vtab/dtd", "wds/cars"}
    assert table(folder, "consistency").height > 0


def test_published_accuracies_stand_beside_them(folder):
    rows = [
        f"{name},{dataset},{0.5 + k / 20}"
        for k, name in enumerate(NAMES[:6])
        for dataset in ("wds/cars", "odd")
    ]
    (folder / "accuracies.csv").write_text("\n".join(["model,dataset,top1", *rows]))
    published = 'performance: [{table: accuracies.csv, model: "{model}", dataset: "{dataset}", top1: top1}]\n'
    run(study_of(folder, STUDY + "  - performance_gap: {permutations: 99}\n" + published))
    found = table(folder, "performance_gap")
    assert set(found.filter(pl.col("reason").is_null())["dataset"]) == {"wds/cars", "odd"}
    assert found["n_pairs"].max() == 15


def test_two_models_at_least(folder):
    (folder / "matrices" / "odd" / SLUG / "model_ids.txt").write_text("\n".join(f"x{k}" for k in range(7)))
    said = mistakes_of(folder, STUDY)
    assert "study.yaml:2:1: 0 models are in all matrices; two are needed. Set `models: all`" in said


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("similarities: matrices", "similarities: nowhere", "2:1: expected an existing file or folder, got"),
        ("similarities: matrices", "similarities: {path: matrices, model: all}", "Did you mean 'models'"),
        ("similarities: matrices", "similarities: {path: matrices, models: most}", "'common' or 'all'"),
        ("similarities: matrices", "similarities: matrices\nmeasures: [cka]", "brings its own measures"),
        ("similarities: matrices", "similarities: study.yaml", "expected similarity matrices, got none"),
        ("{name: mine, fields:", "{name: mine, layer: x, feilds:", "Did you mean 'fields'"),
        ("{name: mine, fields:", "{name: vgg16, fields:", "'vgg16' stands here a second time"),
        ("  - {source: catalogue, datasets: paper-23}\n  - {name: odd,", "  - {name: od,", "none of them has a matrix"),
        ("sets: objective", "sets: lab", "'lab' is no field of 6 models"),
    ],
)  # fmt: skip
def test_mistakes(folder, old, new, says):
    said = mistakes_of(folder, STUDY.replace(old, new))
    assert says in said
