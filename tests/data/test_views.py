"""Affine views: the formula, what a file may hold, and what is refused."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from seealike.data.features import Features
from seealike.data.identity import FeatureKey
from seealike.data.views import read_affine
from seealike.errors import DataError, ShapeError

RNG = np.random.default_rng(1)
KEY = FeatureKey("m", "w", "l", "none", "{}", "d", "r", "all")
IDS = tuple("abcdefgh")


def _transform(p=5, q=3, *, bias=True, vectors=False):
    arrays = {
        "weights": RNG.standard_normal((p, q)),
        "mean": RNG.standard_normal(p) if vectors else np.float64(0.3),
        "std": RNG.uniform(0.5, 2, p) if vectors else np.float64(1.7),
    }
    return arrays | ({"bias": RNG.standard_normal(q)} if bias else {})


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("vectors", [True, False])
def test_a_published_transform_is_applied_as_its_authors_do(tmp_path, bias, vectors):
    arrays = _transform(bias=bias, vectors=vectors)
    np.savez(tmp_path / "transform.npz", **arrays)
    x = RNG.standard_normal((8, 5)).astype("f4")
    view = read_affine(tmp_path / "transform.npz", "abc")(Features(x, IDS, KEY))
    expected = (x.astype("f8") - arrays["mean"]) / arrays["std"] @ arrays["weights"] + arrays.get("bias", 0)
    np.testing.assert_allclose(view.values, expected, rtol=1e-6, atol=1e-6)
    assert view.values.dtype == np.float32
    assert view.sample_ids == IDS
    assert view.key.normalization == "affine-abc"
    assert view.key.digest != KEY.digest


def test_safetensors_too_and_float64_stays(tmp_path):
    arrays = {name: np.atleast_1d(array) for name, array in _transform().items()}
    save_file(arrays, tmp_path / "t.safetensors")
    x = RNG.standard_normal((8, 5))
    view = read_affine(tmp_path / "t.safetensors", "d")(Features(x, IDS))
    assert view.values.dtype == np.float64
    np.testing.assert_allclose(
        view.values, (x - arrays["mean"]) / arrays["std"] @ arrays["weights"] + arrays["bias"], rtol=1e-13
    )


def test_what_does_not_fit_is_refused(tmp_path):
    path = tmp_path / "t.npz"
    np.savez(path, **_transform())
    with pytest.raises(ShapeError, match="expected features of 5 dimensions, got 4"):
        read_affine(path, "d")(Features(np.eye(4), tuple("abcd")))
    for change, message in (
        ({"bias": np.ones(4)}, r"expected weights \(p, q\), bias \(q,\)"),
        ({"std": np.float64(0)}, "a std that is not positive"),
        ({"mean": np.float64(np.nan)}, "NaN, infinity"),
        ({"weights": np.ones(5)}, r"expected weights \(p, q\)"),
        ({"weights": np.array([object()])}, "expected an .npz or .safetensors file of arrays"),
    ):
        np.savez(path, **(_transform() | change))
        with pytest.raises(DataError, match=f"transform t.npz: .*{message}"):
            read_affine(path, "d")
    np.savez(path, weights=np.eye(2))
    with pytest.raises(DataError, match="expected the arrays weights, bias, mean and std, got weights"):
        read_affine(path, "d")
    path.write_bytes(b"PK no")
    with pytest.raises(DataError, match="expected an .npz or .safetensors file"):
        read_affine(path, "d")
