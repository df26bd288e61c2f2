"""transformers: tiny networks of every family, saved to a folder or a hub cache, bit for bit as called by hand."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from pydantic import ValidationError

from seealike.errors import DataError, MissingDependency, SourceError
from seealike.sources.models import TransformersCard
from seealike.sources.models.vision import vision_library

VISION = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "image_size": 32,
    "patch_size": 8,
}
TEXT = {
    "vocab_size": 40,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 12,
}
WORDS = [*"abcdefghijklmnopqrstuvwxyz", "dog", "cat", "##s", "query", ":"]
TEXTS = ["a dog", "cats a b c d", "query : dogs", "a b c d e f g h i j k l m n o p"]


@pytest.fixture(scope="module")
def library():
    return vision_library("transformers", where="test")


@pytest.fixture(scope="module")
def pictures():
    rng = np.random.default_rng(0)
    shapes = [(40, 60, 3), (32, 32, 3), (90, 50)]
    return [Image.fromarray(rng.integers(0, 256, shape, dtype=np.uint8)) for shape in shapes]


def card(folder, kind, **entry):
    entry = {"source": "transformers", "name": "m", "layer": "embedding", "kind": kind, **entry}
    return TransformersCard.model_validate({"model": folder, **entry}, context={"root": Path("/")})


def seeded(kind, config):
    torch.manual_seed(0)
    return kind(config).eval()


def image_processor(library, name="ViTImageProcessor", **options):
    return getattr(library, name)(size={"height": 32, "width": 32}, **options)


def vision(library, name):
    more = {"num_register_tokens": 3} if name in ("Dinov2WithRegisters", "DINOv3ViT") else {}
    config = getattr(library, f"{name}Config")(**VISION, **more)
    return seeded(getattr(library, f"{name}Model"), config)


@pytest.mark.parametrize(
    ("name", "prefix"),
    [("ViT", 1), ("DeiT", 2), ("Dinov2", 1), ("Dinov2WithRegisters", 4), ("DINOv3ViT", 4), ("IJepa", 0),
     ("SiglipVision", 0), ("Aimv2Vision", 0), ("CLIPVision", 1)],
)  # fmt: skip
def test_vision_models(library, tmp_path, pictures, name, prefix):
    network, processor = vision(library, name), image_processor(library)
    network.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    loaded = card(str(tmp_path), "vision").load("cpu")
    images = processor(images=[picture.convert("RGB") for picture in pictures], return_tensors="pt")
    rows = np.stack([loaded.preprocess(picture) for picture in pictures])
    np.testing.assert_array_equal(rows, images["pixel_values"].numpy())
    with torch.inference_mode():
        by_hand = network(**images).last_hidden_state.numpy()
    norm = [x.name for x in loaded.layers() if x.shape == by_hand.shape[1:]][-1]
    np.testing.assert_array_equal(loaded.forward(rows, [norm])[norm], by_hand)
    assert loaded.prefix_tokens == prefix
    assert by_hand.shape[1] == 16 + prefix


def test_convolutional_networks_have_no_prefix(library, tmp_path):
    config = library.ResNetConfig(embedding_size=8, hidden_sizes=[8, 8], depths=[1, 1])
    seeded(library.ResNetModel, config).save_pretrained(tmp_path)
    loaded = card(str(tmp_path), "vision", input={"size": 32}).load("cpu")
    assert loaded.prefix_tokens is None
    assert loaded.preprocess(Image.new("RGB", (40, 40))).shape == (3, 32, 32)


def tokenizer(library, **options):
    """A WordPiece tokenizer of a few words, with BERT's special tokens."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    vocabulary = {word: k for k, word in enumerate([*special, *WORDS])}
    inner = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    inner.normalizer, inner.pre_tokenizer = normalizers.Lowercase(), pre_tokenizers.Whitespace()
    inner.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = dict(zip(("pad_token", "unk_token", "cls_token", "eos_token"), special, strict=True))
    return library.PreTrainedTokenizerFast(tokenizer_object=inner, **{**names, **options})


