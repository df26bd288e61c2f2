"""show-model as a user types it: a tree on a terminal, whole lines for other programs."""

import re
import sys

import onnx
import pytest
from onnx import TensorProto, helper

from tests.study.conftest import write_study


@pytest.fixture
def show(capsys, monkeypatch):
    """Run show-model; gives (exit code, standard output without colors, standard error)."""
    from seealike.cli.main import main

    def command(*words, terminal=False):
        monkeypatch.setattr(sys, "argv", ["seealike", "show-model", *map(str, words)])
        monkeypatch.setenv("COLUMNS", "100")
        if terminal:
            monkeypatch.setenv("FORCE_COLOR", "1")
        with pytest.raises(SystemExit) as end:
            main()
        out = capsys.readouterr()
        return end.value.code, re.sub(r"\x1b\[[0-9;]*m", "", out.out), out.err

    return command


def test_piped_every_layer_stands_on_a_line_of_its_own(show, tmp_path):
    code, out, _ = show("ssl-0", "--study", write_study(tmp_path))
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "layer\tkind\toutput\tcalls\tpooling"
    assert lines[1] == "conv\tConv2d\tn × 8 × 5 × 5\t1\tmean | max | flatten"
    assert "pool\tAdaptiveAvgPool2d\tn × 12 × 1 × 1\t1\tmean | max | flatten" in lines
    code, out, _ = show("torchvision:resnet18")
    assert "layer4.1.relu#2\tReLU\tn × 512 × 7 × 7\t2\tmean | max | flatten" in out.splitlines()
    assert out.splitlines()[-1] == "output\tResNet\tn × 1000\t1\tnone | flatten"


def test_a_terminal_shows_a_tree(show):
    code, out, _ = show("timm:test_vit", terminal=True)
    assert code == 0
    lines = [line.rstrip() for line in out.splitlines()]
    assert lines[0].split() == ["layer", "kind", "output"]
    assert [line.split("  ")[0] for line in lines if not line.startswith(" ")][1:6] == [
        *("patch_embed", "pos_drop", "patch_drop", "norm_pre", "blocks")
    ]
    row = next(line for line in lines if line.startswith("  1 … 5"))
    assert re.fullmatch(r"  1 … 5 +Block +101 × 64 +like 0", row)
    assert any(re.fullmatch(r"      qkv +Linear +101 × 192 +tokens", line) for line in lines)
    assert any(re.fullmatch(r"patch_embed +PatchEmbed +10 × 10 × 64 +maps", line) for line in lines)
    rules = "cls | mean | max | patch_mean | cls+patch_mean | last | flatten  prefix_tokens: 1"
    assert f"tokens  {rules}" in lines
    assert "row     none | flatten" in lines
    assert "Full names join the parts with dots: blocks.0.attn.qkv. Piped, all are in full." in lines
    assert all(len(line) <= 100 for line in lines)


def test_what_the_study_reads_is_marked(show, tmp_path):
    study = write_study(tmp_path)
    _, out, _ = show("ssl-0", "--study", study, terminal=True)
    marked = [line for line in out.splitlines() if "← read" in line]
    assert len(marked) == 1
    assert re.fullmatch(r"pool +AdaptiveAvgPool2d +12 × 1 × 1 +maps +← read \(flatten\) *", marked[0])


def test_blocks_that_are_alike_are_folded_whatever_is_read_of_them(show, tmp_path):
    study = write_study(tmp_path)
    block = 'layer: {match: "blocks.*", depth: [0.5, 1]}, pooling: cls, fields: {objective: a}'
    entry = f"  - {{source: timm, name: vit, model: test_vit, pretrained: false, {block}}}\n"
    study.write_text(study.read_text().replace("models:\n", "models:\n" + entry, 1))
    code, out, err = show("vit", "--study", study, terminal=True)
    assert code == 0, err
    lines = [re.sub(" +", " ", line.strip()) for line in out.splitlines()]
    assert [line for line in lines if re.match(r"\d", line)] == [
        "0 Block 101 × 64 tokens",
        "1 Block 101 × 64 like 0",
        "2 Block 101 × 64 like 0 ← read (cls)",
        "3 … 4 Block 101 × 64 like 0",
        "5 Block 101 × 64 like 0 ← read (cls)",
    ]


def test_a_wrong_layer_is_no_reason_to_hide_the_others(show, tmp_path):
    study = write_study(tmp_path)
    study.write_text(study.read_text().replace("layer: pool", "layer: pol"))
    code, out, _ = show("ssl-0", "--study", study, terminal=True)
    assert code == 0
    assert "← read" not in out
    assert "expected the name of a layer, got 'pol'. Did you mean 'pool'?" in out


def test_sizes_that_a_graph_leaves_open(show, tmp_path):
    pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["N", 3, 8, 8])
    kept = helper.make_tensor_value_info("kept", TensorProto.FLOAT, ["N", "K", 8, 8])
    which = helper.make_tensor("which", TensorProto.BOOL, [3], [True, False, True])
    node = helper.make_node("Compress", ["pixels", "which"], ["kept"], axis=1)
    graph = helper.make_graph([node], "g", [pixels], [kept], [which])
    path = tmp_path / "g.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    _, out, _ = show(path)
    assert out.splitlines()[1] == "kept\ttensor(float)\tn × ? × 8 × 8\t1\tmean | max | flatten"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["dinov2-vit-larg-p14"],
            "expected a model of the catalogue, .* got 'dinov2-vit-larg-p14'. Did you mean 'dinov2",
        ),
        (["timm:resnet1888"], "expected a timm model"),
        (["torchvision:resnet19"], "Did you mean 'resnet1"),
        (["net.onnx"], "expected an existing file or folder, got .*net.onnx, which does not exist. Show it"),
    ],
)
def test_mistakes(show, words, says):
    code, out, err = show(*words)
    assert code == 2
    assert re.search(says, err)
    assert len(err.strip().splitlines()) == 1
    assert out == ""
