"""The training loop: one network, from a recipe and a pool of images to a checkpoint with its history."""

from __future__ import annotations

import hashlib
import math
from dataclasses import asdict, dataclass
from threading import Lock

import torch
from torch import Tensor, nn

from seealike.data.identity import digest
from seealike.demo import networks
from seealike.demo.learners import LEARNERS, Learner
from seealike.demo.pool import Pool

#: architecture -> class in `seealike.demo.networks`.
ARCHITECTURES = {"convolutional": "ConvNet", "transformer": "VisionTransformer"}

#: Raised by hand when this loop, a loss or a view changes what is learned.
REVISION = 1

_GLOBAL_CHANCE = Lock()


@dataclass(frozen=True)
class Recipe:
    """What is trained and how.

    Attributes:
        objectives: names out of `LEARNERS`.
        architectures: names out of `ARCHITECTURES`.
        seeds: networks of each kind; they differ in initial weights, batches and views.
        steps: updates of a network.
        batch: images of a step.
        rate: largest learning rate of AdamW, reached after a tenth of the steps, then down a cosine to zero.
        decay: weight decay.
        images: about how many training, and as many evaluation, images a dataset has.

    Example:
        >>> Recipe(seeds=2).steps
        120
    """

    objectives: tuple[str, ...] = ("classification", "self-supervised", "image-text")
    architectures: tuple[str, ...] = tuple(ARCHITECTURES)
    seeds: int = 3
    steps: int = 120
    batch: int = 64
    rate: float = 3e-3
    decay: float = 0.05
    images: int = 300


@dataclass(frozen=True)
class Job:
    """One network to train.

    Attributes:
        objective: what it learns.
        architecture: what it is.
        seed: which of its kind.

    Example:
        >>> Job("image-text", "transformer", 2).name
        'transformer_image-text_2'
    """

    objective: str
    architecture: str
    seed: int

    @property
    def name(self) -> str:
        """The model's name and its file's stem."""
        return f"{self.architecture}_{self.objective}_{self.seed}"

    def recipe_digest(self, recipe: Recipe, data: str, seed: int) -> str:
        """A digest of everything that decides the weights: settings, seed and training images.

        Example:
            >>> job = Job("classification", "convolutional", 0)
            >>> job.recipe_digest(Recipe(), "", 0) == job.recipe_digest(Recipe(steps=7), "", 0)
            False
        """
        settings = {k: v for k, v in asdict(recipe).items() if k in ("steps", "batch", "rate", "decay")}
        told = [REVISION, self.name, settings, data, seed]
        return digest(told)


def jobs(recipe: Recipe) -> list[Job]:
    """Every network of a recipe, seeds outermost.

    Example:
        >>> len(jobs(Recipe()))
        18
    """
    return [
        Job(objective, architecture, seed)
        for seed in range(recipe.seeds)
        for objective in recipe.objectives
        for architecture in recipe.architectures
    ]


def learner(job: Job, pool: Pool, made_by: str) -> Learner:
    """The untrained network of a job with its head; initial weights follow from `made_by`, the job's digest, alone.

    torch's layers draw their first weights from its global generator; it is locked and put back.
    """
    with _GLOBAL_CHANCE, torch.random.fork_rng(devices=[]):
        torch.manual_seed(_seed(made_by, "weights"))
        tower: nn.Module = getattr(networks, ARCHITECTURES[job.architecture])()
        student = LEARNERS[job.objective](tower, pool)
    student.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue] (its stubs lack this one)
    return student


def train(student: Learner, pool: Pool, recipe: Recipe, made_by: str) -> list[float]:
    """Train a learner in place.

    Args:
        student: from `learner`.
        pool: the training images.
        recipe: steps, batch, learning rate and decay.
        made_by: the job's digest; batches and views follow from it.

    Returns:
        The loss of every step.
    """
    chance = torch.Generator().manual_seed(_seed(made_by, "batches"))
    optimizer = torch.optim.AdamW(student.parameters(), lr=recipe.rate, weight_decay=recipe.decay, fused=True)
    losses = []
    student.train()
    for step in range(recipe.steps):
        for group in optimizer.param_groups:
            group["lr"] = recipe.rate * schedule(step, recipe.steps)
        loss = student.loss(pool, _batch(pool, recipe.batch, chance), chance)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    student.eval()
    return losses


def schedule(step: int, steps: int) -> float:
    """Share of the largest learning rate: up a line over the first tenth, then down half a cosine.

    Example:
        >>> [round(schedule(s, 20), 2) for s in (0, 1, 2, 11, 19)]
        [0.5, 1.0, 1.0, 0.5, 0.01]
    """
    rise = max(1, steps // 10)
    if step < rise:
        return (step + 1) / rise
    return (1 + math.cos(math.pi * (step - rise) / (steps - rise))) / 2


def _batch(pool: Pool, size: int, chance: torch.Generator) -> Tensor:
    """Different rows of the pool, all equally likely."""
    return torch.randperm(len(pool.images), generator=chance)[:size]


def _seed(made_by: str, use: str) -> int:
    """A seed for one use of chance, below 2^63."""
    return int.from_bytes(hashlib.sha256(f"{made_by} {use}".encode()).digest()[:8]) >> 1
