"""What is exported comes back by import, and other programs read it; the inventory lists it all."""

import numpy as np
import pandas as pd
import pytest
import torch

from seealike.data.exporting import EXPORTS, export_features
from seealike.data.features import Features
from seealike.data.identity import FeatureKey
from seealike.data.imports.finding import find
from seealike.data.imports.loading import Choices, load
from seealike.data.inventory import inventory
from seealike.data.store import write_arrays, write_features
from seealike.errors import UnknownName

RNG = np.random.default_rng(4)
IDS = tuple(f"ä,{i}.png" for i in range(5))


@pytest.mark.parametrize("kind", EXPORTS)
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_every_format_comes_back(tmp_path, kind, dtype):
    features = Features(RNG.standard_normal((5, 3)).astype(dtype), IDS)
    path, *beside = export_features(tmp_path / "net.v2", features, kind)
    assert path.name == f"net.v2.{kind}"
    (found,) = find(path)
    loaded = load(found, Choices())
    ((values, _),) = loaded.layers.values()
    np.testing.assert_array_equal(np.asarray(values).astype(dtype), features.values)
    assert tuple(loaded.ids) == IDS
    assert len(beside) == (kind == "npy")


def test_other_programs_read_them(tmp_path):
    features = Features(RNG.standard_normal((5, 3)).astype("f4"), IDS)
    for kind in EXPORTS:
        export_features(tmp_path / "net", features, kind)
    np.testing.assert_array_equal(np.load(tmp_path / "net.npz")["features"], features.values)
    frame = pd.read_csv(tmp_path / "net.csv", index_col="sample_id")
    np.testing.assert_array_equal(frame.to_numpy(dtype="f4"), features.values)
    assert tuple(frame.index) == IDS
    with pytest.raises(UnknownName, match="expected a format, got 'xlsx'"):
        export_features(tmp_path / "net", features, "xlsx")


def test_the_inventory_reads_headers_alone(tmp_path):
    key = FeatureKey("a/b", "w", "layer.1", "none", "{}", "wds/dtd", "r", "all")
    for dtype in ("float32", "bfloat16"):
        write_features(tmp_path / dtype / key.path, Features(np.ones((5, 3)), IDS, key), dtype=dtype)
    write_features(tmp_path / "d/m/l.safetensors", Features(np.ones((5, 3)), IDS))
    torch.save(torch.ones(2), tmp_path / "x.pt")
    write_arrays(tmp_path / "other.safetensors", {"w": np.ones(3)}, {})
    write_arrays(tmp_path / "d/m/1.partial/0.safetensors", {"values": np.ones(3)}, {"kind": "features"})
    (tmp_path / "d/m/broken.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0nothing!")
    found = inventory(tmp_path)
    assert [(f.dataset, f.model, f.layer, f.dtype) for f in found] == [
        ("d", "m", "broken", ""),
        ("d", "m", "l", "float32"),
        ("wds/dtd", "a/b", "layer.1", "bfloat16"),
        ("wds/dtd", "a/b", "layer.1", "float32"),
    ]
    assert found[0].problem
    assert (found[1].n_samples, found[1].n_dims, found[1].n_bytes) == (5, 3, found[1].path.stat().st_size)
