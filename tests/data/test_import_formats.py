"""Every file format gives the same features, with ids and labels where it holds them; damage is refused."""

import csv
import pickle
import sys
import warnings

import h5py
import numpy as np
import polars as pl
import pytest
import scipy.io
import torch
from safetensors.numpy import save_file

from seealike.data.features import Features
from seealike.data.imports.finding import find
from seealike.data.imports.loading import ROWS, Choices, load
from seealike.data.imports.reading import READERS, read_file, read_names
from seealike.data.store import write_features
from seealike.errors import DataError, MisalignedSamples, MissingDependency, NonFiniteError, UnknownName

RNG = np.random.default_rng(2)
X = RNG.standard_normal((6, 4)).astype("f4")
IDS = [f"ä{i}.png" for i in range(6)]
LABELS = np.array([0, 1, 2, 0, 1, 2])


def _npz(path):
    np.savez(path, features=X, file_names=np.array(IDS), labels=LABELS)


def _safetensors(path):
    save_file({"values": X, "labels": LABELS}, path)


def _own(path):
    write_features(path, Features(X, tuple(IDS)))


def _pt(path):
    torch.save(
        {"features": torch.from_numpy(X), "ids": IDS, "targets": torch.from_numpy(LABELS), "lr": 0.1}, path
    )


def _h5(path):
    with h5py.File(path, "w") as file:
        file["group/features"] = X
        file.create_dataset("names", data=IDS, dtype=h5py.string_dtype())
        file["labels"] = LABELS.astype("f4")


def _mat(path):
    cell = np.empty((6, 1), dtype=object)
    cell[:, 0] = IDS
    scipy.io.savemat(path, {"X1": X, "names": cell, "label": LABELS, "note": "made today"})


def _mat73(path):
    """As MATLAB's save -v7.3 lays it out: transposed arrays, texts as UTF-16 units, cells as references."""
    with h5py.File(path, "w", userblock_size=512) as file:
        dataset = file.create_dataset("features", data=X.T)
        dataset.attrs["MATLAB_class"] = np.bytes_("single")
        refs = file.create_group("#refs#")
        cells = []
        for i, name in enumerate(IDS):
            units = np.frombuffer(name.encode("utf-16-le"), dtype="<u2").reshape(-1, 1)
            text = refs.create_dataset(f"c{i}", data=units)
            text.attrs["MATLAB_class"] = np.bytes_("char")
            cells.append(text.ref)
        cell = file.create_dataset(
            "names", data=np.array([cells], dtype=h5py.ref_dtype), dtype=h5py.ref_dtype
        )
        cell.attrs["MATLAB_class"] = np.bytes_("cell")
        labels = file.create_dataset("labels", data=LABELS.reshape(6, 1).astype("f8"))
        labels.attrs["MATLAB_class"] = np.bytes_("double")
    raw = bytearray(path.read_bytes())
    raw[:19] = b"MATLAB 7.3 MAT-file"
    path.write_bytes(raw)


def _csv(path):
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, delimiter="\t" if path.suffix == ".tsv" else ",")
        writer.writerow(["file", "label", *(f"d{k}" for k in range(4))])
        writer.writerows(
            [i, label, *map(repr, row)] for i, label, row in zip(IDS, LABELS, X.tolist(), strict=True)
        )


def _parquet(path):
    columns = {f"d{k}": X[:, k] for k in range(4)}
    pl.DataFrame({"sample_id": IDS, **columns, "label": LABELS}).write_parquet(path)


NAMED = {
    "a.npz": _npz,
    "a.pt": _pt,
    "a.h5": _h5,
    "a.hdf5": _h5,
    "a.mat": _mat,
    "b.mat": _mat73,
    "a.csv": _csv,
    "a.tsv": _csv,
    "a.parquet": _parquet,
}


def _load(path, **choices):
    (found,) = find(path)
    return load(found, Choices(**choices))


@pytest.mark.parametrize("name", NAMED)
def test_values_ids_and_labels(tmp_path, name):
    NAMED[name](tmp_path / name)
    loaded = _load(tmp_path / name)
    ((values, _),) = loaded.layers.values()
    np.testing.assert_array_equal(np.asarray(values, dtype="f4"), X)
    assert loaded.ids == IDS
    assert loaded.labels.tolist() == LABELS.tolist()


def test_our_own_files_bring_their_ids(tmp_path):
    _own(tmp_path / "f.safetensors")
    assert _load(tmp_path / "f.safetensors").ids == IDS


