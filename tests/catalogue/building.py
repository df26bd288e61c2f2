"""Every architecture of the catalogue on torch's meta device: shapes and counts without a single number."""

import torch

from seealike.sources.models.vision import vision_library

#: What the repositories' configuration files say; none can be reached offline, so the entries say so too.
_BERT = {"type": "bert"}
_LLAMA = {"type": "llama", "vocab_size": 32000}
_BLOOM = {"type": "bloom", "vocab_size": 250880}
_VIT_L = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16}
CONFIGURATIONS = {
    "openai/clip-vit-base-patch16": {"type": "clip", "projection_dim": 512, "vision_config": {"patch_size": 16}},
    "openai/clip-vit-base-patch32": {"type": "clip", "projection_dim": 512, "vision_config": {"patch_size": 32}},
    "openai/clip-vit-large-patch14": {
        "type": "clip", "projection_dim": 768, "vision_config": {**_VIT_L, "patch_size": 14}
    },
    "openai/clip-vit-large-patch14-336": {
        "type": "clip", "projection_dim": 768, "vision_config": {**_VIT_L, "patch_size": 14, "image_size": 336}
    },
    "OFA-Sys/chinese-clip-vit-base-patch16": {
        "type": "chinese_clip", "projection_dim": 512, "vision_config": {"patch_size": 16}
    },
    "google/siglip-base-patch16-224": {"type": "siglip"},
    "kakaobrain/align-base": {"type": "align"},
    "bigscience/bloomz-560m": {**_BLOOM, "hidden_size": 1024, "n_layer": 24, "n_head": 16},
    "bigscience/bloomz-1b1": {**_BLOOM, "hidden_size": 1536, "n_layer": 24, "n_head": 16},
    "bigscience/bloomz-1b7": {**_BLOOM, "hidden_size": 2048, "n_layer": 24, "n_head": 16},
    "bigscience/bloomz-3b": {**_BLOOM, "hidden_size": 2560, "n_layer": 30, "n_head": 32},
    "bigscience/bloomz-7b1": {**_BLOOM, "hidden_size": 4096, "n_layer": 30, "n_head": 32},
    "openlm-research/open_llama_3b": {
        **_LLAMA, "hidden_size": 3200, "intermediate_size": 8640, "num_hidden_layers": 26, "num_attention_heads": 32
    },
    "openlm-research/open_llama_7b": _LLAMA,
    "openlm-research/open_llama_13b": {
        **_LLAMA, "hidden_size": 5120, "intermediate_size": 13824, "num_hidden_layers": 40, "num_attention_heads": 40
    },
    "huggyllama/llama-7b": _LLAMA,
    "huggyllama/llama-13b": {
        **_LLAMA, "hidden_size": 5120, "intermediate_size": 13824, "num_hidden_layers": 40, "num_attention_heads": 40
    },
    "huggyllama/llama-30b": {
        **_LLAMA, "hidden_size": 6656, "intermediate_size": 17920, "num_hidden_layers": 60, "num_attention_heads": 52
    },
    "huggyllama/llama-65b": {
        **_LLAMA, "hidden_size": 8192, "intermediate_size": 22016, "num_hidden_layers": 80, "num_attention_heads": 64
    },
    "openai-community/gpt2": {"type": "gpt2"},
    "EleutherAI/pythia-410m": {
        "type": "gpt_neox", "vocab_size": 50304, "hidden_size": 1024, "intermediate_size": 4096,
        "num_hidden_layers": 24, "num_attention_heads": 16,
    },
    "allenai/OLMo-1B-hf": {
        "type": "olmo", "vocab_size": 50304, "hidden_size": 2048, "intermediate_size": 8192,
        "num_hidden_layers": 16, "num_attention_heads": 16,
    },
    "mistralai/Mistral-7B-v0.1": {"type": "mistral", "num_key_value_heads": 8},
    "NousResearch/Meta-Llama-3-8B": {
        "type": "llama", "vocab_size": 128256, "intermediate_size": 14336, "num_key_value_heads": 8
    },
    "Qwen/Qwen3-0.6B-Base": {
        "type": "qwen3", "vocab_size": 151936, "hidden_size": 1024, "intermediate_size": 3072,
        "num_hidden_layers": 28, "num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 128,
    },
    "sentence-transformers/all-MiniLM-L6-v2": {
        **_BERT, "hidden_size": 384, "intermediate_size": 1536, "num_hidden_layers": 6
    },
    "sentence-transformers/all-mpnet-base-v2": {"type": "mpnet"},
    "BAAI/bge-base-en-v1.5": _BERT,
    "intfloat/e5-base-v2": _BERT,
    "thenlper/gte-base": _BERT,
    "google-bert/bert-base-uncased": _BERT,
    "hf-hub:microsoft/BiomedCLIP-PubMedBERT_256-vit_base_patch16_224": {
        "timm_model_name": "vit_base_patch16_224", "timm_pool": "", "timm_proj": "linear", "image_size": 224
    },
}  # fmt: skip


