"""timm, torchvision and open_clip: features and images bit for bit as the libraries give them, and pinned weights."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from pydantic import ValidationError

from seealike.errors import MissingDependency, SourceError, UnknownName
from seealike.sources.models import OpenClipCard, TimmCard, TorchvisionCard
from seealike.sources.models.vision import vision_library

LIBRARIES = {TimmCard: "timm", TorchvisionCard: "torchvision", OpenClipCard: "open_clip"}


def card(kind, **entry):
    entry = {"source": kind.source_name, "name": "m", "layer": "visual", **entry}
    return kind.model_validate(entry, context={"root": Path()})


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(0)
    shapes = [(200, 300, 3), (97, 64, 3), (300, 300)]
    return [Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8)) for shape in shapes]


def batch(model, pictures):
    return np.stack([model.preprocess(picture) for picture in pictures])


# --- timm


@pytest.mark.parametrize(("name", "prefix"), [("test_vit", 1), ("test_vit3", None), ("test_resnet", None)])
def test_timm_images_and_tokens(pictures, name, prefix):
    timm = vision_library("timm", where="test")
    loaded = card(TimmCard, model=name, pretrained=False, init_seed=3).load("cpu")
    torch.manual_seed(3)
    network = timm.create_model(name).eval()
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(network), is_training=False)
    expected = torch.stack([transform(picture.convert("RGB")) for picture in pictures])
    np.testing.assert_array_equal(batch(loaded, pictures), expected.numpy())
    with torch.inference_mode():
        scores = network(expected).numpy()
    last = [layer.name for layer in loaded.layers()][-1]
    np.testing.assert_array_equal(loaded.forward(expected.numpy(), [last])[last], scores)
    assert loaded.modality == "image"
    assert loaded.prefix_tokens == (prefix if prefix else getattr(network, "num_prefix_tokens", None))


def test_timm_names_without_a_tag_are_keyed_by_the_tag_they_mean():
    plain, tagged = (
        card(TimmCard, model=f"vit_base_patch16_224{tag}") for tag in ("", ".augreg2_in21k_ft_in1k")
    )
    other = card(TimmCard, model="vit_base_patch16_224.augreg_in21k")
    assert plain.weights_digest() == tagged.weights_digest()
    assert plain.weights_digest() != other.weights_digest()
    said = plain.preprocessing()
    assert said["input_size"] == (3, 224, 224)
    assert (said["crop_pct"], said["interpolation"]) == (0.9, "bicubic")
    assert card(TimmCard, model="vit_base_patch16_clip_224.openai").preprocessing() != said


def test_timm_hub_repositories_need_a_revision():
    with pytest.raises(ValidationError, match="expected a revision of the repository"):
        card(TimmCard, model="hf-hub:timm/vit_tiny")
    assert card(TimmCard, model="hf-hub:timm/vit_tiny@0123").preprocessing()["model"].endswith("@0123")


def test_timm_weights_that_no_hub_has_come_through_the_verified_cache(monkeypatch, tmp_path):
    """legacy_seresnet18.in1k has only an address, whose name holds the hash."""
    timm = vision_library("timm", where="test")
    asked = []
    torch.manual_seed(0)
    network = timm.create_model("legacy_seresnet18").eval()
    torch.save(network.state_dict(), tmp_path / "w.pth")

    def fetched(url, sha256, *, where):
        asked.append((url.rpartition("/")[2], sha256))
        return tmp_path / "w.pth"

    monkeypatch.setattr("seealike.sources.download.fetch", fetched)
    loaded = card(TimmCard, model="legacy_seresnet18.in1k").load("cpu")
    assert asked == [("seresnet18-4bb0ce65.pth", "4bb0ce65")]
    pixels = torch.ones(1, 3, 64, 64)
    with torch.inference_mode():
        expected = network.layer0(pixels).numpy()
    np.testing.assert_array_equal(loaded.forward(pixels.numpy(), ["layer0"])["layer0"], expected)


# --- torchvision


@pytest.fixture(scope="module")
def squeezenet():
    """A small network of torchvision with weights «as published»."""
    torch.manual_seed(7)
    return vision_library("torchvision", where="test").models.squeezenet1_1().eval()


@pytest.fixture
def home(monkeypatch, tmp_path, squeezenet):
    """A torch home, a published file, and an address that ends in that file's hash."""
    import hashlib

    models = vision_library("torchvision", where="test").models
    monkeypatch.setenv("SEEALIKE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path / "hub"))
    file = tmp_path / "published.pth"
    torch.save(squeezenet.state_dict(), file)
    sha = hashlib.sha256(file.read_bytes()).hexdigest()
    weights = models.SqueezeNet1_1_Weights.IMAGENET1K_V1
    address = f"https://example.org/models/squeezenet1_1-{sha[:8]}.pth"
    monkeypatch.setattr(
        weights, "_value_", weights.value.__class__(address, weights.transforms, weights.meta)
    )
    return tmp_path, file, sha


def test_torchvision_reads_the_file_that_its_name_promises(home, squeezenet, pictures):
    root, file, sha = home
    downloads = root / "cache" / "downloads"
    downloads.mkdir(parents=True)
    shutil.copy(file, downloads / sha)
    place = root / "hub" / "checkpoints" / f"squeezenet1_1-{sha[:8]}.pth"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"another file under the same name")
    entry = {"model": "squeezenet1_1", "layer": "features"}
    loaded = card(TorchvisionCard, **entry).load("cpu")
    transforms = vision_library("torchvision", where="test").models.SqueezeNet1_1_Weights.DEFAULT.transforms()
    images = torch.stack([transforms(picture.convert("RGB")) for picture in pictures])
    np.testing.assert_array_equal(batch(loaded, pictures), images.numpy())
    with torch.inference_mode():
        expected = squeezenet.features(images).numpy()
    np.testing.assert_array_equal(loaded.forward(images.numpy(), ["features"])["features"], expected)
    assert place.read_bytes() == file.read_bytes()


