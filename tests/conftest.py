"""What all tests share: no hub, and the real data where it lies."""

import os
import tempfile
from pathlib import Path

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # workers side by side: one thread each, or they wait for one another
    os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["SEEALIKE_CACHE"] = tempfile.mkdtemp(prefix="seealike-test-cache-")  # never the user's own


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real networks, images and judgements: $SEEALIKE_DATA, or ../shared/data of this repository."""
    beside = Path(__file__).parents[1].parent / "shared" / "data"
    folder = Path(os.environ.get("SEEALIKE_DATA", beside))
    if not (folder / "models" / "models.csv").exists():
        pytest.skip(f"no real data at {folder}: set SEEALIKE_DATA to its folder")
    return folder