def measured(entry) -> tuple[int, int]:
    """Width and parameters of an entry: the layer's output after pooling, and what its value depends on."""
    with torch.device("meta"):
        module, call = _BUILDERS[entry.source](entry.card)
        for parameter in module.parameters():
            parameter.requires_grad_(True)
        output = _output(module.eval(), call, entry.card["layer"])
        output.sum().backward()
    counted = sum(p.numel() for p in module.parameters() if p.grad is not None)
    return _width(tuple(output.shape[1:]), entry.card.get("pooling", "none")), counted


def _output(module, call, layer):
    kept = []
    target = dict(module.named_modules()).get(layer)
    assert target is not None, f"no layer {layer!r}"
    target.register_forward_hook(lambda _module, _inputs, output: kept.append(output))
    call()
    assert len(kept) == 1, f"{layer} ran {len(kept)} times"
    assert isinstance(kept[0], torch.Tensor), f"{layer} gives {type(kept[0])}"
    return kept[0]


def _width(shape, pooling) -> int:
    if pooling == "none":
        assert len(shape) == 1, shape
    if pooling == "flatten":
        return torch.Size(shape).numel()
    if pooling == "mean" and len(shape) == 3:
        return shape[0]
    return shape[-1]


def _timm(card):
    timm = vision_library("timm", where="tests")
    name = card["network"].removeprefix("timm:") if card["source"] == "checkpoint" else card["model"]
    module = timm.create_model(name, pretrained=False, **card.get("arguments", {}))
    size = (
        card["input"]["size"]
        if "input" in card
        else timm.data.resolve_model_data_config(module)["input_size"][1]
    )
    return module, lambda: module(torch.empty(1, 3, size, size))


def _torchvision(card):
    models = vision_library("torchvision", where="tests").models
    weights = models.get_model_weights(card["model"])[card["weights"]]
    module = models.get_model(card["model"], weights=None)
    (size,) = weights.transforms().crop_size
    return module, lambda: module(torch.empty(1, 3, size, size))


def _open_clip(card):
    library = vision_library("open_clip", where="tests")
    tower, name = card.get("tower", "image"), card["model"]
    if name in CONFIGURATIONS:
        whole = library.model._build_vision_tower(512, dict(CONFIGURATIONS[name]))
        module = torch.nn.ModuleDict({"visual": whole})
        return module, lambda: whole(torch.empty(1, 3, 224, 224))
    whole = library.create_model(
        name, load_weights=False, pretrained_text=False, force_custom_text=tower == "text", device="meta"
    )
    if tower == "text":
        module = torch.nn.ModuleDict({"text": whole.text})
        return module, lambda: whole.text(torch.zeros(1, whole.context_length, dtype=torch.long))
    size = library.get_model_config(name)["vision_cfg"]["image_size"]
    module = torch.nn.ModuleDict({"visual": whole.visual})
    return module, lambda: whole.visual(torch.empty(1, 3, size, size))


def _transformers(card):
    library = vision_library("transformers", where="tests")
    options = dict(CONFIGURATIONS[card["model"]])
    module = library.AutoModel.from_config(library.AutoConfig.for_model(options.pop("type"), **options))
    if card["kind"] == "text":
        return module, lambda: module(input_ids=torch.zeros(1, 5, dtype=torch.long))
    del module.text_model
    module.add_module("embedding", torch.nn.Identity())
    size = module.config.vision_config.image_size

    def call():
        output = module.get_image_features(pixel_values=torch.empty(1, 3, size, size))
        module.embedding(getattr(output, "pooler_output", output))

    return module, call


_BUILDERS = {
    "timm": _timm,
    "checkpoint": _timm,
    "torchvision": _torchvision,
    "open_clip": _open_clip,
    "transformers": _transformers,
}
