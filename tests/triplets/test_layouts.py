"""Files of others: every break of the published layout is named with its row, every harmless variant is read."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seealike.data.triplet_codes import read_coded
from seealike.data.triplet_files import read_triplets

RNG = np.random.default_rng(0)
ROWS = np.array([RNG.permutation(40)[:3] for _ in range(300)])
NAMES = np.array([f"n{k:04d}_é.JPEG" for k in range(40)])
SIMILARITIES = -np.sort(-RNG.standard_normal((300, 3)), axis=1)
WHOLE = {"filenames": NAMES[ROWS], "similarities": SIMILARITIES, "indices": ROWS}


def changed(name, row, values):
    array = WHOLE[name].copy()
    array[row] = values
    return {name: array}


def parquet(path, arrays):
    columns = {
        "filenames": ("filename_0", "filename_1", "filename_2"),
        "similarities": ("similarity_01", "similarity_02", "similarity_12"),
        "indices": ("index_0", "index_1", "index_2"),
    }
    made = {
        column: pa.array(arrays[name][:, k])
        for name, three in columns.items()
        if name in arrays
        for k, column in enumerate(three)
    }
    pq.write_table(pa.table(made), path)


@pytest.mark.parametrize("suffix", [".npz", ".parquet"])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (changed("similarities", 217, [0.1, 0.2, 0.0]), "row 217: expected the odd one last"),
        (changed("similarities", 5, [0.1, np.nan, 0.0]), "row 5: expected finite similarities"),
        (changed("filenames", 3, ["a", "b", "a"]), "row 3: expected three different images"),
        (changed("indices", 4, [7, 7, 8]), "row 4: expected three different images"),
        (changed("filenames", 9, ["a", "", "b"]), "row 9: expected a file name for every image"),
        (changed("indices", 8, [-1, 3, 4]), "row 8: expected indices from 0"),
        ({"filenames": None}, "filenames"),
        ({"similarities": None}, "similarities"),
        ({"indices": None}, "indices"),
    ],
)
def test_what_breaks_the_layout_is_named(tmp_path, seealike, suffix, change, words):
    path = tmp_path / f"t{suffix}"
    arrays = {name: array for name, array in (WHOLE | change).items() if array is not None}
    np.savez(path, **arrays) if suffix == ".npz" else parquet(path, arrays)
    code, out, err = seealike("triplets", "check", path)
    assert (code, out) == (2, "")
    assert words in err


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"similarities": SIMILARITIES[:299]}, "similarities of float64 and shape (299, 3), not (300, 3)"),
        ({"similarities": SIMILARITIES[:, :2]}, "shape (300, 2), not (300, 3)"),
        ({"filenames": NAMES[ROWS].ravel()}, "shape (900,), not (900, 3)"),
        ({"similarities": (9 * SIMILARITIES).astype(int)}, "similarities of int64"),
        ({"indices": ROWS.astype(float)}, "indices of float64"),
        ({"filenames": NAMES[ROWS].astype(object)}, "Python objects"),
    ],
)
def test_shapes_and_types(tmp_path, seealike, change, words):
    np.savez(tmp_path / "t.npz", **WHOLE | change)
    code, _, err = seealike("triplets", "check", tmp_path / "t.npz")
    assert code == 2
    assert words in err


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_by_columns_and_names_in_bytes_are_read(tmp_path, monkeypatch, save):
    monkeypatch.setattr("seealike.data.triplet_files.BLOCK", 70)
    columns = {name: np.asfortranarray(array) for name, array in WHOLE.items()}
    columns["filenames"] = np.asfortranarray(np.char.encode(WHOLE["filenames"], "utf-8"))
    save(tmp_path / "t.npz", **columns)
    whole, coded = read_triplets(tmp_path / "t.npz"), read_coded(tmp_path / "t.npz")
    for name, array in WHOLE.items():
        np.testing.assert_array_equal(getattr(whole, name), array)
    np.testing.assert_array_equal(coded.names[coded.rows], WHOLE["filenames"])
