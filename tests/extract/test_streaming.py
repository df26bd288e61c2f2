"""Distances of pairs from one pass: the same as from all tokens in memory, whatever is held, written or batched."""

import numpy as np
import pytest
import torch
from PIL import Image

from seealike.data.judgements import Choices, HumanRdm, Ratings, SamePairs, Trials
from seealike.errors import (
    BadParameter,
    BadSample,
    MisalignedSamples,
    OutOfMemory,
    StoreError,
    UnknownName,
)
from seealike.extract import LayerReadout, Pass, Reader, pair_distances_of_layers, pair_stream, token_layer
from seealike.human import channels, pair_distances
from seealike.human.asked import pairs_asked
from seealike.human.pair_order import ordered
from seealike.sources.datasets.card import Samples

N, T, C = 24, 7, 5
RNG = np.random.default_rng(0)
TOKENS = (RNG.standard_normal((N, T, C)) * [1, 5, 0.1, 30, 1] + [0, 2, 0, -9, 0]).astype(np.float32)
TOKENS[:, :, 4] = 3.0  # dead
TOKENS[5] = TOKENS[6]  # equal images
IDS = tuple(f"i{k:02d}" for k in range(N))
PLAIN = ("euclidean", "rms", "sqeuclidean", "cosine", "correlation", "dot")
ALL = (*PLAIN, "normalized_euclidean", "zscored_euclidean", "unit_channels")


class Model:
    """Looks its tokens up by the number that is painted on the image."""

    modality, prefix_tokens = "image", 1

    def __init__(self, tokens=TOKENS, room=10**9):
        self.tokens, self.room, self.seen = tokens, room, []

    def preprocess(self, image):
        return np.full((1, 1, 1), np.asarray(image)[0, 0], np.float32)

    def layers(self):
        return []

    def forward(self, batch, layers):
        if len(batch) > self.room:
            raise OutOfMemory(where="fake", expected="room", got=f"{len(batch)} samples", fix="Less.")
        which = batch.ravel().astype(int)
        self.seen += which.tolist()
        some = self.tokens[which]
        maps = np.ascontiguousarray(np.moveaxis(some, 2, 1)[..., None])
        known = {"tokens": some, "twice": 2 * some, "maps": maps, "rows": some[:, 0], "nan": some * np.nan}
        return {name: known[name] for name in layers}


def dataset(image=None):
    picture = image or (lambda k: Image.fromarray(np.full((2, 2), k, np.uint8)))
    return Samples(IDS, picture, None, (), "ab")


STAR = np.array([[0, k] for k in range(1, 12)])
TRIPLES = np.array([[[a, a + 1], [a, a + 2]] for a in range(12, 24, 3)])
DENSE = np.array([RNG.choice(N, 2, replace=False) for _ in range(60)] + [[5, 6], [3, 3]])
SETS = {"star": STAR, "triples": TRIPLES, "dense": DENSE}


def run(folder, model=None, pairs=None, readouts=("tokens",), layers=("tokens",), distances=ALL, **options):
    wanted = [LayerReadout(layer, readout) for layer in layers for readout in readouts]
    how = options.pop("how", Pass(batch_size=4))
    samples = options.pop("samples", None) or dataset()
    model = model or Model()
    return pair_distances_of_layers(
        Reader(model, "m"), samples, pairs or SETS, wanted, distances, how, scratch=folder, **options
    )


def expected(name, pairs):
    """In memory, with definitions written out where tokens are not just numbers side by side."""
    x, y = (TOKENS[pairs[..., side]].astype(np.float64) for side in (0, 1))
    if name in PLAIN:
        flat = pair_distances(TOKENS.reshape(N, -1), pairs.reshape(-1, 2), name)
        return flat.reshape(pairs.shape[:-1])
    if name == "unit_channels":
        hats = [one / np.linalg.norm(one, axis=-1, keepdims=True) for one in (x, y)]
        return ((hats[0] - hats[1]) ** 2).sum(-1).mean(-1)
    squares = ((x - y) ** 2).mean(axis=-2)
    if name == "normalized_euclidean":
        spread = squares.reshape(-1, C).mean(axis=0)
    else:
        spread = TOKENS[np.unique(pairs)].astype(np.float64).reshape(-1, C).var(axis=0)
    return np.sqrt((squares[..., :4] / spread[:4]).mean(axis=-1))  # the last channel is dead


