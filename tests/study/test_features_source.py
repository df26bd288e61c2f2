"""Studies of features that exist already: nothing is run, views are applied as they are read."""

import numpy as np
import polars as pl
import pytest

from seealike import cka, read_studies, run
from seealike.data.imports.finding import find
from seealike.data.imports.loading import Choices
from seealike.data.imports.study_file import write_study
from seealike.data.imports.writing import import_features

RNG = np.random.default_rng(5)
N = 40
IDS = np.array([f"s{i:02d}" for i in range(N)])
A, B = (RNG.standard_normal((N, d)).astype("f4") for d in (6, 4))
B[:, :3] += A[:, :3]


@pytest.fixture
def folder(tmp_path):
    """Two models on two datasets, the second dataset with labels; model b in another order of rows."""
    source = tmp_path / "source"
    order = RNG.permutation(N)
    for dataset in ("one", "two"):
        (source / dataset).mkdir(parents=True)
        labels = {"labels": np.arange(N) % 4} if dataset == "two" else {}
        np.savez(source / dataset / "a.npz", features=A, ids=IDS, **labels)
        shuffled = {name: array[order] for name, array in labels.items()}
        np.savez(source / dataset / "b.npz", features=B[order], ids=IDS[order], **shuffled)
    report = import_features(find(source), tmp_path / "mine", Choices())
    assert not report.refused
    write_study(tmp_path / "mine")
    return tmp_path / "mine"


def _similarity(folder, dataset="one"):
    table = pl.read_parquet(folder / "results/tables/similarities.parquet")
    pair = table.filter(
        (pl.col("dataset") == dataset) & pl.col("measure").str.starts_with("cka") & (pl.col("model_x") == "a")
    )
    return pair.filter(pl.col("model_y") == "b")["similarity"].item()


def _edit(folder, old, new):
    path = folder / "study.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def _run(folder):
    (study,) = read_studies(folder / "study.yaml")
    return {outcome.cell: outcome for outcome in run(study)}


def test_imported_features_are_compared_at_once_and_not_copied(folder):
    outcomes = _run(folder)
    assert {o.status for o in outcomes.values()} == {"done"}
    assert _similarity(folder) == pytest.approx(cka(A, B), abs=1e-6)
    assert not (folder / "results/features").exists()
    (study,) = read_studies(folder / "study.yaml")
    samples = study.datasets[1].open(0)
    assert samples.labels.tolist() == (np.arange(N) % 4).tolist()
    assert samples.classes == ("0", "1", "2", "3")


def test_a_subset_reads_the_rows_of_its_samples(folder):
    _edit(folder, "measures:", "subset: {samples: 25}\nmeasures:")
    _run(folder)
    (study,) = read_studies(folder / "study.yaml")
    ids = study.datasets[0].open(0, study.settings.subset).sample_ids
    rows = [IDS.tolist().index(name) for name in ids]
    assert len(rows) == 25
    assert _similarity(folder) == pytest.approx(cka(A[rows], B[rows]), abs=1e-6)


def test_a_transform_and_unit_rows_are_views(folder):
    arrays = {"weights": RNG.standard_normal((6, 3)), "mean": np.float64(0.4), "std": np.float64(2.0)}
    np.savez(folder / "t.npz", **arrays)
    before = {p: p.read_bytes() for p in (folder / "features").rglob("*.safetensors")}
    plain = _run(folder)
    _edit(folder, "name: a, path: features,", "name: a, path: features, transform: t.npz,")
    _edit(folder, "measures:", "normalize: unit_rows\nmeasures:")
    viewed = _run(folder)
    seen = (A.astype("f8") - 0.4) / 2 @ arrays["weights"]
    seen /= np.linalg.norm(seen, axis=1, keepdims=True)
    unit = B / np.linalg.norm(B, axis=1, keepdims=True)
    assert _similarity(folder) == pytest.approx(cka(seen, unit), abs=1e-5)
    assert before == {p: p.read_bytes() for p in (folder / "features").rglob("*.safetensors")}
    cell = next(name for name in plain if name.startswith("one, cka"))
    assert plain[cell].digest != viewed[cell].digest
    arrays["mean"] = np.float64(0.5)
    np.savez(folder / "t.npz", **arrays)
    assert _run(folder)[cell].digest != viewed[cell].digest, "the transform's content is in the key"


def test_a_transform_of_another_width_fails_that_dataset_with_a_reason(folder):
    np.savez(folder / "t.npz", weights=np.eye(5), mean=0.0, std=1.0)
    _edit(folder, "name: a, path: features,", "name: a, path: features, transform: t.npz,")
    outcomes = _run(folder)
    failed = [o.reason for o in outcomes.values() if o.status == "failed"]
    assert failed
    assert all("a on" in reason and "expected features of 5 dimensions, got 6" in reason for reason in failed)


def test_features_that_are_not_there_are_a_failed_cell(folder):
    (folder / "features/two/b/features.safetensors").unlink()
    outcomes = _run(folder)
    assert outcomes["b × two"].status == "failed"
    assert "got some on one in" in outcomes["b × two"].reason
    assert "name the datasets it has in `datasets:`" in outcomes["b × two"].reason
    assert outcomes["b × one"].status == "done"


def test_changed_features_are_compared_anew(folder):
    first = _run(folder)
    np.savez(folder / "a.npz", features=A * np.arange(1, 7, dtype="f4"), ids=IDS)
    import_features(find(folder / "a.npz", dataset="one"), folder, Choices(replace=True))
    second = _run(folder)
    cell = next(name for name in first if name.startswith("one, cka"))
    assert first[cell].digest != second[cell].digest
    assert _similarity(folder) == pytest.approx(cka(A * np.arange(1, 7), B), abs=1e-6)


def test_a_sample_table_of_ones_own(folder):
    pl.DataFrame({"sample_id": IDS[:30], "class": ["x", "y"] * 15}).write_csv(folder / "mine.csv")
    _edit(folder, "samples/one.parquet", "mine.csv")
    _run(folder)
    assert _similarity(folder) == pytest.approx(cka(A[:30], B[:30]), abs=1e-6)
    for text, reason in (
        ("id\na\n", "expected a column sample_id, got id"),
        ("sample_id\na\na\n", "expected unique sample ids"),
        ("sample_id,label\na,-1\n", "expected labels that are whole numbers from 0"),
    ):
        (folder / "mine.csv").write_text(text)
        outcomes = _run(folder)
        assert reason in outcomes["a × one"].reason