def padded(rows):
    longest = max(map(len, rows))
    return np.stack([np.pad(row, (0, longest - len(row)), constant_values=-1) for row in rows])


def text_network(library, name):
    if name == "Llama":
        config = library.LlamaConfig(**TEXT, num_key_value_heads=1, pad_token_id=0)
    elif name == "T5":
        config = library.T5Config(vocab_size=40, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2)
        return seeded(library.T5EncoderModel, config)
    elif name == "GPT2":
        config = library.GPT2Config(vocab_size=40, n_embd=16, n_layer=2, n_head=2, n_positions=12)
    else:
        config = getattr(library, f"{name}Config")(**TEXT)
    return seeded(getattr(library, f"{name}Model"), config)


@pytest.mark.parametrize("name", ["Bert", "Llama", "GPT2", "T5"])
def test_text_models(library, tmp_path, name):
    network, words = text_network(library, name), tokenizer(library, model_max_length=12)
    network.save_pretrained(tmp_path)
    words.save_pretrained(tmp_path)
    loaded = card(str(tmp_path), "text").load("cpu")
    inputs = words(TEXTS, padding=True, truncation=True, return_tensors="pt")
    rows = [loaded.preprocess(text) for text in TEXTS]
    assert [row.dtype for row in rows] == [np.int64] * 4
    assert [len(row) for row in rows] == inputs["attention_mask"].sum(1).tolist() == [4, 8, 6, 12]
    batch = padded(rows)
    np.testing.assert_array_equal(np.where(batch < 0, 0, batch), inputs["input_ids"].numpy())
    with torch.inference_mode():
        given = {k: v for k, v in inputs.items() if k != "token_type_ids"}
        by_hand = network(**given).last_hidden_state.numpy()
    last = [x.name for x in loaded.layers() if x.shape and x.shape[-1] == 16 and len(x.shape) == 2][-1]
    np.testing.assert_array_equal(loaded.forward(batch, [last])[last], by_hand)
    assert (loaded.modality, loaded.prefix_tokens) == ("text", None)


def test_templates_and_limits_of_texts(library, tmp_path):
    text_network(library, "Bert").save_pretrained(tmp_path)
    tokenizer(library).save_pretrained(tmp_path)
    plain = card(str(tmp_path), "text")
    asked = card(str(tmp_path), "text", template="query : {}", max_tokens=5)
    words = tokenizer(library)
    np.testing.assert_array_equal(asked.load("cpu").preprocess("dog"), words("query : dog")["input_ids"])
    assert len(asked.load("cpu").preprocess("dog cat dog cat")) == 5
    assert len(plain.load("cpu").preprocess(TEXTS[3])) == 12, "the network has twelve positions"
    assert plain.preprocessing() != asked.preprocessing()
    tokenizer(library, model_max_length=6).save_pretrained(tmp_path)
    assert len(plain.load("cpu").preprocess(TEXTS[3])) == 6, "the tokenizer allows six"
    with pytest.raises(ValidationError, match="should match pattern"):
        card(str(tmp_path), "text", template="query:")


def clip(library, name):
    text = TEXT | {"eos_token_id": 3, "bos_token_id": 2, "pad_token_id": 0}
    sizes = {} if name == "Siglip" else {"projection_dim": 8}
    config = getattr(library, f"{name}Config")(text_config=text, vision_config=VISION, **sizes)
    return seeded(getattr(library, f"{name}Model"), config)


def pooled(output):
    return getattr(output, "pooler_output", output).numpy()


