"""Files laid out as the authors' own fill the networks that the catalogue names for them."""

import pytest
import torch

from seealike.catalogue import MODELS
from seealike.errors import SourceError, SpecError
from seealike.sources.models import CheckpointCard
from seealike.sources.models.vision import vision_library


def card(name, file, state, **own):
    """The catalogue's card of a model, reading a local file instead of the public one."""
    torch.save(state, file)
    entry = {k: v for k, v in MODELS.entry(name).card.items() if k not in ("weights_url", "sha256")}
    return CheckpointCard.model_validate({"name": name, **entry, "weights": file, **own})


def trunk():
    """A ResNet of torchvision without its classifier, untrained, as the published files hold theirs."""
    torch.manual_seed(0)
    state = vision_library("torchvision", where="tests").models.resnet18().state_dict()
    return {key: value for key, value in state.items() if not key.startswith("fc.")}


def test_vissl_and_plain_resnets(tmp_path):
    state = trunk()
    nested = {"_feature_blocks." + key: value for key, value in state.items()}
    vissl = {"classy_state_dict": {"base_model": {"model": {"trunk": nested, "heads": {}}}}, "phase_idx": 799}
    images = torch.rand(2, 3, 64, 64).numpy()
    outputs = []
    for name, content in (("simclr-rn50", vissl), ("vicreg-rn50", state)):
        loaded = card(name, tmp_path / f"{name}.pt", content, network="timm:resnet18").load("cpu")
        outputs.append(loaded.forward(images, ["global_pool"])["global_pool"])
    assert outputs[0].shape == (2, 512)
    assert (outputs[0] == outputs[1]).all()


def test_xcit_as_its_authors_store_it(tmp_path):
    """One matrix of queries, keys and values where timm has three, and another name for the positions."""
    timm = vision_library("timm", where="tests")
    module = timm.create_model("xcit_nano_12_p16_224", num_classes=0)
    state = {key.replace("pos_embed.", "pos_embeder."): value for key, value in module.state_dict().items()}
    for block in range(len(module.cls_attn_blocks)):
        for kind in ("weight", "bias"):
            parts = [state.pop(f"cls_attn_blocks.{block}.attn.{part}.{kind}") for part in "qkv"]
            state[f"cls_attn_blocks.{block}.attn.qkv.{kind}"] = torch.cat(parts)
    nano = {"network": "timm:xcit_nano_12_p16_224"}
    loaded = card("dino-xcit-small-12-p16", tmp_path / "xcit.pt", state, **nano).load("cpu")
    images = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        expected = module.eval().forward_features(images).numpy()
    assert (loaded.forward(images.numpy(), ["norm"])["norm"] == expected).all()
    with pytest.raises(SourceError, match="not in the network"):
        card("dino-xcit-small-12-p16", tmp_path / "xcit.pt", state, **nano, convert=None).load("cpu")


def test_an_unknown_conversion_is_refused(tmp_path):
    own = {"network": "torchvision:resnet18", "arguments": {}, "convert": "timm", "keys": []}
    known = card("vicreg-rn50", tmp_path / "r.pt", {"conv1.weight": torch.zeros(1)}, **own)
    with pytest.raises(SpecError, match="an architecture of timm that has a conversion"):
        known.load("cpu")
