"""Numbers on disk in every precision: what comes back, what is refused, and what a digest sees."""

import json

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from safetensors.torch import load_file as load_torch

from seealike.data.arrays import encoded_sha256, read_arrays, read_header, stored_sha256, write_arrays
from seealike.data.encoding import decoded, encoded
from seealike.data.features import Features, unit_rows
from seealike.data.store import feature_problems, read_features, write_features
from seealike.errors import BadParameter, DamagedArtifact, MisalignedSamples, NonFiniteError

RNG = np.random.default_rng(0)


def _features(n=50, d=7, scale=1.0):
    values = (RNG.standard_normal((n, d)) * scale).astype(np.float32)
    return Features(values, tuple(f"é/{i}.png" for i in range(n)))


@pytest.mark.parametrize(("dtype", "torch_type"), [("float16", torch.float16), ("bfloat16", torch.bfloat16)])
def test_half_precision_is_what_torch_rounds_to(tmp_path, dtype, torch_type):
    features = _features()
    path = tmp_path / "f.safetensors"
    write_features(path, features, dtype=dtype)
    expected = torch.from_numpy(features.values).to(torch_type)
    np.testing.assert_array_equal(read_features(path).values, expected.float().numpy())
    assert torch.equal(load_torch(path)["values"], expected), "other tools read the same numbers"


def test_bfloat16_comes_back_exactly_as_float32(tmp_path):
    every = np.arange(1 << 16, dtype=np.uint16)
    wide = decoded(every, "BF16")
    assert wide.dtype == np.float32
    np.testing.assert_array_equal(
        wide, torch.from_numpy(every.view(np.int16)).view(torch.bfloat16).float().numpy()
    )
    finite = wide[np.isfinite(wide)]
    np.testing.assert_array_equal(decoded(encoded(finite, "BF16"), "BF16"), finite)


def test_bfloat16_rounds_ties_to_even():
    hard = np.concatenate([RNG.standard_normal(100_000), np.ldexp(1 + np.arange(513) / 512, 3)]).astype("f4")
    expected = torch.from_numpy(hard).bfloat16().float().numpy()
    np.testing.assert_array_equal(decoded(encoded(hard, "BF16"), "BF16"), expected)


def test_a_nan_stays_a_nan():
    nans = np.array([0x7F800001, 0xFFFFFFFF, 0x7FC00000], dtype=np.uint32).view(np.float32)
    assert np.isnan(decoded(encoded(nans, "BF16"), "BF16")).all()


def test_a_number_too_large_is_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(NonFiniteError, match=r"values: F16: expected numbers up to 65504, got 1e\+06. Store"):
        write_features(
            tmp_path / "f.safetensors", Features(np.full((2, 2), 1e6), ("a", "b")), dtype="float16"
        )
    with pytest.raises(NonFiniteError, match=r"expected numbers up to 3.38953e\+38, got 1e\+39"):
        write_features(
            tmp_path / "f.safetensors", Features(np.full((2, 2), 1e39), ("a", "b")), dtype="bfloat16"
        )
    with pytest.raises(NonFiniteError, match=r"F32.* got 1e\+39. Store float64"):
        write_features(tmp_path / "f.safetensors", Features(np.full((2, 2), 1e39), ("a", "b")))
    assert list(tmp_path.iterdir()) == []


def test_float64_is_kept_only_when_asked_for(tmp_path):
    features = Features(RNG.standard_normal((3, 3)), ("a", "b", "c"))
    write_features(tmp_path / "a.safetensors", features)
    assert read_features(tmp_path / "a.safetensors").values.dtype == np.float32
    write_features(tmp_path / "b.safetensors", features, dtype="float64")
    np.testing.assert_array_equal(read_features(tmp_path / "b.safetensors").values, features.values)
    with pytest.raises(BadParameter, match="expected a precision, got 'float8'"):
        write_features(tmp_path / "c.safetensors", features, dtype="float8")


def test_files_of_many_blocks_are_what_safetensors_writes(tmp_path):
    """Written block by block, also from a memory map and from rows that do not lie together."""
    big = RNG.standard_normal((3000, 700)).astype("f4")
    np.save(tmp_path / "big.npy", big)
    maps = {
        "values": np.load(tmp_path / "big.npy", mmap_mode="r"),
        "turned": big.T,
        "byte": np.arange(3, dtype="u1"),
    }
    write_arrays(tmp_path / "a.safetensors", maps, {"x": "ä"}, digested="values")
    loaded = load_file(tmp_path / "a.safetensors")
    for name, array in maps.items():
        np.testing.assert_array_equal(loaded[name], array)
    header = read_header(tmp_path / "a.safetensors")
    assert header.notes["x"] == "ä"
    assert header.notes["values_sha256"] == stored_sha256(header, "values") == encoded_sha256(big, "float32")
    offsets = {name: entry["data_offsets"][0] for name, entry in header.arrays.items()}
    assert all((header.start + offsets[name]) % 4 == 0 for name in ("values", "turned"))


