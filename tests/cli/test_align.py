"""``seealike align``: fit, apply, probe and evaluate from files, and what they say of wrong ones."""

import numpy as np
import polars as pl
import pytest
from scipy.special import softmax

from seealike import Features, read_features, write_features
from seealike.data.arrays import read_header
from seealike.data.identity import FeatureKey
from seealike.data.tables import ALIGNMENT, PROOF, checked
from seealike.data.triplet_files import TripletFile, write_triplets
from seealike.transforms import read_transform

IDS = tuple(f"o{k:02d}" for k in range(50))
KEY = FeatureKey("net", "w1", "pool", "none", "{}", "things", "r1", "all")
BRIEF = ("--folds", "2", "--regularization", ".001")


@pytest.fixture
def tree(tmp_path):
    """Features of a model, of another, and people who see three of the first one's dimensions."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((50, 6))
    seen = 1.5 * x * [1, 1, 1, 0, 0, 0]
    rows = np.array([rng.choice(50, 3, replace=False) for _ in range(1500)])
    dots = np.stack(
        [(seen[rows[:, a]] * seen[rows[:, b]]).sum(1) for a, b in ((0, 1), (0, 2), (1, 2))], axis=1
    )
    order = np.array([[0, 1, 2], [0, 2, 1], [1, 2, 0]])
    chosen = (rng.random((1500, 1)) > softmax(dots, axis=1).cumsum(axis=1)[:, :2]).sum(axis=1)
    np.savetxt(tmp_path / "trials.txt", np.take_along_axis(rows, order[chosen], axis=1), fmt="%d")
    (tmp_path / "ids.txt").write_text("\n".join(IDS) + "\n")
    best = dots.argmax(axis=1)
    moved = np.take_along_axis(dots, np.array([[0, 1, 2], [1, 0, 2], [2, 0, 1]])[best], axis=1)
    ordered = np.take_along_axis(rows, order[best], axis=1)
    write_triplets(tmp_path / "soft.npz", TripletFile(np.array(IDS)[ordered], moved, ordered))
    write_features(tmp_path / "net.safetensors", Features(x, IDS, KEY), dtype="float64")
    other = FeatureKey("vit", "w2", "pool", "none", "{}", "things", "r1", "all")
    write_features(tmp_path / "vit.safetensors", Features(rng.standard_normal((50, 6)), IDS, other))
    return tmp_path


def _trials(tree):
    return (
        tree / "trials.txt",
        "--source",
        "things",
        "--ids",
        tree / "ids.txt",
        "--option",
        "order=unique_id",
        "--option",
        "base=0",
    )


def test_fit_then_apply_then_refuse(seealike, tree):
    code, out, _ = seealike(
        "align", "fit", tree / "net.safetensors", *_trials(tree), "--out", tree / "t.safetensors", *BRIEF
    )
    assert code == 0
    assert "1500 triplets of 50 objects; in each of 2 folds" in out
    assert "chosen: regularization 0.001, alpha 0" in out
    saved = read_transform(tree / "t.safetensors")
    assert saved.judgements == "things: trials.txt"
    assert saved.scores["loss"].mean() < 0.8 * saved.scores["unfitted"].mean()
    code, out, _ = seealike(
        "align", "apply", tree / "t.safetensors", tree / "net.safetensors", "--out", tree / "a.safetensors"
    )
    assert (code, "50 samples of 6 dimensions" in out) == (0, True)
    mapped, given = read_features(tree / "a.safetensors"), read_features(tree / "net.safetensors")
    np.testing.assert_allclose(mapped.values, saved.affine(given).values, rtol=1e-5, atol=1e-6)
    assert mapped.key.normalization.startswith("affine-")
    for file, words in (
        ("vit", "which it was fitted to, got features of vit"),
        ("a", "normalization affine-"),
    ):
        code, _, err = seealike(
            "align",
            "apply",
            tree / "t.safetensors",
            tree / f"{file}.safetensors",
            "--out",
            tree / "b.safetensors",
        )
        assert (code, words in err, "Traceback" in err) == (2, True, False)


def test_soft_targets_and_neighborhoods(seealike, tree):
    code, out, _ = seealike(
        "align", "fit", tree / "net.safetensors", tree / "soft.npz", "--out", tree / "t.safetensors", *BRIEF,
        "--neighbors", tree / "net.safetensors", "--alpha", "0", "--alpha", ".5",
    )  # fmt: skip
    assert code == 0
    assert read_transform(tree / "t.safetensors").scores.height == 4
    assert "answered triplets: soft.npz" in read_transform(tree / "t.safetensors").judgements
    assert float(out.split("not seen: ")[1].split()[0]) < 0.1  # a map from soft targets comes near


def test_what_is_wrong_is_one_line(seealike, tree):
    net, vit, out = tree / "net.safetensors", tree / "vit.safetensors", ("--out", tree / "t.safetensors")
    other = ("--neighbors", vit, "--alpha", ".5")
    for words, message in (
        (("fit", net, tree / "trials.txt", *out), "expected --source, or an .npz"),
        (("fit", net, *_trials(tree), *out, *other), "--neighbors: expected features of net"),
        (("apply", tree / "no.npz", net, *out), "no such file"),
        (("probe", *_trials(tree)), "features of different models or layers, got none"),
        (("probe", tree / "trials.txt", net, net, *_trials(tree)[1:]), "the same one twice"),
    ):
        code, _, err = seealike("align", *words)
        assert code == 2
        assert message in err
        assert "Traceback" not in err


def test_embed_says_what_it_is_worth_for_other_triplets(seealike, tree):
    sparse = ("align", "embed", *_trials(tree), "--method", "sparse", "--n-dims", "3", "--folds", "2")
    code, out, _ = seealike(*sparse, "--out", tree / "e.safetensors")
    assert code == 0
    assert "triplets left out: " in out
    notes = read_header(tree / "e.safetensors").notes
    alone, share = (float(notes[name]) for name in ("unseen_cross_entropy", "unseen_share"))
    assert f"{alone:.4f} nats a trial (no preference 1.0986)" in out
    assert 0 <= share <= 1
    assert (f"a share of {share:.2f}" in out) == (share > 0)
    rng = np.random.default_rng(5)  # choices of nobody: nothing is known of others
    np.savetxt(tree / "trials.txt", [rng.permutation(50)[:3] for _ in range(300)], fmt="%d")
    code, out, _ = seealike(*sparse, "--out", tree / "e.safetensors")
    assert (code, "it says nothing of triplets that nobody judged" in out) == (0, True)


def test_probe_writes_rows_of_alignment(seealike, tree):
    files = (tree / "net.safetensors", tree / "vit.safetensors")
    rest = (*_trials(tree)[1:], *BRIEF, "--draws", "1", "--out", tree / "a.parquet")
    code, out, _ = seealike("align", "probe", tree / "trials.txt", *files, *rest)
    assert code == 0
    assert "cross-recovery: " in out
    table = checked(pl.read_parquet(tree / "a.parquet"), ALIGNMENT, "a")
    score = {
        (m, r): v
        for m, r, v in table.filter(score="odd_one_out").select("model", "readout", "value").iter_rows()
    }
    assert score["net", "features, fitted"] > score["net", "features"] + 0.02
    assert score["net", "features, fitted"] > score["vit", "features, fitted"] + 0.1
    assert table.filter(score="recovery", model="net", readout="features, fitted")["value"].item() == 1


PROOF_FILE = """\
arms:
  - {arm: base, model: net, features: {things: net.safetensors}}
  - {arm: aligned, model: net, features: {things: net.safetensors}, transform: t.safetensors}
