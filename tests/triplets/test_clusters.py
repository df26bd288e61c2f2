"""k-means: nearest centers, centers that are means, the planted clusters; and hard negatives between them."""

import json
from itertools import pairwise

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from scipy.stats import chisquare
from sklearn.metrics import adjusted_rand_score

from seealike.data.arrays import read_arrays
from seealike.data.features import Features
from seealike.data.store import write_features
from seealike.data.triplet_files import TripletFile, write_triplets
from seealike.errors import BadParameter, DataError, TooFewSamples
from seealike.triplets import clusters, k_means, sample_triplets, sampling, too_small


@pytest.fixture(scope="module")
def planted():
    rng = np.random.default_rng(0)
    middles = 5 * rng.standard_normal((12, 8))
    kinds = rng.integers(12, size=3000)
    return (middles[kinds] + rng.standard_normal((3000, 8)) + 100).astype(np.float32), kinds


@pytest.fixture(scope="module")
def made(planted):
    return k_means(planted[0], 12, seed=1)


def test_finds_the_planted_clusters(planted, made):
    assert adjusted_rand_score(planted[1], made.labels) > 0.8
    assert made.sizes.sum() == 3000
    np.testing.assert_array_equal(made.sizes, np.bincount(made.labels, minlength=12))


def test_labels_are_of_the_nearest_centers(planted, made):
    far = ((planted[0][:, None].astype(np.float64) - made.centers) ** 2).sum(axis=2)
    order = np.argsort(far, axis=1)
    np.testing.assert_array_equal(made.labels, order[:, 0])
    np.testing.assert_array_equal(made.runner_up, order[:, 1])
    assert made.inertia == pytest.approx(far.min(axis=1).mean(), rel=1e-4)


def test_centers_are_means_and_no_pass_is_worse(planted):
    told = []
    found = k_means(planted[0], 12, seed=1, tolerance=0, max_passes=50, progress=lambda *a: told.append(a))
    assert found.settled
    means = np.stack([planted[0][found.labels == c].mean(axis=0) for c in range(12)])
    np.testing.assert_allclose(found.centers, means, rtol=1e-5)
    values = [value for _, value in told]
    assert all(later <= earlier * (1 + 1e-6) for earlier, later in pairwise(values))
    assert found.passes == len(told) == told[-1][0]


def test_seeds_and_memory_maps(planted, made, tmp_path, monkeypatch):
    again = k_means(planted[0], 12, seed=1)
    np.testing.assert_array_equal(again.labels, made.labels)
    np.save(tmp_path / "x.npy", planted[0])
    mapped = k_means(np.load(tmp_path / "x.npy", mmap_mode="r"), 12, seed=1)
    np.testing.assert_array_equal(mapped.labels, made.labels)
    monkeypatch.setattr(clusters, "_BATCH", 256)  # many mini-batches end in clusters that are no worse
    assert k_means(planted[0], 12, seed=1).inertia < 1.5 * made.inertia


def test_what_cannot_be_clustered(planted):
    with pytest.raises(BadParameter, match="two clusters"):
        k_means(planted[0], 1)
    with pytest.raises(TooFewSamples, match="at least 4 images, got 3"):
        k_means(planted[0][:3], 4)


LABELS = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2, 3])
RIVALS = np.array([1, 1, 2, 0, 0, 2, 0, 0, 1, 0])


@pytest.mark.parametrize("weighting", ["images", "classes"])
def test_hard_negatives_are_as_likely_as_stated(weighting, monkeypatch):
    monkeypatch.setattr(sampling, "BLOCK", 4096)
    both = np.column_stack([LABELS, RIVALS])
    drawn = sample_triplets(both, 40_000, "hard_negative", 2, weighting=weighting)
    counts: dict[tuple[int, int, int], int] = {}
    for a, b, odd in drawn.tolist():
        counts[min(a, b), max(a, b), odd] = counts.get((min(a, b), max(a, b), odd), 0) + 1
    expected = {}
    sizes = np.bincount(LABELS)
    pairs = [(a, b) for a in range(10) for b in range(a + 1, 10) if LABELS[a] == LABELS[b]]
    for a, b in pairs:
        c = LABELS[a]
        odd = np.flatnonzero(np.equal(RIVALS, c))
        share = sizes[c] / 9 if weighting == "images" else 1 / 3  # class 3 has one image
        for o in odd:
            kinds = LABELS[odd]
            within = 1 / len(odd)
            if weighting == "classes":
                within = 1 / len(set(kinds)) / (kinds == LABELS[o]).sum()
            expected[a, b, int(o)] = share / (sizes[c] * (sizes[c] - 1) / 2) * within
    assert set(counts) == set(expected)
    likely = np.array([expected[key] for key in counts])
    assert likely.sum() == pytest.approx(1)
    assert chisquare(list(counts.values()), likely * len(drawn)).pvalue > 1e-3
    unique = sample_triplets(both, len(expected), "hard_negative", unique=True)
    assert len({(*sorted(row[:2]), row[2]) for row in unique.tolist()}) == len(expected)
    with pytest.raises(BadParameter, match=f"at most the {len(expected)} different"):
        sample_triplets(both, len(expected) + 1, "hard_negative", unique=True)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (LABELS, r"\(N, 2\), with runners-up"),
        (
            np.column_stack([LABELS, LABELS]),
            "row 0: expected a runner-up that is another of the classes, got 0",
        ),
        (np.column_stack([LABELS, RIVALS + 9]), "row 0.*got 10 for an image of 0"),
        (np.column_stack([[0, 1, 2], [1, 2, 0]]), "too small: 0, 1, 2"),
    ],
)
def test_hard_negatives_need_rivals(labels, words):
    with pytest.raises(DataError, match=words):
        sample_triplets(labels, 5, "hard_negative")


