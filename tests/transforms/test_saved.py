"""A saved map comes back whole, and is refused by features that it was not made for."""

from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file

from seealike.data.features import Features
from seealike.data.identity import FeatureKey, file_digest
from seealike.data.views import read_affine
from seealike.errors import DamagedArtifact, DataError, MisalignedSamples, ShapeError
from seealike.transforms import (
    Grid,
    Settings,
    choose_transform,
    fit_transform,
    read_transform,
    save_transform,
)

KEY = FeatureKey("net", "w1", "pool", "none", '{"size":224}', "things", "r1", "all")
IDS = tuple(f"i{k}" for k in range(30))


@pytest.fixture(scope="module")
def made():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((30, 4))
    rows = np.array([rng.choice(30, 3, replace=False) for _ in range(900)])
    return (
        x,
        rows,
        choose_transform(
            x, rows, None, Grid(regularization=(0.01, 1.0)), folds=2, base=Settings(max_steps=20)
        ),
    )


def test_everything_comes_back(made, tmp_path):
    x, rows, chosen = made
    path = tmp_path / "t.safetensors"
    save_transform(path, chosen, Features(x, IDS, KEY), judgements="900 trials")
    found = read_transform(path)
    assert found.affine.made_for == KEY
    assert found.sample_ids == IDS
    assert found.settings["regularization"] == chosen.settings.regularization
    assert found.fitted["n_triplets"] == len(rows) == 900
    assert found.scores.equals(chosen.scores)
    assert found.judgements == "900 trials"
    np.testing.assert_array_equal(found.affine(Features(x, IDS, KEY)).values, chosen.fit(x))
    published = load_file(path)  # the arrays have the published names, for programs that know nothing of us
    mapped = (x - published["mean"]) / published["std"] @ published["weights"] + published["bias"]
    np.testing.assert_allclose(mapped, chosen.fit(x), rtol=1e-12)


def test_the_digest_of_what_it_was_fitted_to_changes_with_numbers_ids_and_order(made, tmp_path):
    x, _, chosen = made

    def digest(features):
        save_transform(tmp_path / "t.safetensors", chosen, features)
        return read_transform(tmp_path / "t.safetensors").features_digest

    others = (Features(x + 1e-3, IDS), Features(x, IDS[::-1]), Features(x[::-1].copy(), IDS))
    assert len({digest(features) for features in (Features(x, IDS), *others)}) == 4
    assert digest(Features(x.astype("f4"), IDS)) == digest(Features(x, IDS))


def _view(tmp_path, made, key):
    x, _, chosen = made
    save_transform(tmp_path / "t.safetensors", chosen, Features(x, IDS, key))
    return read_affine(tmp_path / "t.safetensors", file_digest(tmp_path / "t.safetensors"))


def test_another_dataset_of_the_same_model_is_welcome(made, tmp_path):
    view = _view(tmp_path, made, KEY)
    other = replace(KEY, model="renamed", dataset="imagenet", revision="r9", subset="x", stored="float16")
    found = view(Features(np.ones((2, 4)), ("a", "b"), other))
    assert found.key.normalization == view.name


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weights": "w2"}, r"weights w1.*, which it was fitted to, got features of net \(weights w2\)"),
        ({"layer": "stage1"}, "layer pool.*layer stage1"),
        ({"pooling": "mean"}, "pooling none.*pooling mean"),
        ({"preprocessing": "{}"}, "preprocessing"),
        ({"normalization": "unit_rows"}, "normalization unit_rows"),
        ({"prefix_tokens": 5}, "prefix_tokens 5"),
    ],
)
def test_another_model_is_refused(made, tmp_path, change, words):
    view = _view(tmp_path, made, KEY)
    with pytest.raises(MisalignedSamples, match=words):
        view(Features(np.ones((2, 4)), ("a", "b"), replace(KEY, **change)))


def test_a_map_is_not_applied_twice(made, tmp_path):
    view = _view(tmp_path, made, KEY)
    once = view(Features(np.ones((2, 4)), ("a", "b"), KEY))
    with pytest.raises(MisalignedSamples, match="normalization none.*normalization affine-"):
        view(once)


def test_width_and_features_of_nobody_are_refused(made, tmp_path):
    view = _view(tmp_path, made, KEY)
    with pytest.raises(ShapeError, match="features of 4 dimensions, got 3"):
        view(Features(np.ones((2, 3)), ("a", "b"), KEY))
    with pytest.raises(MisalignedSamples, match="do not say what model"):
        view(Features(np.ones((2, 4)), ("a", "b")))
    anybody = _view(tmp_path, made, None)  # fitted to features of nobody: only the width can be checked
    assert anybody(Features(np.ones((2, 4)), ("a", "b"), KEY)).values.shape == (2, 4)


def test_imported_features_are_known_by_name(made, tmp_path):
    """The digest of imported «weights» is that of their numbers, another one for each dataset."""
    imported = replace(KEY, preprocessing='{"imported":"npz"}')
    view = _view(tmp_path, made, imported)
    assert view(Features(np.ones((2, 4)), ("a", "b"), replace(imported, weights="w7"))).values.shape == (2, 4)
    with pytest.raises(MisalignedSamples, match="model net.*model vit"):
        view(Features(np.ones((2, 4)), ("a", "b"), replace(imported, model="vit")))


def test_other_files_are_refused(made, tmp_path):
    x, _, _ = made
    path = tmp_path / "t.safetensors"
    save_transform(
        path, fit_transform(x, np.array([[0, 1, 2]]), None, Settings(max_steps=2)), Features(x, IDS)
    )
    raw = path.read_bytes()
    path.write_bytes(raw[:-40])
    with pytest.raises(DamagedArtifact):
        read_transform(path)
    with pytest.raises(DataError, match="transform t.safetensors"):
        read_affine(path, "d")
    path.write_bytes(raw.replace(b'"kind":"transform"', b'"kind":"featuress"'))
    with pytest.raises(DamagedArtifact, match="a transform that seealike fitted, got a file of featuress"):
        read_transform(path)
