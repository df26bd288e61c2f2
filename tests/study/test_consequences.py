"""What the similarity of trained pairs leads to, as a part of a study: cells, tables, and what redoes them."""

import numpy as np
import polars as pl
import pytest

from seealike import read_studies, run
from seealike.data.tables import CONSEQUENCE_SLOPES, CONSEQUENCES
from seealike.errors import StudyMistakes

pytest.importorskip("art")
pytest.importorskip("lightning_fabric")

STUDY = """\
name: pairs
output: results
measures: [cka]
datasets:
  - {source: arrays, name: noise, images: noise.npz}
causes:
  - name: digits
    data: {source: digits, subset: {per_class: 20}}
    designs: [data, both]
    overlaps: [0, 1]
    seeds: 2
    network: nets.py:Small
    input: {size: 8, channels: 1, mean: [0.3], std: [0.38]}
    layer: body
    head: head
    recipe: {steps: 30, batch_size: 32, learning_rate: 0.02}
    evaluate: [noise]
    consequences: {attacks: [{radius: 0.2}], samples: 30}
analyses: [attribution, consequence_slopes]
"""
NETWORK = '''
from torch import nn


class Small(nn.Module):
    """Pixels, a hidden layer, a head."""

    def __init__(self, num_classes):
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(64, 24), nn.ReLU())
        self.head = nn.Linear(24, num_classes)

    def forward(self, x):
        return self.head(self.body(x))
'''


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("consequences")
    (made / "study.yaml").write_text(STUDY)
    (made / "nets.py").write_text(NETWORK)
    rng = np.random.default_rng(0)
    np.savez(
        made / "noise.npz", images=rng.integers(0, 256, (20, 8, 8), dtype=np.uint8), labels=np.arange(20) % 2
    )
    outcomes = run(_study(made))
    tried = [one for one in outcomes if one.cell.endswith(": consequences")]
    assert [one.status for one in tried] == ["done"] * 8
    return made


def _study(folder):
    return read_studies(folder / "study.yaml")[0]


def _table(folder, name="consequences"):
    return pl.read_parquet(folder / "results" / "tables" / f"{name}.parquet")


def test_all_runs_are_tried_on_all_their_sets_of_samples(folder):
    table = _table(folder)
    assert dict(table.schema) == CONSEQUENCES
    assert table["design"].unique().sort().to_list() == ["both", "data"]
    runs = table.select("design", "data_overlap", "task_overlap", "seed").unique()
    assert runs.height == 8
    of = {name: rows for (name,), rows in table.partition_by("dataset", as_dict=True).items()}
    common = next(rows for name, rows in of.items() if name.endswith("common classes"))
    assert set(common["kind"]) == {
        "transfer",
        "agreement",
        "kappa",
        "error_consistency",
        "stitching",
        "ensemble_gain",
    }
    elsewhere = next(rows for name, rows in of.items() if "noise" in name)
    assert set(elsewhere["kind"]) == {"agreement", "kappa"}
    assert elsewhere["value"].null_count() == 0
    assert elsewhere["accuracy_x"].null_count() == elsewhere.height


def test_values_are_what_they_should_be(folder):
    table = _table(folder).filter(pl.col("dataset").str.ends_with("common classes"))
    assert table["n"].max() == 30  # as many samples as the entry allows, of 40
    known = table.drop_nulls("value")
    assert known["accuracy_x"].min() > 0.5
    alike = known.filter(pl.col("kind") == "agreement")
    assert alike["value"].min() > 0.3
    empty = table.filter((pl.col("design") == "both") & (pl.col("task_overlap") == 0))
    assert empty["value"].null_count() == empty.height
    assert empty["reason"].null_count() == 0
    both_ways = known.filter(pl.col("kind") == "transfer").group_by("design", "data_overlap", "seed").len()
    assert both_ways["len"].max() == 2
    assert known.filter(pl.col("kind") == "transfer")["value"].max() > 0.2


def test_names_are_those_of_the_similarities(folder):
    """Else consequences and similarities could not be joined."""
    runs, table = _table(folder, "overlap_runs"), _table(folder)
    same = ["design", "data_overlap", "task_overlap", "seed", "model_x", "model_y", "dataset"]
    one_way = table.filter(pl.col("kind") == "agreement")
    assert one_way.join(runs, on=same, how="anti").height == 0
    slopes = _table(folder, "consequence_slopes")
    assert dict(slopes.schema) == CONSEQUENCE_SLOPES
    found = slopes.filter((pl.col("kind") == "agreement") & pl.col("dataset").str.ends_with("common classes"))
    assert found["n"].to_list() == [6]
    assert found["slope"].null_count() == 0


def test_what_is_done_is_not_done_again_and_another_radius_redoes_only_this(folder):
    files = {
        path: path.stat().st_mtime_ns
        for path in (folder / "results" / "trained").rglob("*")
        if path.is_file()
    }
    done = sorted((folder / "results" / "consequences").iterdir())
    run(_study(folder))
    assert sorted((folder / "results" / "consequences").iterdir()) == done
    text = (folder / "study.yaml").read_text()
    (folder / "study.yaml").write_text(text.replace("radius: 0.2", "radius: 0.1, name: pgd"))
    try:
        run(_study(folder))
        details = set(_table(folder)["detail"])
        assert details == {"", "pgd, radius 0.1, 3 steps"}
        assert len(list((folder / "results" / "consequences").iterdir())) == 2 * len(done)
        assert files == {path: path.stat().st_mtime_ns for path in files}
    finally:
        (folder / "study.yaml").write_text(text)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("    consequences: {attacks: [{radius: 0.2}], samples: 30}\n", "", "consequence_slopes needs"),
        ("radius: 0.2", "radius: 8", "less than or equal to 1"),
        ("samples: 30", "kinds: [jailbreak]", "kinds"),
        ("samples: 30", "sample: 30", "sample"),
    ],
)
def test_mistakes_are_explained(folder, tmp_path, old, new, words):
    (tmp_path / "nets.py").write_text(NETWORK)
    (tmp_path / "noise.npz").write_bytes((folder / "noise.npz").read_bytes())
    assert old in STUDY
    (tmp_path / "study.yaml").write_text(STUDY.replace(old, new))
    with pytest.raises(StudyMistakes, match=words):
        _study(tmp_path)
