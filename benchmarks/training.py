"""Throughput of the training loop against a bare one, interleaved; and of many small networks trained as one.

    python benchmarks/training.py [--no-write]

Steps a second of both, their ratio (median over the repetitions, processor time), and the factor of training eight
networks in one batched forward pass (torch.func) over one after the other. One thread, about two minutes. The table is
printed and written to benchmarks/results/training.md; the exit code says whether all ratios are at least 0.9.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from all_pairs import _processor
from torch import nn
from torch.func import functional_call, grad, stack_module_state, vmap

from seealike.training import Recipe, drawing_from, train
from seealike.training.classification import ImageClassification, ImagePool
from seealike.training.networks import Perceptron, SmallConvNet

BATCH, REPETITIONS, NETWORKS, WANTED = 64, 9, 8, 0.9
RESULTS = Path(__file__).parent / "results" / "training.md"


def pool_of(size: int, channels: int, n: int = 2000) -> ImagePool:
    """Noise."""
    shape = (n, channels, size, size)
    pixels = torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    return ImagePool(pixels, torch.zeros(1, 1, 1, 1), torch.ones(1, 1, 1, 1))


def task_of(make, pool: ImagePool) -> ImageClassification:
    """Ten classes."""
    with drawing_from(0):
        module = make()
    rows = np.arange(len(pool.pixels))
    return ImageClassification(module, pool, rows, rows % 10, BATCH)


def ours(make, pool: ImagePool, steps: int) -> float:
    """Processor seconds of our loop, weights on disk included."""
    task = task_of(make, pool)
    with tempfile.TemporaryDirectory() as folder:
        began = time.process_time()
        train(task, Recipe(steps=steps, learning_rate=0.01), Path(folder))
        return time.process_time() - began


def bare(make, pool: ImagePool, steps: int) -> float:
    """Processor seconds of the shortest loop that learns the same."""
    task = task_of(make, pool)
    optimizer = torch.optim.AdamW(task.module.parameters(), lr=0.01, weight_decay=0.0, fused=True)
    task.module.train()
    done, losses = 0, []
    began = time.process_time()
    while done < steps:
        for batch in task.batches(done, torch.Generator().manual_seed(done)):
            loss = task.loss(task.module, batch)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.item())
            done += 1
            if done == steps:
                break
    return time.process_time() - began


def stacked(make, pool: ImagePool, steps: int, *, together: bool) -> float:
    """Processor seconds of so many networks, in one batched pass or one after the other, with the same optimizer."""
    tasks = [task_of(make, pool) for _ in range(NETWORKS)]
    images = pool.pixels[:BATCH].float() / 255
    labels = torch.arange(BATCH) % 10
    began = time.process_time()
    if together:
        parameters, buffers = stack_module_state([task.module for task in tasks])
        skeleton = tasks[0].module

        def loss(weights, rest, x):
            return nn.functional.cross_entropy(functional_call(skeleton, (weights, rest), (x,)), labels)

        optimizer = torch.optim.AdamW(parameters.values(), lr=0.01, fused=True)
        slopes = vmap(grad(loss), in_dims=(0, 0, None))
        for _ in range(steps):
            for name, slope in slopes(parameters, buffers, images).items():
                parameters[name].grad = slope
            optimizer.step()
        return time.process_time() - began
    for task in tasks:
        optimizer = torch.optim.AdamW(task.module.parameters(), lr=0.01, fused=True)
        for _ in range(steps):
            nn.functional.cross_entropy(task.module(images), labels).backward()
            optimizer.step()
            optimizer.zero_grad()
    return time.process_time() - began


#: Network, images and how many steps.
NETWORKS_OF = {
    "perceptron, 8 px": (lambda: Perceptron(10, 64), pool_of(8, 1), 1000),
    "convolutions, 8 px": (lambda: SmallConvNet(10, 1, (16, 32)), pool_of(8, 1), 200),
    "convolutions, 32 px": (lambda: SmallConvNet(10, 3, stride=2), pool_of(32, 3), 60),
}


def row_of(name: str) -> tuple[float, str]:
    """The ratio of one network, and its line of the table."""
    make, pool, steps = NETWORKS_OF[name]
    ours(make, pool, steps), bare(make, pool, steps)  # warm up
    pairs = []
    for number in range(REPETITIONS):  # who goes first changes
        order = (ours, bare) if number % 2 else (bare, ours)
        taken = {one: one(make, pool, steps) for one in order}
        pairs.append((taken[ours], taken[bare]))
    ratios = [theirs / mine for mine, theirs in pairs]
    ratio = statistics.median(ratios)
    rates = [steps / statistics.median(one) for one in zip(*pairs, strict=True)]
    one, many = (stacked(make, pool, steps // 2, together=together) for together in (False, True))
    spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
    cells = (name, f"{rates[0]:.0f}", f"{rates[1]:.0f}", f"{ratio:.3f}", spread, f"{one / many:.2f}")
    return ratio, f"| {' | '.join(cells)} |"


def report() -> tuple[float, str]:
    """The smallest ratio, and the text of the results."""
    rows = [row_of(name) for name in NETWORKS_OF]
    where = f"{_processor()}, torch {torch.__version__} on 1 thread, Python {platform.python_version()}"
    lines = [
        "# The training loop against a bare one",
        "",
        f"- {where}, {platform.system()}",
        f"- batches of {BATCH}, AdamW; processor time, {REPETITIONS} times each in turn; the ratio is their median, "
        "ours with its setting up and its weights on disk",
        f"- the last column: {NETWORKS} networks in one batched pass (torch.func), as many times as fast as one by one",
        "",
        f"| network | steps/s | bare loop | ratio | from, to | {NETWORKS} at once |",
        "|---|---|---|---|---|---|",
        *(line for _, line in rows),
    ]
    return min(ratio for ratio, _ in rows), "\n".join(lines) + "\n"


def main() -> int:
    """Measure, print, write, and say by the exit code whether all ratios are large enough."""
    parser = argparse.ArgumentParser(description="The training loop against a bare one.")
    parser.add_argument("--no-write", action="store_true", help="print only")
    options = parser.parse_args()
    torch.set_num_threads(1)
    worst, text = report()
    print(text)
    if not options.no_write:
        RESULTS.write_text(text, encoding="utf-8")
    return 0 if worst >= WANTED else 1


if __name__ == "__main__":
    sys.exit(main())