@pytest.mark.parametrize("name", ["CLIP", "Siglip", "ChineseCLIP"])
def test_halves_of_a_clip(library, tmp_path, pictures, name):
    # SigLIP's tokenizer gives no mask: the tower reads the padding.
    given = {"model_input_names": ["input_ids"]} if name == "Siglip" else {}
    network, words = clip(library, name), tokenizer(library, model_max_length=12, **given)
    processor = image_processor(library, do_center_crop=False)
    for part in (network, processor, words):
        part.save_pretrained(tmp_path)
    half = card(str(tmp_path), "clip_vision").load("cpu")
    images = processor(images=[picture.convert("RGB") for picture in pictures], return_tensors="pt")
    rows = np.stack([half.preprocess(picture) for picture in pictures])
    np.testing.assert_array_equal(rows, images["pixel_values"].numpy())
    padding = "max_length" if name == "Siglip" else True
    texts = TEXTS[:3]  # none of them is as long as the context
    inputs = words(texts, padding=padding, truncation=True, max_length=12, return_tensors="pt")
    inputs.pop("token_type_ids", None)
    with torch.inference_mode():
        seen, read = pooled(network.get_image_features(**images)), pooled(network.get_text_features(**inputs))
    np.testing.assert_array_equal(half.forward(rows, ["embedding"])["embedding"], seen)
    assert half.prefix_tokens == (0 if name == "Siglip" else 1)
    half = card(str(tmp_path), "clip_text").load("cpu")
    batch = padded([half.preprocess(text) for text in texts])
    np.testing.assert_array_equal(half.forward(batch, ["embedding"])["embedding"], read)
    assert half.modality == "text"


def test_a_model_without_halves(library, tmp_path):
    vision(library, "ViT").save_pretrained(tmp_path)
    with pytest.raises(SourceError, match="expected a model of images and texts, got ViTModel"):
        card(str(tmp_path), "clip_vision").load("cpu")


