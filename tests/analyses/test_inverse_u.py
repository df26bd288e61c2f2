"""The inverse U of spread over mean: against numpy, and by simulation of its interval and its test."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import t as student

from seealike.analyses import inverse_u, similarity_spread
from seealike.data.similarity import SimilarityMatrix
from seealike.numerics.curves import parabola

#: How the deviation over datasets may depend on the mean.
SHAPES = {
    "none": lambda mean: 0.1 + 0 * mean,
    "rises, then stays": lambda mean: 0.03 + 0.12 * np.minimum(mean, 0.45),
    "inverse U": lambda mean: 0.02 + 0.4 * mean * (1 - mean),
}


def drawn(rng, n_models, shape, n_datasets=8):
    """(n_datasets, n_models, n_models): means of models in a plane, deviations partly the models' own."""
    place = rng.standard_normal((n_models, 2))
    mean = np.exp(-((place[:, None] - place) ** 2).sum(axis=-1) / 4)
    own = 0.15 * rng.standard_normal(n_models)
    size = SHAPES[shape](mean) * np.exp(own[:, None] + own)
    common = rng.standard_normal((n_datasets, n_models))
    alone = np.triu(rng.standard_normal((n_datasets, n_models, n_models)), 1)
    noise = (common[:, :, None] + common[:, None]) / 2 + (alone + alone.transpose(0, 2, 1)) / 2**0.5
    values = mean + size * noise
    values[:, range(n_models), range(n_models)] = 1
    return values


def table(values):
    names = tuple(f"m{k}" for k in range(values.shape[1]))
    frames = [SimilarityMatrix(one, names, "cka", 50, f"d{k}").to_frame() for k, one in enumerate(values)]
    return {"similarities": pl.concat(frames)}


def found_in(values):
    return inverse_u(table(values), transforms=("none",)).row(0, named=True)


def spreads(values):
    upper = values[:, *np.triu_indices(values.shape[1], 1)]
    return upper.mean(axis=0), upper.std(axis=0, ddof=1)


def test_curvature_peak_and_slopes_are_those_of_polyfit():
    values = drawn(np.random.default_rng(0), 12, "inverse U")
    row = found_in(values)
    x, y = spreads(values)
    c, b, _ = np.polyfit(x, y, 2)
    peak = -b / 2 / c
    assert (row["curvature"], row["peak"]) == pytest.approx((c, peak))
    assert row["rises_before"] == pytest.approx(np.polyfit(x[x <= peak], y[x <= peak], 1)[0])
    assert row["falls_after"] == pytest.approx(np.polyfit(x[x > peak], y[x > peak], 1)[0])
    assert row["rises_before"] > 0 > row["falls_after"]
    assert row["high"] < 0
    assert (row["n_pairs"], row["n_models"], row["reason"]) == (66, 12, None)
    reach = student.ppf(0.975, 11 * 2 / 3) * row["standard_error"]
    assert (row["low"], row["high"]) == pytest.approx((c - reach, c + reach))


def test_transforms_are_those_of_the_spread():
    values = np.clip(drawn(np.random.default_rng(1), 9, "inverse U"), -1, 1)
    given = table(values)
    for row in inverse_u(given).iter_rows(named=True):
        points = similarity_spread(given, transforms=(row["transform"],))
        expected = parabola(points["mean"].to_numpy(), points["standard_deviation"].to_numpy())[0]
        assert row["curvature"] == pytest.approx(expected)


def test_the_p_value_is_that_of_the_worse_slope():
    weak = drawn(np.random.default_rng(2), 10, "rises, then stays")
    row = found_in(weak)
    assert row["curvature"] < 0
    assert row["p_value"] > 0.05  # a parabola bends here too, but nothing falls
    clear = found_in(drawn(np.random.default_rng(3), 16, "inverse U"))
    assert clear["p_value"] < 0.02


def test_a_curve_without_peak_says_so():
    rng = np.random.default_rng(4)
    x = rng.random((12, 12))
    mean = (x + x.T) / 2
    rising = mean + np.array([-1, 0, 1])[:, None, None] * (0.1 + mean**2)
    rising[:, range(12), range(12)] = 1
    row = found_in(rising)
    assert row["curvature"] == pytest.approx(1)
    assert row["peak"] is row["p_value"] is row["rises_before"] is None
    assert row["reason"] == "the parabola has no peak within the data"


def test_a_valley_within_the_data_is_no_peak():
    x = np.random.default_rng(10).random((12, 12))
    mean = (x + x.T) / 2
    valley = mean + np.array([-1, 0, 1])[:, None, None] * (0.1 + (mean - 0.5) ** 2)
    valley[:, range(12), range(12)] = 1
    row = found_in(valley)
    assert (row["curvature"], row["peak"]) == (pytest.approx(1), None)


def test_a_falling_line_with_a_bend_is_no_inverse_u():
    rng = np.random.default_rng(5)
    x = rng.random((12, 12))
    mean = (x + x.T) / 2
    falling = mean + np.array([-1, 0, 1])[:, None, None] * (0.5 - np.maximum(mean - 0.3, 0) ** 2)
    falling[:, range(12), range(12)] = 1
    row = found_in(falling)
    assert row["high"] < 0
    assert row["p_value"] is None or row["p_value"] > 0.2


def test_too_few_models_and_equal_means_have_a_reason():
    values = drawn(np.random.default_rng(6), 4, "none")
    assert "4 models have a deviation over datasets" in found_in(values)["reason"]
    equal = np.full((2, 6, 6), 0.5)
    equal[0] += 0.1
    equal[1] -= 0.1
    row = found_in(equal)
    assert row["curvature"] is None
    assert row["reason"] == "the means of all pairs are equal, or nearly"
    alone = found_in(drawn(np.random.default_rng(7), 6, "none", n_datasets=1))
    assert "0 models have a deviation" in alone["reason"]
    beyond = inverse_u(table(3 * drawn(np.random.default_rng(7), 6, "none")), transforms=("arccos",))
    assert beyond["reason"][0] is not None


def simulated(shape, runs, n_models, seed):
    rng = np.random.default_rng(seed)
    truth = np.mean([parabola(*spreads(drawn(rng, 250, shape)))[0] for _ in range(6)])
    rows = [found_in(drawn(rng, n_models, shape)) for _ in range(runs)]
    covered = np.mean([row["low"] <= truth <= row["high"] for row in rows])
    rejected = np.mean([row["p_value"] is not None and row["p_value"] <= 0.05 for row in rows])
    return covered, rejected


def test_intervals_cover_and_the_test_finds_what_is_planted():
    covered, rejected = simulated("inverse U", 60, 12, seed=8)
    assert covered >= 0.86  # the Monte-Carlo error of 95 % in 60 runs is 2.8 points
    assert rejected > 0.6


@pytest.mark.parametrize("shape", ["none", "rises, then stays"])
def test_the_two_lines_keep_their_level(shape):
    covered, rejected = simulated(shape, 60, 12, seed=9)
    assert covered >= 0.86
    assert rejected <= 0.1  # at most 5 % where one slope is truly zero, less where both are
