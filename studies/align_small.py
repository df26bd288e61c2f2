"""Triplets for `align-small.yaml`, and what its students say of concepts that nobody has seen (see there).

    python align_small.py make  [--data DATA] [--out DIR]
    python align_small.py score [--data DATA] [--out DIR]

`make` writes aligned.npz and control.npz (the same triplets, answered by the teacher with and without the map) and
held-out.npz (triplets of held-out concepts, answered by people's embedding). The control's inner products have one
fitted scale, so that it is as sure as people are on average; nothing else is fitted for it.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.cluster import MiniBatchKMeans

from seealike.data.triplet_files import TripletFile, read_triplets, write_triplets
from seealike.sources.datasets.samples import Samples
from seealike.sources.models import OnnxCard
from seealike.students.images import TripletImages, found_rows, together
from seealike.study import read_studies
from seealike.transforms import Settings, fit_transform
from seealike.triplets import respond, sample_triplets

HERE = Path(__file__).parent
STUDY = HERE / "align-small.yaml"
TEACHER = "models/natural/in1k_mnv1_025_128.onnx"
#: Words that name one thing in ImageNet and another in THINGS.
HOMONYMS = {"kite", "crane", "cardigan"}
COMPONENTS, CLUSTERS, TRIPLETS, JUDGED = 32, 50, 6000, 8000
PAIRS = ((0, 1), (0, 2), (1, 2))


def main() -> None:
    """Make the triplets, or score the students."""
    parser = argparse.ArgumentParser(description="Triplets for align-small.yaml, and the students' scores.")
    parser.add_argument("what", choices=["make", "score"])
    parser.add_argument("--data", type=Path, default=HERE.parents[1] / "shared" / "data")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "align-small" / "triplets")
    options = parser.parse_args()
    lines = make(options.data, options.out) if options.what == "make" else score(options.data, options.out)
    sys.stdout.write("\n".join(lines) + "\n")


@dataclass(frozen=True)
class Concepts:
    """Which images show which object of THINGS.

    Attributes:
        objects: (N,) row of the embedding, -1 for images of no object.
        embedding: (1854, 66) SPoSE.
        held_out: (N,) whether its concept is kept for the end.
    """

    objects: np.ndarray
    embedding: np.ndarray
    held_out: np.ndarray

    def drawn(self, rows: np.ndarray, n: int, seed: int) -> np.ndarray:
        """(n, 3) of these rows, of three different concepts."""
        drawn = np.random.default_rng(seed).choice(rows, (2 * n, 3))
        x, y, z = self.objects[drawn].T
        return drawn[(x != y) & (x != z) & (y != z)][:n]

    def people(self, triplets: np.ndarray) -> np.ndarray:
        """(n, 3) probabilities of people's choices."""
        return softmax(products(self.embedding, self.objects[triplets]), axis=1)


def concepts(samples: Samples, data: Path) -> Concepts:
    """Images by the word in their name or folder, where THINGS has just one object of that word."""
    things = data / "human" / "things"
    names = [_word(name) for name in (things / "unique_id.txt").read_text().split()]
    once = {name: row for row, name in enumerate(names) if Counter(names)[name] == 1 and name not in HOMONYMS}
    objects = np.array([once.get(_concept(name), -1) for name in samples.sample_ids])
    order = np.random.default_rng(0).permutation(np.unique(objects[objects >= 0]))
    held_out = np.isin(objects, order[len(order) // 2 :])  # the first half served to choose the settings
    return Concepts(objects, np.loadtxt(things / "spose_embedding_66d_sorted.txt"), held_out)


def _concept(sample: str) -> str:
    found = re.search(r"n\d{8}_(.*)_JPEG", sample)
    return _word(found.group(1) if found else sample.partition("/")[0]) if "/" in sample else ""


def _word(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.lower())


def products(z: np.ndarray, triplets: np.ndarray) -> np.ndarray:
    """(n, 3) inner products of the pairs."""
    return np.stack([np.einsum("nd,nd->n", z[triplets[:, a]], z[triplets[:, b]]) for a, b in PAIRS], axis=1)


def make(data: Path, out: Path) -> list[str]:
    """Write the three files; what was fitted, in words."""
    samples = _samples(data)
    known = concepts(samples, data)
    raw = _teacher(samples, data)
    train, judged = np.flatnonzero(~known.held_out), np.flatnonzero((known.objects >= 0) & ~known.held_out)
    raw = raw - raw[train].mean(axis=0)
    components = np.linalg.svd(raw[train], full_matrices=False)[2][:COMPONENTS]
    asked = known.drawn(judged, JUDGED, seed=1)
    fitted = fit_transform(
        raw @ components.T, asked, known.people(asked), Settings(regularization=0.1, max_steps=60)
    )
    features = {"aligned": fitted(raw @ components.T), "control": raw * _scale(raw, asked, known)}
    clusters = MiniBatchKMeans(CLUSTERS, random_state=0, n_init=3).fit_predict(features["aligned"][train])
    triplets = train[sample_triplets(clusters, TRIPLETS, "cluster_border", seed=0)]
    ids = np.array(samples.sample_ids)
    for name, z in features.items():
        made = respond(z, triplets)
        write_triplets(out / f"{name}.npz", TripletFile(ids[made.triplets], made.similarities, made.triplets))
    ends = known.drawn(np.flatnonzero(known.held_out), 20_000, seed=2)
    answers = respond(known.embedding[known.objects], ends)
    write_triplets(
        out / "held-out.npz", TripletFile(ids[answers.triplets], answers.similarities, answers.triplets)
    )
    share = {name: _agreement(products(z, ends), known.people(ends)).mean() for name, z in features.items()}
    said = ", ".join(f"{name} {value:.3f}" for name, value in share.items())
    return [
        f"{len(ids)} images, {len(judged)} judged; the teacher on held-out concepts: {said}; written to {out}"
    ]


def _samples(data: Path) -> Samples:
    (study,) = read_studies(STUDY, {"data": str(data)})
    return together([card.open(study.settings.seed) for card in study.students[0].images])


def _teacher(samples: Samples, data: Path) -> np.ndarray:
    about = {"source": "onnx", "name": "teacher", "file": str(data / TEACHER), "layer": "features"}
    return _read(
        OnnxCard.model_validate(about).load("cpu"), "features", samples, np.arange(len(samples.sample_ids))
    )


def _read(model: object, layer: str, samples: Samples, rows: np.ndarray) -> np.ndarray:
    """(len(rows), d) of one layer."""
    images = TripletImages(samples, rows, model.preprocess)
    chunks = [rows[start : start + 64].tolist() for start in range(0, len(rows), 64)]
    read = [model.forward(batch.numpy(), [layer])[layer] for batch in images.read(chunks)]
    return np.concatenate(read).reshape(len(rows), -1).astype(np.float64)


def _scale(raw: np.ndarray, asked: np.ndarray, known: Concepts) -> float:
    """The square root of the factor with which the teacher's own products are nearest to people's choices."""
    dots, people = products(raw, asked), known.people(asked)

    def loss(log_factor: float) -> float:
        return -float((people * log_softmax(np.exp(log_factor) * dots, axis=1)).sum(axis=1).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-12, 3), method="bounded").x / 2))


