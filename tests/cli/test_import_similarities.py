"""`seealike import similarities`: what it writes, says and refuses."""

import csv

import numpy as np
import polars as pl
import pytest
import torch

from seealike import read_studies

SLUGS = ("cka_kernel_linear_unbiased", "their_own")
NAMES = ["vgg16", "dinov2-vit-small-p14", "mine"]


@pytest.fixture
def theirs(tmp_path):
    s = np.random.default_rng(0).random((3, 3))
    for dataset, n in (("wds_vtab_dtd", 3), ("odd", 2)):
        for slug in SLUGS:
            place = tmp_path / "theirs" / dataset / slug
            place.mkdir(parents=True)
            torch.save(((s + s.T) / 2)[:n, :n], place / "similarity_matrix.pt")
            (place / "model_ids.txt").write_text("\n".join(NAMES[:n]) + "\n")
    return tmp_path / "theirs"


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_a_folder_with_a_study_file(seealike, theirs, tmp_path):
    code, out, err = seealike("import", "similarities", theirs, "--out", tmp_path / "mine")
    assert (code, err) == (0, "")
    assert (
        "4 matrices of 2 datasets, 2 measures and 3 models, read as the published pipeline's matrices" in out
    )
    assert "cka_kernel_linear_unbiased is cka-kernel=linear-unbiased=true" in out
    assert "their_own: no measure of ours by name" in out
    assert (
        "2 models are in all matrices; a study leaves out mine (not on odd), unless it says `models: all`"
        in out
    )
    models = {row["model"]: row for row in rows_of(tmp_path / "mine" / "models.csv")}
    assert models["dinov2-vit-small-p14"]["objective"] == "ssl"
    assert models["mine"]["objective"] == ""
    assert [row["dataset"] for row in rows_of(tmp_path / "mine" / "datasets.csv")] == ["odd", "wds/vtab/dtd"]
    (study,) = read_studies(tmp_path / "mine" / "study.yaml")
    assert study.name == "mine"
    assert [card.name for card in study.models] == NAMES[:2]
    assert {card.name: card.fields for card in study.datasets} == {
        "odd": {},
        "wds/vtab/dtd": {"domain": "structured"},
    }
    code, out, _ = seealike("plan", tmp_path / "mine" / "study.yaml")
    assert code == 0
    assert "compare     0     4        0       0" in out


def test_what_the_user_changed_is_left_alone(seealike, theirs, tmp_path):
    out_folder = tmp_path / "mine"
    seealike("import", "similarities", theirs, "--out", out_folder)
    cards = (out_folder / "models.csv").read_text().replace("mine,", "mine,ssl")
    (out_folder / "models.csv").write_text(cards)
    code, out, _ = seealike("import", "similarities", theirs, "--out", out_folder)
    assert code == 0
    assert f"{out_folder / 'models.csv'} was there and was left alone" in out
    assert (out_folder / "models.csv").read_text() == cards
    assert "sets: objective" in (out_folder / "study.yaml").read_text()  # every model has it now
    (out_folder / "study.yaml").write_text("# my own\n")
    seealike("import", "similarities", theirs, "--out", out_folder)
    assert (out_folder / "study.yaml").read_text() == "# my own\n"
    assert (out_folder / "study.imported.yaml").exists()


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_one_table_that_can_be_imported_again(seealike, theirs, tmp_path, ending):
    file = tmp_path / f"all.{ending}"
    code, out, _ = seealike("import", "similarities", theirs, "--out", file)
    assert (code, f"written: {file}" in out) == (0, True)
    table = pl.read_parquet(file) if ending == "parquet" else pl.read_csv(file)
    assert table.height == 2 * (9 + 4)
    code, out, _ = seealike("import", "similarities", file, "--out", tmp_path / "again")
    assert "4 matrices of 2 datasets, 2 measures and 3 models, read as a table of pairs" in out


def test_refused_files_are_named_and_the_others_come(seealike, theirs, tmp_path):
    (theirs / "odd" / "their_own" / "similarity_matrix.pt").write_bytes(b"no")
    code, out, err = seealike("import", "similarities", theirs, "--out", tmp_path / "mine")
    assert code == 3
    assert "3 matrices of" in out
    assert err.startswith("refused their_own on odd: ")
    for path in theirs.rglob("*.pt"):
        path.write_bytes(b"no")
    code, out, _ = seealike("import", "similarities", theirs, "--out", tmp_path / "none")
    assert (code, out) == (2, "")
    assert not (tmp_path / "none").exists()


def test_mistakes_are_one_line(seealike, theirs, tmp_path):
    code, _, err = seealike("import", "similarities", tmp_path / "nowhere", "--out", tmp_path / "x")
    assert (code, err.count("\n")) == (2, 1)
    code, _, err = seealike("import", "similarities", theirs, "--out", tmp_path / "x.xlsx")
    assert code == 2
    assert "expected a folder, or a file ending in .parquet or .csv, got .xlsx" in err
