"""The probe stage: what is trained on what, and what the table says of it."""

import json

import numpy as np
import polars as pl
import pytest

from seealike import Features, read_studies, run, write_features
from seealike.data.imports.layout import feature_path
from seealike.errors import StudyMistakes
from seealike.probes import Split
from seealike.study.cells import Silent
from seealike.study.probes import bind_probe
from seealike.study.probing import expected_cost
from seealike.study.tested import held_out

CLASSES = ("cat", "dog", "fox")
STUDY = """\
name: probed
models:
  - {each: {name: [sharp, plain, dull, blind]}, source: features, name: "{name}", path: features, layer: top}
datasets:
  - {source: features, name: pets, path: pets.parquet, test: {path: pets-test.parquet}}
  - {source: features, name: toys, path: toys.parquet}
probes: [ridge, {knn: {k: 3, seeds: [5]}}]
analyses: [performance_gap]
"""
NOISE = {"sharp": 0.15, "plain": 0.7, "dull": 1.3, "blind": 50.0}


def _samples(folder, dataset, n, seed, classes=CLASSES):
    """A table of samples, and features of four models that see the classes more or less well."""
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, len(CLASSES), n)
    ids = [f"{dataset.replace('/', '-')}{k:03d}" for k in range(n)]
    names = [CLASSES[k] for k in drawn]
    table = pl.DataFrame({"sample_id": ids, "class": names})
    table.filter(pl.col("class").is_in(classes)).write_parquet(
        folder / f"{dataset.replace('/', '-')}.parquet"
    )
    for model, noise in NOISE.items():
        values = np.eye(6)[drawn] + noise * rng.standard_normal((n, 6))
        path = feature_path(folder / "features", dataset, model, "top")
        order = rng.permutation(n)  # rows are joined by id, never by position
        write_features(path, Features(values[order].astype("f4"), tuple(ids[k] for k in order)))
    return drawn


@pytest.fixture
def folder(tmp_path):
    _samples(tmp_path, "pets", 90, 0)
    _samples(tmp_path, "pets/test", 60, 1)
    _samples(tmp_path, "toys", 90, 2)
    (tmp_path / "study.yaml").write_text(STUDY)
    return tmp_path


def _edit(folder, old, new):
    text = (folder / "study.yaml").read_text()
    assert old in text
    (folder / "study.yaml").write_text(text.replace(old, new))


def _run(folder, *stages):
    (study,) = read_studies(folder / "study.yaml")
    return run(study, stages) if stages else run(study)


def _table(folder, name="performance"):
    return pl.read_parquet(folder / f"results/tables/{name}.parquet")


def _mistakes(folder):
    with pytest.raises(StudyMistakes) as caught:
        read_studies(folder / "study.yaml")
    return "\n".join(caught.value.mistakes)


def test_probes_are_trained_on_the_dataset_and_tested_on_its_test_samples(folder):
    outcomes = _run(folder)
    assert {(o.stage, o.status) for o in outcomes} == {
        (stage, "done") for stage in ("extract", "compare", "probe", "analyse")
    }
    probed = [o.cell for o in outcomes if o.stage == "probe"]
    assert len(probed) == 4 * 2 * 2
    assert probed[:2] == ["sharp × pets, ridge", "sharp × pets, knn"]
    table = _table(folder).filter(metric="top1", split="test", method="ridge")
    pets = dict(table.filter(dataset="pets").select("model", "value").rows())
    assert pets["sharp"] > pets["plain"] > pets["dull"] > pets["blind"]
    assert pets["sharp"] > 0.95
    assert table.select("dataset", "tested_on", "n_train", "n_test").unique(maintain_order=True).rows() == [
        ("pets", "test", 90, 60),
        ("toys", "holdout", 72, 18),
    ]
    assert set(_table(folder)["n_classes"]) == {3}
    top5 = _table(folder).filter(metric="top5")
    assert set(top5["reason"]) == {"five classes or fewer: the best five are all"}
    assert top5["value"].null_count() == top5.height
    seeds = _table(folder).filter(method="knn")
    assert set(seeds["n_seeds"]) == {1}
    assert json.loads(seeds["settings"][0]) == {"5": {"k": 3}}