def _agreement(dots: np.ndarray, people: np.ndarray) -> np.ndarray:
    """(n,) how probable the choice is among people."""
    return np.take_along_axis(people, dots.argmax(axis=1)[:, None], axis=1)[:, 0]


def score(data: Path, out: Path, study: Path = STUDY) -> list[str]:
    """People's agreement with base, control and aligned, and the differences, with intervals of 95 %.

    Each student's head (base has none: the layer itself) is centered over the judged images and scaled to unit length.
    Intervals: concepts and seeds are drawn anew a thousand times.
    """
    (read,) = read_studies(study, {"data": str(data), "triplets": str(out)})
    samples = together([card.open(read.settings.seed) for card in read.students[0].images])
    held_out = read_triplets(out / "held-out.npz")
    rows, places = np.unique(
        found_rows(held_out.filenames, samples.sample_ids, "held-out"), return_inverse=True
    )
    places, people = places.reshape(-1, 3), softmax(held_out.similarities.astype(float), axis=1)
    agreed: dict[str, list[np.ndarray]] = {}
    for card in read.models:
        layer = "triplet_head" if card.source == "student" else card.layer_names[0]
        z = _read(card.load("cpu"), layer, samples, rows)
        z -= z.mean(axis=0)
        z /= np.linalg.norm(z, axis=1, keepdims=True)
        agreed.setdefault(card.fields.get("student", card.name), []).append(
            _agreement(products(z, places), people)
        )
    words = np.unique([_concept(samples.sample_ids[row]) for row in rows], return_inverse=True)[1]
    return _told(agreed, words[places], people)


def _told(agreed: dict[str, list[np.ndarray]], concept: np.ndarray, people: np.ndarray) -> list[str]:
    rng = np.random.default_rng(0)
    draws = {name: np.empty(1000) for name in agreed}
    for k in range(1000):
        times = np.bincount(
            rng.integers(concept.max() + 1, size=concept.max() + 1), minlength=concept.max() + 1
        )
        weights = times[concept].prod(axis=1)
        for name, runs in agreed.items():
            drawn = [runs[i] for i in rng.integers(len(runs), size=len(runs))]
            draws[name][k] = np.mean([np.average(one, weights=weights) for one in drawn])
    lines = [f"people's own most probable choice: {people.max(axis=1).mean():.4f}; chance: 0.3333"]
    for name, runs in agreed.items():
        values = ", ".join(f"{one.mean():.4f}" for one in runs)
        lines.append(f"{name}: {np.mean(runs):.4f} {_interval(draws[name])} (seeds: {values})")
    for other in ("base", "control"):
        difference = np.mean(agreed["aligned"]) - np.mean(agreed[other])
        lines.append(f"aligned - {other}: {difference:+.4f} {_interval(draws['aligned'] - draws[other])}")
    return lines


def _interval(draws: np.ndarray) -> str:
    low, high = np.quantile(draws, [0.025, 0.975])
    return f"[{low:.4f}, {high:.4f}]"


if __name__ == "__main__":
    main()
