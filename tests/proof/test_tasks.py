"""Every task of the proof gives the number that it says, for a case where that number is known."""

import json

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError
from scipy.special import log_softmax, softmax

from seealike.data.features import Features
from seealike.data.tables import PROOF, checked
from seealike.data.triplet_files import TripletFile, write_triplets
from seealike.errors import MissingArtifact, UnknownName
from seealike.human import noise_ceiling, odd_one_out
from seealike.proof.card import Arm, ProofCard
from seealike.proof.evaluate import evaluate
from seealike.sources.judgements import read_judgements

RNG = np.random.default_rng(0)
CLASSES = np.repeat(np.arange(5), 12)
IDS = tuple(f"i{k:02d}" for k in range(60))
CLEAR = np.eye(5)[CLASSES] + 0.1 * RNG.standard_normal((60, 5))
BLURRED = CLEAR + 1.5 * RNG.standard_normal((60, 5))


class Here:
    """An arm whose features are at hand."""

    def __init__(self, **datasets):
        self.datasets = datasets

    def features(self, dataset):
        if dataset not in self.datasets:
            raise MissingArtifact(where=dataset, expected="features", got="none", fix="Extract them.")
        return Features(self.datasets[dataset], IDS)

    def labels(self, dataset):
        return dict(zip(IDS, (f"class {k}" for k in CLASSES), strict=True))


def asked(tmp_path, *tasks, arms=None):
    """The table of tasks for a base that is blurred and an aligned arm that is clear."""
    names = [("base", None, BLURRED), ("aligned", None, CLEAR)] if arms is None else arms
    made = {
        "arms": [{"arm": arm, "model": "net", "seed": seed} for arm, seed, _ in names],
        "tasks": list(tasks),
    }
    card = ProofCard.model_validate(made, context={"root": tmp_path})
    looks = [(one, Here(photos=x, other=x + 0.01)) for one, (*_, x) in zip(card.arms, names, strict=True)]
    return checked(evaluate(looks, card.tasks), PROOF, "proof")


def value(table, arm, task):
    return table.filter(arm=arm, task=task).row(0, named=True)


def _chosen(z, rows, rng):
    """Trials of people who see z."""
    dots = np.stack(
        [(z[rows[:, a]] * z[rows[:, b]]).sum(axis=1) for a, b in ((0, 1), (0, 2), (1, 2))], axis=1
    )
    chosen = (rng.random((len(rows), 1)) > softmax(dots, axis=1).cumsum(axis=1)[:, :2]).sum(axis=1)
    return np.take_along_axis(rows, np.array([[0, 1, 2], [0, 2, 1], [1, 2, 0]])[chosen], axis=1), dots


@pytest.fixture
def things(tmp_path):
    """A THINGS-like tree: 80 triplets, each judged by eight people who see the clear features, three times as sure."""
    (tmp_path / "ids.txt").write_text("\n".join(IDS) + "\n")
    rng = np.random.default_rng(1)
    rows = np.repeat(np.array([rng.choice(60, 3, replace=False) for _ in range(80)]), 8, axis=0)
    trials, _ = _chosen(3**0.5 * CLEAR, rows, rng)
    np.savetxt(tmp_path / "trials.txt", trials, fmt="%d")
    return {"source": "things", "path": "trials.txt", "ids": "ids.txt", "order": "unique_id", "base": 0}


def test_odd_one_out_with_its_ceilings(tmp_path, things):
    table = asked(tmp_path, {"task": "odd_one_out", "dataset": "photos", "judgements": things})
    options = {k: tmp_path / v if k in ("path", "ids") else v for k, v in things.items() if k != "source"}
    trials = read_judgements("things", options.pop("path"), **options)
    for arm, x in (("base", BLURRED), ("aligned", CLEAR)):
        found = odd_one_out(Features(x, IDS), trials)
        row = value(table, arm, "odd_one_out")
        assert (row["value"], row["low"], row["high"], row["n"]) == (
            found.accuracy,
            found.low,
            found.high,
            640,
        )
        assert row["standard_error"] > 0
    assert (
        value(table, "aligned", "odd_one_out")["value"] > value(table, "base", "odd_one_out")["value"] + 0.1
    )
    assert value(table, "ceiling", "odd_one_out")["value"] == noise_ceiling(trials).leave_one_out
    assert value(table, "majority", "odd_one_out")["value"] == noise_ceiling(trials).majority
    assert value(table, "chance", "odd_one_out")["value"] == pytest.approx(1 / 3)


