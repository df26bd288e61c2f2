"""What is trained: a network, batches, and a loss."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from seealike.data.identity import digest
from seealike.errors import DataError


class Task(Protocol):
    """A network, batches of samples, and what it shall do with them.

    Attributes:
        module: the network with everything else that is trained (heads); trained in place. Parameters that do not
            require gradients stay as they are.
        n_batches: batches of an epoch.
    """

    module: nn.Module

    @property
    def n_batches(self) -> int:
        """Batches of an epoch."""
        ...

    def batches(self, epoch: int, generator: torch.Generator) -> Iterable[Any]:
        """The batches of one epoch, `n_batches` of them; tensors, or tuples, lists and dicts of tensors.

        Args:
            epoch: from 0.
            generator: on the CPU; order and augmentation are drawn from it and from nothing else, so that a training
                that was stopped can go on as if it had not been.
        """
        ...

    def loss(self, module: nn.Module, batch: Any) -> Tensor:
        """The loss of one batch, a scalar.

        Args:
            module: `module`, in the precision of the recipe; call it, do not reach into it.
            batch: one of `batches`, on the device.
        """
        ...


@runtime_checkable
class ChangesWeights(Protocol):
    """A task that does something to the weights itself after each step."""

    def after_step(self, module: nn.Module, learning_rate: float) -> None:
        """Called without gradients after each step, with the step's learning rate."""
        ...


@runtime_checkable
class ChangesWeightsFirst(Protocol):
    """A task that does something to the weights itself just before each step, as decoupled decay is defined."""

    def before_step(self, module: nn.Module, learning_rate: float) -> None:
        """Called without gradients between the backward pass and the optimizer, with the step's learning rate."""
        ...


@runtime_checkable
class StartsAnywhere(Protocol):
    """A task that need not make the batches that a resumed training has had."""

    def batches_from(self, epoch: int, generator: torch.Generator, start: int) -> Iterable[Any]:
        """What `batches` gives from number `start` on."""
        ...


@contextmanager
def drawing_from(seed: int, *, device: str = "cpu") -> Iterator[None]:
    """Let torch's own draws (initial weights, dropout) follow from a seed, and put its generator back after.

    Example:
        >>> with drawing_from(3):
        ...     first = nn.Linear(2, 2)
        >>> with drawing_from(3):
        ...     second = nn.Linear(2, 2)
        >>> torch.equal(first.weight, second.weight)
        True
    """
    place = torch.device(device)
    with torch.random.fork_rng(devices=[place] if place.type == "cuda" else []):
        torch.manual_seed(derived_seed(seed, "torch"))
        yield


def derived_seed(seed: int, *use: object) -> int:
    """A seed for one use of chance, below 2^63.

    Example:
        >>> derived_seed(0, "batches", 1) != derived_seed(0, "batches", 2)
        True
    """
    return int(digest([seed, *use]), 16) >> 1


def endless(task: Task, seed: int, done: int) -> Iterator[Any]:
    """The batches of a task from number `done` on, epoch after epoch.

    Each epoch has its own generator, derived from (seed, epoch).

    Raises:
        DataError: an epoch has another number of batches than the task says.
    """
    epoch, skipped = divmod(done, task.n_batches)
    while True:
        generator = torch.Generator().manual_seed(derived_seed(seed, "batches", epoch))
        given = skipped
        for batch in _from(task, epoch, generator, skipped):
            given += 1
            yield batch
        if given != task.n_batches:
            raise DataError(
                where=f"epoch {epoch}",
                expected=f"{task.n_batches} batches, as the task says",
                got=str(given),
                fix="Let `batches` give `n_batches` of them.",
            )
        epoch, skipped = epoch + 1, 0


def _from(task: Task, epoch: int, generator: torch.Generator, start: int) -> Iterable[Any]:
    """The batches of an epoch without the first `start`."""
    if isinstance(task, StartsAnywhere):
        return task.batches_from(epoch, generator, start)
    return islice(task.batches(epoch, generator), start, None)
