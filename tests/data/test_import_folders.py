"""Folders of other programs: how their paths are understood, and what an import leaves behind."""

import numpy as np
import polars as pl
import pytest
import scipy.io
import torch

from seealike.data.features import Features
from seealike.data.identity import FeatureKey
from seealike.data.imports.finding import find
from seealike.data.imports.loading import ROWS, Choices
from seealike.data.imports.study_file import write_study
from seealike.data.imports.writing import import_features
from seealike.data.store import read_features, write_features
from seealike.errors import BadParameter, MissingArtifact, SpecError

RNG = np.random.default_rng(3)
X = RNG.standard_normal((6, 4)).astype("f4")
PATHS = [f"/data/images/{c}/{i}.jpg" for c in ("cat", "dog") for i in range(3)]


def _published(root, dataset, model, values=X, labels=(0, 1, 2, 0, 1, 2), split="train"):
    folder = root / dataset / model
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(torch.from_numpy(values), folder / f"features_{split}.pt")
    torch.save(torch.tensor(labels), folder / f"targets_{split}.pt")


def _names(folder, names=PATHS):
    (folder / "file_names.txt").write_text("".join(f"{name}\n" for name in names))


def _import(root, out, choices=None, **how):
    return import_features(find(root, **how), out, choices or Choices(ids=ROWS))


@pytest.mark.parametrize("start", [".", "wds_vtab_dtd", "wds_vtab_dtd/simclr-rn50"])
def test_the_published_pipeline_from_any_of_its_folders(tmp_path, start):
    for split in ("train", "test"):
        _published(tmp_path / "features", "wds_vtab_dtd", "simclr-rn50", split=split)
    found = find(tmp_path / "features" / start)
    assert [(f.dataset, f.model, f.labels.name) for f in found] == [
        (f"wds_vtab_dtd-{split}", "simclr-rn50", f"targets_{split}.pt") for split in ("test", "train")
    ]


def test_the_published_pipeline_with_labels(tmp_path):
    _published(tmp_path / "features", "dtd", "a")
    _published(tmp_path / "features", "dtd", "b", X[:, :3] * 2)
    report = _import(tmp_path / "features", tmp_path / "out")
    assert not report.refused
    samples = pl.read_parquet(tmp_path / "out/samples/dtd-train.parquet")
    assert samples["label"].to_list() == [0, 1, 2, 0, 1, 2]
    back = read_features(tmp_path / "out/features/dtd-train/b/features.safetensors")
    np.testing.assert_array_equal(back.values, X[:, :3] * 2)
    assert (back.key.model, back.key.dataset, back.key.layer) == ("b", "dtd-train", "features")


def test_one_model_in_another_order_is_refused_whichever_comes_first(tmp_path):
    """The published features of 29 of 60 models had targets of another order than the rest."""
    _published(tmp_path / "f", "dtd", "a", labels=(2, 1, 0, 0, 1, 2))
    for model in ("b", "c"):
        _published(tmp_path / "f", "dtd", model, X * 2)
    report = _import(tmp_path / "f", tmp_path / "out")
    assert [i.found.model for i in report.imported] == ["b", "c"]
    ((found, reason),) = report.refused
    assert found.model == "a"
    assert "other labels for 2 of 6 samples (row-0: 2 instead of 0)" in reason
    assert not (tmp_path / "out/features/dtd-train/a").exists()


def test_platonic_rep(tmp_path):
    folder = tmp_path / "features/minhuh/prh/wit_1024"
    folder.mkdir(parents=True)
    feats = RNG.standard_normal((6, 12, 4)).astype("f4")
    torch.save({"feats": torch.from_numpy(feats), "num_params": 7}, folder / "vit_base.augreg_pool-none.pt")
    llm = {
        "feats": torch.from_numpy(feats).half(),
        "mask": torch.ones(6, 9),
        "loss": torch.tensor(2.0),
        "bpb": 1.0,
    }
    torch.save(llm, folder / "bigscience_bloom_pool-avg.pt")
    found = find(tmp_path / "features")
    assert [(f.dataset, f.model, f.pooling) for f in found] == [
        ("minhuh/prh/wit_1024", "bigscience_bloom", "avg"),
        ("minhuh/prh/wit_1024", "vit_base.augreg", "none"),
    ]
    report = _import(folder, tmp_path / "out", dataset="wit")
    assert len(report.imported) == 24
    back = read_features(tmp_path / "out/features/wit/vit_base.augreg/layer-03.safetensors")
    np.testing.assert_array_equal(back.values, feats[:, 3])
    assert (
        read_features(tmp_path / "out/features/wit/bigscience_bloom/layer-11.safetensors").values.dtype
        == "f2"
    )


