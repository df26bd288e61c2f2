"""Noise ceilings against counting by hand, and against planted people."""

import numpy as np
import pytest

import seealike
from seealike.data.judgements import Choices, Trials
from seealike.errors import DataError, ShapeError, UndefinedMeasure
from seealike.human import ceilings

from .observers import choose, drawn_triplets, probabilities


def by_hand(trials, raters=None):
    """Majority, leave-one-out and agreement, one judgement after the other."""
    groups = {}
    for k, trial in enumerate(np.asarray(trials).tolist()):
        groups.setdefault(frozenset(trial), []).append((trial[2], None if raters is None else raters[k]))
    shares, credit, other_raters, agree = [], [], [], []
    for samples, judged in groups.items():
        if len(judged) < 2:
            continue
        odd = [one for one, _ in judged]
        shares.append(max(odd.count(s) for s in samples) / len(odd))
        agree.append(np.mean([a == b for i, a in enumerate(odd) for j, b in enumerate(odd) if i != j]))
        for k, (one, rater) in enumerate(judged):
            credit.append(guess([o for j, o in enumerate(odd) if j != k], one, samples))
            others = [o for o, other in judged if other != rater]
            if raters is not None and others:
                other_raters.append(guess(others, one, samples))
    return np.mean(shares), np.mean(credit), np.mean(agree), other_raters and np.mean(other_raters)


def guess(others, one, samples):
    counts = {s: others.count(s) for s in samples}
    best = [s for s in samples if counts[s] == max(counts.values())]
    return (one in best) / len(best)


def repeated(seed, n_triplets=30, times=7, temperature=0.3):
    rng = np.random.default_rng(seed)
    z = rng.random((60, 5))
    drawn = np.repeat(drawn_triplets(rng, 60, n_triplets), times, axis=0)
    p = probabilities(z, drawn, temperature)
    return choose(rng, drawn, p), p, rng


def test_ceilings_are_what_they_say():
    trials, _, rng = repeated(0)
    trials = np.concatenate([trials, [[0, 1, 2]]])  # judged once
    raters = rng.integers(0, 9, size=len(trials))
    majority, left_out, agree, other_raters = by_hand(trials, raters)
    found = seealike.noise_ceiling(Trials(trials, raters=raters))
    assert found.majority == pytest.approx(majority, rel=1e-12)
    assert found.leave_one_out == pytest.approx(left_out, rel=1e-12)
    assert found.agreement == pytest.approx(agree, rel=1e-12)
    assert found.leave_one_rater_out == pytest.approx(other_raters, rel=1e-12)
    plain = seealike.noise_ceiling(trials)
    assert plain.leave_one_rater_out is None
    assert plain.majority == found.majority


def test_ids_rows_of_raw_files_and_shuffled_columns_give_the_same():
    trials, _, rng = repeated(1)
    names = np.array([f"object {k}" for k in range(60)])
    want = seealike.noise_ceiling(trials)
    place = rng.integers(0, 3, size=len(trials))
    order = np.array([[2, 0, 1], [0, 2, 1], [0, 1, 2]])[place]  # where the odd one is put
    raw = np.column_stack([np.take_along_axis(trials, order, axis=1), place + 1, np.arange(len(trials))])
    for given in (names[trials], names[trials].tolist(), trials[:, [1, 0, 2]], raw):
        found = seealike.noise_ceiling(given)
        assert (found.majority, found.leave_one_out) == pytest.approx((want.majority, want.leave_one_out))


def test_planted_people_lie_between_the_ceilings():
    """The best predictor knows p: it is right more often than the majority of others, less than one's own."""
    trials, p, _ = repeated(2, n_triplets=1500, times=12)
    found = seealike.noise_ceiling(trials)
    best = p.max(axis=1).mean()
    assert found.leave_one_out < best < found.majority
    assert found.agreement == pytest.approx((p**2).sum(axis=1).mean(), abs=0.01)
    low, high = found.intervals["leave_one_out"]
    assert low < found.leave_one_out < high
    assert 0.01 < high - low < 0.05


def test_split_half_is_the_reliability_of_planted_shares():
    """Shares are p plus noise: reliability = var(p) / var(share)."""
    trials, p, _ = repeated(3, n_triplets=800, times=10)
    signal = ((p - 1 / 3) ** 2).sum(axis=1).mean()
    noise = (p * (1 - p) / 10).sum(axis=1).mean()
    found = seealike.noise_ceiling(trials)
    assert found.split_half == pytest.approx(signal / (signal + noise), abs=0.015)
    random = choose(np.random.default_rng(0), np.sort(trials, axis=1), np.full(p.shape, 1 / 3))
    assert abs(seealike.noise_ceiling(random).split_half) < 0.1


def test_two_alternatives():
    rng = np.random.default_rng(4)
    p = rng.beta(2, 1, size=4000)
    second = rng.binomial(5, p) / 5
    ids = np.arange(4000)
    choices = Choices(ids, ids + 4000, ids + 8000, second, votes=np.full(4000, 5))
    found = seealike.noise_ceiling(choices)
    assert found.agreement == pytest.approx((p**2 + (1 - p) ** 2).mean(), abs=0.01)
    assert found.leave_one_out < np.maximum(p, 1 - p).mean() < found.majority
    assert found.majority == pytest.approx(np.maximum(second, 1 - second).mean())


def test_intervals_cover():
    hits = 0
    rng = np.random.default_rng(5)
    z = rng.random((60, 5))

    def once(n_triplets, draws):
        drawn = np.repeat(drawn_triplets(rng, 60, n_triplets), 6, axis=0)
        return seealike.noise_ceiling(choose(rng, drawn, probabilities(z, drawn, 0.3)), draws=draws, splits=2)

    truth = np.mean([once(3000, 2).leave_one_out for _ in range(3)])
    for _ in range(100):
        low, high = once(60, 200).intervals["leave_one_out"]
        hits += low < truth < high
    assert 88 <= hits < 100


def test_many_units_are_drawn_some_at_a_time(monkeypatch):
    trials, *_ = repeated(6)
    want = seealike.noise_ceiling(trials, draws=50)
    monkeypatch.setattr(ceilings, "_BLOCK_NUMBERS", 100)
    found = seealike.noise_ceiling(trials, draws=50)
    for name, ends in want.intervals.items():
        assert found.intervals[name] == pytest.approx(ends, rel=1e-12)


def test_unanimous_people():
    found = seealike.noise_ceiling([[0, 1, 2]] * 4 + [[3, 4, 5]] * 3)
    assert (found.majority, found.leave_one_out, found.agreement, found.entropy) == (1, 1, 1, 0)
    assert found.split_half == pytest.approx(1)


@pytest.mark.parametrize(
    ("trials", "error", "message"),
    [
        ([[0, 1, 2], [0, 1, 3]], UndefinedMeasure, "judged at least twice"),
        ([[0, 1, 2, 3]], ShapeError, r"\(n, 3\), the odd one last, or \(n, 5\)"),
        ([[7, 8, 9, 0, 1], [7, 8, 9, 2, 1]], DataError, "row 0: expected 1, 2 or 3.*Add 1 to all choices"),
        ([[7, 8, 9, 4, 1]], DataError, "got 4. Mend the row"),
        (Choices(*np.arange(3)[:, None], np.array([0.5])), DataError, "how many votes"),
    ],
)
def test_what_cannot_be_is_refused(trials, error, message):
    with pytest.raises(error, match=message):
        seealike.noise_ceiling(trials)
