"""Checkpoints as they are published: wrapped in other people's classes, renamed, and behind addresses."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from pydantic import ValidationError
from torch import nn

from seealike.errors import SourceError, UnknownName
from seealike.sources.models import CheckpointCard
from seealike.sources.models.keys import KeyRule, renamed

CODE = """
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1, self.fc = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 10)
    def forward(self, x):
        return self.fc(self.bn1(self.conv1(x)).mean((2, 3)))
"""
DOCS = Path(__file__).parents[2] / "docs" / "sources.md"
PIXELS = np.random.default_rng(0).random((2, 3, 8, 8), dtype=np.float32)


def card(root, **entry):
    entry = {"source": "checkpoint", "name": "m", "layer": "bn1", "network": "net.py:Net", **entry}
    entry = {"input": {"size": 8}, "weights": "w.pt", "remove": ["fc"], **entry}
    return CheckpointCard.model_validate(
        {key: value for key, value in entry.items() if value is not None}, context={"root": root}
    )


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "net.py").write_text(CODE)
    return tmp_path


def backbone(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).eval()


def keys_of(net):
    return {key.replace("0.", "conv1.").replace("1.", "bn1.", 1) if key[0] == "1" else
            key.replace("0.", "conv1."): value for key, value in net.state_dict().items()}  # fmt: skip


def wrapped(state, prefix, **others):
    return {f"{prefix}{key}": value for key, value in state.items()} | {
        key: torch.zeros(2) for key in others.get("heads", ())
    }


def layouts(state):
    """Every layout of docs/sources.md, with the heads, queues and counters that lie beside the backbone."""
    trunk = {"trunk": wrapped(state, "_feature_blocks."), "heads": {"0.clf.weight": torch.zeros(2)}}
    moco = wrapped(
        state,
        "module.encoder_q.",
        heads=("module.encoder_q.fc.0.weight", "module.encoder_k.conv1.weight", "module.queue"),
    )
    swav = wrapped(state, "module.", heads=("module.projection_head.0.weight", "module.prototypes.weight"))
    twins = wrapped(state, "module.backbone.", heads=("module.projector.0.weight", "module.bn.running_mean"))
    student = wrapped(state, "module.backbone.", heads=("module.head.mlp.0.weight",))
    return {
        "vissl": {"iteration": 9, "classy_state_dict": {"base_model": {"model": trunk}}},
        "MoCo": {"epoch": 800, "arch": "resnet50", "state_dict": moco},
        "SwAV": swav,
        "Barlow Twins and VICReg, backbone": state,
        "Barlow Twins and VICReg, full": {"epoch": 1000, "model": twins, "optimizer": {"state": {}}},
        "DINO, backbone": state,
        "DINO, full": {"teacher": student, "student": wrapped(state, "module.backbone."), "epoch": 800},
    }


def documented():
    """The rules as docs/sources.md gives them, by the name of the layout."""
    block = re.search(
        r"by the layout of the file:\n\n```yaml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL
    )
    return yaml.safe_load(block.group(1))


@pytest.mark.parametrize("name", layouts({}))
def test_the_documented_rules_read_every_published_layout(folder, name):
    rules = [rule for layout, rule in documented().items() if layout.startswith(name)]
    assert len(rules) == 1, "one rule of docs/sources.md for this layout"
    net = backbone()
    torch.save(layouts(keys_of(net))[name], folder / "w.pt")
    out = card(folder, **rules[0]).load("cpu").forward(PIXELS, ["bn1"])["bn1"]
    with torch.inference_mode():
        np.testing.assert_array_equal(out, net(torch.from_numpy(PIXELS)).numpy())


def test_no_documented_rule_is_untested():
    assert len(documented()) == len(layouts({}))


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (
            {"keep": "module."},
            "a rule that leaves some keys, got none left of a.w, b.w, …. .*«keep: module.»",
        ),
        ({"rename": {"a.": "b."}}, "different names for different entries, got two of 'b.w'"),
    ],
)
def test_rules_that_lose_or_mix_up_keys(rule, says):
    with pytest.raises(SourceError, match=says):
        renamed({"a.w": 1, "b.w": 2}, [KeyRule(**rule)], where="file")


def test_renaming():
    rules = [KeyRule(rename={"encoder.": "", "head.": "fc."})]
    assert renamed({"encoder.conv1": 1, "head.w": 2, "x": 3}, rules, where="f") == {
        "conv1": 1,
        "fc.w": 2,
        "x": 3,
    }


@pytest.mark.parametrize("rule", [{}, {"strip": "a", "drop": "b"}])
def test_a_rule_does_one_thing(folder, rule):
    torch.save({}, folder / "w.pt")
    with pytest.raises(ValidationError, match="expected one of strip, keep, drop or rename"):
        card(folder, keys=[rule])


def test_a_head_that_the_file_does_not_have(folder):
    torch.save(keys_of(backbone()), folder / "w.pt")
    with pytest.raises(
        SourceError, match=r"2 missing \(fc.bias, fc.weight\). .*add remove: \[NAME\] for a head"
    ):
        card(folder, remove=[]).load("cpu")
    with pytest.raises(UnknownName, match="a submodule to remove, got 'cf'. Did you mean 'fc'"):
        card(folder, remove=["cf"]).load("cpu")


def test_entries_that_are_no_tensors(folder):
    torch.save(keys_of(backbone()) | {"conv1.bias": 5}, folder / "w.pt")
    with pytest.raises(SourceError, match=r"1 of another shape \(conv1.bias int for \(4,\)\)"):
        card(folder).load("cpu")


def test_digests_follow_rules_and_addresses(folder):
    torch.save({}, folder / "w.pt")
    url = {"weights": None, "weights_url": "https://example.org/w.pt", "sha256": "a" * 64}
    cards = [
        card(folder),
        card(folder, keys=[{"strip": "x."}]),
        card(folder, remove=[]),
        card(folder, **url),
        card(folder, **{**url, "sha256": "b" * 64}),
        card(folder, **{**url, "sha256": None}),
    ]
    assert len({each.weights_digest() for each in cards}) == len(cards)
    moved = card(folder, **{**url, "weights_url": "https://elsewhere.org/w.pt", "sha256": "A" * 64})
    assert moved.weights_digest() == cards[3].weights_digest(), "the content counts, not where it lies"


def test_one_place_for_the_weights(folder):
    torch.save({}, folder / "w.pt")
    for entry in ({"weights_url": "https://example.org/w.pt"}, {"weights": None}):
        with pytest.raises(ValidationError, match="expected either `weights:`"):
            card(folder, **entry)
    with pytest.raises(ValidationError, match="sha256"):
        card(folder, weights=None, weights_url="https://example.org/w.pt", sha256="abc")