def test_torchvision_offline_without_the_file(home, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(SourceError, match="offline mode"):
        card(TorchvisionCard, model="squeezenet1_1").load("cpu")


def test_torchvision_default_weights_are_keyed_by_what_they_are():
    digests = {w: card(TorchvisionCard, model="resnet50", weights=w).weights_digest() for w in
               ("DEFAULT", "IMAGENET1K_V1", "IMAGENET1K_V2")}  # fmt: skip
    assert digests["DEFAULT"] == digests["IMAGENET1K_V2"] != digests["IMAGENET1K_V1"]
    said = card(TorchvisionCard, model="resnet50").preprocessing()
    assert said["resize_size"] == [232]
    assert card(TorchvisionCard, model="resnet50", weights="IMAGENET1K_V1").preprocessing()[
        "resize_size"
    ] == [256]


def test_torchvision_untrained_networks_follow_their_seed():
    pixels = np.ones((1, 3, 64, 64), np.float32)
    entry = {"model": "squeezenet1_1", "pretrained": False}
    a, b, c = (
        card(TorchvisionCard, init_seed=s, **entry).load("cpu").forward(pixels, ["features"])["features"]
        for s in (0, 0, 1)
    )
    np.testing.assert_array_equal(a, b)
    assert not np.allclose(a, c)


def test_torchvision_names():
    with pytest.raises(UnknownName, match="Did you mean 'resnet50'"):
        card(TorchvisionCard, model="resnet5o").weights_digest()
    with pytest.raises(UnknownName, match="weights of resnet50, got 'IMAGENET1K_V3'. Did you mean"):
        card(TorchvisionCard, model="resnet50", weights="IMAGENET1K_V3").load("cpu")


# --- open_clip


def by_hand(library, name="small-clip", **options):
    torch.manual_seed(0)
    model, _, transform = library.create_model_and_transforms(name, **options)
    return model.eval(), transform


def test_open_clip_image_tower(small_open_clip, pictures):
    loaded = card(OpenClipCard, model="small-clip", pretrained=False).load("cpu")
    model, transform = by_hand(small_open_clip)
    images = torch.stack([transform(picture.convert("RGB")) for picture in pictures])
    np.testing.assert_array_equal(batch(loaded, pictures), images.numpy())
    tokens = "visual.transformer.resblocks.1"
    out = loaded.forward(images.numpy(), ["visual", tokens])
    with torch.inference_mode():
        np.testing.assert_array_equal(out["visual"], model.encode_image(images).numpy())
    assert out[tokens].shape == (3, 17, 32)
    assert loaded.prefix_tokens == 1
    assert card(OpenClipCard, model="small-timm", pretrained=False).load("cpu").prefix_tokens == 1


def test_open_clip_text_tower(small_open_clip):
    loaded = card(OpenClipCard, model="small-clip", pretrained=False, tower="text", layer="text").load("cpu")
    texts = ["a dog", "a photo of a very small cat on a mat", "", "word " * 40]
    model, _ = by_hand(small_open_clip, force_custom_text=True)
    plain, _ = by_hand(small_open_clip)
    plain.load_state_dict({k.removeprefix("text."): v for k, v in model.state_dict().items()})
    tokens = small_open_clip.get_tokenizer("small-clip")(texts)
    rows = np.stack([loaded.preprocess(text) for text in texts])
    np.testing.assert_array_equal(np.where(rows < 0, 0, rows), tokens.numpy())
    assert (rows >= 0).sum(1).tolist() == [4, 12, 2, 16]
    assert loaded.modality == "text"
    out = loaded.forward(rows, ["text", "text.transformer.resblocks.0"])
    with torch.inference_mode():
        np.testing.assert_array_equal(out["text"], plain.encode_text(tokens).numpy())
    assert out["text.transformer.resblocks.0"].shape == (4, 16, 32)


@pytest.fixture
def tagged(small_open_clip, tmp_path, monkeypatch):
    """A tag of small-clip whose weights were trained with QuickGELU, as OpenAI's were."""
    model, _ = by_hand(small_open_clip, force_quick_gelu=True)
    file = tmp_path / "weights.pt"
    torch.save(model.state_dict(), file)
    tag = {"file": str(file), "mean": (0.5,) * 3, "interpolation": "bilinear", "resize_mode": "squash"}
    monkeypatch.setitem(
        small_open_clip.pretrained._PRETRAINED, "small-clip", {"mine": {**tag, "quick_gelu": True}}
    )
    return model


def test_open_clip_weights_bring_their_activation_and_images(small_open_clip, tagged, pictures):
    """open_clip itself would only warn of the wrong activation, and go on with other features."""
    mine = card(OpenClipCard, model="small-clip", pretrained="mine")
    loaded = mine.load("cpu")
    _, transform = by_hand(small_open_clip, pretrained="mine", force_quick_gelu=True)
    images = torch.stack([transform(picture.convert("RGB")) for picture in pictures])
    np.testing.assert_array_equal(batch(loaded, pictures), images.numpy())
    with torch.inference_mode():
        expected = tagged.encode_image(images).numpy()
    np.testing.assert_array_equal(loaded.forward(images.numpy(), ["visual"])["visual"], expected)
    said = mine.preprocessing()
    assert (said["size"], said["mean"], said["resize_mode"]) == (32, (0.5, 0.5, 0.5), "squash")


def hub_cache(root, repository, files, commit="c" * 40):
    """The hub library's cache of one repository at one commit."""
    folder = root / f"models--{repository.replace('/', '--')}"
    snapshot = folder / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "v1").write_text(commit)
    for name, write in files.items():
        write(snapshot / name)
    return commit


