"""How consistency moves with the samples: against the delta method, and by simulation of real similarities."""

import numpy as np
import pytest

import seealike
from seealike.engine.estimate import GROUPS, grouped_deviations, jackknife_errors
from seealike.numerics.over_samples import over_samples

RNG = np.random.default_rng(8)


def test_small_deviations_give_the_delta_method():
    values = RNG.random((2, 40))
    moved = [1e-5 * RNG.standard_normal((7, 40)) for _ in range(2)]
    centered = values - values.mean(axis=1, keepdims=True)
    unit = centered / np.linalg.norm(centered, axis=1, keepdims=True)
    r = unit[0] @ unit[1]
    variance = 0.0
    for x, y in ((0, 1), (1, 0)):
        gradient = (unit[y] - r * unit[x]) / np.linalg.norm(centered[x]) / (1 - r * r)
        variance += ((moved[x] @ gradient) ** 2).sum()
    found = over_samples(values, moved, "pearson").errors
    assert found[0, 1] == pytest.approx(variance**0.5, rel=1e-3)
    assert found[0, 1] == found[1, 0]


def test_the_bias_is_what_noise_of_that_size_does():
    rng = np.random.default_rng(1)
    true = rng.standard_normal((2, 60))
    true[1] = 0.8 * true[0] + 0.6 * true[1]
    size, groups = 0.15, 80
    shifts = []
    for _ in range(1000):
        noisy = true + size * rng.standard_normal(true.shape)
        shifts.append(np.arctanh(np.corrcoef(noisy)[0, 1]) - np.arctanh(np.corrcoef(true)[0, 1]))
    moved = [size / groups**0.5 * rng.standard_normal((groups, 60)) for _ in range(2)]
    found = over_samples(true, moved, "pearson")
    assert found.biases[0, 1] == pytest.approx(np.mean(shifts), rel=0.3)
    assert found.biases[0, 1] < 0
    assert found.biases[0, 0] == found.errors[1, 1] == 0


@pytest.mark.parametrize("kind", ["pearson", "spearman"])
def test_gaps_leave_out_the_same_pairs_as_the_correlation(kind):
    values = RNG.random((2, 12))
    moved = [0.05 * RNG.standard_normal((5, 12)) for _ in range(2)]
    part = over_samples(values[:, 2:], [one[:, 2:] for one in moved], kind).errors
    values[0, 0] = values[1, 1] = np.nan
    moved[0][:, 0] = np.nan
    assert over_samples(values, moved, kind).errors[0, 1] == pytest.approx(part[0, 1])
    assert np.isnan(over_samples(values, [moved[0], None], kind).errors[0, 1])


def test_groups_of_samples_have_the_jackknifes_covariance():
    import torch

    few, many = torch.randn(GROUPS, 3).double(), torch.randn(20 * GROUPS, 3).double()
    for values, tolerance in ((few, 1e-9), (many, 0.25)):
        n = len(values)
        left_out = (values.sum(dim=0) - values) / (n - 1)
        moved = grouped_deviations(left_out)
        covariance = (n - 1) / n * (left_out - left_out.mean(0)).T @ (left_out - left_out.mean(0))
        scale = jackknife_errors(left_out)
        apart = (moved.T @ moved - covariance) / torch.outer(scale, scale)
        assert apart.abs().max() < tolerance


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["pearson", "spearman"])
def test_errors_are_how_consistency_varies_over_draws_of_samples(kind):
    rng, n_models, n = np.random.default_rng(5), 8, 120
    mixes = [
        [rng.standard_normal((6, 10)) * rng.random(6)[:, None] ** 2 for _ in range(n_models)] for _ in (0, 1)
    ]
    pairs = np.triu_indices(n_models, 1)
    found, errors = [], []
    for _ in range(60):
        values, moved = [], []
        for mix in mixes:
            shared = rng.standard_normal((n, 6))
            features = {
                f"m{k}": shared @ one + 0.3 * rng.standard_normal((n, 10)) for k, one in enumerate(mix)
            }
            matrix = seealike.pairwise("cka", features, standard_error=True)
            values.append(matrix.values[pairs])
            moved.append(matrix.deviations[:, pairs[0], pairs[1]])
        found.append(np.stack(values))
        errors.append(over_samples(found[-1], moved, kind).errors[0, 1])
    ranks = [v.argsort(axis=1).argsort(axis=1) if kind == "spearman" else v for v in found]
    z = [np.arctanh(np.corrcoef(one)[0, 1]) for one in ranks]
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(np.std(z, ddof=1), rel=0.35)
