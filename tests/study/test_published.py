"""Published accuracies: tables joined with the study's models and datasets by name."""

import numpy as np
import polars as pl
import pytest

from seealike import read_studies, run
from seealike.errors import StudyMistakes

from .conftest import STUDY, write_study

ROWS = """\
arch,task,tag,data,acc,acc5
ssl-0,zero,x,stripes,41.5,80
ssl-1,zero,x,stripes,50,81
supervised-0,zero,x,stripes,90.25,
supervised-0,few,x,stripes,12,
supervised-0,zero,x,birds,12,
"""
PERFORMANCE = """\
performance:
  - table: published.csv
    model: "{arch}"
    dataset: "{data}"
    where: {task: zero}
    top1: acc
    top5: acc5
    unit: percent
    n_test: 400
"""


@pytest.fixture
def published(tmp_path):
    path = write_study(tmp_path, STUDY.replace("measures: [cka, rsa]", PERFORMANCE + "measures: [cka]"))
    (tmp_path / "published.csv").write_text(ROWS)
    _edit(path, "head_accuracy]", "performance_gap]")
    return path


def _edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def _mistakes(path):
    with pytest.raises(StudyMistakes) as caught:
        read_studies(path)
    return caught.value.mistakes


def test_what_was_published_is_joined_by_name(published):
    assert {o.status for o in run(read_studies(published)[0])} == {"done"}
    table = pl.read_parquet(published.parent / "results/tables/performance.parquet")
    assert set(table["dataset"]) == {"stripes"}, "the table knows nothing of the others"
    top1 = table.filter(metric="top1")
    assert dict(top1.select("model", "value").rows()) == {
        "ssl-0": pytest.approx(0.415),
        "supervised-0": pytest.approx(0.9025),
        "ssl-1": pytest.approx(0.5),
        "supervised-1": None,
    }
    assert set(table["method"]) == {"published"}
    assert set(table["tested_on"]) == {"published.csv"}
    row = top1.row(by_predicate=pl.col("model") == "ssl-1", named=True)
    assert row["standard_error"] == pytest.approx((0.25 / 400) ** 0.5)
    assert row["n_test"] == 400
    missing = table.filter(pl.col("value").is_null())
    assert missing.select("model", "metric").rows() == [
        ("supervised-0", "top5"), ("supervised-1", "top1"), ("supervised-1", "top5"),
    ]  # fmt: skip
    assert set(missing["reason"]) == {"published.csv has no value for this model"}
    gap = pl.read_parquet(published.parent / "results/tables/performance_gap.parquet")
    assert set(gap["dataset"]) == {"stripes"}
    assert set(gap["n_models"]) == {3}


def test_models_are_matched_by_another_key_or_field(published):
    _edit(published, '    model: "{arch}"\n', '    model: "{tag}:{arch}"\n    match: known_as\n')
    _edit(
        published,
        '    fields: {objective: "{objective}"}',
        '    fields: {objective: "{objective}", known_as: "x:{objective}-{seed}"}',
    )
    (study,) = read_studies(published)
    assert len([v for v in study.published if v.value is not None]) == 5


def test_changed_numbers_are_analysed_anew(published):
    def digest():
        return next(o.digest for o in run(read_studies(published)[0]) if o.cell.startswith("performance_gap"))

    first = digest()
    assert digest() == first
    (published.parent / "published.csv").write_text(ROWS.replace("41.5", "42.5"))
    assert digest() != first


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("top1: acc\n", "top1: ac\n", "no column 'ac'. Did you mean 'acc'"),
        ("{task: zero}", "{tusk: zero}", "no column 'tusk'. Did you mean 'task'?"),
        ("{task: zero}", "{task: one}", "no row fits; 5 rows were looked at"),
        ("    where: {task: zero}\n", "", "two rows are about supervised-0 on stripes. Choose some with `where:`."),
        ("    unit: percent\n", "", "expected shares of 1, got 41.5. Set `unit: percent`."),
        ('"{arch}"', '"{arch}-{tag}"', "about no model of this study: it has ssl-0-x, ssl-1-x, supervised-0-x …"),
        ('"{data}"', "imagenet", "about no dataset of this study: it has imagenet …; the study has noise, stripes"),
        ('"{data}"', '"{dat}"', "no column 'dat'. Did you mean 'data'?"),
        ("    top1: acc\n    top5: acc5\n", "", "expected the column of at least one of top1, top5, mean_class_recall"),
        ("    n_test: 400\n", "    match: fiel\n", "no model has the key 'fiel'. Did you mean 'fields'"),
        ("published.csv", "none.csv", "none.csv, which does not exist"),
        ("performance:\n  - table", "performance:\n    table", "expected a list of tables"),
    ],
)  # fmt: skip
def test_mistakes_are_told_where_they_stand(published, old, new, says):
    _edit(published, old, new)
    found = _mistakes(published)
    assert any(says in text for text in found), "\n".join(found)
    assert all(text.startswith(f"{published}:") for text in found)