def test_what_the_table_says_is_what_a_probe_by_hand_reaches(folder):
    from sklearn.neighbors import KNeighborsClassifier

    _edit(folder, "k: 3", "k: 1")
    _run(folder)
    rows = _table(folder).filter(model="plain", dataset="pets", method="knn", metric="top1", split="test")
    both = {}
    for part in ("pets", "pets-test"):
        samples = pl.read_parquet(folder / f"{part}.parquet")
        from seealike import read_features

        stored = read_features(feature_path(folder / "features", part.replace("-", "/"), "plain", "top"))
        both[part] = (stored.select(samples["sample_id"].to_list()).values, samples["class"].to_list())
    plain = KNeighborsClassifier(1).fit(*both["pets"]).score(*both["pets-test"])
    assert rows["value"].item() == pytest.approx(plain)
    assert rows["standard_error"].item() == pytest.approx(np.sqrt(plain * (1 - plain) / 60))


def test_probes_are_not_trained_twice_and_only_what_changed_again(folder):
    first = {o.cell: o.digest for o in _run(folder)}
    files = {p: p.stat().st_mtime_ns for p in (folder / "results/probes").rglob("*.parquet")}
    assert len(files) == 16
    _run(folder)
    assert {p: p.stat().st_mtime_ns for p in files} == files
    _edit(folder, "k: 3", "k: 7")
    second = {o.cell: o.digest for o in _run(folder)}
    assert {cell for cell in first if first[cell] != second.get(cell)} >= {"sharp × pets, knn"}
    assert first["sharp × pets, ridge"] == second["sharp × pets, ridge"]
    _edit(folder, "probes:", "normalize: unit_rows\nprobes:")
    third = {o.cell: o.digest for o in _run(folder)}
    assert second["sharp × pets, ridge"] != third["sharp × pets, ridge"]


def test_test_samples_are_neither_compared_nor_a_dataset(folder):
    outcomes = _run(folder)
    assert set(_table(folder, "similarities")["dataset"]) == {"pets", "toys"}
    assert _table(folder, "datasets")["dataset"].to_list() == ["pets", "toys"]
    assert any(o.cell == "sharp × pets/test" for o in outcomes)
    _edit(folder, "probes: [ridge, {knn: {k: 3, seeds: [5]}}]\nanalyses: [performance_gap]\n", "")
    assert not any("test" in o.cell for o in _run(folder)), "without probes nobody needs them"


def test_classes_are_joined_by_name(folder):
    """The test samples lack the first class: numbers alone would name every animal wrongly."""
    _samples(folder, "pets/test", 60, 1, classes=("dog", "fox"))
    _run(folder)
    rows = _table(folder).filter(model="sharp", dataset="pets", method="ridge", metric="top1", split="test")
    assert rows["value"].item() > 0.95
    assert rows["n_test"].item() < 60


def test_test_samples_of_unknown_classes_are_a_reason(folder):
    _samples(folder, "pets", 90, 0, classes=("cat", "dog"))
    outcomes = {o.cell: o for o in _run(folder) if o.stage == "probe"}
    failed = outcomes["sharp × pets, ridge"]
    assert failed.status == "failed"
    assert "expected classes that the probe was trained on" in failed.reason
    assert outcomes["sharp × toys, ridge"].status == "done"
    row = _table(folder).filter(model="sharp", dataset="pets", method="ridge")
    assert row["value"].to_list() == [None]
    assert row["reason"].item() == failed.reason


def test_what_cannot_be_probed_is_skipped_with_a_reason(folder):
    for name, classes in (("pets", None), ("toys", [f"c{k}" for k in range(90)])):
        table = pl.read_parquet(folder / f"{name}.parquet").drop("class")
        if classes:
            table = table.with_columns(pl.Series("class", classes))
        table.write_parquet(folder / f"{name}.parquet")
    outcomes = {o.cell: o for o in _run(folder) if o.stage == "probe"}
    assert {o.status for o in outcomes.values()} == {"skipped"}
    assert outcomes["dull × pets, knn"].reason == "the dataset has no labels"
    assert "every class has a single sample" in outcomes["dull × toys, knn"].reason