def test_divergence_is_at_a_temperature_fitted_to_other_triplets(tmp_path, things):
    """People are three times as sure as the features; the scale does not count, and learned by heart is nothing."""
    task = {"task": "odd_one_out", "dataset": "photos", "judgements": things}
    arms = [("base", None, BLURRED), ("aligned", None, CLEAR), ("scaled", None, 10 * CLEAR)]
    table = asked(tmp_path, task, arms=arms)
    plain, scaled = (value(table, arm, "kl_divergence")["value"] for arm in ("aligned", "scaled"))
    assert scaled == pytest.approx(plain, abs=1e-5)
    # The truth at T = 1/3: what is left is the noise of eight answers, about (3 - 1) / (2 · 8) nats.
    noise = value(table, "ceiling", "kl_divergence")["value"]
    assert 0.05 < noise < plain < noise + 0.1
    assert plain < value(table, "base", "kl_divergence")["value"] - 0.1
    assert value(table, "chance", "kl_divergence")["value"] > value(table, "base", "kl_divergence")["value"]


def test_levels_by_kind_on_the_scale_of_single_answers(tmp_path):
    rng = np.random.default_rng(2)
    people = {}
    for person in range(6):
        trials = []
        for kind in ("between_class", "within_class"):
            rows = np.random.default_rng(7).integers(60, size=(40, 3))  # all people judge the same triplets
            rows = rows[[len(set(row)) == 3 for row in rows.tolist()]]
            for a, b, odd in _chosen((9 if kind == "between_class" else 0) * CLEAR, rows, rng)[0].tolist():
                images = dict(
                    zip(("image1Path", "image2Path", "image3Path"), (IDS[a], IDS[odd], IDS[b]), strict=True)
                )
                rest = {
                    "selected_image": IDS[odd],
                    "rt": 1.0,
                    "triplet_type": kind,
                    "exp_trial_type": "exp_trial",
                }
                trials.append(images | rest)
        people[f"p{person}"] = trials
    (tmp_path / "levels.json").write_text(json.dumps(people))
    judged = {"source": "levels", "path": "levels.json", "min_trials": 0}
    table = asked(tmp_path, {"task": "levels", "dataset": "photos", "judgements": judged})
    assert value(table, "aligned", "levels_coarse")["value"] > 0.8
    assert value(table, "aligned", "levels_fine")["value"] < 0.5  # people guess there
    for arm in ("ceiling", "majority", "agreement"):
        assert value(table, arm, "levels_coarse")["value"] > value(table, arm, "levels_fine")["value"]
    assert value(table, "ceiling", "levels_fine")["value"] < value(table, "majority", "levels_fine")["value"]


def test_rsa_to_a_human_matrix(tmp_path):
    (tmp_path / "ids.txt").write_text("\n".join(IDS[:20]) + "\n")
    np.savetxt(tmp_path / "rdm.csv", 1 - np.corrcoef(CLEAR[:20]), delimiter=",")
    judged = {"source": "human_rdm", "path": "rdm.csv", "ids": "ids.txt"}
    table = asked(tmp_path, {"task": "rsa", "dataset": "photos", "judgements": judged, "compare": "pearson"})
    assert value(table, "aligned", "rsa_pearson")["value"] == pytest.approx(1)
    assert value(table, "base", "rsa_pearson")["high"] < 0.9
    assert value(table, "chance", "rsa_pearson")["value"] == 0


def test_answered_triplets(tmp_path):
    rng = np.random.default_rng(4)
    rows = np.array([rng.choice(60, 3, replace=False) for _ in range(300)])
    dots = 4 * np.stack(
        [(CLEAR[rows[:, a]] * CLEAR[rows[:, b]]).sum(1) for a, b in ((0, 1), (0, 2), (1, 2))], axis=1
    )
    rows, dots = rows[dots.argmax(axis=1) == 0], dots[dots.argmax(axis=1) == 0]
    write_triplets(tmp_path / "held.npz", TripletFile(np.array(IDS)[rows], dots, rows))
    table = asked(tmp_path, {"task": "answered", "dataset": "photos", "triplets": "held.npz"})
    assert value(table, "aligned", "odd_one_out")["value"] == 1
    assert value(table, "aligned", "kl_divergence")["value"] == pytest.approx(0, abs=1e-5)
    p = softmax(dots, axis=1)
    uniform = (p * (np.log(p) - log_softmax(0 * dots, axis=1))).sum(axis=1).mean()
    assert 0.01 < value(table, "base", "kl_divergence")["value"] < uniform