@pytest.fixture
def hub(monkeypatch, tmp_path):
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


@pytest.mark.parametrize("tower", ["image", "text"])
def test_open_clip_repositories_are_read_at_their_revision(small_open_clip, hub, pictures, tower):
    import json

    model, _ = by_hand(small_open_clip)
    config = {
        "model_cfg": small_open_clip.get_model_config("small-clip"),
        "preprocess_cfg": {"mean": [0.1, 0.2, 0.3]},
    }
    files = {
        "open_clip_config.json": lambda path: path.write_text(json.dumps(config)),
        "open_clip_pytorch_model.bin": lambda path: torch.save(model.state_dict(), path),
    }
    hub_cache(hub, "org/small", files)
    entry = {"model": "hf-hub:org/small", "revision": "v1", "tower": tower}
    loaded = card(OpenClipCard, **entry).load("cpu")
    if tower == "text":
        tokens = small_open_clip.get_tokenizer("small-clip")(["a dog"])
        out = loaded.forward(loaded.preprocess("a dog")[None], ["text"])["text"]
        with torch.inference_mode():
            np.testing.assert_array_equal(out, model.encode_text(tokens).numpy())
        return
    white = loaded.preprocess(Image.new("RGB", (40, 40), "white"))
    np.testing.assert_allclose(
        white[:, 0, 0] * [0.26862954, 0.26130258, 0.27577711], [0.9, 0.8, 0.7], rtol=1e-5
    )


