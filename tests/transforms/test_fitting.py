"""Maps are found where there is one to find; terms have the values and gradients of their formulas."""

import numpy as np
import pytest
import torch
from scipy.special import softmax

from seealike.errors import BadParameter, DataError, NonFiniteError
from seealike.transforms import (
    Choices,
    Grid,
    Settings,
    choice_loss,
    choose_transform,
    distance_from_identity,
    fit_transform,
    neighbor_loss,
)

PAIRS = ((0, 1), (0, 2), (1, 2))


def _triplets(rng, n_objects, n):
    return np.array([rng.choice(n_objects, 3, replace=False) for _ in range(n)])


def _dots(z, rows):
    return np.stack([np.einsum("nd,nd->n", z[rows[:, a]], z[rows[:, b]]) for a, b in PAIRS], axis=1)


@pytest.fixture
def people():
    """Features, triplets and how people choose: they see a linear map of the features."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((60, 5))
    rows = _triplets(rng, 60, 3000)
    seen = x @ (rng.standard_normal((5, 5)) * [1.5, 1, 0.5, 0.1, 0.1])
    return x, rows, softmax(0.5 * _dots(seen, rows), axis=1)


def test_choice_loss_is_the_written_out_one(people):
    x, rows, targets = people
    q = softmax(_dots(x, rows), axis=1)
    expected = (targets * np.log(targets / q)).sum(axis=1).mean()
    made = Choices(torch.from_numpy(rows), torch.from_numpy(targets))
    assert float(choice_loss(torch.from_numpy(x), made)) == pytest.approx(expected, abs=1e-12)
    hard = Choices(torch.from_numpy(rows), torch.tensor([[1.0, 0, 0]]).double().expand(len(rows), 3))
    assert float(choice_loss(torch.from_numpy(x), hard)) == pytest.approx(-np.log(q[:, 0]).mean(), abs=1e-12)


def test_few_and_many_triplets_of_the_same_objects_agree():
    """A few of many objects go through their own pairs, not through all inner products: the same value and slope."""
    rng = np.random.default_rng(5)
    rows, targets = _triplets(rng, 40, 3), rng.dirichlet(np.ones(3), 3)
    made = Choices(torch.from_numpy(rows), torch.from_numpy(targets))
    found = []
    for n_objects in (40, 200):  # 9 pairs of 1,600 and of 40,000
        z = torch.from_numpy(np.random.default_rng(6).standard_normal((200, 4))[:n_objects]).requires_grad_()
        loss = choice_loss(z, made)
        loss.backward()
        found.append((float(loss.detach()), z.grad[:40].numpy()))
    assert (made.asked(40).pairs is None, made.asked(200).pairs is None) == (False, False)
    many = Choices(made.triplets.repeat(200, 1), made.targets.repeat(200, 1))
    assert many.asked(40).pairs is None  # more numbers asked for than there are: all of them are made
    z = torch.from_numpy(np.random.default_rng(6).standard_normal((40, 4))).requires_grad_()
    choice_loss(z, many).backward()
    for value, slope in found:
        assert value == pytest.approx(float(choice_loss(z.detach(), many)), abs=1e-12)
        np.testing.assert_allclose(slope, z.grad.numpy(), atol=1e-12)


def test_neighbor_loss_is_the_written_out_one():
    rng = np.random.default_rng(1)
    x, z = rng.standard_normal((12, 4)), rng.standard_normal((12, 3))

    def neighbors(rows):
        unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return softmax(np.where(np.eye(12), -np.inf, unit @ unit.T / 0.3), axis=1)

    p, q = neighbors(x), neighbors(z)
    off = ~np.eye(12, dtype=bool)
    expected = np.where(off, p * np.log(np.where(off, p, 1) / np.where(off, q, 1)), 0).sum(axis=1).mean()
    found = neighbor_loss(torch.from_numpy(x), torch.from_numpy(z), 0.3)
    assert float(found) == pytest.approx(expected, abs=1e-12)


def test_regularization_is_the_written_out_one():
    w = torch.randn(4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    c = w.diagonal().mean()
    assert float(distance_from_identity(w)) == pytest.approx(
        float((w - c * torch.eye(4)).square().sum()), abs=1e-12
    )


def test_gradients_are_those_of_the_terms():
    rng = torch.Generator().manual_seed(3)
    z = torch.randn(8, 3, dtype=torch.float64, generator=rng, requires_grad=True)
    x = torch.randn(8, 4, dtype=torch.float64, generator=rng)
    made = Choices(
        torch.tensor([[0, 1, 2], [3, 7, 5], [2, 6, 4]]), torch.tensor([[0.6, 0.3, 0.1]] * 3).double()
    )
    assert torch.autograd.gradcheck(lambda z: choice_loss(z, made), z)
    assert torch.autograd.gradcheck(lambda z: neighbor_loss(x, z, 0.5), z)
    w = torch.randn(3, 3, dtype=torch.float64, generator=rng, requires_grad=True)
    assert torch.autograd.gradcheck(distance_from_identity, w)


def test_finds_the_map_that_people_see_through(people):
    x, rows, targets = people
    made = fit_transform(x, rows, targets, Settings(regularization=0, max_steps=500))
    assert made.choices < 1e-4
    assert np.abs(softmax(_dots(made(x), rows), axis=1) - targets).max() < 0.05


def test_soft_targets_keep_the_uncertainty_that_choices_lose(people):
    x, rows, targets = people
    rng = np.random.default_rng(2)
    drawn = np.array([rng.choice(3, p=p) for p in targets])
    order = np.array([[0, 1, 2], [0, 2, 1], [1, 2, 0]])[drawn]
    hard = fit_transform(x, np.take_along_axis(rows, order, axis=1)[:300], None, Settings(regularization=0))
    soft = fit_transform(x, rows[:300], targets[:300], Settings(regularization=0))
    q_hard, q_soft = (softmax(_dots(made(x), rows[300:]), axis=1) for made in (hard, soft))
    kl = [(targets[300:] * np.log(targets[300:] / q)).sum(axis=1).mean() for q in (q_hard, q_soft)]
    assert kl[1] < 0.2 * kl[0]


def test_regularization_draws_to_the_identity(people):
    x, rows, targets = people
    loose, firm = (fit_transform(x, rows, targets, Settings(regularization=weight)) for weight in (0, 10))
    away = [float(distance_from_identity(torch.from_numpy(made.weights))) for made in (loose, firm)]
    assert away[1] < 1e-3 * away[0]
    assert firm.choices > loose.choices


def test_the_local_term_keeps_neighborhoods(people):
    x, rows, targets = people
    local = np.random.default_rng(4).standard_normal((80, 5))
    naive = fit_transform(x, rows, targets, Settings(regularization=1e-4))
    both = fit_transform(x, rows, targets, Settings(regularization=1e-4, alpha=0.5), neighbors=local)
    moved = [
        float(neighbor_loss(torch.from_numpy((local - m.mean) / m.std), torch.from_numpy(m(local)), 0.1))
        for m in (naive, both)
    ]
    assert moved[1] < 0.5 * moved[0]
    assert both.neighbors == pytest.approx(moved[1], abs=1e-12)


def test_the_best_held_out_step_is_kept(people):
    x, rows, targets = people
    few = Settings(regularization=0, max_steps=200)
    first = np.take_along_axis(
        rows, np.array([[0, 1, 2], [0, 2, 1], [1, 2, 0]])[targets.argmax(axis=1)], axis=1
    )
    made = fit_transform(x, first[:40], None, few, held_out=(rows[40:], targets[40:]))
    q = softmax(_dots(made(x), rows[40:]), axis=1)
    kl = (targets[40:] * np.log(targets[40:] / q)).sum(axis=1).mean()
    assert kl == pytest.approx(min(made.held_out), abs=1e-9)
    assert min(made.held_out) < made.held_out[-1]  # forty triplets are learned by heart in the end


def test_cross_validation_uses_every_fold_and_no_object_twice(people):
    x, rows, targets = people
    made = choose_transform(x, rows, targets, Grid(regularization=(1e-6, 10.0)), folds=3)
    assert made.scores.height == 6
    assert made.settings.regularization == 1e-6
    by_fold = made.scores.unique("fold")
    assert 0.2 * len(rows) < by_fold["n_train"].mean() < 0.4 * len(rows)  # (2/3)³ = 30 %
    assert 0.02 * len(rows) < by_fold["n_held_out"].mean() < 0.06 * len(rows)
    assert (
        made.scores.filter(regularization=1e-6)["loss"]
        < 0.5 * made.scores.filter(regularization=1e-6)["unfitted"]
    ).all()
    with pytest.raises(DataError, match=r"fold 0 of 20.*at least 10 triplets"):
        choose_transform(x, rows[:200], targets[:200], folds=20)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda x, r, t: (x, r + 50, t), DataError, r"triplets, row 0: expected rows from 0 to 59, got \["),
        (lambda x, r, t: (x, r[:, :2], t), DataError, r"shape \(3000, 2\)"),
        (lambda x, r, t: (x, r[:0], t[:0]), DataError, "triplets: expected at least one"),
        (lambda x, r, t: (x, r[:, [0, 1, 1]], t), DataError, "three different"),
        (lambda x, r, t: (x, r, 2 * t), DataError, "targets of row 0: expected probabilities"),
        (lambda x, r, t: (np.where(np.eye(60, 5), np.nan, x), r, t), NonFiniteError, "NaN or infinity"),
        (lambda x, r, t: (np.ones((60, 5)), r, t), DataError, "features that vary"),
    ],
)
def test_bad_input_is_explained(people, change, error, words):
    with pytest.raises(error, match=words):
        fit_transform(*change(*people))


def test_normalized_embeddings_are_doubted_and_read_only_ones_are_fine(people):
    x, rows, targets = people
    brief = Settings(max_steps=2)
    with pytest.warns(UserWarning, match="rows all have the length 1"):
        fit_transform(x / np.linalg.norm(x, axis=1, keepdims=True), rows, targets, brief)
    x.setflags(write=False)  # as memory maps of features are
    both = fit_transform(x, rows, targets, Settings(max_steps=2, alpha=0.5), neighbors=x)
    assert both.steps == 2


@pytest.mark.parametrize("bad", [{"alpha": 1.0}, {"alpha": 0.5}, {"regularization": -1}, {"temperature": 0}])
def test_bad_settings_are_explained(people, bad):
    with pytest.raises(BadParameter):
        fit_transform(*people, Settings(**bad))


@pytest.fixture
def things(real_data):
    """SPoSE-66 in the order of the trials, and the trials: pairs of rows that were chosen, odd one last."""
    folder = real_data / "human" / "things"
    embedding = np.loadtxt(folder / "spose_embedding_66d_sorted.txt")
    place = np.argsort(np.loadtxt(folder / "vice_sortindex").astype(int))
    trials = np.loadtxt(folder / "vice_test_triplets.csv", delimiter="\t")[:, :4].astype(int)
    rows, odd = trials[:, :3] - 1, trials[:, 3] - 1
    order = np.array([[1, 2, 0], [0, 2, 1], [0, 1, 2]])[odd]
    return embedding[place], np.take_along_axis(rows, order, axis=1)


@pytest.mark.slow
def test_an_unknown_linear_map_of_human_features_is_undone_on_new_objects(things):
    z, trials = things
    rng = np.random.default_rng(0)
    x = z @ rng.standard_normal((66, 66)) / 8  # what a model would give
    known = np.zeros(len(z), dtype=bool)
    known[rng.permutation(len(z))[: len(z) // 2]] = True
    pool = np.flatnonzero(known)
    rows = pool[_triplets(rng, len(pool), 30_000)]
    made = fit_transform(
        x, rows, softmax(_dots(z, rows), axis=1), Settings(regularization=1e-6, max_steps=400)
    )
    unseen = trials[(~known[trials]).all(axis=1)]
    correct = [(_dots(f, unseen).argmax(axis=1) == 0).mean() for f in (x, made(x), z)]
    assert len(unseen) > 1000
    assert (correct[1] - 1 / 3) > 0.95 * (correct[2] - 1 / 3)
    assert correct[0] < correct[1]
