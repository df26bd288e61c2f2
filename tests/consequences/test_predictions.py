"""Answers, errors, stitching and ensembles of models whose answers are known."""

import numpy as np
import pytest
import torch
from torch import nn

from seealike.consequences import (
    Attack,
    Classifier,
    TestSamples,
    agreement,
    consequences_between,
    ensemble_gain,
    error_consistency,
    kappa,
    stitched_accuracy,
)
from seealike.data.tables import CONSEQUENCES
from seealike.errors import MisalignedSamples, NonFiniteError, ShapeError, TooFewSamples

from .linear import images, linear

LEFT, RIGHT = linear("left", [1, 0, 1, 0]), linear("right", [0, 1, 0, 1])


def test_kappa_is_agreement_beyond_chance():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 4, 4000), rng.integers(0, 4, 4000)
    assert abs(kappa(x, y)) < 0.03
    assert agreement(x, y) == pytest.approx(0.25, abs=0.03)
    half = np.where(rng.random(4000) < 0.5, x, y)
    assert kappa(x, half) == pytest.approx(0.5, abs=0.03)
    assert kappa(x, x) == 1
    assert kappa(np.ones(5), np.ones(5)) is None
    assert kappa(np.ones(4), np.array([1, 1, 1, 2])) == 0


def test_error_consistency_is_geirhos_formula():
    rng = np.random.default_rng(1)
    x = rng.random(500) < 0.8
    y = np.where(rng.random(500) < 0.6, x, rng.random(500) < 0.7)
    p, q = x.mean(), y.mean()
    expected = p * q + (1 - p) * (1 - q)
    found = ((x == y).mean() - expected) / (1 - expected)
    assert error_consistency(x, y) == pytest.approx(found, abs=1e-12)
    assert error_consistency(np.ones(9, bool), np.ones(9, bool)) is None


def test_ensembles_gain_where_models_err_apart():
    labels = np.array([0, 1] * 50)
    sure, unsure = np.eye(2)[labels] * 4, np.eye(2)[1 - labels]
    first = np.where(np.arange(100)[:, None] < 50, sure, unsure)
    second = np.where(np.arange(100)[:, None] < 50, unsure, sure)
    both = (np.array([0, 1]), np.array([0, 1]))
    assert ensemble_gain((first, second), both, labels) == 0.5
    assert ensemble_gain((first, first), both, labels) == 0
    more = np.column_stack([np.full(100, -9.0), second])  # knows another class, first among its outputs
    classes = (np.array([0, 1]), np.array([5, 0, 1]))
    assert ensemble_gain((first, more), classes, labels) == 0.5


def test_stitching_sees_through_an_affine_map_and_not_through_nothing():
    shown, labels = images(400)
    rotation = np.linalg.qr(np.random.default_rng(0).standard_normal((4, 4)))[0].astype(np.float32)

    class Rotated(nn.Module):
        def forward(self, x):
            return 5 - 30 * x.flatten(1) @ torch.from_numpy(rotation)

    class Blind(nn.Module):
        def forward(self, x):
            return torch.cos(1e4 * x.flatten(1))

    rotated = linear("r", [1, 1, 1, 1], body=Rotated())
    assert stitched_accuracy(rotated, LEFT, shown, labels) == (1.0, 200)
    blind = linear("b", [1, 1, 1, 1], body=Blind())
    assert stitched_accuracy(blind, LEFT, shown, labels)[0] == pytest.approx(0.5, abs=0.15)
    unknown = np.where(np.arange(400) % 4 == 0, 9, labels)
    accuracy, n = stitched_accuracy(rotated, LEFT, shown, unknown)
    assert accuracy == 1
    assert n < 170
    with pytest.raises(TooFewSamples, match="0 of such classes"):
        stitched_accuracy(rotated, LEFT, shown, labels + 5)


def test_stitching_keeps_the_shape_of_features():
    shown, labels = images(60)
    head = nn.Sequential(nn.Flatten(), LEFT.head)
    maps = Classifier("maps", nn.Identity(), head, np.array([0, 1]))
    assert stitched_accuracy(LEFT, maps, shown, labels) == (1.0, 30)