@pytest.mark.parametrize("suffix", [".npy", ".pt", ".txt", ".safetensors"])
def test_without_ids_they_are_asked_for(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    save = {
        ".npy": lambda: np.save(path, X),
        ".pt": lambda: torch.save(torch.from_numpy(X), path),
        ".txt": lambda: np.savetxt(path, X),
        ".safetensors": lambda: _safetensors(path),
    }
    save[suffix]()
    with pytest.raises(
        DataError, match="expected sample ids in the file or beside it, got none.* --ids rows"
    ):
        _load(path)
    assert _load(path, ids=ROWS).ids == [f"row-{i}" for i in range(6)]
    (tmp_path / "ids.txt").write_text("\n".join(IDS) + "\n", encoding="utf-8")
    loaded = _load(path, ids=tmp_path / "ids.txt")
    assert loaded.ids == IDS
    ((values, _),) = loaded.layers.values()
    np.testing.assert_array_equal(np.asarray(values, dtype="f4"), X)
    (tmp_path / "a.ids.txt").write_text("\n".join(IDS) + "\n", encoding="utf-8")
    assert _load(path).ids == IDS
    (tmp_path / "ids.txt").write_text("\n".join(IDS[:5]) + "\n", encoding="utf-8")
    with pytest.raises(MisalignedSamples, match="expected 6 sample ids, one a row of the features, got 5"):
        _load(path, ids=tmp_path / "ids.txt")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64, torch.int32, torch.bool])
def test_torch_types(tmp_path, dtype):
    tensor = torch.from_numpy(X * 3).to(dtype).requires_grad_(dtype.is_floating_point)
    torch.save(tensor, tmp_path / "a.pt")
    torch.save(tensor, tmp_path / "b.pt", _use_new_zipfile_serialization=False)
    for name in ("a.pt", "b.pt"):
        ((values, kind),) = _load(tmp_path / name, ids=ROWS).layers.values()
        assert kind == str(dtype).removeprefix("torch.")
        np.testing.assert_array_equal(values, tensor.detach().float().numpy().astype(values.dtype))


