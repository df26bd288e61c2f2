"""Splits on disk are what they say, can be read as datasets, and come with what evaluates them."""

import numpy as np
import polars as pl
import pytest

from seealike.errors import DamagedArtifact, MissingArtifact
from seealike.overlap import split
from seealike.overlap.manifests import read_split, write_split
from tests.cli.conftest import seealike

__all__ = ["seealike"]


@pytest.fixture
def table():
    labels = np.repeat(["cat", "dog", "eel", "fox", "gnu", "hen"], 6)
    return pl.DataFrame({"file": [f"{k:02}.png" for k in range(36)], "label": labels})


def test_tables_hold_the_split_with_common_classes_numbered_alike(tmp_path, table):
    made = split(table["label"].to_numpy(), "both", 2 / 3, seed=4)
    write_split(tmp_path, made, table, "label", table)
    first, second, said = read_split(tmp_path)
    assert first["file"].to_list() == table["file"][made.first.tolist()].to_list()
    assert second["file"].to_list() == table["file"][made.second.tolist()].to_list()
    assert (said.n_samples, said.n_classes, said.common_classes, said.seed) == (18, 3, 2, 4)
    assert said.overlap == said.sample_overlap == pytest.approx(2 / 3)
    numbers = [dict(side.select("label", "class_number").iter_rows()) for side in (first, second)]
    for one in made.common_classes:
        assert numbers[0][one] == numbers[1][one] < 2
    common, one = (pl.read_csv(tmp_path / f"test-{name}.csv") for name in ("common", "one"))
    assert set(common["label"]) == set(made.common_classes)
    assert set(one["label"]) == set(made.classes_first) ^ set(made.classes_second)


def test_what_evaluates_nothing_is_not_written(tmp_path, table):
    write_split(tmp_path, split(table["label"].to_numpy(), "both", 0), table, "label", table)
    assert not (tmp_path / "test-common.csv").exists()
    assert (tmp_path / "test-one.csv").exists()


def test_a_damaged_split_is_refused(tmp_path, table):
    with pytest.raises(MissingArtifact, match=r"split\.json"):
        read_split(tmp_path)
    write_split(tmp_path, split(table["label"].to_numpy(), "data", 0.5), table, "label")
    (tmp_path / "first.csv").write_text("file,label,class_number\n00.png,cat,0\n")
    with pytest.raises(DamagedArtifact, match="18 samples in each table, got 1 and 18"):
        read_split(tmp_path)


def test_the_command_writes_every_level_and_seed(tmp_path, table, seealike):
    table.write_csv(tmp_path / "labels.csv")
    words = ["--overlap", "0", "--overlap", "0.5", "--seed", "1", "--seed", "2", "--kind", "both"]
    code, out, err = seealike("causes", "split", tmp_path / "labels.csv", "--out", tmp_path / "s", *words)
    assert code == 0, err
    assert sorted(p.name for p in (tmp_path / "s").iterdir()) == [
        "both-0-seed1",
        "both-0-seed2",
        "both-0.5-seed1",
        "both-0.5-seed2",
    ]
    assert "overlap 0.666667 (nearest to 0.5)" in out
    code, _, err = seealike(
        "causes", "split", tmp_path / "labels.csv", "--out", tmp_path / "s", "--label", "lable"
    )
    assert code == 2
    assert "'lable'" in err


def test_a_split_is_a_dataset(tmp_path, table):
    from PIL import Image

    from seealike.sources.datasets import DATASET_SOURCES

    for name in table["file"]:
        Image.new("RGB", (8, 8), (int(name[:2]), 0, 0)).save(tmp_path / name)
    made = split(table["label"].to_numpy(), "data", 0.5)
    write_split(tmp_path / "split", made, table, "label")
    card = DATASET_SOURCES["manifest"](
        source="manifest",
        name="first",
        path=tmp_path / "split" / "first.csv",
        label="class_number",
        root=tmp_path,
    )
    samples = card.read()
    assert len(samples.sample_ids) == 18
    assert sorted(set(samples.labels.tolist())) == [0, 1, 2, 3, 4, 5]
