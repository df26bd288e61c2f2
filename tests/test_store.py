"""Files are whole or absent, and come back as they went."""

import numpy as np
import polars as pl
import pytest

from seealike.data.features import Features
from seealike.data.identity import FeatureKey, content_ids, file_digest
from seealike.data.store import (
    FORMAT,
    read_arrays,
    read_features,
    read_table,
    write_arrays,
    write_atomically,
    write_features,
    write_table,
)
from seealike.errors import (
    DamagedArtifact,
    MisalignedSamples,
    MissingArtifact,
    NewerFormat,
    NonFiniteError,
    ShapeError,
)

KEY = FeatureKey("m", "w", "layer.1", "none", "{}", "data/set", "r", "all")


def _features(n=5, d=3):
    return Features(
        np.random.default_rng(0).standard_normal((n, d)).astype("f4"),
        tuple(f"é/{i}.png" for i in range(n)),
        KEY,
    )


def test_features_come_back_bit_for_bit(tmp_path):
    features = _features()
    write_features(tmp_path / "f.safetensors", features, {"torch": "2"})
    back = read_features(str(tmp_path / "f.safetensors"))
    np.testing.assert_array_equal(back.values, features.values)
    assert back.sample_ids == features.sample_ids
    assert back.key == KEY
    assert isinstance(back.values, np.memmap)


def test_other_tools_open_the_file(tmp_path):
    from safetensors.numpy import load_file

    write_features(tmp_path / "f.safetensors", _features())
    np.testing.assert_array_equal(load_file(tmp_path / "f.safetensors")["values"], _features().values)


def test_every_field_of_the_key_changes_the_path():
    from dataclasses import fields, replace

    paths = {replace(KEY, **{f.name: "other"}).path for f in fields(KEY)}
    assert len(paths | {KEY.path}) == len(fields(KEY)) + 1


def test_a_failed_write_leaves_nothing(tmp_path):
    def half(path):
        path.write_text("half")
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        write_atomically(tmp_path / "a.json", half)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("keep", [0, 4, 20, -7])
def test_a_truncated_file_is_damaged_not_wrong(tmp_path, keep):
    path = tmp_path / "f.safetensors"
    write_features(path, _features())
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DamagedArtifact, match="expected a complete file, got .* Delete it"):
        read_features(path)


def test_missing_newer_and_foreign_files(tmp_path):
    with pytest.raises(MissingArtifact, match="got no file"):
        read_features(tmp_path / "none.safetensors")
    write_arrays(tmp_path / "new.safetensors", {"values": np.ones((2, 2))}, {})
    text = (tmp_path / "new.safetensors").read_bytes().replace(f'"{FORMAT}"'.encode(), b'"9"')
    (tmp_path / "new.safetensors").write_bytes(text)
    with pytest.raises(NewerFormat, match="Update seealike"):
        read_arrays(tmp_path / "new.safetensors")
    write_arrays(tmp_path / "other.safetensors", {"weight": np.ones((2, 2))}, {})
    with pytest.raises(DamagedArtifact, match="arrays weight instead of values"):
        read_features(tmp_path / "other.safetensors")


def test_tables(tmp_path):
    table = pl.DataFrame({"a": [1, 2]})
    write_table(tmp_path / "t.parquet", table, made_from="abc")
    assert read_table(tmp_path / "t.parquet").equals(table)
    assert pl.read_parquet_metadata(tmp_path / "t.parquet")["made_from"] == "abc"
    (tmp_path / "t.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(DamagedArtifact, match="t.parquet"):
        read_table(tmp_path / "t.parquet")


def test_features_refuse_what_is_not_so():
    ids = ("a", "b")
    with pytest.raises(ShapeError, match="2-D"):
        Features(np.ones((2, 2, 2)), ids)
    with pytest.raises(ShapeError, match="3 ids"):
        Features(np.ones((2, 2)), ("a", "b", "c"))
    with pytest.raises(MisalignedSamples, match="'a' twice"):
        Features(np.ones((2, 2)), ("a", "a"))
    with pytest.raises(NonFiniteError, match=r"1 of 2 rows \(b\)"):
        Features(np.array([[1.0, 1], [np.nan, 1]]), ids)
    with pytest.raises(MisalignedSamples, match=r"1 missing \(z\)"):
        Features(np.ones((2, 2)), ids).select(["a", "z"])


def test_ids_come_from_content(tmp_path):
    assert content_ids([b"1", b"2"]) == list(reversed(content_ids([b"2", b"1"])))
    (tmp_path / "x").write_bytes(b"1")
    assert file_digest(tmp_path / "x") == content_ids([b"1"])[0]