@pytest.mark.parametrize("kind", ["npy", "pt", "mat", "hdf5", "txt"])
def test_thingsvision(tmp_path, kind):
    import h5py

    folder = tmp_path / "things" / "clip" / "visual"
    folder.mkdir(parents=True)
    _names(folder)
    path = folder / f"features.{kind}"
    if kind == "hdf5":
        with h5py.File(path, "w") as file:
            file.create_dataset("features", data=X)
    else:
        save = {
            "npy": lambda: np.save(path, X),
            "pt": lambda: torch.save(torch.from_numpy(X), path),
            "mat": lambda: scipy.io.savemat(path, {"features": X}),
            "txt": lambda: np.savetxt(path, X),
        }
        save[kind]()
    (found,) = find(tmp_path / "things")
    assert (found.dataset, found.model, found.layer) == ("things", "clip", "visual")
    report = import_features([found], tmp_path / "out", Choices())
    assert not report.refused
    back = read_features(tmp_path / "out/features/things/clip/visual.safetensors")
    assert back.sample_ids == tuple(p.removeprefix("/data/images/") for p in PATHS)
    np.testing.assert_array_equal(back.values.astype("f4"), X)


def test_thingsvision_mat_files_with_one_array_a_sample(tmp_path):
    names = [f"img{i}.png" for i in range(6)]
    _names(tmp_path, names)
    rows = {name.removesuffix(".png"): row for name, row in zip(reversed(names), X[::-1], strict=True)}
    scipy.io.savemat(tmp_path / "features.mat", rows)
    import_features(find(tmp_path, dataset="d", model="m"), tmp_path / "out", Choices())
    back = read_features(tmp_path / "out/features/d/m/features.safetensors")
    np.testing.assert_array_equal(back.select(names).values, X)


@pytest.mark.parametrize("names", [("features_01.npy", "features_02.npy", "features_10.npy"),
                                   ("features_0-2.npy", "features_2-4.npy", "features_4-6.npy")])  # fmt: skip
def test_thingsvision_pieces_are_joined_in_the_order_of_their_numbers(tmp_path, names):
    source = tmp_path / "m"
    source.mkdir()
    _names(source)
    for k, name in enumerate(names):
        np.save(source / name, X[2 * k : 2 * k + 2])
    import_features(find(source, dataset="d"), tmp_path / "out", Choices())
    np.testing.assert_array_equal(read_features(tmp_path / "out/features/d/m/features.safetensors").values, X)
    np.save(source / "features.npy", X)
    with pytest.raises(SpecError, match="or its numbered pieces, got"):
        find(source)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["net.npy", "other.npy"], [("src", "net", ""), ("src", "other", "")]),
        (["pets/net.npy", "dtd/net.npy"], [("dtd", "net", ""), ("pets", "net", "")]),
        (["pets/net/fc.npy", "pets/net/pool.npy"], [("pets", "net", "fc"), ("pets", "net", "pool")]),
    ],
)
def test_plain_folders(tmp_path, files, expected):
    for name in files:
        (tmp_path / "src" / name).parent.mkdir(parents=True, exist_ok=True)
        np.save(tmp_path / "src" / name, X)
    assert [(f.dataset, f.model, f.layer) for f in find(tmp_path / "src")] == expected


def test_patterns(tmp_path):
    for name in ("v1_pets_net.npy", "v1_dtd_net.npy", "notes_x.npy"):
        np.save(tmp_path / name, X)
    found = find(tmp_path, pattern="v*_{dataset}_{model}.npy")
    assert [(f.dataset, f.model) for f in found] == [("dtd", "net"), ("pets", "net")]
    with pytest.raises(BadParameter, match=r"expected \{dataset\}, .*got \{modle\}"):
        find(tmp_path, pattern="{modle}.npy")
    with pytest.raises(BadParameter, match="each once"):
        find(tmp_path, pattern="{model}_{model}.npy")
    with pytest.raises(MissingArtifact, match="expected files like {model}.csv, got none"):
        find(tmp_path, pattern="{model}.csv")
    with pytest.raises(SpecError, match="model net on d: expected one file, got"):
        find(tmp_path, pattern="*_*_{model}.npy", dataset="d")


def test_what_cannot_be_told_apart_is_asked(tmp_path):
    (tmp_path / "a").mkdir()
    np.save(tmp_path / "net.npy", X)
    np.save(tmp_path / "a/net.npy", X)
    with pytest.raises(SpecError, match="all of one kind, got .*--pattern"):
        find(tmp_path)
    with pytest.raises(MissingArtifact, match="nothing of that name"):
        find(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingArtifact, match="expected files ending in"):
        find(tmp_path / "empty")


def test_features_of_another_study_keep_their_names(tmp_path):
    key = FeatureKey("net", "w", "blocks.3", "cls", "{}", "wds/dtd", "r", "all")
    write_features(tmp_path / key.path, Features(X, tuple("abcdef"), key))
    (found,) = find(tmp_path)
    assert (found.dataset, found.model, found.layer, found.pooling) == ("wds/dtd", "net", "blocks.3", "cls")
    report = import_features([found], tmp_path / "out", Choices())
    assert [i.layer for i in report.imported] == ["blocks.3"]


