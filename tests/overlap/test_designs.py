"""The runs of overlap designs: what the two models share, and what evaluates them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seealike.errors import DataError
from seealike.overlap.designs import planned_runs

NAMES = [f"class {k}" for k in range(12)]


@settings(max_examples=40, deadline=None)
@given(
    design=st.sampled_from(["data", "task", "both", "factorial"]),
    n_classes=st.integers(4, 12),
    per_class=st.integers(4, 20),
    shares=st.lists(st.sampled_from([0, 0.25, 0.5, 0.75, 1]), min_size=1, max_size=4),
    seed=st.integers(0, 50),
)
def test_sides_share_what_the_run_says(design, n_classes, per_class, shares, seed):
    labels = np.repeat(np.arange(n_classes), per_class)
    for run in planned_runs(design, labels, NAMES[:n_classes], shares, [seed]):
        x, y = run.first, run.second
        assert len(x.rows) == len(y.rows) > 0
        common = set(x.numbers) & set(y.numbers)
        assert len(common) / len(x.numbers) == pytest.approx(run.task_overlap)
        for side in (x, y):
            np.testing.assert_array_equal(side.labels, [side.numbers[k] for k in labels[side.rows]])
            assert side.classes == tuple(NAMES[k] for k in side.numbers)
        assert all(x.numbers[k] == y.numbers[k] < len(common) for k in common)
        mine = x.rows[np.isin(labels[x.rows], list(common))]
        both = np.intersect1d(x.rows, y.rows)
        share = len(both) / len(mine) if len(mine) else 0.0
        wanted = {"data": run.data_overlap, "task": 0.0, "both": 1.0, "factorial": run.data_overlap}
        assert share == pytest.approx(wanted[design] if len(mine) else 0.0)


def test_factorial_has_every_combination_of_one_size():
    labels = np.repeat(np.arange(10), 40)
    shares = [0, 0.2, 0.4, 0.6, 0.8, 1]
    runs = planned_runs("factorial", labels, NAMES[:10], shares, [0, 1])
    got = {(run.seed, run.data_overlap, run.task_overlap) for run in runs}
    cells = [(data, task) for data in shares for task in shares if task or not data]
    assert got == {(seed, data, task) for seed in (0, 1) for data, task in cells}
    assert {len(run.first.rows) for run in runs} == {100}
    # Within a seed the first model's part is always the same: it needs one training only.
    for seed in (0, 1):
        assert len({run.first.rows.tobytes() for run in runs if run.seed == seed}) == 1


def test_evaluation_sets():
    labels = np.repeat(np.arange(6), 8)
    (run,) = planned_runs("both", labels, NAMES[:6], [1 / 3], [3])
    test = np.array([0, 1, 2, 3, 4, 5, -1] * 2)
    sets = run.evaluation(test)
    common = set(run.first.numbers) & set(run.second.numbers)
    one = set(run.first.numbers) ^ set(run.second.numbers)
    assert set(test[sets["common classes"]]) == common
    assert set(test[sets["one class"]]) == one
    assert len(common) == 1
    assert len(one) == 4


def test_nothing_in_common_leaves_an_empty_set():
    labels = np.repeat(np.arange(4), 6)
    apart, together = planned_runs("task", labels, NAMES[:4], [0, 1], [0])
    assert not len(apart.evaluation(labels)["common classes"])
    assert not len(together.evaluation(labels)["one class"])


def test_attributes_give_the_published_partitions():
    classes = [f"{s}_{d}_{c}" for s in ("star", "square") for d in "012" for c in ("red", "blue")]
    labels = np.repeat(np.arange(12), 3)
    runs = planned_runs("attributes", labels, classes, [], [0], attributes=("shape", "digit", "color"))
    assert [(run.detail, run.task_overlap) for run in runs] == [
        ("color / digit", 0.0),
        ("color / shape", 0.0),
        ("digit / shape", 0.0),
        ("color+digit / color+shape", 0.5),
        ("color+digit / digit+shape", 0.5),
        ("color+shape / digit+shape", 0.5),
        ("color+digit+shape / color+digit+shape", 1.0),
    ]
    assert all(run.design == "task" and run.data_overlap == 1 for run in runs)
    last = runs[3].first
    for row in range(36):
        _, digit, color = classes[labels[row]].split("_")
        assert last.classes[last.labels[row]] == f"{color}_{digit}"


def test_class_names_without_these_parts_are_refused():
    with pytest.raises(DataError, match="class names of 2 parts .shape_digit., got star_7_red"):
        planned_runs("attributes", np.zeros(2, int), ["star_7_red"], [], [0], attributes=("shape", "digit"))
