"""The streamed measures against whole matrices, and their errors against leaving out every sample."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from seealike.compare import pairwise, similarities
from seealike.engine.allpairs import Options, all_pairs
from seealike.engine.forms import InnerProduct
from seealike.errors import BadParameter, UndefinedMeasure
from seealike.measures import bind, cka, rsa
from seealike.numerics.checks import samples
from tests.measures import naive
from tests.measures.cases_inner_products import CASES

ALL = [bind(name, parameters) for name, cases in CASES.items() for parameters in cases]
STREAMED = [m for m in ALL if isinstance(m.form, InnerProduct)]
CLOSED = [m for m in STREAMED if m.form.map.leaves_one_out]
every = pytest.mark.parametrize("measure", ALL, ids=lambda m: m.id)


def models(n=60, seed=0, offset=0.0):
    rng = np.random.default_rng(seed)
    shared = rng.standard_normal((n, 6))
    return {
        name: np.concatenate([weight * shared, rng.standard_normal((n, d))], axis=1) + offset
        for name, weight, d in (("a", 1.0, 5), ("b", 1.5, 9), ("c", 0.5, 30))
    }


def tolerance(measure, dtype):
    # Ranks are exact to the width of their bins; near rows have inexact distances in float32.
    if "spearman" in measure.id:
        return 2e-5
    return 1e-9 if dtype == np.float64 else 2e-6


@every
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_against_whole_matrices(measure, dtype):
    features = {name: x.astype(dtype) for name, x in models(offset=0.7).items()}
    matrix = pairwise(measure, features)
    for x, y in (("a", "b"), ("b", "c"), ("c", "a")):
        expected = naive.value(measure.name, measure.parameters, features[x], features[y])
        scale = max(1.0, abs(expected))
        assert matrix[x, y] == pytest.approx(expected, abs=scale * tolerance(measure, dtype)), (x, y)


@every
def test_tiles_change_nothing(measure):
    features = models(n=150)
    whole = pairwise(measure, features)
    small = pairwise(measure, features, budget_bytes=300_000)
    np.testing.assert_allclose(small.values, whole.values, atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize("measure", CLOSED, ids=lambda m: m.id)
@pytest.mark.parametrize("budget_bytes", [2**31, 400_000])
def test_jackknife_is_leaving_out_every_sample(measure, budget_bytes):
    features = models(n=40, seed=1)
    held = _with_widths_held(measure, features)
    left_out = np.array(
        [
            pairwise(measure, {k: np.delete(x, r, axis=0) for k, x in features.items()}).values
            for r in range(40)
        ]
        if held is None
        else [held(r) for r in range(40)]
    )
    expected = np.sqrt(39 / 40 * ((left_out - left_out.mean(0)) ** 2).sum(0))
    options = Options(errors=True, replicates=True, budget_bytes=budget_bytes)
    made = all_pairs([measure.form], [samples(x, name) for name, x in features.items()], options)[0]
    np.testing.assert_allclose(made.replicates, left_out, atol=1e-8, rtol=1e-8)
    np.testing.assert_allclose(made.standard_errors, expected, atol=1e-8, rtol=1e-8)
    np.testing.assert_allclose(made.values, pairwise(measure, features).values, atol=1e-9, rtol=1e-9)


def _with_widths_held(measure, features):
    """Widths that are fractions of the median are held: an absolute width for each model, without r."""
    p = measure.parameters
    if not p.get("sigma_fraction"):
        return None
    widths = {name: naive.width(p, x) for name, x in features.items()}

    def without(r):
        center = naive.u_center if p["unbiased"] else naive.double_center
        kernels = []
        for name, x in features.items():
            absolute = {**p, "sigma": widths[name], "sigma_fraction": None}
            kernels.append(center(naive.kernel(absolute, np.delete(x, r, axis=0))))
        return np.array([[naive.cosine(K, L) for L in kernels] for K in kernels])

    return without


@pytest.mark.parametrize(
    "measure", [cka.bind(), cka.bind(kernel="rbf", sigma=0.8), rsa.bind(compare="pearson")]
)
def test_errors_in_float32(measure):
    features = models(n=300)
    exact = pairwise(measure, features, standard_error=True)
    single = {k: x.astype(np.float32) for k, x in features.items()}
    rounded = pairwise(measure, single, standard_error=True)
    np.testing.assert_allclose(rounded.standard_errors, exact.standard_errors, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(rounded.values, pairwise(measure, single).values, atol=2e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    "measure",
    [
        cka.bind(),
        cka.bind(kernel="rbf"),
        rsa.bind(compare="pearson"),
        rsa.bind(),
        bind("distance_correlation"),
    ],
    ids=lambda m: m.id,
)
def test_errors_are_the_spread_over_new_samples(measure):
    rng = np.random.default_rng(5)
    mix = rng.standard_normal((4, 12))

    def draw(n=120):
        z = rng.standard_normal((n, 4))
        x = z @ mix[:, :8] + 0.7 * rng.standard_normal((n, 8))
        return {"x": x, "y": z @ mix[:, 4:] + 0.7 * rng.standard_normal((n, 8))}

    made = [pairwise(measure, draw(), standard_error=True) for _ in range(40)]
    spread = np.std([m["x", "y"] for m in made], ddof=1)
    said = np.mean([m.standard_errors[0, 1] for m in made])
    assert 0.7 < said / spread < 1.45
    assert made[0].standard_errors[0, 0] == 0


def test_errors_of_measures_without_a_closed_form():
    features = models(n=80)
    spearman, neighbors = similarities(
        [rsa.bind(), bind("mutual_knn", {"k": 5})], features, standard_error=True
    )
    for matrix in (spearman, neighbors):
        assert (matrix.standard_errors[np.triu_indices(3, 1)] > 1e-3).all()
        np.testing.assert_allclose(matrix.standard_errors.diagonal(), 0, atol=1e-12)
    again = pairwise(rsa.bind(), features, standard_error=True)
    np.testing.assert_array_equal(again.standard_errors, spearman.standard_errors)


def test_undefined_models_have_no_errors():
    features = models() | {"flat": np.ones((60, 3))}
    matrix = pairwise("cka", features, standard_error=True)
    assert np.isnan(matrix.standard_errors[3]).all()
    assert np.isfinite(matrix.standard_errors[:3, :3]).all()
    row = matrix.to_frame().filter(model_x="a", model_y="flat").row(0, named=True)
    assert row["standard_error"] is None
    assert "features that vary" in row["reason"]


@pytest.mark.parametrize("rdm", ["correlation", "euclidean"])
def test_ties_have_average_ranks(rdm):
    rng = np.random.default_rng(3)
    x, y = rng.integers(0, 3, (70, 4)) + 0.0, rng.integers(0, 4, (70, 5)) + 0.0
    x[:, 0], y[:, 0] = np.arange(70) % 7 - 9, np.arange(70) % 5 + 9
    measure = rsa.bind(rdm=rdm)
    assert measure(x, y) == pytest.approx(naive.value("rsa", measure.parameters, np.round(x, 9), y), abs=3e-4)


def test_heavy_tails_cost_ranks_little():
    rng = np.random.default_rng(4)
    x = rng.standard_normal((300, 5)) * np.exp(1.5 * rng.standard_normal((300, 1)))
    y = x[:, :3] + 0.5 * rng.standard_normal((300, 3))
    measure = rsa.bind(rdm="euclidean")
    assert measure(x, y) == pytest.approx(naive.value("rsa", measure.parameters, x, y), abs=1e-5)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"kernel": "polynomial", "sigma": 1.0},
            "expected no sigma for the polynomial kernel, got sigma=1.0",
        ),
        ({"kernel": "cosine", "degree": 2}, "no degree for the cosine kernel"),
        ({"kernel": "polynomial", "degree": 0}, "a degree of at least 1"),
        ({"kernel": "polynomial", "gamma": -1.0}, "a positive gamma"),
        ({"kernel": "laplacian", "sigma": 1.0, "sigma_fraction": 1.0}, "sigma or sigma_fraction"),
        ({"kernel": "polynomial", "degree": 2.5}, "a whole number"),
    ],
)
def test_parameters_that_do_not_belong_together(parameters, message):
    with pytest.raises(BadParameter, match=message):
        bind("cka", parameters)


def test_zero_rows_have_no_cosine():
    x, y = models()["a"], models()["b"]
    x[[3, 7]] = 0
    for measure in (
        cka.bind(kernel="cosine"),
        rsa.bind(rdm="cosine"),
        rsa.bind(rdm="cosine", compare="kendall"),
    ):
        with pytest.raises(UndefinedMeasure, match=r"zero rows \(3, 7\)"):
            measure(x, y)


def test_a_shift_that_is_an_estimate_is_given_back():
    features = models(n=700)  # more samples than the pilot that the shift comes from
    measure = rsa.bind(rdm="euclidean", compare="cosine")
    expected = naive.value("rsa", measure.parameters, features["a"], features["c"])
    assert pairwise(measure, features)["a", "c"] == pytest.approx(expected, abs=1e-9)


def test_errors_of_ranks_come_from_exact_ranks_within_subsamples():
    rng = np.random.default_rng(8)
    features = {name: np.round(x[:, :3]) for name, x in models(n=100).items()}  # many ties
    features = {name: x + np.array([0, 7, 19]) for name, x in features.items()}
    measure = rsa.bind(rdm="sqeuclidean")
    given = [samples(x, name) for name, x in features.items()]
    made = all_pairs([measure.form], given, Options(errors=True, replicates=True, seed=8))[0]
    for k in range(3):
        which = np.sort(rng.choice(100, 25, replace=False))
        expected = naive.value("rsa", measure.parameters, features["a"][which], features["b"][which])
        assert made.replicates[k, 0, 1] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equal_rows_are_no_distance_apart(dtype):
    """A squared distance of equal rows comes out a little below 0 as often as above: its root is 0, not no number."""
    rng = np.random.default_rng(7)
    x = np.repeat(rng.standard_normal((40, 16)), 3, axis=0).astype(dtype)
    y = rng.standard_normal((120, 5)).astype(dtype)
    found = rsa(x, y, rdm="euclidean", compare="pearson")
    expected = np.corrcoef(pdist(x.astype(np.float64)), pdist(y.astype(np.float64)))[0, 1]
    assert found == pytest.approx(expected, abs=1e-5)
