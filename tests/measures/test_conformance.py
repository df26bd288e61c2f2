"""Every registered measure is held to its claims: what it claims must hold, what it does not must break."""

import inspect
import pickle
import pydoc

import numpy as np
import pytest
import torch

from seealike.compare import pairwise
from seealike.errors import UndefinedMeasure
from seealike.measures import MEASURES, Invariance, bind
from tests.measures.cases_corrected import CASES as CORRECTED
from tests.measures.cases_feature_space import CASES as FEATURE_SPACE
from tests.measures.cases_feature_space import UNPAIRED
from tests.measures.cases_inner_products import CASES as INNER_PRODUCTS
from tests.measures.cases_neighbors import CASES as NEIGHBORS
from tests.measures.cases_neighbors import COARSE, SYMMETRIC

CASES = {**CORRECTED, **FEATURE_SPACE, **INNER_PRODUCTS, **NEIGHBORS}
#: Undefined for many unrelated features of few samples, by their mathematics; no other measure is.
SOMETIMES_UNDEFINED = {"corrected_cka"}
ALL = [bind(name, parameters) for name, cases in CASES.items() for parameters in cases]
every = pytest.mark.parametrize("measure", ALL, ids=lambda m: m.id)
seeds = pytest.mark.parametrize("seed", [0, 1])


def pair(seed, n=50, dx=12, dy=9):
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((n, dx)) + rng.standard_normal(dx), rng.standard_normal((n, dy))
    x += rng.standard_normal((n, 1))  # a cause of them all: without one corrected_cka is undefined
    y[:, :5] += x[:, :5]
    return x, y


def changed(which, x, seed):
    rng = np.random.default_rng(seed + 100)
    d = x.shape[1]
    if which is Invariance.PERMUTATION:
        return x[:, rng.permutation(d)]
    if which is Invariance.ORTHOGONAL:
        return x @ np.linalg.qr(rng.standard_normal((d, d)))[0]
    if which is Invariance.SCALING:
        return 1.7 * x
    if which is Invariance.TRANSLATION:
        return x + 3 * rng.standard_normal(d)
    return x @ rng.standard_normal((d, d))


def tries(measure):
    """How often to try what should change the value, in numbers to add to a seed."""
    return range(6 if measure.name in COARSE else 1)


def of_unrelated(measure, x, y):
    """The value, and 0 where there may be none."""
    try:
        return measure(x, y)
    except UndefinedMeasure:
        assert measure.name in SOMETIMES_UNDEFINED
        return 0.0


def test_every_registered_measure_has_a_case():
    assert set(CASES) == set(MEASURES)


def test_every_choice_has_a_case():
    for name in MEASURES:
        bound = [m for m in ALL if m.name == name]
        for key, parameter in inspect.signature(MEASURES[name]).parameters.items():
            if isinstance(parameter.default, bool):
                assert {m.parameters[key] for m in bound} == {True, False}


@every
@seeds
@pytest.mark.parametrize("which", list(Invariance), ids=lambda i: i.name)
def test_invariances_hold_and_no_others(measure, seed, which):
    x, y = pair(seed)
    before = measure(x, y)
    if which in measure.invariances:
        assert measure(changed(which, x, seed), y) == pytest.approx(before, abs=1e-9)
    else:
        assert any(abs(measure(changed(which, x, seed + s), y) - before) > 1e-4 for s in tries(measure))


@every
@seeds
def test_symmetry_self_value_and_bounds(measure, seed):
    x, y = pair(seed)
    pairs = [pair(seed + s) for s in tries(measure)]
    symmetric = all(measure(b, a) == pytest.approx(measure(a, b), abs=1e-12) for a, b in pairs)
    assert symmetric == (measure.symmetric or measure.id in SYMMETRIC)
    if measure.self_value is not None:
        assert measure(x, x) == pytest.approx(measure.self_value, abs=1e-12)
        assert pairwise(measure, {"x": x, "y": y})["x", "x"] == measure.self_value
    least, greatest = measure.bounds
    rng, n = np.random.default_rng(seed), max(6, measure.minimum)
    for _ in range(20):
        value = of_unrelated(measure, rng.standard_normal((n, 4)), rng.standard_normal((n, 5)))
        assert least <= value <= greatest