def test_all_rows_of_a_pair():
    pytest.importorskip("art")
    shown, labels = images()
    wrong = np.where(np.arange(200) < 20, 1 - labels, labels)
    attacks = (Attack("mi_fgsm", 0.15), Attack("pgd", 0.15, 4))
    rows = consequences_between(LEFT, RIGHT, TestSamples("t", shown, wrong), attacks=attacks)
    assert [(row["kind"], row["model_x"]) for row in rows] == [
        ("agreement", "left"),
        ("kappa", "left"),
        ("error_consistency", "left"),
        ("ensemble_gain", "left"),
        *[("transfer", "left")] * 2,
        ("stitching", "left"),
        *[("transfer", "right")] * 2,
        ("stitching", "right"),
    ]
    missing = {"experiment", "design", "data_overlap", "task_overlap", "seed"}
    assert all(set(row) == set(CONSEQUENCES) - missing for row in rows)
    assert {row["accuracy_x"] for row in rows} == {0.9}
    value = {row["kind"]: row["value"] for row in rows if row["model_x"] == "left"}
    assert value["agreement"] == value["kappa"] == value["error_consistency"] == 1
    assert value["ensemble_gain"] == 0
    transfers = [row for row in rows if row["kind"] == "transfer"]
    assert {row["value"] for row in transfers if "mi_fgsm" in row["detail"]} == {0}
    assert len({row["detail"] for row in transfers}) == 2


def test_classes_that_only_one_knows_leave_answers():
    shown, labels = images(50)
    other = linear("other", [1, 1, 1, 1], classes=(0, 8))
    rows = consequences_between(LEFT, other, TestSamples("one", shown, np.full(50, 8)), attacks=())
    found = {row["kind"]: row for row in rows}
    assert found["agreement"]["value"] == (labels == 0).mean()
    assert found["error_consistency"]["reason"] == "no sample is of a class that both models know"
    assert found["stitching"]["value"] is None
    assert "0 of such classes" in found["stitching"]["reason"]
    assert found["agreement"]["accuracy_x"] is None
    assert found["agreement"]["accuracy_y"] == (labels == 1).mean()


def test_models_that_tell_apart_different_things_err_each_in_its_own_task():
    shown, labels = images(80)
    kinds = labels + 2 * (
        np.arange(80) % 2
    )  # of the samples: four classes; what the models see is their parity
    seen = linear("seen", [1, 0, 1, 0], classes=(10, 11))
    parity = Classifier("a", seen.body, seen.head, seen.classes, learned={0: 0, 1: 1, 2: 0, 3: 1})
    half = Classifier("b", seen.body, seen.head, np.array([20, 21]), learned={0: 0, 1: 0, 2: 1, 3: 1})
    test = TestSamples("t", shown, kinds)
    same = {row["kind"]: row for row in consequences_between(parity, parity, test, attacks=())}
    assert same["agreement"]["value"] == same["agreement"]["accuracy_x"] == 1
    assert same["ensemble_gain"]["value"] == 0
    rows = consequences_between(parity, half, test, attacks=())
    found = {(row["kind"], row["model_x"]): row for row in rows}
    for kind in ("agreement", "kappa", "ensemble_gain"):
        assert found[kind, "a"]["reason"] == "the two models tell apart different things"
    assert found["error_consistency", "a"]["value"] == 0
    right = (labels == np.arange(80) % 2).mean()
    assert found["error_consistency", "a"]["accuracy_y"] == pytest.approx(right)
    assert found["stitching", "b"]["value"] == 1  # parity's head reads the other's features


def test_no_samples_have_reasons():
    nothing = TestSamples("t", np.empty((0, 1, 2, 2), np.float32), np.empty(0, np.int64))
    rows = consequences_between(LEFT, RIGHT, nothing)
    assert len(rows) == 8
    assert all(row["value"] is None and row["n"] == 0 and row["reason"] for row in rows)


def test_reasons_where_nothing_differs():
    shown, labels = images(40)
    test = TestSamples("t", shown, labels)
    found = {row["kind"]: row for row in consequences_between(LEFT, RIGHT, test, kinds=["error_consistency"])}
    assert found["error_consistency"]["reason"] == "both models are right on all, or wrong on all"
    one = TestSamples("t", shown[labels == 1], labels[labels == 1])
    assert "one class only" in consequences_between(LEFT, RIGHT, one, kinds=["kappa"])[0]["reason"]


def test_bad_input_is_explained():
    shown, labels = images(5)
    with pytest.raises(MisalignedSamples, match="5 images, 4 labels"):
        TestSamples("t", shown, labels[1:])
    with pytest.raises(ShapeError, match="values beyond 0 to 1"):
        TestSamples("t", 255 * shown, labels)
    with pytest.raises(ShapeError, match=r"logits \(n, 3\), one output a class"):
        linear("a", [1, 1, 1, 1], classes=(0, 1, 2)).logits(shown)
    with pytest.raises(NonFiniteError, match="model a: expected finite logits"):
        linear("a", [1, 1, 1, float("nan")]).logits(shown)