def test_clusters_that_are_too_small_are_named():
    assert too_small(LABELS, "class_border") == ["3"]
    assert too_small(LABELS, "within_class") == ["2", "3"]
    assert too_small(np.column_stack([LABELS, RIVALS]), "hard_negative") == ["3"]
    assert too_small(LABELS, "random") == []
    with pytest.raises(DataError, match=r"the largest with 2; too small: 0, 1, 2, 3, 4, …"):
        sample_triplets(np.repeat(np.arange(7), 2), 5, "cluster_within")


def test_from_features_to_answers_of_both_teachers(planted, tmp_path, seealike):
    ids = tuple(f"{k:04d}.png" for k in range(3000))
    write_features(tmp_path / "raw.safetensors", Features(planted[0] - 100, ids))
    write_features(tmp_path / "aligned.safetensors", Features(0.2 * (planted[0] - 100), ids))
    table, centers = tmp_path / "clusters.parquet", tmp_path / "centers.safetensors"
    code, out, _ = seealike(
        "triplets",
        "cluster",
        tmp_path / "aligned.safetensors",
        "-k",
        "12",
        "--out",
        table,
        "--centers",
        centers,
    )
    assert code == 0
    assert "12 clusters of" in out
    found = pl.read_parquet(table)
    assert found.columns == ["file", "cluster", "runner_up"]
    made_from = json.loads(pq.read_metadata(table).metadata[b"made_from"])
    assert (made_from["k"], made_from["seed"], made_from["space"]) == (12, 0, "as it came")
    assert len(made_from["sha256"]) == 64
    assert read_arrays(centers)[0]["centers"].shape == (12, 8)
    asked = tmp_path / "asked.npz"
    sample = ("triplets", "sample", table, "--label", "cluster", "-n", "400", "--out", asked)
    assert seealike(*sample, "--rule", "hard_negative")[0] == 0
    folder = tmp_path / "data"
    code, out, err = seealike(
        "triplets", "respond", asked, "--features", tmp_path / "aligned.safetensors",
        "--control", tmp_path / "raw.safetensors", "--folder", folder, "--split", "val",
    )  # fmt: skip
    assert (code, err) == (0, "")
    from seealike.data.triplet_files import read_triplets
    from seealike.data.triplet_layout import find_triplets

    both = [
        read_triplets(find_triplets(folder, name, "val", "hard_negative"))
        for name in ("uncertainty_distillation", "untransformed")
    ]
    assert [sorted(row) for row in both[0].filenames.tolist()] == [
        sorted(r) for r in both[1].filenames.tolist()
    ]
    np.testing.assert_allclose(both[1].similarities, both[0].similarities * 25, rtol=1e-5, atol=1e-3)
    assert both[0].notes["rule"] == "hard_negative"
    assert both[0].notes["teacher_features"] == "aligned.safetensors"
    assert both[0].notes["teacher_sha256"] != both[1].notes["teacher_sha256"]


def test_answers_are_named_by_how_the_triplets_were_drawn(tmp_path, seealike):
    table, asked = tmp_path / "images.csv", tmp_path / "asked.npz"
    table.write_text("file,cluster\n" + "\n".join(f"{k}.png,{k % 4}" for k in range(24)))
    names, rng = tuple(f"{k}.png" for k in range(24)), np.random.default_rng(0)
    write_features(tmp_path / "f.safetensors", Features(rng.standard_normal((24, 3)), names))
    answer = ("triplets", "respond", asked, "--features", tmp_path / "f.safetensors", "--folder", tmp_path)
    for rule, name in (("cluster_border", "cluster_border_4"), ("between_class", "between_class")):
        sample = (
            "triplets",
            "sample",
            table,
            "--label",
            "cluster",
            "--rule",
            rule,
            "-n",
            "9",
            "--out",
            asked,
        )
        assert seealike(*sample)[0] == seealike(*answer)[0] == 0
        assert (tmp_path / "uncertainty_distillation" / f"train_{name}.npz").exists()
    assert seealike(*answer, "--sampling", "mine")[0] == 0
    assert (tmp_path / "uncertainty_distillation" / "train_mine.npz").exists()
    write_triplets(asked, TripletFile(np.array(names[:6]).reshape(2, 3), None, np.arange(6).reshape(2, 3)))
    code, _, err = seealike(*answer)
    assert (code, "Name it with --sampling" in err) == (2, True)


def test_the_command_says_what_is_never_drawn(tmp_path, seealike):
    table = tmp_path / "images.csv"
    table.write_text("file,label\n" + "\n".join(f"{k}.png,{k // 3}" for k in range(8)))
    run = ("triplets", "sample", table, "--out", tmp_path / "o.npz", "-n", "10")
    code, _, err = seealike(*run, "--rule", "within_class")
    assert code == 0
    assert "1 too small to draw from: 2" in err
    code, _, err = seealike(
        "triplets", "respond", tmp_path / "o.npz", "--features", tmp_path / "f", "--control", tmp_path / "g"
    )
    assert code == 2
    assert "--control without --folder" in err


def test_tables_as_csv(planted, tmp_path, seealike):
    write_features(tmp_path / "f.safetensors", Features(planted[0][:100], tuple(map(str, range(100)))))
    assert (
        seealike("triplets", "cluster", tmp_path / "f.safetensors", "-k", "3", "--out", tmp_path / "c.csv")[0]
        == 0
    )
    assert pl.read_csv(tmp_path / "c.csv").height == 100
