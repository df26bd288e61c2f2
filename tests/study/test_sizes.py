"""Nested subsets of one dataset: exact sizes, the same features, a table of their own."""

import numpy as np
import polars as pl
import pytest

from seealike import Features, cka, read_studies, run, write_features
from seealike.data.imports.layout import feature_path
from seealike.errors import StudyMistakes

N = 60
STUDY = """\
name: sized
seed: 2
models:
  - {each: {name: [a, b, c]}, source: features, name: "{name}", path: features, layer: top}
datasets:
  - {source: features, name: pets, path: pets.csv, sizes: {per_class: [2, 5, 10]}}
  - {source: features, name: toys, path: pets.csv}
analyses: [sample_size, consistency]
"""


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    ids = [f"s{k:02d}" for k in range(N)]
    pl.DataFrame({"sample_id": ids, "label": np.arange(N) % 3}).write_csv(tmp_path / "pets.csv")
    shared = rng.standard_normal((N, 4))
    for dataset in ("pets", "toys"):
        for k, model in enumerate("abc"):
            values = shared + (0.2 + k) * rng.standard_normal((N, 4))
            write_features(
                feature_path(tmp_path / "features", dataset, model, "top"),
                Features(values.astype("f4"), tuple(ids)),
            )
    (tmp_path / "study.yaml").write_text(STUDY)
    return tmp_path


def _edit(folder, old, new):
    text = (folder / "study.yaml").read_text()
    assert old in text
    (folder / "study.yaml").write_text(text.replace(old, new))


def _run(folder):
    (study,) = read_studies(folder / "study.yaml")
    return {o.cell: o for o in run(study)}


def _table(folder, name):
    return pl.read_parquet(folder / f"results/tables/{name}.parquet")


def _drawn(folder, **rule):
    from seealike.sources.datasets.card import Subset

    (study,) = read_studies(folder / "study.yaml")
    return study.datasets[0].open(study.settings.seed, study.settings.subset).subset(Subset(**rule), 2)


def test_every_size_is_compared_from_the_same_features(folder):
    outcomes = _run(folder)
    assert {o.status for o in outcomes.values()} == {"done"}
    assert [name for name in outcomes if name.startswith("pets (")] == [
        f"pets ({k} per class), cka-kernel=linear-unbiased=true" for k in (2, 5, 10)
    ]
    assert sum(o.stage == "extract" for o in outcomes.values()) == 6, "no size is extracted anew"
    table = _table(folder, "similarities_by_size")
    assert table["n_samples"].unique().sort().to_list() == [6, 15, 30, 60]
    ids = _drawn(folder, per_class=5).sample_ids
    a, b = (
        _read(folder, model).select(ids).values for model in "ab"
    )  # fmt: skip
    found = table.filter(n_samples=15, model_x="a", model_y="b")["similarity"].item()
    assert found == pytest.approx(cka(a, b), abs=1e-6)


def _read(folder, model):
    from seealike import read_features

    return read_features(feature_path(folder / "features", "pets", model, "top"))


def test_other_tables_know_the_dataset_once(folder):
    _run(folder)
    assert _table(folder, "similarities").height == 2 * 9
    assert set(_table(folder, "similarities")["n_samples"]) == {60}
    assert _table(folder, "datasets")["n_samples"].to_list() == [60, 60]
    assert _table(folder, "consistency").height == 2
    sizes = _table(folder, "sample_size")
    assert sizes.select("dataset", "n_samples", "n_next").rows() == [
        ("pets", 6, 15), ("pets", 15, 30), ("pets", 30, 60), ("pets", 60, None),
    ]  # fmt: skip


def test_sizes_are_nested_in_one_another_and_in_the_study_s_subset(folder):
    _edit(folder, "models:", "subset: {per_class: 12}\nmodels:")
    ids = [set(_drawn(folder, per_class=k).sample_ids) for k in (2, 5, 10, 12)]
    assert [len(one) for one in ids] == [6, 15, 30, 36]
    assert ids[0] < ids[1] < ids[2] < ids[3]
    (study,) = read_studies(folder / "study.yaml")
    whole = study.datasets[0].read()
    from seealike.sources.datasets.card import Subset

    assert set(whole.subset(Subset(per_class=5), 2).sample_ids) == ids[1], "as another study would draw it"
    _run(folder)
    assert _table(folder, "similarities_by_size")["n_samples"].unique().sort().to_list() == [6, 15, 30, 36]


def test_a_size_that_is_the_dataset_is_not_computed_twice(folder):
    _edit(folder, "[2, 5, 10]", "[5, 20]")
    outcomes = _run(folder)
    assert not any("20 per class" in name for name in outcomes)
    assert _table(folder, "sample_size")["n_samples"].to_list() == [15, 60]


@pytest.mark.parametrize(
    ("sizes", "says"),
    [
        ("{per_class: [5, 21]}", "size of 21 per class: the dataset has 20 of its largest class in use"),
        ("[5, 61]", "size of 61 samples: the dataset has 60 in use"),
    ],
)
def test_a_size_that_is_not_there_is_an_error_and_never_the_whole(folder, sizes, says):
    _edit(folder, "{per_class: [2, 5, 10]}", sizes)
    outcomes = _run(folder)
    failed = [o for o in outcomes.values() if o.status == "failed"]
    assert [o.reason for o in failed] == [says]
    assert _table(folder, "sample_size").height == 2


def test_sizes_by_class_without_labels(folder):
    pl.read_csv(folder / "pets.csv").drop("label").write_csv(folder / "pets.csv")
    failed = [o.reason for o in _run(folder).values() if o.status == "failed"]
    assert failed == [f"size of {k} per class: the dataset has no labels. Use `samples:`" for k in (2, 5, 10)]


def test_what_is_done_stays_when_sizes_are_added(folder):
    _edit(folder, ", sizes: {per_class: [2, 5, 10]}", "")
    _edit(folder, "sample_size, ", "")
    before = _run(folder)
    _edit(folder, "pets.csv}", "pets.csv, sizes: [10, 20]}")
    after = _run(folder)
    name = "toys, cka-kernel=linear-unbiased=true"
    assert before[name].digest == after[name].digest
    assert "pets (10 samples), cka-kernel=linear-unbiased=true" not in before


@pytest.mark.parametrize(
    ("sizes", "says"),
    [
        ("{per_clas: [2]}", "unknown key 'per_clas'. Did you mean 'per_class'?"),
        ("{per_class: [2], samples: [4]}", "expected a list of sizes under one of `samples` and `per_class`"),
        ("[0]", "expected greater than 0, got 0"),
        ("[]", "expected a list of sizes"),
    ],
)
def test_mistakes(folder, sizes, says):
    _edit(folder, "{per_class: [2, 5, 10]}", sizes)
    with pytest.raises(StudyMistakes) as caught:
        read_studies(folder / "study.yaml")
    assert says in "\n".join(caught.value.mistakes)