def test_ids_of_one_line_only(tmp_path):
    for unfit in ("a\nb", ""):
        with pytest.raises(BadParameter, match="expected sample ids of one line"):
            write_features(tmp_path / "f.safetensors", Features(np.eye(2), (unfit, "c")))


def _flip(path, name):
    header = read_header(path)
    raw = bytearray(path.read_bytes())
    raw[header.start + header.arrays[name]["data_offsets"][0] + 1] ^= 0x10
    path.write_bytes(raw)


def _renoted(path, **notes):
    arrays, old = read_arrays(path)
    write_arrays(path, arrays, {**old, **notes})


def test_one_flipped_bit_is_found(tmp_path):
    path = tmp_path / "f.safetensors"
    write_features(path, _features())
    assert feature_problems(path) == []
    _flip(path, "values")
    (problem,) = feature_problems(path)
    assert "the values have changed since they were written" in problem


def test_every_kind_of_damage_is_a_sentence(tmp_path):
    path = tmp_path / "f.safetensors"
    values = np.array([[1.0, np.nan], [0.0, 1.0]], dtype="f4")
    ids = np.frombuffer(b"a\nb", dtype="u1")
    write_arrays(path, {"values": values, "sample_ids": ids}, {"kind": "features"})
    assert "NaN or infinity in 1 of 2 rows (a)" in feature_problems(path)[0]
    _renoted(path, finite="true", values_sha256="0")
    assert feature_problems(path)[0].startswith("NaN or infinity in 1 of 2 rows")
    write_arrays(
        path, {"values": np.eye(2), "sample_ids": np.frombuffer(b"a\na", "u1")}, {"kind": "features"}
    )
    assert feature_problems(path) == ["expected unique sample ids, got 'a' twice"]
    write_arrays(path, {"values": np.eye(2), "sample_ids": np.frombuffer(b"a", "u1")}, {"kind": "features"})
    assert feature_problems(path) == [
        "expected a 2-D array with one sample id a row, got shape (2, 2) and 1 ids"
    ]
    write_arrays(
        path, {"values": np.eye(2), "sample_ids": np.frombuffer(b"\xff\nb", "u1")}, {"kind": "features"}
    )
    assert "sample ids or key that cannot be read" in feature_problems(path)[0]
    write_arrays(path, {"values": np.eye(2), "sample_ids": ids}, {"kind": "features"})
    assert feature_problems(path) == ["no digest of the values is noted"]
    path.write_bytes(path.read_bytes()[:-4])
    assert "where the header promises" in feature_problems(path)[0]


def test_a_header_whose_shape_lies_is_damaged(tmp_path):
    path = tmp_path / "f.safetensors"
    write_features(path, _features(4, 4))
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    entries = json.loads(raw[8 : 8 + length])
    entries["values"]["shape"] = [4, 9]
    text = json.dumps(entries).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + raw[8 + length :])
    with pytest.raises(DamagedArtifact, match=r"64 bytes for values of shape \(4, 9\)"):
        read_features(path)


def test_what_vouches_for_its_numbers_is_not_looked_at_again(tmp_path, monkeypatch):
    path = tmp_path / "f.safetensors"
    write_features(path, _features())
    looked = []
    monkeypatch.setattr("seealike.data.features.non_finite_rows", lambda values: looked.append(1) or [])
    read_features(path)
    assert not looked
    arrays, notes = read_arrays(path)
    write_arrays(path, arrays, {k: v for k, v in notes.items() if k != "finite"})
    read_features(path)
    assert looked


def test_a_late_double_among_many_ids_is_found_quickly():
    import time

    ids = (*(f"sample-{i}" for i in range(50_000)), "sample-49999")
    began = time.perf_counter()
    with pytest.raises(MisalignedSamples, match="'sample-49999' twice"):
        Features(np.zeros((50_001, 1), dtype="f4"), ids)
    assert time.perf_counter() - began < 2


def test_unit_rows_keep_precision_and_zero_rows():
    x = RNG.standard_normal((5, 300)).astype("f4")
    x[2] = 0
    view = unit_rows(x)
    assert view.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(view.astype("f8"), axis=1), [1, 1, 0, 1, 1], atol=1e-6)
