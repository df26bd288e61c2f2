"""Pooling: every rule against naive loops, padding that takes no part, and refusals that say what fits."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seealike.errors import BadParameter, DataError, ShapeError
from seealike.extract.pooling import POOLINGS, check_pooling, fitting, pool

RNG = np.random.default_rng(0)
TOKENS = RNG.standard_normal((3, 6, 5)).astype(np.float32)
LENGTHS = (6, 2, 4)
MASK = np.arange(6) < np.array(LENGTHS)[:, None]


def naive(tokens, rule, prefix):
    """One sample's row, value by value, in float64; `tokens` holds no padding."""
    columns = [[float(token[k]) for token in tokens] for k in range(tokens.shape[1])]
    rows = {
        "cls": [c[0] for c in columns],
        "last": [c[-1] for c in columns],
        "mean": [sum(c) / len(c) for c in columns],
        "max": [max(c) for c in columns],
        "patch_mean": [sum(c[prefix:]) / len(c[prefix:]) for c in columns],
    }
    rows["cls+patch_mean"] = rows["cls"] + rows["patch_mean"]
    rows["flatten"] = [float(value) for token in tokens for value in token]
    return rows[rule]


@pytest.mark.parametrize("rule", [r for r in POOLINGS if r != "none"])
def test_tokens_as_a_loop_pools_them(rule):
    expected = [naive(sample, rule, 1) for sample in TOKENS]
    pooled = pool(TOKENS, rule, where="l", prefix_tokens=1)
    np.testing.assert_allclose(pooled, expected, rtol=1e-6, atol=1e-7)
    assert pooled.dtype == np.float32
    assert fitting((6, 5), prefix_tokens=1)[rule] == pooled.shape[1]


@pytest.mark.parametrize("rule", [r for r in POOLINGS if r not in ("none", "flatten")])
@pytest.mark.parametrize("padding", [7.0, np.nan, np.inf])
def test_padding_takes_no_part(rule, padding):
    padded = np.where(MASK[..., None], TOKENS, np.float32(padding))
    expected = [naive(sample[:length], rule, 1) for sample, length in zip(TOKENS, LENGTHS, strict=True)]
    pooled = pool(padded, rule, where="l", mask=MASK, prefix_tokens=1)
    np.testing.assert_allclose(pooled, expected, rtol=1e-6, atol=1e-7)
    assert fitting((6, 5), prefix_tokens=1, padded=True)[rule] == pooled.shape[1]
    alone = pool(padded[1:2, :2], rule, where="l", mask=MASK[1:2, :2], prefix_tokens=1)
    np.testing.assert_array_equal(alone[0], pooled[1])  # bit by bit, however long the other texts are


@pytest.mark.parametrize("rule", ["mean", "max"])
def test_maps_and_volumes(rule):
    reduce = {"mean": lambda v: sum(v) / len(v), "max": max}[rule]
    for shape in [(3, 4, 5), (4, 3, 3), (3, 3, 3), (2, 3, 4, 5)]:
        values = RNG.standard_normal((2, *shape))
        expected = [[reduce(channel.ravel().tolist()) for channel in sample] for sample in values]
        np.testing.assert_allclose(pool(values, rule, where="l"), expected, rtol=1e-12)


def test_square_maps_with_the_channels_last():
    values = RNG.standard_normal((2, 4, 4, 7))
    np.testing.assert_allclose(pool(values, "mean", where="l"), values.mean((1, 2)), rtol=1e-12)
    np.testing.assert_array_equal(pool(values, "max", where="l"), values.max((1, 2)))
    assert fitting((4, 4, 7)) == {"mean": 7, "max": 7, "flatten": 112}
    one = RNG.standard_normal((2, 7, 1, 1))
    np.testing.assert_array_equal(pool(one, "mean", where="l"), one[:, :, 0, 0])


def test_rows_stay_as_they_are():
    rows = TOKENS[:, 0]
    assert pool(rows, "none", where="l").base is rows.base  # no copy
    np.testing.assert_array_equal(pool(rows, "none", where="l", mask=MASK), rows)
    np.testing.assert_array_equal(pool(TOKENS, "flatten", where="l"), TOKENS.reshape(3, 30))
    assert pool(np.zeros(4), "flatten", where="l").shape == (4, 1)
    assert pool(np.zeros((0, 2, 3)), "flatten", where="l").shape == (0, 6)


