"""A student's step against a plain training step of the same network on the same images (three a triplet).

    python benchmarks/students.py [--model test_vit] [--triplets 64] [--steps 20] [--rounds 5] [--no-write]

A plain step is: forward pass, mean of squares of the output, backward pass, Adam; nothing else, on a tensor of the
3 x triplets images that lies in memory. A student's step is what `seealike align tune` does: the next batch (images
prepared and kept in memory), encoding, the triplet loss, the backward pass, the pull to the initial weights, Adam in
the loop of `seealike.training` with its bookkeeping. All images of a batch differ, so that both encode the same.
Rounds alternate; seconds are those of the whole process on its threads. The table is printed and written to
benchmarks/results/students.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from seealike.sources.datasets.samples import Samples
from seealike.sources.models.timm import TimmCard
from seealike.students.images import TripletImages
from seealike.students.network import Student
from seealike.students.spec import Tuning
from seealike.students.task import TripletTask
from seealike.students.tune import starting
from seealike.training import Recipe, drawing_from, train

RESULTS = Path(__file__).parent / "results" / "students.md"


def main() -> None:
    """Measure, print, write."""
    options = _parser().parse_args()
    seconds: dict[str, list[float]] = {"plain": [], "student": []}
    for seed in range(options.rounds + 1):
        student, images = _made(options, seed)
        plain = _plain(student, images, options.steps)
        student, images = _made(options, seed)
        ours = _student(student, images, options)
        if seed:  # the first round warms up
            seconds["plain"].append(plain)
            seconds["student"].append(ours)
    report = _report(options, seconds)
    print(report)
    if not options.no_write:
        RESULTS.write_text(report, encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="A student's step against a plain training step.")
    parser.add_argument("--model", default="test_vit", help="of timm, untrained")
    parser.add_argument("--triplets", type=int, default=64, help="of a batch")
    parser.add_argument("--steps", type=int, default=20, help="of a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-write", action="store_true", help="print only")
    return parser


def _tuning(options: argparse.Namespace, seed: int) -> Tuning:
    recipe = Recipe(
        steps=options.steps, batch_size=options.triplets, optimizer="adam", learning_rate=3e-5, seed=seed
    )
    return Tuning(recipe=recipe)


def _made(options: argparse.Namespace, seed: int) -> tuple[Student, TripletImages]:
    """A student, and images in memory that no batch has twice."""
    pooling = "cls" if "vit" in options.model else "mean"
    about = {"source": "timm", "name": "m", "model": options.model, "pretrained": False, "pooling": pooling}
    card = TimmCard.model_validate({**about, "layer": "norm" if pooling == "cls" else "layer4"})
    with drawing_from(seed):
        student, _ = starting(card, _tuning(options, seed))
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (3 * options.triplets * 2, 64, 64, 3), dtype=np.uint8)
    ids = tuple(map(str, range(len(pixels))))
    samples = Samples(ids, lambda row: Image.fromarray(pixels[row]), None, (), "1f")
    return student, TripletImages(samples, np.arange(len(pixels)), student.model.preprocess)


def _plain(student: Student, images: TripletImages, steps: int) -> float:
    """Seconds a step of a bare loop."""
    batch = next(images.read([list(range(len(images) // 2))]))
    optimizer = torch.optim.Adam(student.parameters(), lr=3e-5)
    student.train()
    began = time.perf_counter()
    for _ in range(steps):
        student(batch).square().mean().backward()
        optimizer.step()
        optimizer.zero_grad()
    return (time.perf_counter() - began) / steps


def _student(student: Student, images: TripletImages, options: argparse.Namespace) -> float:
    """Seconds a step of ours."""
    rows = np.arange(len(images)).reshape(-1, 3)
    similarities = np.tile(np.float32([2, 0, 1]), (len(rows), 1))
    tuning = _tuning(options, 0)
    task = TripletTask(student, images, rows, similarities, tuning)
    with tempfile.TemporaryDirectory() as folder:
        times: list[float] = []
        train(
            task, tuning.recipe, Path(folder), progress=lambda done, total: times.append(time.perf_counter())
        )
    return (times[-1] - times[0]) / (len(times) - 1)


def _report(options: argparse.Namespace, seconds: dict[str, list[float]]) -> str:
    plain, ours = (statistics.median(seconds[name]) for name in ("plain", "student"))
    shares = [a / b for a, b in zip(seconds["plain"], seconds["student"], strict=True)]
    lines = [
        "# A student's step against a plain training step",
        "",
        f"- {os.cpu_count()} cores, torch {torch.__version__} on {torch.get_num_threads()} threads, "
        f"Python {platform.python_version()}, {platform.system()}",
        f"- timm's {options.model}, {options.triplets} triplets ({3 * options.triplets} different images) a step, "
        f"{options.rounds} rounds of {options.steps} steps, taken in turns; medians",
        "",
        "| | seconds a step | images a second |",
        "|---|---:|---:|",
        f"| plain step | {plain:.4f} | {3 * options.triplets / plain:.0f} |",
        f"| student | {ours:.4f} | {3 * options.triplets / ours:.0f} |",
        "",
        f"The student's throughput is {statistics.median(shares):.1%} of the plain step's "
        f"({min(shares):.1%} to {max(shares):.1%} over the rounds).",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
