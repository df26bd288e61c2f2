"""Model sources: the same numbers as the library called by hand, and errors that say which key, which layer."""

import pickle
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from pydantic import ValidationError

from seealike.errors import DataError, MissingDependency, SourceError, SpecError, UnknownName
from seealike.sources.images import ImageInput
from seealike.sources.models import MODEL_SOURCES, CheckpointCard, OnnxCard, TimmCard
from seealike.sources.models.states import fill


def card(kind, root=None, **entry):
    entry = {"source": kind.source_name, "name": "m", "layer": "features", **entry}
    return kind.model_validate(entry, context={"root": root or Path()})


def graph(path, batch="N", size=8):
    """pixels -> features (global mean of each channel times a matrix) and maps (the pixels themselves)."""
    weight = numpy_helper.from_array(np.arange(12, dtype=np.float32).reshape(3, 4), "w")
    nodes = [
        helper.make_node("ReduceMean", ["pixels", "axes"], ["mean"], keepdims=0),
        helper.make_node("MatMul", ["mean", "w"], ["features"]),
        helper.make_node("Identity", ["pixels"], ["maps"]),
    ]
    axes = numpy_helper.from_array(np.array([2, 3], dtype=np.int64), "axes")
    made = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [batch, 3, size, size])],
        [
            helper.make_tensor_value_info("features", TensorProto.FLOAT, [batch, 4]),
            helper.make_tensor_value_info("maps", TensorProto.FLOAT, [batch, 3, size, size]),
        ],
        [weight, axes],
    )
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    return path


@pytest.mark.parametrize("batch", ["N", 1, 2])
def test_onnx_reads_named_outputs(tmp_path, batch):
    model = card(OnnxCard, file=graph(tmp_path / "g.onnx", batch)).load("cpu")
    pixels = np.random.default_rng(0).random((4, 3, 8, 8), dtype=np.float32)
    out = model.forward(pixels, ["features", "maps"])
    expected = pixels.mean((2, 3)) @ np.arange(12, dtype=np.float32).reshape(3, 4)
    np.testing.assert_allclose(out["features"], expected, rtol=1e-5)
    np.testing.assert_array_equal(out["maps"], pixels)
    assert [layer.name for layer in model.layers()] == ["features", "maps"]
    assert model.preprocess == ImageInput(size=8)


def test_graphs_of_different_sizes_do_not_say_that_they_are_fed_alike(tmp_path):
    eight, nine = (card(OnnxCard, file=graph(tmp_path / f"{n}.onnx", size=n)) for n in (8, 9))
    assert eight.preprocessing() != nine.preprocessing()
    with_rule = [card(OnnxCard, file=one.file, input={"size": 8}) for one in (eight, nine)]
    assert with_rule[0].preprocessing() == with_rule[1].preprocessing()


def test_onnx_errors(tmp_path):
    model = card(OnnxCard, file=graph(tmp_path / "g.onnx")).load("cpu")
    with pytest.raises(UnknownName, match="got 'feature'. Did you mean 'features'"):
        model.forward(np.zeros((1, 3, 8, 8), np.float32), ["feature"])
    with pytest.raises(DataError, match=r"a forward pass of images \(3, 9, 9\)"):
        model.forward(np.zeros((1, 3, 9, 9), np.float32), ["features"])
    two = card(OnnxCard, file=graph(tmp_path / "two.onnx", 2)).load("cpu")
    with pytest.raises(DataError, match="a multiple of 2 images, got 3"):
        two.forward(np.zeros((3, 3, 8, 8), np.float32), ["features"])
    (tmp_path / "bad.onnx").write_bytes(b"not a graph")
    with pytest.raises(SourceError, match="expected an ONNX graph"):
        card(OnnxCard, file=tmp_path / "bad.onnx").load("cpu")
    with pytest.raises(ValidationError, match="which does not exist"):
        card(OnnxCard, file=tmp_path / "none.onnx")


def test_onnx_of_unclear_size_needs_an_input_rule(tmp_path):
    path = graph(tmp_path / "g.onnx", size="S")
    with pytest.raises(SpecError, match="Add input: "):
        card(OnnxCard, file=path).load("cpu")
    assert card(OnnxCard, file=path, input={"size": 5}).load("cpu").preprocess.size == 5


