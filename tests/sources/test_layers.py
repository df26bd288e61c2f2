"""Which layers a card means: names, all, patterns, depths; and the errors that give the nearest names."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from seealike.errors import DataError, SpecError, UnknownName
from seealike.sources.models import TimmCard
from seealike.sources.models.layers import Depths, Layer, as_choices, is_open, resolve

BLOCKS = [f"blocks.{i}" for i in range(12)]
KNOWN = [
    Layer("patch_embed", "PatchEmbed", (16, 8)),
    *(
        layer
        for block in BLOCKS
        for layer in (
            Layer(f"{block}.attn", "Attention", (17, 8)),
            Layer(f"{block}.act#1", "GELU", (17, 8), calls=2),
            Layer(f"{block}.act#2", "GELU", (17, 8), calls=2),
            Layer(block, "Block", (17, 8)),
        )
    ),
    Layer("lstm", "LSTM", None, problem="a tuple"),
    Layer("lstm[0]", "Tensor", (8,)),
    Layer("lstm[1][0]", "Tensor", None, problem="a tensor of shape (1, 2, 8) for 2 samples"),
    Layer("norm", "LayerNorm", (17, 8)),
    Layer("drop", "Dropout", (17, 8), same_as="norm"),
]
READABLE = [layer.name for layer in KNOWN if layer.shape is not None and not layer.same_as]


@pytest.mark.parametrize(
    ("spec", "names"),
    [
        ("norm", ["norm"]),
        (["norm", "patch_embed", "norm"], ["norm", "patch_embed"]),
        ("all", READABLE),
        ("**", READABLE),
        ("blocks.*", BLOCKS),
        ("blocks.1*", ["blocks.1", "blocks.10", "blocks.11"]),
        ("*.*.attn", [f"{block}.attn" for block in BLOCKS]),
        ("**.attn", [f"{block}.attn" for block in BLOCKS]),
        ("blocks.7.**", ["blocks.7.attn", "blocks.7.act#1", "blocks.7.act#2"]),
        ("**#2", [f"{block}.act#2" for block in BLOCKS]),
        ("lstm*", ["lstm[0]"]),
        ("drop", ["drop"]),  # a name is taken at its word, though `norm` gives the same tensor
        ({"match": "blocks.*", "depth": [0.25, 0.5, 1.0]}, ["blocks.2", "blocks.5", "blocks.11"]),
        ({"match": ["blocks.*", "norm"], "depth": [0, 1]}, ["blocks.0", "norm"]),
        ([{"match": "blocks.*", "depth": [1]}, "blocks.*"], ["blocks.11", *BLOCKS[:-1]]),
    ],
)
def test_what_is_meant(spec, names):
    assert list(resolve(as_choices(spec), KNOWN)) == names


@pytest.mark.parametrize(
    ("spec", "kind", "says"),
    [
        ("nrom", UnknownName, "^model m: expected the name of a layer, got 'nrom'. Did you mean 'norm'"),
        ("bloks.*", UnknownName, r"a pattern that fits a layer, got 'bloks\.\*'. Did you mean 'blocks"),
        ("blocks", UnknownName, r"got 'blocks'. Did you mean 'blocks\.\d"),
        ("norm.*", UnknownName, "a pattern that fits a layer"),
        (["norm", {"match": ["a.*", "b"], "depth": [1]}], UnknownName, r"got 'a\.\*' \| 'b'"),
        (
            "blocks.3.act",
            SpecError,
            r"layer blocks.3.act: expected a module that runs once.* got one that runs 2 times. "
            r"Name the call: blocks.3.act#1 \| blocks.3.act#2\.",
        ),
        ("lstm", DataError, r"layer lstm: .* got a tuple from LSTM. Read a part of it: lstm\[0\]\."),
        (
            "lstm[1][0]",
            DataError,
            r"one row a sample, got a tensor of shape \(1, 2, 8\) for 2 samples.*Read another",
        ),
    ],
)
def test_what_cannot_be_meant(spec, kind, says):
    with pytest.raises(kind, match=says) as caught:
        resolve(as_choices(spec), KNOWN, where="model m")
    assert type(caught.value) is kind


def test_of_layers_that_share_a_tensor_a_pattern_takes_the_outermost():
    known = [
        Layer("layer1.1.relu", "ReLU", (4,)),
        Layer("layer1.1", "Block", (4,), same_as="layer1.1.relu"),
        Layer("layer1", "Sequential", (4,), same_as="layer1.1.relu"),
        Layer("fc", "Linear", (2,)),
        Layer("output", "ResNet", (2,), same_as="fc"),
    ]
    assert resolve(["all"], known) == ("layer1", "fc")
    assert resolve(["layer1.**"], known) == ("layer1.1",)
    assert resolve(["layer1.1.*"], known) == ("layer1.1.relu",)


@given(count=st.integers(1, 60), depth=st.fractions(0, 1, max_denominator=60))
def test_depths_count_from_the_front(count, depth):
    known = [Layer(f"b.{i}", "B", (1,)) for i in range(count)]
    (name,) = resolve([Depths(match="b.*", depth=[float(depth)])], known)
    assert name == f"b.{max(1, math.ceil(depth * count)) - 1}"


@given(count=st.integers(1, 40), data=st.data())
def test_depths_rise_and_end_at_the_last(count, data):
    known = [Layer(f"b.{i}", "B", (1,)) for i in range(count)]
    depths = sorted(data.draw(st.lists(st.floats(0, 1), min_size=1, max_size=8)))
    found = [int(name[2:]) for name in resolve([Depths(match="b.*", depth=[*depths, 1.0])], known)]
    assert found == sorted(set(found))
    assert found[-1] == count - 1
    every = [float(Fraction(k, count)) for k in range(1, count + 1)]
    assert len(resolve([Depths(match="b.*", depth=every)], known)) == count


PARTS = st.lists(st.sampled_from(["a", "b1", "10", "x_y", "c(d)", "e+"]), min_size=1, max_size=4)


@given(st.lists(PARTS.map(".".join), min_size=1, unique=True), st.data())
def test_patterns_match_part_by_part(names, data):
    known = [Layer(name, "L", (1,)) for name in names]
    parts = data.draw(st.sampled_from(names)).split(".")
    starred = [data.draw(st.sampled_from([part, "*", part[0] + "*"])) for part in parts]

    def fits(name):
        own = name.split(".")
        return len(own) == len(starred) and all(
            s in ("*", o) or (s.endswith("*") and o.startswith(s[:-1]))
            for s, o in zip(starred, own, strict=True)
        )

    assert list(resolve([".".join(starred)], known)) == [name for name in names if fits(name)]


@given(
    st.lists(
        st.sampled_from(["all", "norm", "blocks.*", "**.attn", Depths(match="**", depth=(0.3, 0.9))]),
        min_size=1,
    )
)
def test_every_name_once_and_readable(spec):
    names = resolve(spec, KNOWN)
    assert len(set(names)) == len(names) > 0
    assert set(names) <= set(READABLE)
    assert resolve(names, KNOWN) == names


def card(layer, **entry):
    return TimmCard.model_validate(
        {"source": "timm", "name": "m", "model": "test_vit", "layer": layer, **entry}
    )


def test_cards_know_when_their_layers_are_open():
    plain = card(["norm", "head"], head="head")
    assert not plain.needs_layers
    assert plain.labels == {"norm": "m/norm", "head": "m/head"}
    assert plain.read_layers == ("norm", "head")
    for layer in ("all", "blocks.*", ["norm", {"match": "blocks.*", "depth": [1]}]):
        assert card(layer).needs_layers
    with pytest.raises(
        SpecError, match=r"^model m: expected layers by name, got blocks\.\* \| norm at 0.5, 1\. Resolve"
    ):
        card({"match": ["blocks.*", "norm"], "depth": [0.5, 1]}).labels  # noqa: B018
    resolved = card("blocks.*", fields={"objective": "ssl"}).with_layers(["blocks.0"])
    assert not resolved.needs_layers
    assert resolved.labels == {"blocks.0": "m"}
    assert resolved.fields == {"objective": "ssl"}
    assert is_open("**")
    assert not is_open("blocks.0[1]")


@pytest.mark.parametrize(
    ("layer", "says"),
    [
        (3, r"expected a layer's name, a pattern, or {match: …, depth: \[…\]}, got 3"),
        ("", "expected a layer's name"),
        ([], "at least 1 item"),
        ({"match": "a.*"}, r"got {'match': 'a.\*'} \(depth: Field required\)"),
        ({"match": "a.*", "depth": [1.5]}, r"\(depth.0: Input should be less than or equal to 1\)"),
        ({"match": "a.*", "depth": [1], "deep": 1}, r"\(deep: Extra inputs"),
    ],
)
def test_layers_that_a_card_refuses(layer, says):
    with pytest.raises(ValidationError, match=says):
        card(layer)


@pytest.mark.parametrize("count", [-1, 1.5, "two"])
def test_prefix_tokens_are_a_count(count):
    with pytest.raises(ValidationError, match="prefix_tokens"):
        card("norm", prefix_tokens=count)