def test_weights_that_are_not_there_are_an_error_and_not_random(library, tmp_path):
    from safetensors.torch import load_file, save_file

    vision(library, "ViT").save_pretrained(tmp_path)
    state = load_file(tmp_path / "model.safetensors")
    gone = next(key for key in state if key.endswith("layernorm_before.weight"))
    del state[gone]
    save_file(state, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(
        SourceError, match=r"all weights of ViTModel in .*, got 1 missing \(.*layernorm_before"
    ):
        card(str(tmp_path), "vision", input={"size": 32}).load("cpu")


def test_a_pooler_that_is_not_there_cannot_be_read(library, tmp_path):
    """Most encoders are published without one; transformers would make a random one, another in every run."""
    vision(library, "ViT").save_pretrained(tmp_path / "with")
    seeded(
        lambda config: library.ViTModel(config, add_pooling_layer=False), library.ViTConfig(**VISION)
    ).save_pretrained(tmp_path / "without")
    names = {
        which: [
            layer.name
            for layer in card(str(tmp_path / which), "vision", input={"size": 32}).load("cpu").layers()
        ]
        for which in ("with", "without")
    }
    assert "pooler" in names["with"]
    assert "pooler" not in names["without"]
    assert "layernorm" in names["without"]


def test_images_that_become_lists_of_patches_are_refused(library, tmp_path):
    config = library.Siglip2VisionConfig(
        **{k: v for k, v in VISION.items() if k != "image_size"}, num_patches=16
    )
    seeded(library.Siglip2VisionModel, config).save_pretrained(tmp_path)
    library.Siglip2ImageProcessor(patch_size=8, max_num_patches=16).save_pretrained(tmp_path)
    says = r"\(channels, height, width\) of an image, got \(16, 192\) from Siglip2ImageProcessor"
    with pytest.raises(SourceError, match=says):
        card(str(tmp_path), "vision").load("cpu")


def test_a_network_that_hides_random_patches_is_refused(library, tmp_path):
    library.ViTMAEConfig(**VISION).save_pretrained(tmp_path)
    with pytest.raises(SourceError, match="hides random patches. Use source: timm"):
        card(str(tmp_path), "vision").load("cpu")


def test_types_of_weights(library, tmp_path):
    network = vision(library, "ViT")
    network.save_pretrained(tmp_path)
    half = card(str(tmp_path), "vision", input={"size": 32}, dtype="bfloat16")
    pixels = np.ones((1, 3, 32, 32), np.float32)
    with torch.inference_mode():
        by_hand = network.to(torch.bfloat16)(torch.ones(1, 3, 32, 32, dtype=torch.bfloat16))
    out = half.load("cpu").forward(pixels, ["layernorm"])["layernorm"]
    np.testing.assert_array_equal(out, by_hand.last_hidden_state.float().numpy())
    assert half.weights_digest() != card(str(tmp_path), "vision", input={"size": 32}).weights_digest()


def test_digests_follow_the_files_of_a_folder(library, tmp_path):
    vision(library, "ViT").save_pretrained(tmp_path)
    image_processor(library).save_pretrained(tmp_path)
    one = card(str(tmp_path), "vision")
    weights, prepared = one.weights_digest(), one.preprocessing()
    image_processor(library, image_mean=[0.1, 0.2, 0.3]).save_pretrained(tmp_path)
    assert one.preprocessing() != prepared
    (tmp_path / "model.safetensors").write_bytes(b"other")
    assert one.weights_digest() != weights
    with pytest.raises(SourceError, match=f"expected {tmp_path}, got"):
        one.load("cpu")


def test_the_code_of_a_repository_is_never_run(library, tmp_path):
    import json

    config = {"model_type": "mine", "auto_map": {"AutoConfig": "mine.Config", "AutoModel": "mine.Model"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "mine.py").write_text("raise SystemExit('code was run')")
    with pytest.raises(SourceError, match="brings its own code, which is not run. Load it in a function"):
        card(str(tmp_path), "vision").load("cpu")


# --- the hub


@pytest.fixture
def hub(monkeypatch, tmp_path, library):
    """The hub library's cache with org/vit at one commit, and no network."""
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    snapshot = tmp_path / "models--org--vit" / "snapshots" / ("c" * 40)
    vision(library, "ViT").save_pretrained(snapshot)
    image_processor(library).save_pretrained(snapshot)
    return "c" * 40


def test_repositories_are_read_from_the_cache_when_offline(hub, pictures):
    loaded = card("org/vit", "vision", revision=hub).load("cpu")
    assert loaded.preprocess(pictures[0]).shape == (3, 32, 32)
    assert loaded.layers()
    for repository, revision in (("org/vit", "d" * 40), ("org/absent", hub)):
        with pytest.raises(SourceError, match="not in this machine's cache, and the hub cannot be asked"):
            card(repository, "vision", revision=revision).load("cpu")


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("GatedRepoError", "a gated repository that this machine may not read. Accept its terms"),
        ("RepositoryNotFoundError", "no such repository, or a private one. Check its name"),
        ("RevisionNotFoundError", "no such revision. Check `revision:`"),
    ],
)
def test_what_the_hub_answers(monkeypatch, kind, says):
    """The hub's own answers, as its library raises them deep in transformers."""
    import httpx2
    from huggingface_hub import errors

    answer = httpx2.Response(403, request=httpx2.Request("HEAD", "https://huggingface.co/org/x"))

    def refuse(*args, **kwargs):
        raise getattr(errors, kind)("the hub's long story", response=answer)

    monkeypatch.setattr("transformers.utils.hub.hf_hub_download", refuse)
    with pytest.raises(SourceError, match=f"expected org/x at v1, got {says}"):
        card("org/x", "vision", revision="v1").load("cpu")


def test_cards_say_what_is_missing(monkeypatch):
    with pytest.raises(
        ValidationError, match=r"a repository with `revision:` \(the commit or tag; `main` moves\)"
    ):
        card("org/x", "vision")
    with pytest.raises(ValidationError, match="clip_vision"):
        card("org/x", "image", revision="v1")
    assert (
        card("org/x", "vision", revision="v1").weights_digest()
        != card("org/x", "vision", revision="v2").weights_digest()
    )
    import sys

    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingDependency, match=r'pip install "seealike\[transformers\]"'):
        card("org/x", "vision", revision="v1").load("cpu")


def test_images_of_a_wrong_size(library, tmp_path):
    vision(library, "ViT").save_pretrained(tmp_path)
    loaded = card(str(tmp_path), "vision", input={"size": 48}).load("cpu")
    with pytest.raises(DataError, match="Input image size"):
        loaded.layers()
