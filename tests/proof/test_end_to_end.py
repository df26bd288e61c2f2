"""The whole proof through the commands: what people see is planted, aligning recovers it and the control does not."""

import json

import numpy as np
import polars as pl
import pytest
from scipy.special import entr, softmax

from seealike import Features, write_features
from seealike.data.identity import FeatureKey
from seealike.data.tables import PROOF, checked

SIDES = ((0, 1), (0, 2), (1, 2))
ORDER = np.array([[0, 1, 2], [0, 2, 1], [1, 2, 0]])
KINDS = ("between_class", "within_class", "class_border")
TURN = np.linalg.qr(np.random.default_rng(8).standard_normal((10, 10)))[0]
MIDDLES = 0.9 * np.random.default_rng(9).standard_normal((6, 4))


def world(n, seed, nuisance=1.5):
    """What people see of n images of six classes, and a network's features: that beside louder noise, turned."""
    rng = np.random.default_rng(seed)
    seen = MIDDLES[np.arange(n) % 6] + 0.7 * rng.standard_normal((n, 4))
    return seen, np.concatenate([seen, nuisance * rng.standard_normal((n, 6))], axis=1) @ TURN


def probabilities(z, rows):
    return softmax(np.stack([(z[rows[:, a]] * z[rows[:, b]]).sum(axis=1) for a, b in SIDES], axis=1), axis=1)


def answered(p, rows, rng):
    chosen = (rng.random((len(rows), 1)) > p.cumsum(axis=1)[:, :2]).sum(axis=1)
    return np.take_along_axis(rows, ORDER[chosen], axis=1)


def drawn(kind, n, rng):
    """A triplet of the kind of Levels, of images whose class is their number modulo six."""
    while True:
        rows = rng.choice(n, 3, replace=False)
        kinds = len(set((rows % 6).tolist()))
        if kinds == {"between_class": 3, "within_class": 1, "class_border": 2}[kind]:
            return rows


def levels_of(people, names, seen, rng):
    """The published file of Levels: participants' trials, slower where people disagree."""
    triplets = [(kind, drawn(kind, len(names), rng)) for kind in KINDS for _ in range(40)]
    rows = np.array([row for _, row in triplets])
    p = probabilities(seen, rows)
    unsure = entr(p).sum(axis=1)
    made = {}
    for person in range(people):
        trials = []
        for (kind, row), answer, slow in zip(triplets, answered(p, rows, rng), unsure, strict=True):
            shown = dict(zip(("image1Path", "image2Path", "image3Path"), names[row].tolist(), strict=True))
            rest = {"selected_image": names[answer[2]], "rt": 0.4 + slow + 0.2 * rng.random()}
            trials.append({**shown, **rest, "triplet_type": kind, "exp_trial_type": "exp_trial"})
        trials.append({**trials[0], "selected_image": names[0], "exp_trial_type": "catch_trial"})
        made[f"p{person}"] = trials
    return made


