"""Splits share exactly what they say: property-tested over class sizes, shares and kinds."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import seealike
from seealike.errors import BadParameter, DataError, MisalignedSamples
from seealike.overlap import attribute_tasks, factorial_split, split, split_chunks, split_corpora

SHARES = st.sampled_from([0, 0.1, 0.2, 1 / 3, 0.4, 0.5, 0.6, 0.75, 0.8, 1])


@st.composite
def labels(draw, least=2):
    sizes = draw(st.lists(st.integers(least, 30), min_size=2, max_size=12))
    rows = np.repeat(np.arange(len(sizes)) * 3 + 1, sizes)
    return np.random.default_rng(draw(st.integers(0, 99))).permutation(rows)


def _well_formed(made, n):
    assert len(made.first) == len(made.second) > 0
    for rows in (made.first, made.second):
        assert (np.diff(rows) > 0).all()
        assert rows[0] >= 0
        assert rows[-1] < n
    assert made.classes_first[: len(made.common_classes)] == made.classes_second[: len(made.common_classes)]


@settings(max_examples=60, deadline=None)
@given(labels(), SHARES, st.booleans(), st.integers(0, 9))
def test_data_overlap_is_exact_in_every_class(y, share, constrained, seed):
    made = split(y, "data", share, seed, constrained=constrained)
    _well_formed(made, len(y))
    for one in np.unique(y):
        first, second = (set(rows[y[rows] == one]) for rows in (made.first, made.second))
        n = int((y == one).sum())
        size = n // 2 if constrained else len(first)
        assert len(first) == len(second) == size
        assert len(first & second) == round(share * size)
        if not constrained:  # and no larger one would fit
            assert 2 * size - round(share * size) <= n < 2 * (size + 1) - round(share * (size + 1))
    assert made.overlap == pytest.approx(made.sample_overlap)


@settings(max_examples=60, deadline=None)
@given(labels(), SHARES, st.booleans(), st.integers(0, 9))
def test_classes_overlap_exactly_with_all_their_samples(y, share, constrained, seed):
    made = split(y, "both", share, seed, constrained=constrained)
    _well_formed(made, len(y))
    n_classes = len(made.classes_first)
    assert n_classes == len(made.classes_second)
    if constrained:
        assert n_classes == len(np.unique(y)) // 2
    assert len(made.common_classes) == round(share * n_classes)
    assert made.overlap == pytest.approx(round(share * n_classes) / n_classes)
    for one in made.common_classes:
        assert set(np.flatnonzero(y == one)) <= set(made.first) & set(made.second)
    assert set(y[np.intersect1d(made.first, made.second)]) == set(made.common_classes)
    assert set(y[made.first]) == set(made.classes_first)


@settings(max_examples=40, deadline=None)
@given(labels(least=4), SHARES, st.integers(0, 9))
def test_task_overlap_shares_no_sample(y, share, seed):
    made = split(y, "task", share, seed)
    _well_formed(made, len(y))
    assert made.sample_overlap == 0
    assert len(made.common_classes) == round(share * len(made.classes_first))


@pytest.mark.parametrize("data", [0, 0.5, 1])
@pytest.mark.parametrize("task", [0, 0.5, 1])
def test_every_cell_of_the_design_has_the_same_size(data, task):
    y = np.repeat(np.arange(8), 20)
    made = factorial_split(y, data, task, seed=3)
    assert len(made.first) == len(made.second) == 4 * 10
    assert made.overlap == task
    assert made.sample_overlap == data * task


def test_constrained_is_the_published_split():
    y = np.repeat(np.arange(100), 500)
    assert [len(split(y, "data", a / 5, constrained=False).first) // 100 for a in range(6)] == [
        250,
        278,
        312,
        357,
        417,
        500,
    ]


def test_seed_decides_and_nothing_else_is_random():
    y = np.repeat(np.arange(6), 12)
    one, again, other = (split(y, "data", 0.5, seed=s) for s in (1, 1, 2))
    assert (one.first == again.first).all()
    assert (one.second == again.second).all()
    assert (one.first != other.first).any()


def test_unpacks_and_is_public():
    first, second, realized = seealike.split(np.repeat(np.arange(4), 10), "both", 0.5, seed=0)
    assert len(first) == len(second) == 20
    assert realized == 0.5


def test_what_cannot_be_realized_is_said():
    made = split(np.repeat(np.arange(10), 4), "both", 0.5)
    assert made.overlap == 0.4
    assert made.wanted == 0.5


def test_relabels_with_common_classes_first():
    y = np.array(["d", "a", "c", "b"] * 6)
    made = split(y, "both", 0.5, seed=1)
    first, second = made.relabeled(y, 1), made.relabeled(y, 2)
    (common,) = made.common_classes
    assert set(first) == set(second) == {0, 1}
    assert ((first == 0) == (y[made.first] == common)).all()
    assert ((second == 0) == (y[made.second] == common)).all()


@pytest.mark.parametrize(
    ("y", "kind", "share", "error", "words"),
    [
        ([0, 1], "task+data", 0.5, BadParameter, "data, task or both"),
        ([0, 0, 1, 1], "data", 1.2, BadParameter, "from 0 to 1"),
        ([[0], [1]], "data", 0.5, DataError, "one class for every sample"),
        ([0, 0, 1], "data", 0.5, DataError, "at least 2 samples of class 1"),
        ([0, 0, 0], "both", 0.5, DataError, "at least 2 classes"),
    ],
)
def test_refuses(y, kind, share, error, words):
    with pytest.raises(error, match=words):
        split(np.array(y), kind, share)


def test_attribute_tasks_are_the_published_partitions():
    rng = np.random.default_rng(0)
    values = {
        "shape": rng.integers(8, size=9000),
        "digit": rng.integers(10, size=9000),
        "color": rng.integers(10, size=9000),
    }
    found = {
        (size, shared): attribute_tasks(values, size, shared) for size, shared in ((1, 0), (2, 1), (3, 3))
    }
    assert [len(pairs) for pairs in found.values()] == [3, 3, 1]
    assert {task.n_classes for pair in found[2, 1] for task in pair} == {80, 100}
    task, twin = found[3, 3][0]
    assert task.n_classes == 800
    assert (task.labels == twin.labels).all()
    for pair in found[2, 1]:
        for one in pair:  # the numbers name combinations, one to one
            seen = set(zip(one.labels.tolist(), *(values[a].tolist() for a in one.attributes), strict=True))
            assert len(seen) == one.n_classes
    with pytest.raises(BadParameter, match="share 2"):
        attribute_tasks({"shape": values["shape"]}, 1, 2)
    with pytest.raises(MisalignedSamples, match="shape: 9000, digit: 3"):
        attribute_tasks({"shape": values["shape"], "digit": values["digit"][:3]}, 1, 0)


@settings(max_examples=30, deadline=None)
@given(st.integers(200, 5000), SHARES, st.integers(2, 80))
def test_chunks_of_text(n_tokens, share, n_chunks):
    made = split_chunks(n_tokens, share, n_chunks=n_chunks)
    both = set(made.first) & set(made.second)
    assert len(made.first) == len(made.second)
    assert made.overlap == len(both) / len(made.first)
    ends = sorted({*made.first, *made.second})
    assert all(stop <= start for (_, stop), (start, _) in itertools.pairwise(ends))
    assert ends[-1][1] <= n_tokens
    assert len({stop - start for start, stop in ends}) == 1


def test_text_refuses_what_is_too_short():
    with pytest.raises(DataError, match="at least 512 tokens"):
        split_chunks(300, 0.5, block=256)


def test_corpora():
    names = ["code", "stories", "textbooks", "web", "wiki", "plays"]
    for thirds in range(4):
        first, second, realized = split_corpora(names, thirds / 3, seed=thirds)
        assert len(first) == len(second) == 3
        assert len({*first} & {*second}) == thirds
        assert first[:thirds] == second[:thirds]
        assert realized == thirds / 3