def test_a_model_without_features_is_skipped_and_the_others_are_probed(folder):
    feature_path(folder / "features", "pets/test", "dull", "top").unlink()
    outcomes = {o.cell: o for o in _run(folder)}
    assert outcomes["dull × pets/test"].status == "failed"
    assert outcomes["dull × pets, ridge"].status == "skipped"
    assert "got some on" in outcomes["dull × pets, ridge"].reason
    assert outcomes["sharp × pets, ridge"].status == "done"
    gap = _table(folder, "performance_gap").filter(dataset="pets", method="ridge", correlation="pearson")
    assert gap["n_models"].item() == 3


@pytest.mark.parametrize("method", ["adamw", "logistic", "ridge", "knn"])
def test_what_a_probe_will_cost_grows_with_the_samples(method):
    probe, costs = bind_probe(method, {}), []
    for n in (200, 400):
        split = Split.of(np.eye(50)[np.arange(n) % 50], np.arange(n) % 10)
        costs.append(expected_cost(probe, split, split))
    assert costs[0].path == method
    assert costs[1].flops > 1.5 * costs[0].flops
    assert costs[1].n_bytes > costs[0].n_bytes
    assert (costs[0].seconds is None) == (method in ("logistic", "knn"))


def test_every_published_fit_costs_three_times_the_quick_search():
    split = Split.of(np.eye(50), np.arange(50) % 10)
    every, quick = (
        expected_cost(bind_probe("adamw", {"exhaustive": e}), split, split) for e in (True, False)
    )
    assert every.flops == pytest.approx(4 * 20 * 3 * 50 * 51 * 10 * (0.8 * 56 + 1))
    assert 3 < every.flops / quick.flops < 4


class Listening(Silent):
    """Hears of the cells that begin."""

    def __init__(self):
        self.names = []

    def cell(self, name):
        self.names.append(name)
        return super().cell(name)


def test_the_cost_is_said_when_a_probe_begins(folder):
    (study,) = read_studies(folder / "study.yaml")
    watch = Listening()
    run(study, ("extract", "probe"), watch)
    probed = [name for name in watch.names if "ridge" in name]
    assert len(probed) == 8
    assert all(" flop, " in name and name.endswith(" s)") for name in probed)


def test_the_stage_alone(folder):
    outcomes = _run(folder, "probe")
    assert {o.status for o in outcomes if o.stage == "probe"} == {"done"}
    assert {o.status for o in outcomes if o.stage == "compare"} == {"todo"}


def test_the_study_s_seed_makes_the_seeds(folder):
    _edit(folder, "name: probed\n", "name: probed\nseed: 4\n")
    (study,) = read_studies(folder / "study.yaml")
    assert [list(probe.options["seeds"]) for probe in study.probes] == [[4, 5, 6], [5]]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[ridge,", "[rigde,", "expected a method, got 'rigde'. Did you mean 'ridge'?"),
        ("{k: 3,", "{n: 3,", "expected a known option, got 'n'"),
        ("[ridge,", "[ridge, ridge,", "the probe ridge stands here a second time"),
        ("test: {path", "test: {pth", "unknown key 'pth'. Did you mean 'path'?"),
        ("pets-test.parquet", "no.parquet", "no.parquet, which does not exist"),
        ("name: toys", "name: pets/test", "is what the test samples of pets are called"),
        ("probes: [ridge, {knn: {k: 3, seeds: [5]}}]\n", "", "performance_gap needs `probes:`, or `performance:`"),
        ("[performance_gap]", "[sample_size]", "sample_size needs a dataset with `sizes:`"),
        ("[performance_gap]", "[{performance_gap: {permutations: -1}}]", "greater than or equal to 0"),
    ],
)  # fmt: skip
def test_mistakes_are_told_where_they_stand(folder, old, new, says):
    _edit(folder, old, new)
    found = _mistakes(folder)
    assert says in found, found
    assert found.startswith(str(folder / "study.yaml"))


def test_the_held_out_part_is_a_fifth_of_each_class():
    from seealike.sources.datasets.card import Samples

    labels = np.repeat([0, 1, 2, 3], [100, 15, 2, 1])
    samples = Samples(tuple(map(str, range(len(labels)))), None, labels, (), revision="ab")
    chosen = held_out(samples, 0)
    assert np.bincount(labels[chosen], minlength=4).tolist() == [20, 3, 1, 0]
    assert (chosen == held_out(samples, 0)).all()
    assert (chosen != held_out(samples, 1)).any()