@pytest.fixture
def tree(tmp_path):
    """Judgements of one set of images to fit to, judgements and classes of others to ask, sketches of their classes."""
    rng = np.random.default_rng(1)
    key = FeatureKey("net", "w1", "pool", "none", "{}", "fit", "r1", "all")
    names = {}
    for name, n, seed in (("fit", 60, 2), ("photos", 72, 3), ("sketches", 60, 4)):
        seen, x = world(n, seed, nuisance=2.5 if name == "sketches" else 1.5)
        names[name] = np.array([f"{name}/{k:02d}.png" for k in range(n)])
        write_features(
            tmp_path / f"{name}.safetensors", Features(x, tuple(names[name].tolist()), key), dtype="float64"
        )
        lines = "".join(f"{one},c{k % 6}\n" for k, one in enumerate(names[name].tolist()))
        (tmp_path / f"{name}.csv").write_text("file,label\n" + lines)
        (tmp_path / f"{name}.txt").write_text("\n".join(names[name]) + "\n")
        repeats = 1 if name == "fit" else 10
        rows = np.array([rng.choice(n, 3, replace=False) for _ in range(4000 // repeats**2)])
        rows = rows.repeat(repeats, axis=0)
        np.savetxt(tmp_path / f"{name}_trials.txt", answered(probabilities(seen, rows), rows, rng), fmt="%d")
        if name == "photos":
            made = levels_of(8, names[name], seen, rng)
            (tmp_path / "levels.json").write_text(json.dumps(made))
            np.savetxt(tmp_path / "rdm.csv", 1 - np.corrcoef(seen), delimiter=",")
    return tmp_path


PROOF_FILE = """\
arms:
  - {arm: base, model: net, features: &of {photos: photos.safetensors, sketches: sketches.safetensors}}
  - {arm: control, model: net, features: *of, transform: control.safetensors}
  - {arm: aligned, model: net, features: *of, transform: aligned.safetensors}
labels: {photos: photos.csv, sketches: sketches.csv}
tasks:
  - task: odd_one_out
    dataset: photos
    judgements: {source: things, path: photos_trials.txt, ids: photos.txt, order: unique_id, base: 0}
  - {task: levels, dataset: photos, judgements: {source: levels, path: levels.json, min_trials: 100}}
  - {task: rsa, dataset: photos, judgements: {source: human_rdm, path: rdm.csv, ids: photos.txt}}
  - {task: neighbors, dataset: photos, k: 5}
  - {task: few_shot, dataset: photos, shots: 3, method: ridge}
  - {task: linear_probe, dataset: photos, method: ridge}
  - {task: shift, dataset: photos, tested: sketches, method: ridge}
"""


def aligned(tree, seealike):
    """Two maps of the same features to the same triplets: answered by people, and by the features themselves."""
    judged = (
        "--source",
        "things",
        "--ids",
        tree / "fit.txt",
        "--option",
        "order=unique_id",
        "--option",
        "base=0",
    )
    brief = ("--folds", "2", "--regularization", ".03")
    people = tree / "fit_trials.txt"
    assert seealike("align", "fit", tree / "fit.safetensors", people, *judged, *brief, "--out", tree / "aligned.safetensors")[0] == 0  # fmt: skip # noqa: E501
    sample = ("triplets", "sample", tree / "fit.csv", "-n", "1000", "--rule", "random")
    assert seealike(*sample, "--out", tree / "asked.npz")[0] == 0
    answer = ("triplets", "respond", tree / "asked.npz", "--features", tree / "fit.safetensors")
    assert seealike(*answer, "--out", tree / "own.npz")[0] == 0
    assert seealike("align", "fit", tree / "fit.safetensors", tree / "own.npz", *brief, "--out", tree / "control.safetensors")[0] == 0  # fmt: skip # noqa: E501


def test_aligning_recovers_what_people_see_and_the_control_does_not(tree, seealike):
    aligned(tree, seealike)
    (tree / "proof.yaml").write_text(PROOF_FILE)
    code, out, err = seealike("align", "evaluate", tree / "proof.yaml", "--out", tree / "proof.parquet")
    assert (code, "Traceback" in out + err) == (0, False)
    table = checked(pl.read_parquet(tree / "proof.parquet"), PROOF, "proof")
    value = {(arm, task): v for arm, task, v in table.select("arm", "task", "value").iter_rows()}

    def arms(task):
        return [value[arm, task] for arm in ("base", "control", "aligned")]

    people = ["odd_one_out", "levels_coarse", "levels_border", "rsa_spearman"]
    times = ["times_coarse", "times_border"]
    for task in [*people, *times, "neighbors", "few_shot", "linear_probe", "shift"]:
        base, control, after = arms(task)
        assert after > max(base, control) + 0.04, task
        assert abs(control - base) < 0.04, task
    base, control, after = arms("kl_divergence")
    assert after < min(base, control) - 0.05
    # People stand on the scale of the models: single answers.
    for task in ("odd_one_out", "levels_coarse", "levels_fine", "levels_border"):
        assert value["chance", task] == pytest.approx(1 / 3)
        assert value["agreement", task] < value["ceiling", task] < value["majority", task]
        assert value["aligned", task] < value["majority", task]
    assert table.filter(task="levels_fine", arm="aligned")["n"].item() == 8 * 40  # catch trials are left out


def test_times_need_times(tree, seealike):
    """Without response times a level has its accuracy alone."""
    people = json.loads((tree / "levels.json").read_text())
    for trials in people.values():
        for trial in trials:
            trial["rt"] = None
    (tree / "levels.json").write_text(json.dumps(people))
    tasks = PROOF_FILE.split("tasks:\n")[0].split("  - {arm: control")[0] + "tasks:\n"
    line = next(line for line in PROOF_FILE.splitlines() if "task: levels" in line)
    (tree / "proof.yaml").write_text(tasks + line + "\n")
    assert seealike("align", "evaluate", tree / "proof.yaml", "--out", tree / "p.parquet")[0] == 0
    asked = pl.read_parquet(tree / "p.parquet")["task"].unique().to_list()
    assert sorted(asked) == ["levels_border", "levels_coarse", "levels_fine"]
