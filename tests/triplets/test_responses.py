"""Answers put the odd one last; files of them are checked row by row; the commands do the same."""

import numpy as np
import pytest
from scipy.special import softmax

from seealike.data.features import Features
from seealike.data.store import write_features
from seealike.data.triplet_files import TripletFile, read_triplets, write_triplets
from seealike.errors import DamagedArtifact, DataError, MissingArtifact, ShapeError
from seealike.triplets import respond, responses, sample_triplets


@pytest.fixture
def answered(monkeypatch):
    monkeypatch.setattr(responses, "_BLOCK", 100)
    z = np.random.default_rng(0).standard_normal((40, 6)).astype(np.float32)
    asked = sample_triplets(np.arange(40), 1000, "random", 2)
    return z, asked, respond(z, asked)


def test_agrees_with_the_full_matrix(answered):
    z, asked, made = answered
    gram = z.astype(np.float64) @ z.T
    x, y, odd = made.triplets.T
    expected = np.stack([gram[x, y], gram[x, odd], gram[y, odd]], axis=1)
    np.testing.assert_allclose(made.similarities, expected, atol=1e-5)
    assert (made.similarities.argmax(axis=1) == 0).all()
    assert (np.sort(made.triplets, axis=1) == np.sort(asked, axis=1)).all()


def test_scale_is_kept(answered):
    z, asked, made = answered
    doubled = respond(2 * z, asked)
    np.testing.assert_allclose(doubled.similarities, 4 * made.similarities, rtol=1e-6)
    assert (
        softmax(doubled.similarities, axis=1)[:, 0].mean() > softmax(made.similarities, axis=1)[:, 0].mean()
    )


@pytest.mark.parametrize(
    ("triplets", "error", "words"),
    [
        ([[0, 1, 2], [0, 1, 9]], DataError, r"triplets, row 1: expected rows from 0 to 4"),
        (
            [[0, 1, 2], [3, 1, 3]],
            DataError,
            r"triplets, row 1: expected three different samples, got \[3, 1, 3\]",
        ),
        ([[0, 1]], ShapeError, r"\(n, 3\)"),
        ([[0.0, 1.0, 2.0]], ShapeError, "row numbers"),
    ],
)
def test_refuses(triplets, error, words):
    with pytest.raises(error, match=words):
        respond(np.eye(5), np.array(triplets))


@pytest.fixture
def file(tmp_path, answered):
    _, _, made = answered
    names = np.char.add("n", made.triplets.astype(str))
    path = tmp_path / "uncertainty_distillation" / "train_class_border.npz"
    write_triplets(path, TripletFile(names, made.similarities, made.triplets))
    return path


def test_reads_what_it_writes(file, answered):
    found = read_triplets(file)
    assert len(found) == 1000
    np.testing.assert_array_equal(found.indices, answered[2].triplets)
    np.testing.assert_array_equal(found.similarities, answered[2].similarities)


def _broken(file, **changed):
    with np.load(file) as found:
        arrays = {name: found[name].copy() for name in found.files} | changed
    np.savez(file, **{name: array for name, array in arrays.items() if array is not None})


def test_the_row_that_breaks_the_order_is_named(file, seealike):
    assert seealike("triplets", "check", file)[0] == 0
    with np.load(file) as found:
        similarities = found["similarities"].copy()
    similarities[417] = similarities[417][::-1]
    _broken(file, similarities=similarities)
    code, _, err = seealike("triplets", "check", file)
    assert code == 2
    assert "row 417" in err
    assert "1 of 1000 rows" in err


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda f: {"similarities": None}, DamagedArtifact, "no array similarities"),
        (lambda f: {"similarities": f["similarities"][:, :2]}, DamagedArtifact, r"shape \(1000, 2\)"),
        (lambda f: {"indices": f["indices"].astype(float)}, DamagedArtifact, "indices of float64"),
        (
            lambda f: {"filenames": np.where(np.eye(1000, 3, -5) > 0, f["filenames"][5, 1], f["filenames"])},
            DataError,
            "row 5: expected three different images",
        ),
        (
            lambda f: {"similarities": np.where(np.eye(1000, 3, -8) > 0, np.nan, f["similarities"])},
            DataError,
            "row 8.*NaN",
        ),
    ],
)
def test_every_breach_of_the_layout_is_refused(file, change, error, words):
    with np.load(file) as found:
        changed = change({name: found[name] for name in found.files})
    _broken(file, **changed)
    with pytest.raises(error, match=words):
        read_triplets(file)


