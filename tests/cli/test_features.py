"""`seealike import features` and `seealike features …` as a user types them."""

import numpy as np
import pytest
import torch

from seealike.data.arrays import read_header
from tests.study.conftest import write_study

RNG = np.random.default_rng(6)
X = RNG.standard_normal((30, 5)).astype("f4")


@pytest.fixture
def mine(tmp_path, seealike):
    """A folder with two imported models on one dataset."""
    source = tmp_path / "pets"
    source.mkdir()
    np.save(source / "a.npy", X)
    np.save(source / "b.npy", X[:, :3] ** 2)
    code, _, err = seealike("import", "features", source, "--out", tmp_path / "mine", "--ids", "rows")
    assert code == 0, err
    return tmp_path / "mine"


def _flip(path):
    raw = bytearray(path.read_bytes())
    raw[read_header(path).start + 2] ^= 4
    path.write_bytes(raw)


def test_import_then_run(seealike, tmp_path):
    (tmp_path / "pets").mkdir()
    for name in ("a", "b"):
        np.save(tmp_path / f"pets/{name}.npy", RNG.standard_normal((30, 5)))
    code, out, err = seealike("import", "features", tmp_path / "pets", "--out", tmp_path / "mine")
    assert code == 2
    assert err.count("--ids rows") == 1, "one reason is said once"
    assert "refused a on pets, b on pets: " in err
    assert not (tmp_path / "mine").exists()
    code, out, err = seealike(
        "import", "features", tmp_path / "pets", "--out", tmp_path / "mine", "--ids", "rows"
    )
    assert code == 0, err
    assert "pets: 30 samples, a, b\n" in out
    assert "stored as float64 (--dtype float32 halves their size)" in out
    assert "sample ids: row numbers (you say that they mean the same in all files)" in out
    code, out, err = seealike("run", tmp_path / "mine/study.yaml")
    assert code == 0, err
    assert "mine: 4 done" in out


def test_some_refused_is_exit_code_three(seealike, tmp_path, mine):
    torch.save(torch.ones(30, 2, 2), tmp_path / "pets/c.pt")
    code, out, err = seealike("import", "features", tmp_path / "pets", "--out", mine, "--ids", "rows")
    assert code == 3
    assert "refused c on pets: " in err
    assert "now: seealike run" in out
    code, _, err = seealike(
        "import", "features", tmp_path / "pets", "--out", mine, "--ids", tmp_path / "no.txt"
    )
    assert code == 2
    assert "--ids: expected a file, got no file" in err
    (mine / "study.yaml").write_text("name: x\n")
    code, out, _ = seealike("import", "features", tmp_path / "pets/a.npy", "--out", mine, "--ids", "rows")
    assert "is yours and was left alone; the new one is study.imported.yaml" in out


def test_list(seealike, mine):
    for target in (mine, mine / "study.yaml"):
        code, out, _ = seealike("features", "list", target)
        heading, *rows = (line.split("\t") for line in out.splitlines())
        assert (code, heading[:6]) == (0, ["dataset", "model", "layer", "samples", "dims", "type"])
        assert [row[:6] for row in rows] == [
            ["pets", "a", "features", "30", "5", "float32"],
            ["pets", "b", "features", "30", "3", "float32"],
        ]
        size = (mine / "features/pets/a/features.safetensors").stat().st_size
        assert rows[0][6] == str(size)
    _, out, _ = seealike("features", "list", mine, "--model", "b*")
    assert len(out.splitlines()) == 2
    code, _, err = seealike("features", "list", mine / "none")
    assert code == 2
    assert "expected a study file or a folder, got nothing there" in err


def test_list_fits_a_terminal(monkeypatch, mine):
    from rich.console import Console

    from seealike.cli import show, stored

    console = Console(force_terminal=True, width=80, record=True, color_system=None)
    monkeypatch.setattr(show, "Console", lambda **_: console)
    stored.list_features(mine, None, None)
    lines = console.export_text().splitlines()
    assert max(map(len, lines)) <= 80
    assert any("float32" in line for line in lines)