labels: {things: labels.csv}
tasks:
  - task: odd_one_out
    dataset: things
    judgements: {source: things, path: trials.txt, ids: ids.txt, order: unique_id, base: 0}
  - {task: neighbors, dataset: things, k: 3}
"""


def test_evaluate_from_files(seealike, tree):
    seealike(
        "align", "fit", tree / "net.safetensors", *_trials(tree), "--out", tree / "t.safetensors", *BRIEF
    )
    (tree / "proof.yaml").write_text(PROOF_FILE)
    (tree / "labels.csv").write_text(
        "file,label\n" + "".join(f"{name},c{k % 5}\n" for k, name in enumerate(IDS))
    )
    code, out, _ = seealike("align", "evaluate", tree / "proof.yaml", "--out", tree / "proof.parquet")
    assert code == 0
    header, first = out.splitlines()[:2]
    assert header.split() == ["base", "aligned", "ceiling", "majority", "agreement", "chance"]
    assert first.startswith("net: odd_one_out things")
    assert first.endswith("0.333")
    table = checked(pl.read_parquet(tree / "proof.parquet"), PROOF, "proof").filter(task="odd_one_out")
    values = dict(table.select("arm", "value").iter_rows())
    assert values["aligned"] > values["base"] + 0.02 > values["chance"] + 0.02
    (tree / "labels.csv").unlink()
    for text, message in (
        (PROOF_FILE, "labels.csv, which does not exist"),
        (
            PROOF_FILE.replace("labels: {things: labels.csv}\n", "").replace("arm: base", "arms: base"),
            "unknown key 'arms'",
        ),
    ):
        (tree / "proof.yaml").write_text(text)
        code, _, err = seealike("align", "evaluate", tree / "proof.yaml", "--out", tree / "p.csv")
        assert (code, message in err) == (2, True)
    (tree / "proof.yaml").write_text(PROOF_FILE.replace("labels: {things: labels.csv}\n", ""))
    code, out, _ = seealike("align", "evaluate", tree / "proof.yaml", "--out", tree / "p.csv")
    assert (code, "classes of things: expected a table" in out) == (3, True)


NETWORK = """\
import torch


