"""The numbers: against the formulas written out, against other people's programs, against printed values."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial.distance import pdist, squareform

from seealike.compare import pairwise, similarities
from seealike.measures import bind

MEDIAN = {"sigma_fraction": 1.0, "unbiased": True}
LINEAR, BIASED = {"kernel": "linear", "unbiased": True}, {"kernel": "linear", "unbiased": False}
CASES = [
    ("cka", LINEAR),
    ("cka", BIASED),
    *(
        ("cka", {"kernel": "rbf", "sigma_fraction": f, "unbiased": u})
        for f in (0.4, 1.0, 5.0)
        for u in (True, False)
    ),
    ("rsa", {"compare": "pearson"}),
]
REFERENCE = json.loads((Path(__file__).parents[1] / "reference" / "cka_rsa.json").read_text())


# --- the formulas, n x n, in float64 ---------------------------------------------------------------------


def naive(name, parameters, x, y):
    x, y = x.astype(np.float64), y.astype(np.float64)
    if name == "rsa":
        upper = np.triu_indices(len(x), 1)
        return np.corrcoef((1 - np.corrcoef(x))[upper], (1 - np.corrcoef(y))[upper])[0, 1]
    K, L = (naive_kernel(parameters, a - a.mean(0)) for a in (x, y))
    center = u_center if parameters["unbiased"] else double_center
    K, L = center(K), center(L)
    return (K * L).sum() / np.sqrt((K * K).sum() * (L * L).sum())


def naive_kernel(parameters, x):
    if parameters["kernel"] == "linear":
        return x @ x.T
    squared = pdist(x, "sqeuclidean")
    sigma2 = parameters["sigma_fraction"] ** 2 * np.median(squared[squared > 0])
    return np.exp(-squareform(squared) / (2 * sigma2))


def double_center(K):
    H = np.eye(len(K)) - 1 / len(K)
    return H @ K @ H


def u_center(K):
    n, off = len(K), ~np.eye(len(K), dtype=bool)
    K = K * off
    rows = K.sum(1)
    return (K - rows[:, None] / (n - 2) - rows / (n - 2) + K.sum() / ((n - 1) * (n - 2))) * off


def pair(seed, n, dx, dy, dtype=np.float64):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, dx))
    y = rng.standard_normal((n, dy))
    y[:, : min(dx, dy) // 2] += x[:, : min(dx, dy) // 2]
    return x.astype(dtype), y.astype(dtype)


def check_all(x, y, tolerance, budget_bytes=2**31, cases=CASES):
    bound = [bind(*case) for case in cases]
    made = similarities(bound, {"x": x, "y": y}, budget_bytes=budget_bytes)
    for (name, parameters), matrix in zip(cases, made, strict=True):
        assert matrix["x", "y"] == pytest.approx(naive(name, parameters, x, y), abs=tolerance), (
            name,
            parameters,
        )


@pytest.mark.parametrize(
    ("name", "parameters", "value"),
    [
        ("cka", {"unbiased": False}, 0.585359335392),
        ("cka", {}, 0.382481026958),
        ("cka", {"kernel": "rbf", "sigma": 1}, 0.000211269718),
        ("cka", {"kernel": "rbf", "unbiased": False}, 0.664031564684),
        ("cka", {"kernel": "rbf"}, 0.383175622055),
        ("rsa", {"compare": "pearson"}, 0.393448576734),
    ],
)
def test_printed_values(name, parameters, value):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((60, 30))
    y = np.concatenate([x[:, :10], rng.standard_normal((60, 20))], 1)
    assert bind(name, parameters)(x, y) == pytest.approx(value, abs=1e-10)
    assert bind(name, parameters)(x.astype(np.float32), y.astype(np.float32)) == pytest.approx(
        value, abs=1e-6
    )


@pytest.mark.parametrize(
    "case", REFERENCE["cases"], ids=lambda c: f"{c['program']}-{c['measure']}-{c['inputs']['seed']}"
)
def test_agrees_with_other_programs(case):
    given = case["inputs"]
    rng = np.random.default_rng(given["seed"])
    x = rng.standard_normal((given["n"], given["dx"])) + given["offset"]
    y = rng.standard_normal((given["n"], given["dy"])) - given["offset"]
    y[:, : given["shared"]] = x[:, : given["shared"]]
    assert bind(case["measure"], case["parameters"])(x, y) == pytest.approx(case["value"], abs=1e-9)


@pytest.mark.parametrize(
    ("n", "dx", "dy"), [(5, 3, 4), (17, 40, 3), (63, 9, 130), (200, 25, 6), (333, 12, 12)]
)
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-10), (np.float32, 1e-6)])
def test_agrees_with_the_formulas(n, dx, dy, dtype, tolerance):
    check_all(*pair(n, n, dx, dy, dtype), tolerance)


@pytest.mark.parametrize("budget_bytes", [200_000, 320_000, 700_000])
def test_budget_changes_no_number(budget_bytes):
    x, y = pair(3, 301, 24, 11, np.float32)
    check_all(x, y, 1e-6, budget_bytes)


@pytest.mark.parametrize(
    ("scale", "offset"), [(1.0, 100.0), (1e-6, 0.0), (1e6, 0.0), (1e6, 1e8), (1e-180, 0.0), (1e180, 0.0)]
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_offset_and_scale_cost_no_digits(scale, offset, dtype):
    if dtype == np.float32 and not 1e-30 < scale < 1e30:
        pytest.skip("not a float32 number")
    x, y = pair(5, 400, 20, 30)
    # rsa is left to its own test: an offset makes all rows correlate, and float32 features lose that themselves
    for name, parameters in CASES[:-1]:
        moved = [(a * scale + offset).astype(dtype) for a in (x, y)]
        small = [(a.astype(np.float64) - offset) / scale for a in moved]
        assert bind(name, parameters)(*moved) == pytest.approx(naive(name, parameters, *small), abs=1e-6)


@pytest.mark.parametrize("offset", [0.0, 100.0])
def test_rsa_of_rows_with_a_common_pattern(offset):
    pattern = np.random.default_rng(1).standard_normal(30) * offset
    x, y = (np.float32(a + pattern[: a.shape[1]]) for a in pair(6, 300, 20, 30))
    assert bind("rsa", {"compare": "pearson"})(x, y) == pytest.approx(naive("rsa", {}, x, y), abs=1e-6)


@pytest.mark.slow
def test_many_samples():
    x, y = pair(7, 3000, 48, 32, np.float32)
    check_all(
        x + 100,
        y,
        1e-6,
        cases=[("cka", LINEAR), ("cka", {"kernel": "rbf", **MEDIAN}), ("rsa", {"compare": "pearson"})],
    )


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-10), (np.float32, 1e-6)])
def test_heavy_tailed_norms(dtype, tolerance):
    # In float32 the error grows with (root mean square norm / sigma)², here about 50.
    rng = np.random.default_rng(2)
    x, y = pair(8, 500, 30, 20)
    lengths = np.exp(1.5 * rng.standard_normal((500, 1)))
    check_all((x * lengths).astype(dtype), (y * lengths).astype(dtype), tolerance)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_identical_models_are_one(dtype):
    x, _ = pair(9, 300, 33, 5, dtype)
    for case in CASES:
        values = pairwise(bind(*case), {"a": x, "b": x.copy(), "c": x[:, ::-1].copy()}).values
        assert np.all(np.diag(values) == 1)
        assert values[0, 1] == pytest.approx(1, abs=1e-12)
        assert values[0, 2] == pytest.approx(1, abs=1e-7)


def test_reduced_precision_of_the_process_changes_nothing():
    x, y = pair(10, 300, 64, 64, np.float32)
    before, setting = bind("cka")(x, y), torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert bind("cka")(x, y) == before
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(setting)