def test_no_number_and_numbers_that_stand_twice(published):
    (published.parent / "published.csv").write_text(ROWS.replace("41.5", "n/a"))
    assert "column 'acc': expected numbers, got 'n/a'" in "\n".join(_mistakes(published))
    (published.parent / "published.csv").write_text(ROWS)
    _edit(published, "measures:", PERFORMANCE.removeprefix("performance:\n") + "measures:")
    assert "ssl-0 stripes top1 stands in published.csv already. Remove one." in "\n".join(
        _mistakes(published)
    )


def test_real_published_tables(published, real_data):
    """Timm's accuracies on ImageNet, and CLIP-benchmark's on many datasets."""
    tables = real_data / "tables"
    _edit(
        published,
        PERFORMANCE,
        f"""\
performance:
  - table: "{tables}/results-imagenet.csv"
    dataset: noise
    where: {{img_size: [224]}}
    match: known_as
    top1: top1
    top5: top5
    unit: percent
    n_test: 50000
  - table: "{tables}/clip_benchmark.csv"
    where: {{task: zeroshot_classification, dataset: vtab/pets}}
    model: "{{model}} {{pretrained}}"
    match: clip
    dataset: stripes
    top1: acc1
    top5: acc5
    mean_class_recall: mean_per_class_recall
""",
    )
    named = {
        "ssl": ("resnet50.a1_in1k", "ViT-B-32 openai"),
        "supervised": ("convnext_base.fb_in1k", "ViT-L-14 openai"),
    }
    rows = ", ".join(
        f'{{objective: {o}, seed: "{s}", known_as: "{timm}", clip: "{clip}"}}'
        for o, (timm, clip) in named.items()
        for s in (0, 1)
    )
    _edit(published, "each: {seed: [0, 1], objective: [ssl, supervised]}", f"each: [{rows}]")
    _edit(
        published, 'fields: {objective: "{objective}"}',
        'fields: {objective: "{objective}", known_as: "{known_as}", clip: "{clip}"}',
    )  # fmt: skip
    (study,) = read_studies(published)
    found = {(v.model, v.dataset, v.metric): v.value for v in study.published}
    assert found["ssl-0", "noise", "top1"] == pytest.approx(0.80, abs=0.01)
    assert found["ssl-0", "noise", "top1"] == found["ssl-1", "noise", "top1"]
    assert found["supervised-0", "stripes", "top1"] > found["ssl-0", "stripes", "top1"] > 0.8


def test_similarities_and_performances_that_are_both_somebody_else_s(tmp_path):
    folder = tmp_path / "matrices/birds/cka_kernel_linear_unbiased"
    folder.mkdir(parents=True)
    names = ["a", "b", "c", "d"]
    square = np.eye(4) + np.array(
        [[0, 0.1, 0.5, 0.2], [0.1, 0, 0.3, 0.9], [0.5, 0.3, 0, 0.4], [0.2, 0.9, 0.4, 0]]
    )
    np.save(folder / "similarity_matrix.npy", square)
    (folder / "model_ids.txt").write_text("\n".join(names))
    (tmp_path / "table.csv").write_text("model,acc\na,0.1\nb,0.5\nc,0.9\nd,0.6\n")
    study = tmp_path / "study.yaml"
    study.write_text("""\
name: theirs
similarities: matrices
performance: [{table: table.csv, dataset: birds, top1: acc}]
analyses: [{performance_gap: {correlations: [pearson]}}]
""")
    assert {o.status for o in run(read_studies(study)[0])} == {"done"}
    row = pl.read_parquet(tmp_path / "results/tables/performance_gap.parquet").row(0, named=True)
    gaps, similar = [0.4, 0.8, 0.5, 0.4, 0.1, 0.3], [0.1, 0.5, 0.2, 0.3, 0.9, 0.4]
    assert row["association"] == pytest.approx(np.corrcoef(gaps, similar)[0, 1])
    assert (row["dataset"], row["method"], row["n_models"]) == ("birds", "published", 4)
    _edit(study, "analyses:", "probes: [ridge]\nanalyses:")
    assert "probes need features" in "\n".join(_mistakes(study))