def test_neighbors_of_a_class_and_of_the_base(tmp_path):
    table = asked(tmp_path, {"task": "neighbors", "dataset": "photos", "k": 5})
    assert (
        value(table, "aligned", "neighbors")["value"]
        > 0.95
        > 0.7
        > value(table, "base", "neighbors")["value"]
    )
    assert value(table, "chance", "neighbors")["value"] == 0.2
    assert table.filter(arm="base", task="neighbors_kept").is_empty()
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (CLEAR, BLURRED)]
    lists = [np.argsort(-(u @ u.T) + 9 * np.eye(60), axis=1)[:, :5] for u in unit]
    expected = np.mean([len(set(a) & set(b)) / 5 for a, b in zip(*lists, strict=True)])
    assert value(table, "aligned", "neighbors_kept")["value"] == pytest.approx(expected)
    same = asked(
        tmp_path,
        {"task": "neighbors", "dataset": "photos"},
        arms=[("base", None, CLEAR), ("aligned", None, 3 * CLEAR)],
    )
    assert value(same, "aligned", "neighbors_kept")["value"] == 1


@pytest.mark.parametrize(
    "task",
    [
        {"task": "few_shot", "dataset": "photos", "shots": 3, "method": "ridge"},
        {"task": "linear_probe", "dataset": "photos", "method": "ridge"},
        {"task": "shift", "dataset": "photos", "tested": "other", "method": "ridge"},
    ],
)
def test_probes(tmp_path, task):
    table = asked(tmp_path, task)
    aligned, base = (value(table, arm, task["task"]) for arm in ("aligned", "base"))
    assert aligned["value"] > 0.9
    assert base["value"] < aligned["low"]
    assert aligned["n"] == {"few_shot": 5, "linear_probe": 3, "shift": 60}[task["task"]]


def test_seeds_are_pooled_with_student_s_interval(tmp_path):
    arms = [
        ("base", None, BLURRED),
        ("aligned", 0, CLEAR),
        ("aligned", 1, BLURRED),
        ("aligned", 2, CLEAR + 0.1),
    ]
    table = asked(tmp_path, {"task": "neighbors", "dataset": "photos"}, arms=arms).filter(
        task="neighbors", arm="aligned"
    )
    single = table.filter(pl.col("seed").is_not_null())["value"].to_numpy()
    pooled = table.filter(pl.col("seed").is_null()).row(0, named=True)
    error = single.std(ddof=1) / 3**0.5
    assert (pooled["value"], pooled["n"]) == (pytest.approx(single.mean()), 3)
    assert pooled["high"] - pooled["value"] == pytest.approx(
        4.3027 * error, rel=1e-4
    )  # t of 2 degrees of freedom


def test_what_cannot_be_asked_is_a_row_with_its_reason(tmp_path):
    table = asked(
        tmp_path,
        {"task": "neighbors", "dataset": "nowhere"},
        {"task": "few_shot", "dataset": "photos", "shots": 12},
        {"task": "neighbors", "dataset": "photos", "k": 60},
        {"task": "neighbors", "dataset": "photos"},
    )
    reasons = table.filter(arm="base")["reason"].to_list()
    assert "nowhere: expected features" in reasons[0]
    assert "more than 12 samples of each class, got 12" in reasons[1]
    assert "more than 60 samples" in reasons[2]
    assert reasons[3] is None


def test_mistakes_of_the_file_are_refused(tmp_path, things):
    with pytest.raises(UnknownName, match="Did you mean 'things'"):
        asked(tmp_path, {"task": "odd_one_out", "dataset": "d", "judgements": things | {"source": "thing"}})
    for task in ({"task": "neighbours", "dataset": "d"}, {"task": "neighbors", "dataset": "d", "k": 0}):
        with pytest.raises(ValidationError):
            asked(tmp_path, task)
    with pytest.raises(ValidationError, match="arm"):
        Arm.model_validate({"arm": "", "model": "m"})
