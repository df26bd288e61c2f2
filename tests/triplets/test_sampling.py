"""Every rule draws what it says, as often as it says."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import chisquare

import seealike
from seealike.errors import BadParameter, DataError
from seealike.triplets import sample_triplets, sampling, triplet_blocks

LABELS = np.array([2, 0, 1, 1, 0, 2, 1, 1, 0, 3, 2])  # classes of 3, 4, 3 and 1 images, mixed
RULES = ["random", "between_class", "class_border", "within_class"]


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(sampling, "BLOCK", 4096)


def _all(rule):
    """Every triplet that the rule allows: (first two in order, odd) or all three in order."""
    found = []
    for rows in combinations(range(len(LABELS)), 3):
        kinds = len(set(LABELS[list(rows)]))
        if rule == "random" or kinds == {"between_class": 3, "within_class": 1}.get(rule):
            found.append(rows)
        if rule == "class_border" and kinds == 2:
            odd = next(r for r in rows if (LABELS[list(rows)] == LABELS[r]).sum() == 1)
            found.append((*(r for r in rows if r != odd), odd))
    return found


def _canonical(rows, rule):
    if rule == "class_border":
        return [(*sorted(row[:2]), row[2]) for row in rows.tolist()]
    return [tuple(sorted(row)) for row in rows.tolist()]


def _expected(triplet, rule, weighting):
    """How likely a triplet is, up to a factor."""
    sizes = np.bincount(LABELS)
    own = sizes[LABELS[list(triplet)]]
    if weighting == "classes":
        return {
            "random": 1 / own.prod(),
            "between_class": 1 / own.prod(),
            "within_class": 1 / (own[0] * (own[0] - 1) * (own[0] - 2)),
            "class_border": 1 / (own[0] * (own[0] - 1)) / own[2],
        }[rule]
    if rule == "within_class":  # the class of an image, then two more of it
        return 1 / ((own[0] - 1) * (own[0] - 2))
    return 1 / ((own[0] - 1) * (len(LABELS) - own[0])) if rule == "class_border" else 1


@pytest.mark.parametrize("weighting", ["images", "classes"])
@pytest.mark.parametrize("rule", RULES)
def test_every_allowed_triplet_is_as_likely_as_stated(rule, weighting):
    drawn = _canonical(sample_triplets(LABELS, 40_000, rule, 5, weighting=weighting), rule)
    allowed = _all(rule)
    counts = dict.fromkeys(allowed, 0)
    for one in drawn:
        counts[one] += 1  # KeyError: a triplet that the rule does not allow
    likely = np.array([_expected(one, rule, weighting) for one in allowed])
    assert chisquare(list(counts.values()), likely / likely.sum() * len(drawn)).pvalue > 1e-3


@pytest.mark.parametrize("rule", RULES)
def test_unique_gives_every_triplet_once(rule):
    allowed = _all(rule)
    drawn = _canonical(sample_triplets(LABELS, len(allowed), rule, 1, unique=True), rule)
    assert sorted(drawn) == sorted(allowed)
    with pytest.raises(BadParameter, match=f"at most the {len(allowed)} different"):
        sample_triplets(LABELS, len(allowed) + 1, rule, unique=True)


@pytest.mark.parametrize("unique", [False, True])
@pytest.mark.parametrize("rule", [*RULES, "hard_negative"])
def test_rows_do_not_depend_on_how_many_are_drawn_or_by_whom(rule, unique, monkeypatch):
    labels = np.arange(3000) % 40
    if rule == "hard_negative":
        labels = np.column_stack([labels, (labels + 1 + np.arange(3000) // 40 % 5) % 40])
    whole = sample_triplets(labels, 20_000, rule, 7, unique=unique)
    assert (sample_triplets(labels, 9_000, rule, 7, unique=unique) == whole[:9000]).all()
    monkeypatch.setattr(sampling, "count_workers", lambda device: 1)
    assert (sample_triplets(labels, 20_000, rule, 7, unique=unique) == whole).all()
    blocks = list(triplet_blocks(labels, 20_000, rule, 7, unique=unique))
    assert max(map(len, blocks)) <= 4096
    assert (np.concatenate(blocks) == whole).all()
    assert (sample_triplets(labels, 9_000, rule, 8, unique=unique) != whole[:9000]).any()


@pytest.mark.parametrize(
    ("cluster", "same"), [("cluster_border", "class_border"), ("cluster_within", "within_class")]
)
def test_clusters_are_classes(cluster, same):
    one, other = (seealike.sample_triplets(LABELS, 100, rule, 3) for rule in (cluster, same))
    assert (one == other).all()
    assert one.shape == (100, 3)
    assert one.dtype == np.int64


def test_labels_may_be_words():
    words = np.array(["c", "a", "b", "b", "a", "c"] * 3)
    x, y, odd = words[sample_triplets(words, 500, "class_border")].T
    assert (x == y).all()
    assert (x != odd).all()


@pytest.mark.parametrize(
    ("labels", "rule", "more", "error", "words"),
    [
        (
            [0, 0, 1, 1],
            "within_class",
            {},
            DataError,
            "one at least with 3 images, got 2 classes, the largest with 2",
        ),
        ([0, 0, 0], "class_border", {}, DataError, "expected 2 classes"),
        ([0, 0, 1, 1], "between_class", {}, DataError, "expected 3 classes"),
        ([0, 1], "random", {}, DataError, "3 to 2,097,151 images"),
        ([0, 0, 1], "border", {}, BadParameter, "Did you mean .class_border"),
        ([0, 0, 1], "random", {"weighting": "size"}, BadParameter, "images or classes"),
    ],
)
def test_refuses(labels, rule, more, error, words):
    with pytest.raises(error, match=words):
        sample_triplets(np.array(labels), 5, rule, **more)


def test_nothing_is_drawn_of_nothing():
    assert sample_triplets(LABELS, 0).shape == (0, 3)