@pytest.mark.parametrize("budget", [0, 3 * T * C * 4, 1 << 30], ids=["all written", "some", "held"])
@pytest.mark.parametrize("batch", [1, 5, 64])
def test_all_tokens_as_in_memory(tmp_path, budget, batch, monkeypatch):
    monkeypatch.setattr(token_layer, "_CHUNK", 2)
    model = Model()
    found = run(tmp_path, model, how=Pass(batch_size=batch), budget=budget)
    assert not found.reasons
    for which, pairs in SETS.items():
        for name in ALL:
            made = found.values[which, "tokens", "tokens", name]
            np.testing.assert_allclose(made, expected(name, pairs), rtol=1e-6, atol=1e-6, err_msg=name)
    assert sorted(model.seen) == sorted(np.unique(np.concatenate([p.ravel() for p in SETS.values()])))
    assert list(tmp_path.iterdir()) == []


def test_equal_images_are_at_nothing(tmp_path):
    found = run(tmp_path, pairs={"equal": np.array([[5, 6], [5, 7]])}, distances=tuple(set(ALL) - {"dot"}))
    for made in found.values.values():
        assert made[0] == 0
        assert made[1] > 0


@pytest.mark.parametrize("readout", ["cls", "mean", "patch_mean"])
def test_pooled_readouts_are_those_of_features_in_memory(tmp_path, readout):
    rows = {"cls": TOKENS[:, 0], "mean": TOKENS.mean(axis=1), "patch_mean": TOKENS[:, 1:].mean(axis=1)}[
        readout
    ]
    every = (*ALL, "whitened_euclidean")
    found = run(tmp_path, readouts=(readout,), distances=every)
    assert not found.reasons
    for which, pairs in SETS.items():
        for name in every:
            one = pair_distances(rows, pairs.reshape(-1, 2), name)
            made = found.values[which, "tokens", readout, name]
            np.testing.assert_allclose(made.ravel(), one, rtol=1e-9, err_msg=name)


def test_several_layers_and_readouts_from_one_pass(tmp_path):
    model = Model()
    found = run(
        tmp_path, model, layers=("tokens", "twice", "maps"), readouts=("tokens", "mean"), distances=("rms",)
    )
    assert len(model.seen) == N
    for readout in ("tokens", "mean"):
        base = found.values["dense", "tokens", readout, "rms"]
        np.testing.assert_allclose(found.values["dense", "twice", readout, "rms"], 2 * base, rtol=1e-6)
        np.testing.assert_allclose(found.values["dense", "maps", readout, "rms"], base, rtol=1e-6)


def test_a_projection_is_the_row_that_a_layer_gives(tmp_path):
    found = run(tmp_path, layers=("rows", "tokens"), readouts=("projection", "tokens"), distances=("cosine",))
    made = found.values["star", "rows", "projection", "cosine"]
    np.testing.assert_allclose(made, pair_distances(TOKENS[:, 0], STAR, "cosine"))
    assert "readout projection" in found.reasons["star", "rows", "tokens", "cosine"]
    assert "one row a sample" in found.reasons["star", "tokens", "projection", "cosine"]
    assert ("star", "tokens", "tokens", "cosine") in found.values


