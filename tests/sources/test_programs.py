"""Networks that come as programs: exported files and functions of the user's own."""

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import nn

from seealike.errors import SourceError, UnknownName
from seealike.sources.images import ImageInput
from seealike.sources.models import ExportedCard, PythonCard

PIXELS = np.random.default_rng(0).random((2, 3, 8, 8), dtype=np.float32)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
        self.fc = nn.Linear(4, 5)

    def forward(self, x):
        maps = self.stem(x)
        return {"features": maps.mean((2, 3)), "scores": self.fc(maps.mean((2, 3)))}


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return Net().eval()


@pytest.fixture(scope="module")
def files(net, tmp_path_factory):
    """The same network as .pt2 and as TorchScript."""
    folder = tmp_path_factory.mktemp("exported")
    batch = torch.export.Dim("batch", min=1, max=64)
    program = torch.export.export(net, (torch.from_numpy(PIXELS),), dynamic_shapes=({0: batch},))
    torch.export.save(program, folder / "net.pt2")
    torch.jit.save(torch.jit.script(net), str(folder / "net.ts"))
    return folder


def exported(file, **entry):
    entry = {"source": "exported", "name": "m", "layer": "output[features]", "input": {"size": 8}, **entry}
    return ExportedCard.model_validate({"file": file, **entry})


@pytest.mark.parametrize(("name", "layers"), [("net.pt2", ["stem.0", "fc"]), ("net.ts", [])])
def test_exported_programs(net, files, name, layers):
    loaded = exported(files / name).load("cpu")
    with torch.inference_mode():
        expected = net(torch.from_numpy(PIXELS))
        stem = net.stem[0](torch.from_numpy(PIXELS)).numpy()
    out = loaded.forward(PIXELS, ["output[features]", "output[scores]", *layers])
    np.testing.assert_array_equal(out["output[features]"], expected["features"].numpy())
    np.testing.assert_array_equal(out["output[scores]"], expected["scores"].numpy())
    if layers:
        np.testing.assert_array_equal(out["stem.0"], stem)
    assert loaded.forward(PIXELS[:1], ["output[scores]"])["output[scores]"].shape == (1, 5)
    assert loaded.preprocess == ImageInput(size=8)


def test_exported_files_are_known_by_content(files, tmp_path):
    copy = tmp_path / "copy.ts"
    copy.write_bytes((files / "net.ts").read_bytes())
    one, same, other = (exported(f).weights_digest() for f in (files / "net.ts", copy, files / "net.pt2"))
    assert one == same != other
    with pytest.raises(ValidationError, match="the file does not say how images were prepared"):
        exported(copy, input=None)


@pytest.mark.parametrize("name", ["net.pt2", "net.ts"])
def test_damaged_exported_files(files, tmp_path, name):
    broken = tmp_path / name
    broken.write_bytes((files / name).read_bytes()[:2000])
    with pytest.raises(SourceError, match="Export it again, or check the file's name"):
        exported(broken).load("cpu")


class Evil:
    def __reduce__(self):
        return Path.touch, (Path("evil-was-here"),)


