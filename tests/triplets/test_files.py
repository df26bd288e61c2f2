"""Both forms of a file hold the same, in blocks or whole, under either of the published names."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from seealike.data import triplet_files
from seealike.data.triplet_codes import CodedTriplets, read_coded, write_coded
from seealike.data.triplet_files import TripletFile, checked_blocks, n_triplets, read_triplets, write_triplets
from seealike.data.triplet_layout import find_triplets
from seealike.errors import DamagedArtifact, DataError, MisalignedSamples, MissingArtifact


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(triplet_files, "BLOCK", 100)
    monkeypatch.setattr("seealike.data.triplet_codes.BLOCK", 100)


@pytest.fixture
def coded():
    rng = np.random.default_rng(0)
    names = np.array([f"n{k:04d}_ü{'x' * (k % 7)}.JPEG" for k in range(50)])
    rows = np.array([rng.permutation(50)[:3] for _ in range(1050)], dtype=np.int32)
    similarities = -np.sort(-rng.standard_normal((1050, 3)).astype(np.float32), axis=1)
    return CodedTriplets(names, rows, similarities, {"rule": "random", "seed": "7"})


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
def test_what_is_written_is_read(coded, tmp_path, suffix):
    path = tmp_path / f"train_random{suffix}"
    write_coded(path, coded)
    whole = read_triplets(path)
    np.testing.assert_array_equal(whole.filenames, coded.names[coded.rows])
    np.testing.assert_array_equal(whole.indices, coded.rows)
    np.testing.assert_array_equal(whole.similarities, coded.similarities)
    assert whole.notes == coded.notes
    assert n_triplets(path) == 1050
    assert [len(block["filenames"]) for block in checked_blocks(path)] == [100] * 10 + [50]
    again = read_coded(path)
    np.testing.assert_array_equal(again.names[again.rows], whole.filenames)
    assert len(set(again.names.tolist())) == len(again.names)
    write_triplets(tmp_path / f"copy{suffix}", whole)
    np.testing.assert_array_equal(read_triplets(tmp_path / f"copy{suffix}").filenames, whole.filenames)


def test_numpy_and_parquet_readers_open_them(coded, tmp_path):
    write_coded(tmp_path / "t.npz", coded)
    with np.load(tmp_path / "t.npz") as found:
        assert {"filenames", "similarities", "indices"} < set(found.files)
        np.testing.assert_array_equal(found["filenames"], coded.names[coded.rows])
        assert found["similarities"].dtype == np.float32
    write_coded(tmp_path / "t.parquet", coded)
    column = pq.ParquetFile(tmp_path / "t.parquet").metadata.row_group(0).column(3)
    assert column.path_in_schema == "similarity_01"
    assert column.compression == "UNCOMPRESSED"  # mapped, not unpacked


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
def test_the_row_is_named_across_blocks(coded, tmp_path, suffix, seealike):
    similarities = coded.similarities.copy()
    similarities[417] = similarities[417][::-1]
    path = tmp_path / f"t{suffix}"
    write_coded(path, CodedTriplets(coded.names, coded.rows, similarities))
    code, _, err = seealike("triplets", "check", path)
    assert code == 2
    assert "row 417: expected the odd one last" in err
    with pytest.raises(DataError, match="row 417"):
        read_coded(path)


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
def test_without_answers(coded, tmp_path, suffix):
    path = tmp_path / f"asked{suffix}"
    write_coded(path, CodedTriplets(coded.names, coded.rows))
    assert read_coded(path, answered=False).similarities is None
    with pytest.raises(DamagedArtifact, match="similarities"):
        read_triplets(path)
    write_coded(tmp_path / f"none{suffix}", CodedTriplets(coded.names, coded.rows[:0]))
    assert len(read_coded(tmp_path / f"none{suffix}", answered=False)) == 0


def test_damaged_files(coded, tmp_path):
    (tmp_path / "t.parquet").write_text("no table")
    with pytest.raises(DamagedArtifact, match="cannot be read"):
        read_triplets(tmp_path / "t.parquet")
    path = tmp_path / "t.npz"
    write_coded(path, coded)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DamagedArtifact, match="cannot be read"):
        read_triplets(path)
    np.savez(
        path,
        filenames=np.array([[1, 2, 3]], dtype=object),
        similarities=np.eye(1, 3),
        indices=np.eye(1, 3, dtype=int),
    )
    with pytest.raises(DamagedArtifact, match="Python objects"):
        read_triplets(path)


def test_names_join_never_positions(coded):
    order = np.random.default_rng(1).permutation(50)
    ids = coded.names[order]
    np.testing.assert_array_equal(ids[coded.rows_of(ids.tolist(), "f")], coded.names[coded.rows])
    with pytest.raises(MisalignedSamples, match=r"none of 1 images \(n0003"):
        coded.rows_of([name for name in ids.tolist() if not name.startswith("n0003")], "f")


def test_both_published_names_are_found(tmp_path):
    wanted = (tmp_path, "uncertainty_distillation", "val", "cluster_border_500")
    with pytest.raises(
        MissingArtifact, match=r"val_cluster_border_500.npz or .*\.parquet or alignet_valid.npz"
    ):
        find_triplets(*wanted)
    (tmp_path / "alignet_valid.npz").touch()
    assert find_triplets(*wanted).name == "alignet_valid.npz"
    (tmp_path / "uncertainty_distillation").mkdir()
    (tmp_path / "uncertainty_distillation" / "val_cluster_border_500.npz").touch()
    assert find_triplets(*wanted).name == "val_cluster_border_500.npz"
    with pytest.raises(MissingArtifact, match="none of them"):  # the release has no control under that name
        find_triplets(tmp_path, "untransformed", "val", "cluster_border_500")
    assert isinstance(TripletFile(np.empty((0, 3), str), None, np.empty((0, 3), int)).notes, dict)
