"""Rows as they are prepared for products: their differences are those of the features, to the last digits."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from seealike.engine.rows import Centered
from seealike.engine.tiles import Plan
from seealike.numerics.checks import samples

FEATURES = np.random.default_rng(0).normal(size=(50, 7)).astype(np.float32)


@pytest.mark.parametrize("offset", [0, 1e3], ids=["centered", "far from zero"])
@pytest.mark.parametrize("first", [1, 1e5], ids=["even rows", "a first row far from all others"])
@pytest.mark.parametrize("scale", [1, 1e-6, 1e6])
def test_single_precision_loses_nothing_but_one_common_vector(offset, first, scale):
    features = ((FEATURES + np.float32(offset)) * np.float32(scale)).astype(np.float32)
    features[0] *= np.float32(first)
    prepared = Centered().prepare(samples(features, "x"), Plan(50, 50))
    rows = prepared.read(slice(0, 50)).double() * prepared.unit
    between = rows[1:] - rows[1]
    expected = torch.from_numpy(features[1:].astype(np.float64) - features[1])
    center = rows[1].abs().max()  # what a number of single precision that far from zero is rounded by
    assert (between - expected).abs().max() <= 1.2e-7 * center + 1e-12 * scale
    assert torch.allclose(prepared.norms * prepared.unit**2, rows.square().sum(dim=1), rtol=5e-7, atol=0)