def network():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(192, 6))
"""
STUDY = """\
name: s
models:
  - {source: python, name: net, function: net.py:network, layer: '1', input: {size: 8}}
  - {source: python, name: net-aligned, function: net.py:network, layer: '1', input: {size: 8}, transform: t.npz}
datasets:
  - {source: image_folder, name: photos, path: images}
measures: [cka]
analyses: []
"""


def test_evaluate_a_study_and_aligned_models_in_it(seealike, tree):
    """One model stands in a study as it is and as mapped; the proof joins the study's tables."""
    from PIL import Image

    rng = np.random.default_rng(1)
    for k in range(24):
        folder = tree / "images" / f"c{k % 2}"
        folder.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 60, (8, 8, 3)) + 150 * (k % 2)
        Image.fromarray(pixels.astype("u1")).save(folder / f"{k:02d}.png")
    (tree / "net.py").write_text(NETWORK)
    np.savez(tree / "t.npz", weights=np.diag([3.0, 1, 1, 0.1, 0.1, 0.1]), mean=0.0, std=1.0)
    (tree / "study.yaml").write_text(STUDY)
    assert seealike("run", tree / "study.yaml")[0] == 0
    proof = (
        "study: study.yaml\narms:\n  - {arm: base, model: net}\n  - {arm: aligned, model: net, label: net-aligned}\n"
        "tasks:\n  - {task: neighbors, dataset: photos, k: 3}\n  - {task: neighbors, dataset: photo}\n"
    )
    (tree / "proof.yaml").write_text(proof)
    code, out, _ = seealike("align", "evaluate", tree / "proof.yaml")
    assert code == 3
    assert "Did you mean 'photos'" in out
    table = checked(pl.read_parquet(tree / "results" / "tables" / "proof.parquet"), PROOF, "proof")
    known = table.filter(dataset="photos")
    assert known["reason"].null_count() == known.height
    assert known.filter(task="neighbors", arm="base")["value"].item() > 0.9
    assert known.filter(task="neighbors_kept")["value"].item() < 1  # the map is in use
    assert seealike("report", tree / "study.yaml")[0] == 0
    assert pl.read_parquet(tree / "results" / "tables" / "proof.parquet").equals(table)  # it stays
    page = (tree / "results" / "report.html").read_text()
    assert "neighbors_kept" in page