def test_check_finds_what_is_wrong(seealike, mine):
    study = mine / "study.yaml"
    for target in (mine, study):
        code, out, _ = seealike("features", "check", target)
        assert (code, out) == (0, "2 files, all as written\n")
    path = mine / "features/pets/a/features.safetensors"
    whole = path.read_bytes()
    _flip(path)
    for target in (mine, study):
        code, out, _ = seealike("features", "check", target)
        assert code == 3
        assert f"{path}: the values have changed since they were written" in out
        assert "2 files, 1 with problems" in out
    path.write_bytes(whole[:100])
    code, out, _ = seealike("features", "check", mine)
    assert code == 3
    assert str(path) in out
    path.unlink()
    code, out, _ = seealike("features", "check", study)
    assert code == 3
    assert f"{path}: not there" in out
    code, out, _ = seealike("features", "list", mine)
    assert code == 0


def test_check_compares_ids_with_the_samples(seealike, mine):
    import polars as pl

    table = mine / "samples/pets.parquet"
    ids = pl.read_parquet(table)["sample_id"].to_list()
    pl.DataFrame({"sample_id": [*ids, "new"]}).write_parquet(table)
    for target in (mine, mine / "study.yaml"):
        code, out, _ = seealike("features", "check", target)
        assert code == 3
        assert "1 of the dataset's 31 samples are missing (new, …)" in out


def test_export_and_back(seealike, mine, tmp_path):
    code, out, err = seealike(
        "features", "export", mine, "--out", tmp_path / "out", "--format", "npy", "--model", "a"
    )
    assert code == 0, err
    path = tmp_path / "out/pets/a/features.npy"
    assert out.splitlines()[0] == str(path)
    np.testing.assert_array_equal(np.load(path), X)
    assert path.with_name("features.ids.txt").read_text().splitlines()[1] == "row-1"
    code, _, err = seealike("features", "export", mine, "--out", tmp_path / "out", "--format", "xls")
    assert code == 2
    assert "expected a format, got 'xls'" in err
    code, _, err = seealike("features", "export", mine, "--out", tmp_path / "out", "--model", "zzz")
    assert code == 2
    assert "expected features to export, got none" in err


def test_gc_shows_and_deletes_only_what_nobody_needs(seealike, tmp_path):
    study = write_study(tmp_path)
    assert seealike("extract", study)[0] == 0
    root = tmp_path / "results/features"
    kept = sorted(root.rglob("*.safetensors"))
    code, out, _ = seealike("features", "gc", study)
    assert (code, out) == (0, "0 files and folders, 0 B: nothing to clean up\n")
    study.write_text(study.read_text().replace("layer: pool", "layer: conv"))
    stale = root / "noise/ssl-0/0123456789abcdef.partial"
    stale.mkdir()
    (stale / "000000000-000000512.safetensors").write_bytes(b"x" * 1000)
    (root / "noise/.x.tmp").write_bytes(b"x")
    code, out, _ = seealike("features", "gc", study)
    lines = out.splitlines()
    pools = [p for p in kept if p.name.startswith("pool-")]
    assert code == 0
    assert {line.partition("\t")[0] for line in lines[:-1]} == {
        str(p) for p in (*pools, stale, root / "noise/.x.tmp")
    }
    assert "not needed; --delete removes them" in lines[-1]
    assert all(p.exists() for p in (*kept, stale))
    code, out, _ = seealike("features", "gc", study, "--delete")
    assert code == 0
    assert not stale.exists()
    assert sorted(root.rglob("*.safetensors")) == sorted(set(kept) - set(pools))
    code, _, err = seealike("features", "gc", tmp_path)
    assert code == 2
    assert "expected a study file: it says what is needed" in err


def test_gc_deletes_nothing_while_a_dataset_cannot_be_read(seealike, tmp_path):
    study = write_study(tmp_path)
    assert seealike("extract", study)[0] == 0
    (tmp_path / "noise.npz").write_bytes(b"PK")
    code, _, err = seealike("features", "gc", study, "--delete")
    assert code == 2
    assert "nothing was deleted" in err
    assert list((tmp_path / "results/features/noise").rglob("*.safetensors"))


def test_gc_keeps_shards_that_a_killed_run_goes_on_with(seealike, tmp_path):
    from seealike import read_studies
    from seealike.extract.shards import Shards
    from seealike.study.opening import open_study

    study = write_study(tmp_path)
    (one,) = read_studies(study)
    cell = open_study(one).extract_cells[0]
    folder = Shards(cell.outputs, 40).folder
    folder.mkdir(parents=True)
    (folder / "000000000-000000040.safetensors").write_bytes(b"x")
    seealike("features", "gc", study, "--delete")
    assert folder.exists()