def with_part(source, target, part, data):
    """A copy of an archive with one part replaced or added."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as new:
        root = old.namelist()[0].partition("/")[0]
        for name in old.namelist():
            if name != f"{root}/{part}":
                new.writestr(name, old.read(name))
        new.writestr(f"{root}/{part}", data)


def pickled(root):
    torch.save({"a": Evil()}, root / "evil.pt")
    return (root / "evil.pt").read_bytes()


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ("data/constants/opaque_obj_0", "pickled objects or machine code .*opaque_obj_0"),
        ("data/aotinductor/model/model.so", "pickled objects or machine code .*aotinductor"),
        ("data/sample_inputs/model.pt", "Export it again"),
        ("data/weights/model.pt", "Export it again"),
    ],
)
def test_pickles_and_machine_code_in_an_archive_are_refused(files, tmp_path, monkeypatch, part, says):
    monkeypatch.chdir(tmp_path)
    with_part(files / "net.pt2", tmp_path / "evil.pt2", part, pickled(tmp_path))
    with pytest.raises(SourceError, match=says):
        exported(tmp_path / "evil.pt2").load("cpu")
    assert not (tmp_path / "evil-was-here").exists()
    assert "TORCH_FORCE_WEIGHTS_ONLY_LOAD" not in os.environ


# --- python

CODE = '''
import numpy as np
import torch
from pathlib import Path
from torch import nn

class Net(nn.Module):
    num_prefix_tokens = 2
    def __init__(self, width=4):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 8)
    def forward(self, x):
        return self.conv(x).flatten(1)

def network(width=4, file=None):
    net = Net(width)
    if file:
        net.load_state_dict(torch.load(Path(__file__).with_name(file), weights_only=True))
    return net

class Own:
    """A whole model: texts to the lengths of their words."""
    modality, prefix_tokens = "text", None
    def __init__(self, device):
        self.device = device
    def preprocess(self, text):
        return np.array([len(word) for word in text.split()])
    def layers(self):
        return []
    def forward(self, batch, layers):
        return {name: (batch * (batch > 0)).astype(np.float32) for name in layers}

def own(device):
    return Own(device)

def fails():
    raise KeyError("gone")

def number():
    return 5
'''


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "nets.py").write_text(CODE)
    return tmp_path


def python(folder, function, **entry):
    entry = {"source": "python", "name": "m", "layer": "conv", "function": function, **entry}
    return PythonCard.model_validate(entry, context={"root": folder})


def test_a_function_that_gives_a_module(folder):
    torch.manual_seed(1)
    state = nn.Conv2d(3, 6, 8).state_dict()
    torch.save({f"conv.{k}": v for k, v in state.items()}, folder / "w.pt")
    entry = {"arguments": {"width": 6, "file": "w.pt"}, "files": ["w.pt"], "input": {"size": 8}}
    model = python(folder, "nets.py:network", **entry)
    out = model.load("cpu").forward(PIXELS, ["conv"])["conv"]
    with torch.inference_mode():
        expected = torch.nn.functional.conv2d(torch.from_numpy(PIXELS), state["weight"], state["bias"])
    np.testing.assert_array_equal(out, expected.numpy())
    assert model.load("cpu").prefix_tokens == 2


def test_a_function_that_gives_a_whole_model(folder):
    model = python(folder, "nets.py:own", layer="words")
    loaded = model.load("meta")
    assert (loaded.device, loaded.modality) == ("meta", "text")
    np.testing.assert_array_equal(loaded.preprocess("a small dog"), [1, 5, 3])
    assert model.preprocessing() == {"input": "python", "of": model.weights_digest()}


def test_digests_follow_the_code_its_arguments_and_its_files(folder):
    (folder / "w.pt").write_bytes(b"1")
    make = lambda **entry: python(folder, "nets.py:network", files=["w.pt"], **entry).weights_digest()  # noqa: E731
    first = make()
    assert make(arguments={"width": 5}) != first
    (folder / "w.pt").write_bytes(b"2")
    assert (second := make()) != first
    (folder / "nets.py").write_text(CODE + "\n")
    assert make() not in (first, second)


@pytest.mark.parametrize(
    ("function", "kind", "says"),
    [
        ("nets.py:network", SourceError, "expected `input: {size: …, …}` for a module, got none"),
        ("nets.py:fails", SourceError, "got KeyError: 'gone'"),
        ("nets.py:number", SourceError, "a torch.nn.Module or a LoadedModel, got a int without preprocess"),
        ("nets.py:netwrok", UnknownName, "Did you mean 'network'"),
    ],
)
def test_functions_that_build_nothing(folder, function, kind, says):
    with pytest.raises(kind, match=says):
        python(folder, function).load("cpu")
