"""Reading layers: bit by bit what the network computes by hand, and nothing read that is not meant."""

import gc
import weakref

import numpy as np
import pytest
import torch
from torch import nn

from seealike.errors import DataError, OutOfMemory, SpecError, UnknownName
from seealike.sources.images import ImageInput
from seealike.sources.models.hooks import TorchModel
from seealike.sources.models.vision import vision_library

RNG = np.random.default_rng(0)


def pixels(n=3, size=64):
    return RNG.standard_normal((n, 3, size, size)).astype(np.float32)


def loaded(module, size=64, **options):
    return TorchModel("m", module, ImageInput(size=size), "cpu", **options)


def untrained(library, name, **options):
    torch.manual_seed(0)
    if library == "timm":
        return vision_library("timm", where="test").create_model(name, pretrained=False, **options).eval()
    return vision_library("torchvision", where="test").models.get_model(name, weights=None, **options).eval()


def hooks_of(module):
    return [path for path, part in module.named_modules() if part._forward_hooks]


def by_hand(module, batch, path, call=1):
    """What one call of a submodule returns, copied at once, the whole network run."""
    seen = []
    handle = module.get_submodule(path).register_forward_hook(
        lambda _m, _i, out: seen.append(out.numpy().copy())
    )
    with torch.inference_mode():
        module(torch.from_numpy(batch.copy()))
    handle.remove()
    return seen[call - 1]


# --- the same numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "last"), [("test_vit", "norm"), ("test_resnet", "layer4")])
def test_timm_features_are_those_of_forward_features(name, last):
    module = untrained("timm", name)
    batch = pixels(size=160)
    with torch.inference_mode():
        tensor = torch.from_numpy(batch)
        features, logits = module.forward_features(tensor).numpy(), module(tensor).numpy()
    out = loaded(module, 160).forward(batch, [last, "output"])
    np.testing.assert_array_equal(out[last], features)
    np.testing.assert_array_equal(out["output"], logits)
    np.testing.assert_array_equal(loaded(module, 160).forward(batch, [last])[last], features)  # stopped early


def test_torchvision_features_are_those_of_its_feature_extractor():
    vision_library("torchvision", where="test")
    from torchvision.models.feature_extraction import create_feature_extractor

    module = untrained("torchvision", "resnet18")
    batch = pixels()
    nodes = ["layer1", "layer2.0.conv1", "layer4.1", "avgpool", "fc"]
    with torch.inference_mode():
        expected = create_feature_extractor(module, nodes)(torch.from_numpy(batch))
    out = loaded(module).forward(batch, nodes)
    for node in nodes:
        np.testing.assert_array_equal(out[node], expected[node].numpy(), err_msg=node)