@pytest.mark.parametrize("rule", [r for r in POOLINGS if r != "none"])
def test_a_row_does_not_depend_on_its_batch(rule):
    values = RNG.standard_normal((5, 50, 64)).astype(np.float32)
    before = values.copy()
    whole = pool(values, rule, where="l", prefix_tokens=1)
    parts = [pool(values[i : i + 1], rule, where="l", prefix_tokens=1) for i in range(5)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    np.testing.assert_array_equal(values, before)


@given(
    shape=st.lists(st.integers(1, 5), min_size=0, max_size=5),
    prefix=st.none() | st.integers(0, 3),
    rule=st.sampled_from(POOLINGS),
    padded=st.booleans(),
)
def test_what_fits_works_and_nothing_else(shape, prefix, rule, padded):
    values = np.ones((2, *shape))
    mask = np.ones((2, shape[0]), bool) if padded and shape else None
    fits = fitting(shape, prefix_tokens=prefix, padded=mask is not None)
    if rule in fits:
        pooled = pool(values, rule, where="l", mask=mask, prefix_tokens=prefix)
        assert pooled.shape == (2, fits[rule])
        assert (pooled == 1).all()
    else:
        with pytest.raises(ShapeError, match="Add|Read"):
            pool(values, rule, where="l", mask=mask, prefix_tokens=prefix)


@pytest.mark.parametrize(
    ("shape", "rule", "says"),
    [
        (
            (2, 3, 4, 5),
            "none",
            r"one row a sample \(n, d\), got output \(n, 3, 4, 5\). Add pooling: mean \| max \| flatten\.",
        ),
        ((2, 3, 4), "none", r"Add pooling: cls \| mean \| max \| last \| flatten\."),
        ((2, 3, 4, 5), "cls", r"an output that 'cls' can pool, .* Add pooling: mean \| max"),
        (
            (2, 3),
            "mean",
            r"an output that 'mean' can pool, got output \(n, 3\). Add pooling: none \| flatten\.",
        ),
        ((2, 3, 4), "patch_mean", r"Add prefix_tokens: .* \(nobody told\). Add pooling: cls"),
        ((2, 3, 0, 4, 1, 1), "mean", r"Add pooling: flatten\."),
    ],
)
def test_rules_that_do_not_fit(shape, rule, says):
    with pytest.raises(ShapeError, match=f"^l: expected {'.*' if says[0] != 'o' else ''}{says}"):
        pool(np.zeros(shape), rule, where="l")


def test_prefixes_that_cannot_be():
    with pytest.raises(ShapeError, match=r"no patches \(6 told\)"):
        pool(TOKENS, "patch_mean", where="l", prefix_tokens=6)
    with pytest.raises(ShapeError, match=r"'cls\+patch_mean' can pool.*\(0 told\)"):
        pool(TOKENS, "cls+patch_mean", where="l", prefix_tokens=0)


def test_masks_that_cannot_be():
    with pytest.raises(ShapeError, match=r"'flatten' can pool, .*Add pooling: cls \| mean \| max \| last\."):
        pool(TOKENS, "flatten", where="l", mask=MASK)
    with pytest.raises(
        ShapeError, match=r"a mask \(3, 6\) with the padding behind the tokens, got a mask \(3, 5\)"
    ):
        pool(TOKENS, "mean", where="l", mask=MASK[:, 1:])
    with pytest.raises(ShapeError, match="the padding behind the tokens"):
        pool(TOKENS, "mean", where="l", mask=MASK[:, ::-1])
    with pytest.raises(
        DataError, match=r"texts with tokens to pool, got one \(row 1 of its batch\) with 2, of which 2"
    ):
        pool(TOKENS, "patch_mean", where="l", mask=MASK, prefix_tokens=2)
    with pytest.raises(DataError, match=r"row 0 of its batch\) with 0"):
        pool(TOKENS, "last", where="l", mask=np.zeros_like(MASK))


def test_unknown_rules():
    with pytest.raises(BadParameter, match="got 'maen'. Did you mean 'mean'"):
        check_pooling("maen", "m")
    with pytest.raises(BadParameter, match="l: expected a pooling rule"):
        pool(TOKENS, "median", where="l")
