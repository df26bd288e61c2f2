"""A small network and images whose color says what a teacher looks at."""

import numpy as np
import pytest
from PIL import Image

from seealike.sources.datasets.samples import Samples

SIZE = 8


def pictures(n=24, seed=0):
    """n images (8 x 8, RGB); the first half red, the second blue, each with noise."""
    rng = np.random.default_rng(seed)
    made = rng.integers(0, 120, (n, SIZE, SIZE, 3), dtype=np.uint8)
    made[: n // 2, :, :, 0] += 120
    made[n // 2 :, :, :, 2] += 120
    return made


@pytest.fixture
def samples():
    made = pictures()
    ids = tuple(f"class/{row:02}.png" for row in range(len(made)))
    return Samples(ids, lambda row: Image.fromarray(made[row]), None, (), "1f")
