"""Throughput of the training loop against a bare one, interleaved; and of many small networks trained as one.

    python benchmarks/training.py

Prints steps a second of both, their ratio (median over the repetitions, processor time), and the factor of training
eight networks in one batched forward pass (torch.func) over one after the other.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.func import functional_call, grad, stack_module_state, vmap

from seealike.training import Recipe, drawing_from, train
from seealike.training.classification import ImageClassification, ImagePool
from seealike.training.networks import Perceptron, SmallConvNet

STEPS, BATCH, REPETITIONS, NETWORKS = 400, 64, 5, 8


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


def ours(make, pool: ImagePool) -> float:
    """Processor seconds of our loop, weights on disk included."""
    task = task_of(make, pool)
    with tempfile.TemporaryDirectory() as folder:
        began = time.process_time()
        train(task, Recipe(steps=STEPS, learning_rate=0.01), Path(folder))
        return time.process_time() - began


def bare(make, pool: ImagePool) -> float:
    """Processor seconds of the shortest loop that learns the same."""
    task = task_of(make, pool)
    optimizer = torch.optim.AdamW(task.module.parameters(), lr=0.01, weight_decay=0.0, fused=True)
    task.module.train()
    done, losses = 0, []
    began = time.process_time()
    while done < STEPS:
        for batch in task.batches(done, torch.Generator().manual_seed(done)):
            loss = task.loss(task.module, batch)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.item())
            done += 1
            if done == STEPS:
                break
    return time.process_time() - began


def stacked(make, pool: ImagePool, *, together: bool) -> float:
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
        for _ in range(STEPS):
            for name, slope in slopes(parameters, buffers, images).items():
                parameters[name].grad = slope
            optimizer.step()
        return time.process_time() - began
    for task in tasks:
        optimizer = torch.optim.AdamW(task.module.parameters(), lr=0.01, fused=True)
        for _ in range(STEPS):
            nn.functional.cross_entropy(task.module(images), labels).backward()
            optimizer.step()
            optimizer.zero_grad()
    return time.process_time() - began


NETWORKS_OF = {
    "perceptron, 8 px": (lambda: Perceptron(10, 64), pool_of(8, 1)),
    "convolutions, 8 px": (lambda: SmallConvNet(10, 1, (16, 32)), pool_of(8, 1)),
    "convolutions, 32 px": (lambda: SmallConvNet(10, 3, stride=2), pool_of(32, 3)),
}


def main() -> int:
    """Measure, print, and say by the exit code whether all ratios are at least 0.9."""
    torch.set_num_threads(1)
    worst = 1.0
    for name, (make, pool) in NETWORKS_OF.items():
        ours(make, pool), bare(make, pool)  # warm up
        pairs = [(ours(make, pool), bare(make, pool)) for _ in range(REPETITIONS)]
        ratio = statistics.median(theirs / mine for mine, theirs in pairs)
        rates = [STEPS / statistics.median(one) for one in zip(*pairs, strict=True)]
        print(f"{name}: {rates[0]:.0f} steps/s, bare {rates[1]:.0f} steps/s, ratio {ratio:.3f}")
        worst = min(worst, ratio)
        one, many = (stacked(make, pool, together=together) for together in (False, True))
        print(
            f"{name}: {NETWORKS} networks in one pass: {one / many:.2f} times as fast as one after the other"
        )
    return 0 if worst >= 0.9 else 1


if __name__ == "__main__":
    sys.exit(main())