@pytest.mark.parametrize(
    ("library", "name"), [("torchvision", "resnet18"), ("timm", "test_vit"), ("timm", "test_resnet")]
)
def test_every_layer_together_or_alone_is_what_its_module_returned(library, name):
    module = untrained(library, name)
    size = 160 if library == "timm" else 64
    batch = pixels(2, size)
    before = batch.copy()
    model = loaded(module, size)
    readable = [layer for layer in model.layers() if layer.shape is not None and layer.name != "output"]
    assert len(readable) > 40
    together = model.forward(batch, [layer.name for layer in readable])
    for layer in readable[:: max(1, len(readable) // 12)]:
        path, _, call = layer.name.partition("#")
        expected = by_hand(module, batch, path, int(call or 1))
        assert expected.shape[1:] == layer.shape
        np.testing.assert_array_equal(together[layer.name], expected, err_msg=layer.name)
        np.testing.assert_array_equal(model.forward(batch, [layer.name])[layer.name], expected)
    np.testing.assert_array_equal(batch, before)
    assert hooks_of(module) == []


def test_a_layer_is_read_before_the_network_overwrites_it():
    module = untrained("torchvision", "resnet18")  # bn1 -> ReLU in place; bn2 -> += identity
    batch = pixels()
    model = loaded(module)
    for _ in range(2):
        out = model.forward(batch, ["bn1", "layer1.0.bn2", "layer1.0.conv1"])
        for name, values in out.items():
            np.testing.assert_array_equal(values, by_hand(module, batch, name), err_msg=name)
        assert (out["bn1"] < 0).any()


def test_only_overwritten_layers_are_copied(monkeypatch):
    model = loaded(untrained("torchvision", "resnet18"))
    batch = pixels()
    clones = []
    clone = torch.Tensor.clone
    monkeypatch.setattr(torch.Tensor, "clone", lambda t, **k: clones.append(tuple(t.shape)) or clone(t, **k))
    model.forward(batch, ["layer4", "avgpool", "fc"])
    assert clones == []
    model.forward(batch, ["bn1", "fc"])
    assert clones == [(3, 64, 32, 32)]
    model.forward(batch, ["bn1", "fc"])
    assert len(clones) == 2


class Encoder(nn.Module):
    """A stack of torch's own encoder layers, which have a fused path that hooks switch off."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 3)

    def forward(self, x):
        return self.encoder(x.reshape(len(x), -1, 32))


def test_a_layer_does_not_depend_on_which_others_are_read(monkeypatch):
    def fused(*_):
        raise AssertionError("the fused path rounds otherwise, and hooks switch it off")

    monkeypatch.setattr(torch, "_transformer_encoder_layer_fwd", fused)
    model = loaded(Encoder(), 8)
    batch = pixels(3, 8)
    names = [f"encoder.layers.{i}" for i in range(3)]
    together = model.forward(batch, [*names, "encoder.layers.1.self_attn[0]", "encoder.layers.0.linear1"])
    for name in names:
        np.testing.assert_array_equal(model.forward(batch, [name])[name], together[name])
    assert torch.backends.mha.get_fastpath_enabled()


# --- what is read, and how far ----------------------------------------------------------------------------


class Counting(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second, self.third = nn.Flatten(), nn.Identity(), nn.Identity()
        self.reached = []

    def forward(self, x):
        for name in ("first", "second", "third"):
            x = getattr(self, name)(x) + 1
            self.reached.append(name)
        return x


@pytest.mark.parametrize(
    ("layers", "reached"),
    [(["first"], []), (["second", "first"], ["first"]), (["output"], ["first", "second", "third"])],
)
def test_the_pass_stops_after_the_deepest_layer(layers, reached):
    module = Counting()
    model = loaded(module, 4)
    model.layers()
    module.reached.clear()
    out = model.forward(pixels(2, 4), layers)
    assert list(out) == layers
    assert module.reached == reached


class Swallowing(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.caught = Counting(), 0

    def forward(self, x):
        try:
            return self.inner(x)
        except Exception:
            self.caught += 1
            return x.flatten(1) * 0


def test_a_network_that_catches_everything_cannot_swallow_the_stop():
    module, batch = Swallowing(), pixels(2, 4)
    model = loaded(module, 4)
    np.testing.assert_array_equal(
        model.forward(batch, ["inner.second"])["inner.second"], batch.reshape(2, -1) + 1
    )
    assert module.caught == 0


class Odd(nn.Module):
    """Runs one module three times, gives a tuple, a dict and constants, and leaves one module out."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.twice, self.pair, self.idle = nn.ReLU(), nn.LSTM(4, 4, batch_first=True), nn.ReLU()
        self.constant, self.tokens_first, self.report = Constant(), TokensFirst(), Report()
        self.shared = self.twice

    def forward(self, x):
        y = self.shared(self.twice(self.twice(x - 1) - 0.5)).mean(1)
        self.constant(y), self.tokens_first(y)
        return self.report(self.pair(y)[0])["all"]["last"]


class Constant(nn.Module):
    def forward(self, x):
        return torch.zeros(1, *x.shape[1:])


class TokensFirst(nn.Module):
    def forward(self, x):
        return x.transpose(0, 1)


class Report(nn.Module):
    def forward(self, x):
        return {"all": {"last": x[:, -1], "none": None}, "phase": torch.zeros(len(x), dtype=torch.complex64)}


def test_the_trace_tells_calls_parts_and_what_cannot_be_read():
    layers = {layer.name: layer for layer in loaded(Odd(), 4).layers()}
    assert list(layers) == [
        *("twice#1", "twice#2", "twice#3", "constant", "tokens_first"),
        *("pair", "pair[0]", "pair[1][0]", "pair[1][1]"),
        *("report", "report[all][last]", "report[phase]", "output"),
    ]
    assert layers["twice#2"].calls == 3
    assert layers["twice#2"].shape == (3, 4, 4)
    assert layers["pair"].problem == "a tuple"
    assert layers["pair[0]"].shape == (4, 4)
    assert layers["pair[1][0]"].problem == "a tensor of shape (1, 2, 4) for 2 samples"
    assert layers["constant"].shape is None
    assert layers["tokens_first"].shape is None
    assert layers["report[phase]"].problem == "complex numbers"
    assert layers["output"].same_as == "report[all][last]"
    assert layers["pair[0]"].kind == "Tensor"
    assert layers["pair"].kind == "LSTM"


def test_a_tensor_that_was_overwritten_is_another_layer():
    layers = {layer.name: layer for layer in loaded(untrained("torchvision", "resnet18")).layers()}
    assert layers["relu"].same_as == ""  # the very object that bn1 gave, with other values
    assert layers["layer1.0"].same_as == "layer1.0.relu#2"
    assert layers["layer1"].same_as == layers["layer1.1"].same_as == "layer1.1.relu#2"
    assert layers["output"].same_as == "fc"


def test_calls_and_parts_are_read_by_name():
    module = Odd()
    batch = pixels(5, 4)
    names = ["twice#1", "twice#3", "pair[0]", "report[all][last]", "output"]
    out = loaded(module, 4).forward(batch, names)
    with torch.inference_mode():
        first = torch.relu(torch.from_numpy(batch) - 1)
        last = torch.relu(torch.relu(first - 0.5))
        lstm = module.pair(last.mean(1))[0]
    for name, expected in zip(names, [first, last, lstm, lstm[:, -1], lstm[:, -1]], strict=True):
        np.testing.assert_array_equal(out[name], expected.numpy(), err_msg=name)


@pytest.mark.parametrize(
    ("layer", "kind", "says"),
    [
        (
            "twice",
            SpecError,
            r"model m, layer twice: expected a module that runs once, or one of its calls, got one that runs 3 times. "
            r"Name the call: twice#1 \| twice#2 \| twice#3",
        ),
        ("twice#4", UnknownName, "Did you mean 'twice#"),
        (
            "pair",
            DataError,
            r"layer pair: expected a tensor with one row a sample, got a tuple from LSTM. "
            r"Read a part of it: pair\[0\]\.",
        ),
        ("report", DataError, r"got a dict from Report. Read a part of it: report\[all\]\[last\]\."),
        (
            "constant",
            DataError,
            r"layer constant: .* got a tensor of shape \(1, 4, 4\) for 2 samples from Constant. Read another",
        ),
        ("tokens_first", DataError, r"got a tensor of shape \(4, 2, 4\) for 2 samples"),
        ("report[phase]", DataError, "got complex numbers"),
        ("idle", SpecError, "layer idle: expected a module that runs, got no output. Choose another layer"),
        ("pear", UnknownName, "^model m: expected the name of a layer, got 'pear'. Did you mean 'pair'"),
    ],
)
def test_layers_that_cannot_be_read(layer, kind, says):
    module = Odd()
    with pytest.raises(kind, match=says) as caught:
        loaded(module, 4).forward(pixels(2, 4), ["pair[0]", layer])
    assert type(caught.value) is kind
    assert hooks_of(module) == []


class Branching(nn.Module):
    """Runs its branch for bright batches alone."""

    def __init__(self):
        super().__init__()
        self.branch, self.flat = nn.Identity(), nn.Flatten()

    def forward(self, x):
        return self.flat(self.branch(x) if x.mean() > 0 else x)


def test_a_module_that_runs_for_some_batches_only():
    model = loaded(Branching(), 4)
    bright = np.ones((2, 3, 4, 4), np.float32)
    assert model.forward(bright, ["branch"])["branch"].shape == (2, 3, 4, 4)
    with pytest.raises(SpecError, match="a module that runs for every batch as for the first, got no output"):
        model.forward(-bright, ["branch"])


def test_failing_passes_say_what_was_run_and_leave_no_hooks():
    module = untrained("torchvision", "resnet18")
    model = loaded(module)
    with pytest.raises(
        DataError,
        match=r"model m: expected a forward pass of images \(4, 8, 8\), got RuntimeError: .*channels",
    ) as caught:
        model.forward(np.zeros((2, 4, 8, 8), np.float32), ["fc"])
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert hooks_of(module) == []
    model.forward(pixels(), ["fc"])


# --- inputs -----------------------------------------------------------------------------------------------


class InPlace(nn.Module):
    def __init__(self):
        super().__init__()
        self.act, self.flat = nn.ReLU(inplace=True), nn.Flatten()

    def forward(self, x):
        return self.flat(self.act(x))


def test_the_batch_is_never_written_to():
    model = loaded(InPlace(), 4)
    batch = pixels(4, 4)
    before = batch.copy()
    out = model.forward(batch, ["flat"])["flat"]
    np.testing.assert_array_equal(batch, before)
    np.testing.assert_array_equal(out, np.maximum(before, 0).reshape(4, -1))


def test_read_only_and_strided_batches():
    model = loaded(untrained("torchvision", "resnet18"))
    batch = pixels(4)
    expected = model.forward(batch, ["avgpool"])["avgpool"]
    fixed = batch.copy()
    fixed.flags.writeable = False
    np.testing.assert_array_equal(model.forward(fixed, ["avgpool"])["avgpool"], expected)
    strided = np.repeat(batch, 2, axis=0)[::2]
    np.testing.assert_array_equal(model.forward(strided, ["avgpool"])["avgpool"], expected)


class FixedBatch(nn.Module):
    def __init__(self):
        super().__init__()
        self.flat = nn.Flatten()

    def forward(self, x):
        assert len(x) == 8, "exported for 8"
        return self.flat(x) * 2


def test_networks_of_a_fixed_batch_size():
    model = loaded(FixedBatch(), 4)
    assert model.forward(pixels(8, 4), ["output"])["output"].shape == (8, 48)
    with pytest.raises(DataError, match="AssertionError: exported for 8"):
        model.forward(pixels(4, 4), ["output"])


def test_another_call_and_another_modality():
    embed = nn.Embedding(10, 4)

    def call(module, tensor):
        return module(torch.where(tensor < 0, 0, tensor)).masked_fill((tensor < 0)[..., None], 0)

    model = TorchModel(
        "t", embed, lambda text: np.arange(len(text) % 10), "cpu", modality="text", prefix_tokens=1, call=call
    )
    assert (model.modality, model.prefix_tokens) == ("text", 1)
    assert [layer.name for layer in model.layers()] == ["output"]
    out = model.forward(np.array([[1, 2, -1], [3, 4, 5]]), ["output"])["output"]
    np.testing.assert_array_equal(out[0, :2], embed.weight.detach().numpy()[1:3])
    assert (out[0, 2] == 0).all()
    with pytest.raises(DataError, match=r"a forward pass of texts \(1,\), got IndexError"):
        model.forward(np.array([[99]]), ["output"])


def test_scripted_networks_give_their_output():
    module = torch.jit.script(untrained("torchvision", "resnet18"))
    batch = pixels()
    with torch.inference_mode():
        expected = module(torch.from_numpy(batch)).numpy()
    np.testing.assert_array_equal(loaded(module).forward(batch, ["output"])["output"], expected)


def test_a_submodule_called_output_is_that_submodule():
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.output = nn.Flatten()

        def forward(self, x):
            return self.output(x) + 1

    batch = pixels(2, 4)
    np.testing.assert_array_equal(
        loaded(Named(), 4).forward(batch, ["output"])["output"], batch.reshape(2, -1)
    )


# --- precision and memory ---------------------------------------------------------------------------------


def test_autocast_runs_in_the_precision_that_it_is_told():
    module = untrained("torchvision", "resnet18")
    batch = pixels()
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        expected = module(torch.from_numpy(batch)).float().numpy()
    out = loaded(module, autocast="bfloat16").forward(batch, ["fc"])["fc"]
    np.testing.assert_array_equal(out, expected)
    assert out.dtype == np.float32
    exact = loaded(module).forward(batch, ["fc"])["fc"]
    assert 0 < np.abs(out - exact).max() < 0.1 * np.abs(exact).max()


class Hungry(nn.Module):
    """Runs out of memory above three samples."""

    def __init__(self, error):
        super().__init__()
        self.flat, self.error, self.held = nn.Flatten(), error, None

    def forward(self, x):
        y = self.flat(x) + 0
        self.held = weakref.ref(y)
        if len(x) > 3:
            raise type(self.error)(*self.error.args)  # a fresh one: its traceback holds the tensors
        return y


@pytest.mark.parametrize(
    "error",
    [
        torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:121] err == 0. DefaultCPUAllocator: can't allocate memory: "
            "you tried to allocate 9 bytes"
        ),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes."),
        RuntimeError("MPS backend out of memory (MPS allocated: 8 GB)"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        MemoryError("Unable to allocate 9 GiB"),
        MemoryError(),
    ],
    ids=lambda e: str(e)[:24],
)
def test_memory_that_runs_out_is_its_own_error_and_a_smaller_batch_goes_on(error):
    module = Hungry(error)
    model = loaded(module, 4)
    with pytest.raises(
        OutOfMemory, match=r"model m: expected memory for 8 images \(3, 4, 4\) at once"
    ) as caught:
        model.forward(pixels(8, 4), ["output"])
    module.error = RuntimeError("out of memory")
    gc.collect()
    assert module.held() is None, "the error keeps the failed pass's tensors alive"
    assert caught.value.__cause__ is None
    assert model.forward(pixels(3, 4), ["output"])["output"].shape == (3, 48)
    assert hooks_of(module) == []


def test_a_real_allocation_that_cannot_be():
    class Huge(nn.Module):
        def forward(self, x):
            return x.new_empty(len(x), 1 << 50)

    with pytest.raises(OutOfMemory, match="DefaultCPUAllocator|memory"):
        loaded(Huge(), 4).forward(pixels(2, 4), ["output"])


def test_memory_of_one_sample_suffices_for_batches_of_one():
    module = Hungry(RuntimeError("out of memory"))
    module.forward = lambda x: module.flat(x) if len(x) == 1 else (_ for _ in ()).throw(module.error)
    assert loaded(module, 4).forward(pixels(1, 4), ["flat"])["flat"].shape == (1, 48)