@every
def test_lower_bound_is_not_overclaimed(measure):
    rng, n = np.random.default_rng(0), max(5, measure.minimum)
    negative = any(
        of_unrelated(measure, rng.standard_normal((n, 3)), rng.standard_normal((n, 3))) < 0 for _ in range(60)
    )
    assert negative == (measure.bounds[0] < 0)


@every
@seeds
def test_metrics_keep_the_triangle_inequality_and_only_they_claim_it(measure, seed):
    if not measure.measure.claims.metric:
        return
    assert measure.direction == "distance"
    assert measure.symmetric
    rng = np.random.default_rng(seed)
    for _ in range(20):
        x = rng.standard_normal((max(12, measure.minimum), 4))
        y, z = x + 0.3 * rng.standard_normal(x.shape), rng.standard_normal(x.shape)
        assert measure(x, z) <= measure(x, y) + measure(y, z) + 1e-9
        assert measure(x, y) > 0


@every
def test_joint_permutation_of_samples_changes_nothing_and_of_one_model_does(measure):
    x, y = pair(2)
    rounds = np.arange(len(x)).reshape(
        -1, measure.parameters.get("folds", 1)
    )  # each sample stays in its fold
    order = np.random.default_rng(3).permutation(rounds).ravel()
    assert measure(x[order], y[order]) == pytest.approx(measure(x, y), abs=1e-12)
    orders = [order, *(np.roll(order, s) for s in tries(measure)[1:])]
    unpaired = all(abs(measure(x[o], y) - measure(x, y)) <= 1e-3 for o in orders)
    assert unpaired == (measure.name in UNPAIRED)


@every
def test_inputs_are_only_read(measure):
    x, y = pair(4)
    copies = x.copy(), y.copy()
    x.setflags(write=False)
    y.setflags(write=False)
    tensors = torch.tensor(copies[0]), torch.tensor(copies[1])
    measure(x, y)
    measure(*tensors)
    for copy, tensor in zip(copies, tensors, strict=True):
        np.testing.assert_array_equal(tensor.numpy(), copy)


@every
def test_containers_and_precisions_agree(measure, tmp_path):
    x, y = pair(5)
    value = measure(x, y)
    # Which of few entries share a bin of ranks depends on their last digits.
    close = 1e-5 if "spearman" in measure.id else 1e-6 * max(1, abs(value))
    assert measure(x.astype(np.float32), y.astype(np.float32)) == pytest.approx(value, abs=close)
    assert measure(torch.tensor(x, requires_grad=True), torch.tensor(y)) == value
    assert measure(np.asfortranarray(x), y[:, ::-1][:, ::-1]) == value
    np.save(tmp_path / "x.npy", x)
    assert measure(np.load(tmp_path / "x.npy", mmap_mode="r"), y) == value
    half = torch.tensor(x).to(torch.bfloat16)
    assert measure(half, y) == pytest.approx(measure(half.double(), y), abs=1e-6)
    assert measure(np.round(2 * x).astype(np.int16), y) == pytest.approx(
        measure(np.round(2 * x), y), abs=1e-6
    )


@every
def test_pairwise_bind_and_call_agree(measure):
    (x, y), (z, _) = pair(6), pair(7, dx=20)
    matrix = pairwise(measure, {"x": x, "y": y, "z": z}, dataset="d")
    assert (matrix.measure, matrix.dataset, matrix.n_samples) == (measure.id, "d", 50)
    assert matrix["x", "y"] == pytest.approx(measure(x, y), abs=1e-12)
    assert matrix["z", "y"] == pytest.approx(measure(z, y), abs=1e-12)
    given = {key: value for key, value in measure.parameters.items() if value is not None}
    assert measure.measure(x, y, **given) == measure(x, y)


@every
def test_survives_pickling(measure):
    again = pickle.loads(pickle.dumps(measure))
    assert again == measure
    assert hash(again) == hash(measure)
    assert again.measure is measure.measure


def test_no_two_configurations_share_an_id():
    assert len({m.id for m in ALL}) == len(ALL)
    assert all(set(m.id) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_=.") for m in ALL)


@pytest.mark.parametrize("name", list(MEASURES))
def test_help_shows_the_signature_and_the_docstring(name):
    text = pydoc.plain(pydoc.render_doc(MEASURES[name]))
    assert f"{name}(x" in text
    assert "Returns:" in text
    assert list(inspect.signature(MEASURES[name]).parameters)[:2] == ["x", "y"]
    assert MEASURES[name].claims.formula
    assert MEASURES[name].claims.source