def siglip_words(library):
    """A tokenizer of the hub that ends a text with the token that it pads with, as SigLIP's does."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    inner = Tokenizer(
        models.WordLevel({"[UNK]": 0, "</s>": 1, "a": 2, "dog": 3, "cat": 4}, unk_token="[UNK]")
    )
    inner.pre_tokenizer = pre_tokenizers.Whitespace()
    inner.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return library.PreTrainedTokenizerFast(tokenizer_object=inner, eos_token="</s>", pad_token="</s>")


def test_open_clip_text_towers_that_read_their_padding(small_open_clip, hub, tmp_path):
    import json

    config = small_open_clip.get_model_config("small-clip")
    reads = {"hf_tokenizer_name": "org/words", "no_causal_mask": True, "pool_type": "last", "vocab_size": 9}
    config["text_cfg"] |= reads | {"tokenizer_kwargs": {"clean": "canonicalize"}}
    config["custom_text"] = True
    folder = tmp_path / "siglip"
    siglip_words(vision_library("transformers", where="test")).save_pretrained(folder)
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": config}))
    model, _ = by_hand(small_open_clip, f"local-dir:{folder}")
    torch.save(model.state_dict(), folder / "open_clip_pytorch_model.bin")
    hub_cache(hub, "org/siglip", {p.name: lambda new, p=p: shutil.copy(p, new) for p in folder.iterdir()})
    loaded = card(OpenClipCard, model="hf-hub:org/siglip", revision="v1", tower="text").load("cpu")
    texts = ["A dog!", "", "cat dog a"]
    tokens = small_open_clip.get_tokenizer(f"local-dir:{folder}")(texts)
    rows = np.stack([loaded.preprocess(text) for text in texts])
    assert rows[:, :5].tolist() == [[2, 3, 1, -1, -1], [1, -1, -1, -1, -1], [4, 3, 2, 1, -1]]
    assert rows.shape == (3, 16)
    with torch.inference_mode():
        expected = model.encode_text(tokens).numpy()
    np.testing.assert_array_equal(loaded.forward(rows, ["text"])["text"], expected)


def test_open_clip_never_goes_on_with_random_weights(small_open_clip, hub):
    import json

    config = {"model_cfg": small_open_clip.get_model_config("small-clip")}
    hub_cache(hub, "org/empty", {"open_clip_config.json": lambda path: path.write_text(json.dumps(config))})
    with pytest.raises(SourceError, match="Required pretrained weights"):
        card(OpenClipCard, model="hf-hub:org/empty", revision="v1").load("cpu")
    with pytest.raises(
        SourceError, match="not in this machine's cache, and the hub cannot be asked. Run once"
    ):
        card(OpenClipCard, model="hf-hub:org/absent", revision="v1").load("cpu")
    with pytest.raises(SourceError, match="not in this machine's cache"):
        card(OpenClipCard, model="ViT-B-32", pretrained="laion2b_e16").load("cpu")
    with pytest.raises(SourceError, match="'nope' is not a known tag"):
        card(OpenClipCard, model="small-clip", pretrained="nope").load("cpu")
    with pytest.raises(SourceError, match="expected a model of open_clip, got 'ViT-B-33'"):
        card(OpenClipCard, model="ViT-B-33", pretrained="nope").preprocessing()


def test_open_clip_cards_say_what_is_missing():
    with pytest.raises(ValidationError, match="expected `revision:`"):
        card(OpenClipCard, model="hf-hub:org/small")
    with pytest.raises(ValidationError, match="expected `pretrained:`"):
        card(OpenClipCard, model="ViT-B-32")
    with pytest.raises(ValidationError, match="expected no `pretrained:` for a hub"):
        card(OpenClipCard, model="hf-hub:org/small", revision="v1", pretrained="openai")
    digests = [
        card(OpenClipCard, model="ViT-B-32", pretrained=tag).weights_digest() for tag in ("a", "b", False)
    ]
    assert len(set(digests)) == 3


@pytest.mark.parametrize("kind", LIBRARIES, ids=LIBRARIES.get)
def test_missing_libraries_name_the_extra(monkeypatch, kind):
    import sys

    monkeypatch.setitem(sys.modules, LIBRARIES[kind], None)
    entry = {"model": "resnet18"} | ({"pretrained": "openai"} if kind is OpenClipCard else {})
    with pytest.raises(MissingDependency, match=rf'pip install "seealike\[{LIBRARIES[kind]}\]"'):
        card(kind, **entry).load("cpu")
