"""What all tests share: no hub, and the real data where it lies."""

import json
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


@pytest.fixture(scope="module")
def small_open_clip(tmp_path_factory):
    """Small architectures, registered with open_clip as its own are: CLIP and a SigLIP-like one on timm."""
    from seealike.sources.models.vision import vision_library

    library = vision_library("open_clip", where="test")
    text = {"context_length": 16, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2}
    vision = {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8}
    timm = {"image_size": 160, "timm_model_name": "test_vit", "timm_pool": "", "timm_proj": "linear"}
    configs = {
        "small-clip": {"embed_dim": 24, "vision_cfg": vision, "text_cfg": text},
        "small-timm": {"embed_dim": 24, "vision_cfg": timm, "text_cfg": text},
    }
    folder = tmp_path_factory.mktemp("configs")
    for name, config in configs.items():
        (folder / f"{name}.json").write_text(json.dumps(config))
    before = dict(library.factory._MODEL_CONFIGS)
    library.add_model_config(folder)
    yield library
    library.factory._MODEL_CONFIG_PATHS.remove(folder)
    library.factory._MODEL_CONFIGS = before