def test_ids_and_row_numbers_are_the_same(tmp_path):
    by_id = {name: np.array(IDS)[pairs] for name, pairs in SETS.items()}
    for one, other in zip(
        run(tmp_path).values.values(), run(tmp_path, pairs=by_id).values.values(), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_a_layer_that_fails_does_so_alone(tmp_path):
    found = run(tmp_path, layers=("nan", "tokens"), distances=("rms", "whitened_euclidean"))
    assert "layer nan, tokens: sample i" in found.reasons["star", "nan", "tokens", "rms"]
    assert "expected finite features" in found.reasons["star", "nan", "tokens", "rms"]
    assert (
        "expected a distance that tokens have"
        in found.reasons["star", "tokens", "tokens", "whitened_euclidean"]
    )
    assert ("star", "tokens", "tokens", "rms") in found.values


def test_images_without_a_length_have_no_cosine_but_other_sets_do(tmp_path):
    tokens = TOKENS.copy()
    tokens[0], tokens[14] = 0, 1.5
    found = run(tmp_path, Model(tokens), distances=("cosine", "correlation", "rms"))
    assert "sample i00: expected a length" in found.reasons["star", "tokens", "tokens", "cosine"]
    assert ("triples", "tokens", "tokens", "cosine") in found.values
    assert (
        "sample i14: expected values that differ"
        in found.reasons["triples", "tokens", "tokens", "correlation"]
    )
    assert ("star", "tokens", "tokens", "rms") in found.values


def test_a_token_of_zeros_is_at_one_from_any_other(tmp_path):
    tokens = TOKENS.copy()
    tokens[0, 2] = 0
    tokens[2, 2] = 0
    found = run(
        tmp_path, Model(tokens), distances=("unit_channels",), pairs={"a": np.array([[0, 1], [0, 2]])}
    )
    hats = tokens / np.maximum(np.linalg.norm(tokens, axis=-1, keepdims=True), 1e-30)
    by_hand = ((hats[[0, 0]] - hats[[1, 2]]) ** 2).sum(-1).mean(-1)
    np.testing.assert_allclose(found.values["a", "tokens", "tokens", "unit_channels"], by_hand, rtol=1e-5)


def test_all_channels_dead_is_a_reason_and_no_nan(tmp_path):
    found = run(tmp_path, pairs={"equal": np.array([[5, 6]])}, distances=ALL[6:8])
    assert "a channel that differs" in found.reasons["equal", "tokens", "tokens", "normalized_euclidean"]
    assert not any(np.isnan(made).any() for made in found.values.values())


def test_a_channel_that_is_constant_in_one_set_alone_is_dead_there(tmp_path):
    tokens = TOKENS.copy()
    tokens[12:, :, 0] = 0.1  # elsewhere it is about 0 ± 1
    found = run(tmp_path, Model(tokens), distances=("zscored_euclidean",), pairs={"s": STAR, "t": TRIPLES})
    some = tokens[12:].astype(np.float64)
    gaps = ((tokens[TRIPLES[..., 0]] - tokens[TRIPLES[..., 1]]).astype(np.float64) ** 2).mean(axis=-2)
    by_hand = np.sqrt((gaps[..., 1:4] / some.reshape(-1, C).var(axis=0)[1:4]).mean(axis=-1))
    np.testing.assert_allclose(found.values["t", "tokens", "tokens", "zscored_euclidean"], by_hand, rtol=1e-6)


def test_few_tokens_are_held_where_the_order_allows(tmp_path, monkeypatch):
    held = []
    original = token_layer.TokenLayer._let_go

    def let_go(self, stop, seen):
        original(self, stop, seen)
        held.append([tokens.values.untyped_storage().nbytes() for tokens in self._held.values()])

    monkeypatch.setattr(token_layer.TokenLayer, "_let_go", let_go)
    run(tmp_path, pairs={"star": STAR, "triples": TRIPLES}, how=Pass(batch_size=2))
    assert max(len(sizes) for sizes in held) <= 2
    assert {size for sizes in held for size in sizes} == {4 * T * C}  # not the batch that they came in


def test_variances_of_many_tokens():
    rng = np.random.default_rng(0)
    images = (rng.standard_normal((9, 197, 4)) * [1, 1e-3, 50, 0] + [1e3, 5, -20, 0.1]).astype(np.float32)
    moments = channels.ChannelMoments(torch.tensor([900.0, 5.1, 0.0, 0.3]))
    for image in images:
        moments.add(*channels.spread(torch.from_numpy(image), moments.origin))
    made = moments.variances()
    by_hand = images.astype(np.float64).reshape(-1, 4).var(axis=0)
    np.testing.assert_allclose(made[:3], by_hand[:3], rtol=1e-5)
    assert made[3] == 0


def test_memory_that_runs_out_makes_smaller_batches(tmp_path):
    small = run(tmp_path, Model(room=1), how=Pass(batch_size=8))
    whole = run(tmp_path, how=Pass(batch_size=8))
    for key, made in whole.values.items():
        np.testing.assert_array_equal(made, small.values[key])


def test_mistakes_are_named(tmp_path):
    with pytest.raises(MisalignedSamples, match="images of a: .*first 'i99', row 1"):
        run(tmp_path, pairs={"a": np.array([["i01", "i02"], ["i99", "i00"]])})
    with pytest.raises(UnknownName, match="Did you mean 'tokens'"):
        run(tmp_path, readouts=("token",))
    with pytest.raises(UnknownName, match="Did you mean 'cosine'"):
        run(tmp_path, distances=("cosin",))
    with pytest.raises(BadParameter, match=r"pairs of a: expected an array \(…, 2\)"):
        run(tmp_path, pairs={"a": np.zeros((4, 3), int), "b": STAR})
    with pytest.raises(BadParameter, match="0 distances"):
        run(tmp_path, distances=())


def test_an_image_that_cannot_be_read_is_named_and_nothing_stays_behind(tmp_path):
    def image(k):
        if k == 7:
            raise BadSample(where="file", expected="a readable image", got="0 bytes", fix="Remove it.")
        return dataset().image(k)

    with pytest.raises(BadSample, match="sample i07"):
        run(tmp_path, samples=dataset(image), budget=0)
    assert list(tmp_path.iterdir()) == []


def test_too_little_room_is_said_before_anything_is_written(tmp_path, monkeypatch):
    usage = type("Usage", (), {"free": 100})
    monkeypatch.setattr(pair_stream.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(StoreError, match="Read fewer layers at a time"):
        run(tmp_path, budget=0)


def test_numbers_of_tokens_that_differ_are_a_reason(tmp_path):
    class Growing(Model):
        def forward(self, batch, layers):
            some = super().forward(batch, layers)
            return {name: values[:, : T - (len(self.seen) > 4)] for name, values in some.items()}

    found = run(tmp_path, Growing(), distances=("rms",))
    assert "expected 7 tokens of 5 channels" in found.reasons["star", "tokens", "tokens", "rms"]


def test_progress_counts_images(tmp_path):
    seen = []
    run(tmp_path, pairs={"star": STAR}, progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, 12)
    assert seen[-1] == (12, 12)


def test_what_is_asked():
    triplets = np.array([[4, 2, 9]])
    assert pairs_asked(Trials(triplets)).tolist() == [[[4, 2], [4, 9], [2, 9]]]
    choices = Choices(np.array([0]), np.array([1]), np.array([2]), np.array([1.0]))
    assert pairs_asked(choices).tolist() == [[[0, 1], [0, 2]]]
    assert pairs_asked(Ratings(np.array([3]), np.array([5]), np.array([1.0]), True)).tolist() == [[3, 5]]
    assert pairs_asked(SamePairs(np.array([3]), np.array([5]), np.array([1.0]))).tolist() == [[3, 5]]
    rdm = HumanRdm(np.zeros((3, 3)), ("a", "b", "c"))
    assert pairs_asked(rdm).tolist() == [["a", "b"], ["a", "c"], ["b", "c"]]


@pytest.mark.parametrize("seed", range(5))
def test_parts_are_together_and_rooms_are_what_is_held(seed):
    rng = np.random.default_rng(seed)
    pairs = {"a": rng.integers(0, 60, (40, 2)), "b": rng.integers(60, 90, (3, 5, 2))}
    order = ordered(pairs)
    assert sorted(order.samples) == np.unique(np.concatenate([p.ravel() for p in pairs.values()])).tolist()
    assert np.count_nonzero(np.diff(order.parts)) == order.parts.max()
    for name, some in pairs.items():
        there = np.stack([order.samples[side[order.places[name]]] for side in (order.left, order.right)], -1)
        np.testing.assert_array_equal(np.sort(there, -1), np.sort(some, -1))
    for batch, room in ((1, 1), (3, 2), (7, 0), (200, 0)):
        wide = set()
        for end in range(batch, len(order.samples) + batch, batch):
            held = [k for k in range(min(end, len(order.samples))) if order.last_use[k] >= end]
            wide |= {order.parts[k] for k in held} if len(held) > room else set()
        np.testing.assert_array_equal(order.too_wide(batch, room), np.isin(order.parts, list(wide)))


def test_numbers_do_not_depend_on_threads(tmp_path):
    before = torch.get_num_threads()
    try:
        made = []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            made.append(run(tmp_path).values)
    finally:
        torch.set_num_threads(before)
    for key, one in made[0].items():
        np.testing.assert_array_equal(one, made[1][key])