def test_what_is_no_file_of_triplets(tmp_path):
    with pytest.raises(MissingArtifact, match="no file"):
        read_triplets(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(DamagedArtifact, match="cannot be read"):
        read_triplets(tmp_path / "text.npz")


def test_from_a_table_to_answers_by_commands(tmp_path, seealike):
    rng = np.random.default_rng(1)
    names = [f"{k // 10}/{k}.png" for k in range(60)]
    table = tmp_path / "images.csv"
    table.write_text("file,label\n" + "\n".join(f"{name},{name[0]}" for name in names) + "\n")
    asked, done = tmp_path / "asked.npz", tmp_path / "answers.npz"
    code, out, _ = seealike(
        "triplets", "sample", table, "--out", asked, "-n", "500", "--rule", "class_border"
    )
    assert code == 0
    assert "500 triplets of 60 images" in out
    centers = 3 * rng.standard_normal((6, 8))
    values = (centers[np.arange(60) // 10] + 0.1 * rng.standard_normal((60, 8))).astype(np.float32)
    shuffled = rng.permutation(60)
    write_features(tmp_path / "f.safetensors", Features(values[shuffled], tuple(names[k] for k in shuffled)))
    assert (
        seealike("triplets", "respond", asked, "--features", tmp_path / "f.safetensors", "--out", done)[0]
        == 0
    )
    assert seealike("triplets", "check", done)[0] == 0
    found = read_triplets(done)
    kinds = np.array([[name[0] for name in row] for row in found.filenames.tolist()])
    assert (
        kinds[:, 0] == kinds[:, 1]
    ).mean() > 0.8  # inner products of well-separated classes mostly agree with them
    write_features(tmp_path / "few.safetensors", Features(values[:9], tuple(names[:9])))
    code, _, err = seealike(
        "triplets", "respond", asked, "--features", tmp_path / "few.safetensors", "--out", done
    )
    assert code == 2
    assert "features of every image" in err


def test_tables_that_will_not_do(tmp_path, seealike):
    table = tmp_path / "images.csv"
    table.write_text("file,label\na,1\na,2\nb,1\n")
    assert "every image once" in seealike("triplets", "sample", table, "--out", tmp_path / "o.npz")[2]
    assert (
        "'class'" in seealike("triplets", "sample", table, "--out", tmp_path / "o.npz", "--label", "class")[2]
    )
    assert "no file" in seealike("triplets", "sample", tmp_path / "no.csv", "--out", tmp_path / "o.npz")[2]


def test_normalized_rows_are_doubted(answered, tmp_path, seealike):
    z, asked, _ = answered
    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    with pytest.warns(UserWarning, match="length 1: they look normalized, and the scale carries how sure"):
        respond(unit, asked)
    names = tuple(f"{k}.png" for k in range(40))
    write_features(tmp_path / "f.safetensors", Features(unit, names))
    write_triplets(tmp_path / "asked.npz", TripletFile(np.array(names)[asked], None, asked))
    run = ("triplets", "respond", tmp_path / "asked.npz", "--features", tmp_path / "f.safetensors")
    code, _, err = seealike(*run, "--out", tmp_path / "out.npz")
    assert code == 0
    assert "note: f.safetensors" in err
    assert "normalized" in err


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.float64])
def test_answers_do_not_depend_on_workers_blocks_or_maps(answered, dtype, tmp_path, monkeypatch):
    z, asked, _ = answered
    values = z.astype(dtype)
    plain = respond(values, asked)
    np.testing.assert_allclose(plain.similarities, respond(z, asked).similarities, atol=2e-2)
    np.save(tmp_path / "z.npy", values)
    monkeypatch.setattr(responses, "count_workers", lambda device: 3)
    monkeypatch.setattr(responses, "_BLOCK", 37)
    monkeypatch.setattr(responses, "_CACHED", 1)
    again = respond(np.load(tmp_path / "z.npy", mmap_mode="r"), asked)
    np.testing.assert_array_equal(again.similarities, plain.similarities)
    np.testing.assert_array_equal(again.triplets, plain.triplets)