def test_weights_digests_follow_content(tmp_path):
    one, same = graph(tmp_path / "a.onnx"), graph(tmp_path / "b.onnx")
    assert card(OnnxCard, file=one).weights_digest() == card(OnnxCard, file=same).weights_digest()
    other = graph(tmp_path / "c.onnx", size=9)
    assert card(OnnxCard, file=one).weights_digest() != card(OnnxCard, file=other).weights_digest()


@pytest.fixture(scope="module")
def resnet18():
    from seealike.sources.models.vision import vision_library

    torch.manual_seed(0)
    return vision_library("torchvision", where="test").models.resnet18()


def checkpoint(path, **entry):
    entry = {"network": "torchvision:resnet18", "input": {"size": 64}, "layer": "avgpool", **entry}
    return card(CheckpointCard, weights=path, **entry)


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_a_state_dict_gives_the_network_back(tmp_path, resnet18, suffix):
    from safetensors.torch import save_file

    path = tmp_path / f"w{suffix}"
    (save_file if suffix == ".safetensors" else torch.save)(resnet18.state_dict(), path)
    model = checkpoint(path, pooling="flatten").load("cpu")
    pixels = np.random.default_rng(0).random((2, 3, 64, 64), dtype=np.float32)
    out = model.forward(pixels, ["avgpool", "layer1.0.conv1", "fc"])
    with torch.inference_mode():
        expected = resnet18.eval()(torch.from_numpy(pixels))
    np.testing.assert_array_equal(out["fc"], expected.numpy())
    assert out["avgpool"].shape == (2, 512, 1, 1)
    assert out["layer1.0.conv1"].shape == (2, 64, 16, 16)


def test_prefixes_and_nesting(tmp_path, resnet18):
    wrapped = {
        "epoch": 3,
        "model": {"state_dict": {f"module.{k}": v for k, v in resnet18.state_dict().items()}},
    }
    torch.save(wrapped, tmp_path / "w.pt")
    checkpoint(tmp_path / "w.pt", state_key="model.state_dict", keys=[{"strip": "module."}]).load("cpu")
    with pytest.raises(
        SourceError, match=r'102 missing .* 122 not in the network .*Add keys: \[{strip: "module."}\]'
    ):
        checkpoint(tmp_path / "w.pt", state_key="model.state_dict").load("cpu")
    with pytest.raises(
        SpecError, match="expected the key 'modl' in the file, got none. Did you mean 'model'"
    ):
        checkpoint(tmp_path / "w.pt", state_key="modl").load("cpu")
    with pytest.raises(SourceError, match=r"add state_key: \(one of epoch, model\)"):
        checkpoint(tmp_path / "w.pt").load("cpu")


def test_a_state_dict_that_does_not_fit_says_which_keys(tmp_path, resnet18):
    state = resnet18.state_dict()
    state["extra.weight"] = state.pop("conv1.weight")
    state["fc.weight"] = torch.zeros(10, 512)
    torch.save(state, tmp_path / "w.pt")
    says = (
        r"the 122 keys of ResNet, got 1 missing \(conv1.weight\); 1 not in the network \(extra.weight\); "
        r"1 of another shape \(fc.weight \(10, 512\) for \(1000, 512\)\)"
    )
    with pytest.raises(SourceError, match=says):
        checkpoint(tmp_path / "w.pt").load("cpu")


def test_old_files_without_batch_counters_load(resnet18):
    state = {k: v for k, v in resnet18.state_dict().items() if "num_batches" not in k}
    fill(resnet18, state, where="w")


class Evil:
    def __reduce__(self):
        return Path.touch, (Path("evil-was-here"),)


def test_code_in_a_checkpoint_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "w.pt").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(SourceError, match="a pickle could run any code, so it is refused"):
        checkpoint(tmp_path / "w.pt").load("cpu")
    torch.save({"a": Evil()}, tmp_path / "v.pt")
    with pytest.raises(SourceError, match="it is refused"):
        checkpoint(tmp_path / "v.pt").load("cpu")
    assert not (tmp_path / "evil-was-here").exists()


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors"])
def test_truncated_checkpoints(tmp_path, resnet18, name):
    from safetensors.torch import save_file

    path = tmp_path / name
    (save_file if name.endswith("tensors") else torch.save)(resnet18.state_dict(), path)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(SourceError, match="Download or save the file again"):
        checkpoint(path).load("cpu")