def test_again_is_nothing_new_and_other_features_are_not_overwritten(tmp_path):
    np.save(tmp_path / "net.npy", X)
    found = find(tmp_path / "net.npy", dataset="d")
    path = tmp_path / "out/features/d/net/features.safetensors"
    import_features(found, tmp_path / "out", Choices(ids=ROWS))
    first = path.stat().st_mtime_ns
    assert not import_features(found, tmp_path / "out", Choices(ids=ROWS)).refused
    assert path.stat().st_mtime_ns == first
    np.save(tmp_path / "net.npy", X * 2)
    ((_, reason),) = import_features(found, tmp_path / "out", Choices(ids=ROWS)).refused
    assert "got other features than those of net that are there. Add --replace" in reason
    np.testing.assert_array_equal(read_features(path).values, X)
    assert not import_features(found, tmp_path / "out", Choices(ids=ROWS, replace=True)).refused
    np.testing.assert_array_equal(read_features(path).values, X * 2)


def test_one_bad_file_does_not_stop_the_others(tmp_path):
    source = tmp_path / "d"
    source.mkdir()
    names = np.array(list("abcdef"))
    np.savez(source / "good.npz", features=X, ids=names)
    np.savez(source / "other_order.npz", features=X[::-1], ids=names[::-1])
    np.savez(source / "nan.npz", features=np.where(np.isin(X, X[2, 1]), np.nan, X), ids=names)
    np.savez(source / "double.npz", features=X, ids=np.array(list("aacdef")))
    np.savez(source / "other.npz", features=X, ids=np.array(list("abcdeg")))
    np.savez(source / "short.npz", features=X[:5], ids=names)
    (source / "broken.npz").write_bytes(b"PK")
    report = _import(source, tmp_path / "out", Choices())
    assert [i.found.model for i in report.imported] == ["good", "other_order"]
    reasons = {found.model: reason for found, reason in report.refused}
    assert "NaN or infinity in 1 of 6 rows (c)" in reasons["nan"]
    assert "'a' twice" in reasons["double"]
    assert "1 of those missing and 1 others (f, g, …)" in reasons["other"]
    assert "expected 5 ids, one a row of the features, got shape (6,)" in reasons["short"]
    assert "expected an .npz archive" in reasons["broken"]
    back = read_features(tmp_path / "out/features/d/other_order/features.safetensors")
    np.testing.assert_array_equal(back.select(names.tolist()).values, X)


def test_precision_and_unit_rows_are_said(tmp_path):
    unit = X / np.linalg.norm(X, axis=1, keepdims=True)
    np.save(tmp_path / "a.npy", unit.astype("f8"))
    report = _import(tmp_path / "a.npy", tmp_path / "out")
    assert report.imported[0].dtype == "float64"
    assert "rows have unit length already" in report.imported[0].said
    report = _import(tmp_path / "a.npy", tmp_path / "half", Choices(ids=ROWS, dtype="bfloat16"))
    assert report.imported[0].dtype == "bfloat16"
    np.save(tmp_path / "i.npy", np.array([[2**24 + 1, 1], [0, 1]]))
    assert _import(tmp_path / "i.npy", tmp_path / "i").imported[0].dtype == "float64"
    np.save(tmp_path / "j.npy", np.array([[2**24, 1], [0, 1]]))
    assert _import(tmp_path / "j.npy", tmp_path / "j").imported[0].dtype == "float32"


def test_text_labels_are_named_classes(tmp_path):
    np.savez(tmp_path / "a.npz", features=X, ids=np.array(list("abcdef")), label=np.array(list("xyxyxy")))
    _import(tmp_path / "a.npz", tmp_path / "out", Choices(), dataset="d")
    table = pl.read_parquet(tmp_path / "out/samples/d.parquet")
    assert table["label"].to_list() == [0, 1, 0, 1, 0, 1]
    assert table["class"].to_list() == list("xyxyxy")
    np.savez(tmp_path / "b.npz", features=X, ids=np.array(list("abcdef")), label=np.array(list("xyxyxx")))
    ((_, reason),) = _import(tmp_path / "b.npz", tmp_path / "out", Choices(), dataset="d").refused
    assert "other labels for 1 of 6 samples (f: x instead of y)" in reason


def test_a_study_file_that_was_changed_is_left_alone(tmp_path):
    np.save(tmp_path / "net.npy", X)
    _import(tmp_path / "net.npy", tmp_path / "out", dataset="d")
    path, kept = write_study(tmp_path / "out")
    assert (path.name, kept) == ("study.yaml", False)
    assert write_study(tmp_path / "out") == (path, False)
    path.write_text(path.read_text().replace("rsa", "rsa, svcca"))
    assert write_study(tmp_path / "out") == (tmp_path / "out/study.imported.yaml", True)
    assert "svcca" in path.read_text()