@pytest.mark.parametrize("name", [*NAMED, "a.npy", "a.safetensors"])
@pytest.mark.parametrize("damage", ["empty", "half", "rubbish"])
def test_damaged_files_are_refused_by_name(tmp_path, name, damage):
    if damage == "half" and name.endswith("sv"):
        return  # half of a text is a text; see the next test
    path = tmp_path / name
    make = {**NAMED, "a.npy": lambda p: np.save(p, X), "a.safetensors": _safetensors}[name]
    make(path)
    raw = path.read_bytes()
    path.write_bytes({"empty": b"", "half": raw[: len(raw) // 2], "rubbish": b"\x00\xff" * 300}[damage])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(DataError, match=name):
            _load(path)


def test_a_text_that_ends_within_a_row_has_a_hole(tmp_path):
    (tmp_path / "a.csv").write_text("id,x1,x2\na,1,2\nb,2")
    loaded = _load(tmp_path / "a.csv")
    with pytest.raises(NonFiniteError, match=r"1 of 2 rows \(b\)"):
        Features(next(iter(loaded.layers.values()))[0], tuple(loaded.ids))


class _Bomb:
    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (open, (self.mark, "w"))


def _pickle(path, bomb):
    path.write_bytes(pickle.dumps({"features": X, "b": bomb}))


def _torch_pickle(path, bomb):
    torch.save({"features": torch.from_numpy(X), "b": bomb}, path)


def _torch_old_pickle(path, bomb):
    torch.save({"features": torch.from_numpy(X), "b": bomb}, path, _use_new_zipfile_serialization=False)


def _numpy_pickle(path, bomb):
    with path.open("wb") as stream:
        np.save(stream, np.array([bomb], dtype=object), allow_pickle=True)


def _npz_pickle(path, bomb):
    np.savez(path, features=np.array([bomb], dtype=object))


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("a.pkl", _pickle),
        ("a.joblib", _pickle),
        ("a.pt", _torch_pickle),
        ("a.pt", _torch_old_pickle),
        ("a.pt", _pickle),
        ("a.npy", _numpy_pickle),
        ("a.npy", _pickle),
        ("a.npz", _npz_pickle),
        ("a.npz", _pickle),
        ("a.mat", _pickle),
        ("a.h5", _pickle),
    ],
)
def test_a_malicious_pickle_does_not_run(tmp_path, name, make):
    mark = tmp_path / "it ran"
    make(tmp_path / name, _Bomb(str(mark)))
    with pytest.raises(DataError, match=name):
        _load(tmp_path / name, ids=ROWS)
    assert not mark.exists()


def test_a_refused_pickle_says_why_and_what_to_do(tmp_path):
    torch.save({"features": X, "b": _Bomb(str(tmp_path / "it ran"))}, tmp_path / "a.pt")
    with pytest.raises(
        DataError, match="A pickle can run any code.*so it is refused.*numpy.save or safetensors"
    ):
        _load(tmp_path / "a.pt")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/x.pkl").write_bytes(pickle.dumps(X))
    with pytest.raises(DataError, match=r"x.pkl: .*got a pickle \(1 in"):
        find(tmp_path / "folder")


def test_ids_as_objects_are_refused_not_passed_over(tmp_path):
    np.savez(tmp_path / "a.npz", features=X, names=np.array(IDS, dtype=object))
    with pytest.raises(DataError, match="names: objects, which only unpickling could read"):
        _load(tmp_path / "a.npz")
    assert _load(tmp_path / "a.npz", ids=ROWS).layers


def test_which_array_it_is(tmp_path):
    np.savez(tmp_path / "a.npz", early=X, late=X[:, :2], file_names=np.array(IDS))
    with pytest.raises(DataError, match=r"got 2 \(early float32 \(6, 4\); late .*--key NAME, or --key all"):
        _load(tmp_path / "a.npz")
    ((values, _),) = _load(tmp_path / "a.npz", key="late").layers.values()
    np.testing.assert_array_equal(values, X[:, :2])
    assert list(_load(tmp_path / "a.npz", key="all").layers) == ["early", "late"]
    with pytest.raises(UnknownName, match="Did you mean 'early'"):
        _load(tmp_path / "a.npz", key="earl")


@pytest.mark.parametrize("shape", [(6,), (6, 2, 2), (0, 4)])
def test_what_is_no_matrix_is_refused(tmp_path, shape):
    np.save(tmp_path / "a.npy", np.ones(shape))
    with pytest.raises(DataError, match="expected one (row a sample|matrix of features).*Flatten or pool"):
        _load(tmp_path / "a.npy", ids=ROWS)


def test_csv_without_a_header_and_with_holes(tmp_path):
    np.savetxt(tmp_path / "a.csv", X, delimiter=",")
    ((values, _),) = _load(tmp_path / "a.csv", ids=ROWS).layers.values()
    np.testing.assert_array_equal(values.astype("f4"), X)
    (tmp_path / "b.csv").write_text("id,x1,x2\na,1,\nb,2,3\n")
    ((values, _),) = _load(tmp_path / "b.csv").layers.values()
    assert np.isnan(values[0, 1])
    assert _load(tmp_path / "b.csv").ids == ["a", "b"]


def test_labels_and_ids_from_other_files(tmp_path):
    np.save(tmp_path / "a.npy", X)
    pl.DataFrame({"sample_id": IDS, "class": list("cabcab")}).write_csv(tmp_path / "names.csv")
    loaded = _load(tmp_path / "a.npy", ids=tmp_path / "names.csv", labels=tmp_path / "names.csv")
    assert loaded.ids == IDS
    assert loaded.labels.tolist() == list("cabcab")
    np.save(tmp_path / "labels.npy", np.array([0.5] * 6))
    with pytest.raises(DataError, match="expected labels that are whole numbers, got fractions"):
        _load(tmp_path / "a.npy", ids=ROWS, labels=tmp_path / "labels.npy")
    np.save(tmp_path / "labels.npy", LABELS[:3])
    with pytest.raises(DataError, match="expected 6 labels, one a row of the features, got 3"):
        _load(tmp_path / "a.npy", ids=ROWS, labels=tmp_path / "labels.npy")


def test_other_endings_are_named(tmp_path):
    (tmp_path / "a.docx").write_text("x")
    with pytest.raises(DataError, match=r"expected a file ending in \.npy, .*got \.docx"):
        read_file(tmp_path / "a.docx")
    assert {".npy", ".npz", ".pt", ".safetensors", ".h5", ".mat", ".csv"} <= set(READERS)
    (tmp_path / "ids.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="expected lines of UTF-8 text"):
        read_names(tmp_path / "ids.txt")


def test_without_h5py_one_line_says_what_to_install(tmp_path, monkeypatch):
    for name in ("a.h5", "b.mat"):
        NAMED[name](tmp_path / name)
    monkeypatch.setitem(sys.modules, "h5py", None)
    for name in ("a.h5", "b.mat"):
        with pytest.raises(MissingDependency, match=r'Run: pip install "seealike\[hdf5\]"'):
            _load(tmp_path / name)