@pytest.mark.parametrize(
    ("network", "kind", "says"),
    [
        ("timm:resnet18s", UnknownName, "expected a timm model, got 'resnet18s'. Did you mean"),
        ("torchvision:resnet19", UnknownName, "Did you mean 'resnet18'"),
        ("resnet18", SpecError, "timm:NAME, torchvision:NAME"),
        ("nowhere.module:Net", SourceError, "No module named 'nowhere'"),
        ("nets.py:Nett", UnknownName, "Did you mean 'Net'"),
        ("broken.py:Net", SourceError, "ZeroDivisionError"),
        ("nets.py:number", SourceError, "a torch.nn.Module, got int"),
    ],
)
def test_networks_that_cannot_be(tmp_path, network, kind, says):
    (tmp_path / "nets.py").write_text(
        "from torch import nn\nclass Net(nn.Linear): pass\ndef number(): return 1\n"
    )
    (tmp_path / "broken.py").write_text("1 / 0")
    torch.save({}, tmp_path / "w.pt")
    with pytest.raises(kind, match=says):
        card(CheckpointCard, tmp_path, network=network, weights="w.pt", input={"size": 8}).load("cpu")


def test_arguments_that_do_not_fit(tmp_path):
    torch.save({}, tmp_path / "w.pt")
    with pytest.raises(SpecError, match="expected arguments that fit, got .*'wide'"):
        checkpoint(tmp_path / "w.pt", arguments={"wide": 3}).load("cpu")


def test_editing_the_network_file_changes_the_digest(tmp_path):
    (tmp_path / "nets.py").write_text("from torch.nn import Linear as Net")
    torch.save({}, tmp_path / "w.pt")
    entry = {"network": "nets.py:Net", "weights": "w.pt", "input": {"size": 8}}
    before = card(CheckpointCard, tmp_path, **entry).weights_digest()
    (tmp_path / "nets.py").write_text("from torch.nn import Bilinear as Net")
    assert card(CheckpointCard, tmp_path, **entry).weights_digest() != before


def test_timm_is_read_as_timm_reads_it(tmp_path):
    from seealike.sources.models.vision import vision_library

    timm = vision_library("timm", where="test")
    torch.manual_seed(5)
    network = timm.create_model("test_vit", pretrained=False).eval()
    torch.save(network.state_dict(), tmp_path / "w.pt")
    entry = {"model": "test_vit", "layer": "norm", "pooling": "cls"}
    from_file = card(TimmCard, tmp_path, weights="w.pt", **entry).load("cpu")
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8))
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(network), is_training=False)
    np.testing.assert_array_equal(from_file.preprocess(image), transform(image).numpy())
    tokens = from_file.forward(from_file.preprocess(image)[None], ["norm"])["norm"]
    with torch.inference_mode():
        expected = network.forward_features(transform(image)[None]).numpy()
    np.testing.assert_array_equal(tokens, expected)
    names = [layer.name for layer in from_file.layers()]
    assert names.index("patch_embed") < names.index("blocks.0") < names.index("norm")


def test_untrained_timm_networks_follow_their_seed():
    loaded = [card(TimmCard, model="test_vit", pretrained=False, init_seed=s).load("cpu") for s in (0, 0, 1)]
    pixels = np.ones((1, 3, 160, 160), np.float32)
    a, b, c = (m.forward(pixels, ["norm"])["norm"] for m in loaded)
    np.testing.assert_array_equal(a, b)
    assert not np.allclose(a, c)


def test_pretrained_weights_without_a_network_say_what_to_do():
    with pytest.raises(SourceError, match=r"\(or a local file as `weights:`\), got not in this machine"):
        card(TimmCard, model="test_vit.r160_in1k").load("cpu")


def test_missing_libraries_name_the_extra(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingDependency, match=r'pip install "seealike\[onnx\]"'):
        card(OnnxCard, file=graph(tmp_path / "g.onnx")).load("cpu")
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(MissingDependency, match=r'pip install "seealike\[timm\]"'):
        card(TimmCard, model="test_vit").load("cpu")


def test_cards_say_what_is_missing(tmp_path):
    torch.save({}, tmp_path / "w.pt")
    with pytest.raises(ValidationError, match="a state dict does not say how images were prepared"):
        card(CheckpointCard, tmp_path, network="timm:x", weights="w.pt")
    with pytest.raises(UnknownName, match="Did you mean 'timm'"):
        MODEL_SOURCES["tim"]
