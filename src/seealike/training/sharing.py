"""One training on several devices of this machine, a process each: through Lightning Fabric, whose processes they are.

Fabric starts the running command once more for every further device; all of them build the same task and come here.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import torch

from seealike.errors import BadParameter
from seealike.training.task import Task, derived_seed

if TYPE_CHECKING:
    from lightning_fabric import Fabric


@runtime_checkable
class SharesBatches(Protocol):
    """A task whose batches can be divided: the mean of the losses of equal shares is the loss of the whole."""

    def share(self, rank: int, world: int) -> None:
        """From now on give share `rank` (from 0) of each batch, of `world` equal ones.

        Raises:
            BadParameter: batches that cannot be divided so.
        """
        ...


def is_first(devices: int) -> bool:
    """Whether this process speaks and writes: the only one, or that of the first of so many devices.

    Example:
        >>> is_first(devices=1)
        True
    """
    return devices == 1 or int(os.environ.get("LOCAL_RANK", "0")) == 0


def join(fabric: Fabric, task: Task, seed: int) -> None:
    """Start or join the processes of a training, and take this one's share of its task.

    Random draws (dropout) differ from process to process; weights and the order of batches do not.

    Raises:
        BadParameter: a task that cannot be shared.
    """
    if not isinstance(task, SharesBatches):
        raise BadParameter(
            where="training",
            expected="one device for this task",
            got=str(fabric.world_size),
            fix="Leave `devices` out.",
        )
    fabric.launch()
    task.share(fabric.global_rank, fabric.world_size)
    if fabric.global_rank:
        torch.manual_seed(derived_seed(seed, "torch", fabric.global_rank))


def chosen(device: torch.device, devices: int) -> list[int] | int:
    """Which devices Fabric shall take: so many of this kind, from this one on.

    Raises:
        BadParameter: there are not so many.

    Example:
        >>> chosen(torch.device("cpu"), 2)
        2
    """
    if device.type != "cuda":
        return devices
    first, there = device.index or 0, torch.cuda.device_count()
    if devices > 1 and first + devices > there:
        raise BadParameter(
            where="training",
            expected=f"at most {there - first} devices from {device} on",
            got=str(devices),
            fix="Lower `--devices`.",
        )
    return list(range(first, first + devices))


def mean_of_all(fabric: Fabric, value: torch.Tensor) -> torch.Tensor:
    """The mean of a number over all processes."""
    return fabric.all_reduce(value, reduce_op="mean")  # pyright: ignore[reportReturnType] (a tensor, as it was given)


def of_all(fabric: Fabric, generator: torch.Tensor) -> torch.Tensor:
    """The state of every process's generator, (world, n); (n,) where there is one process."""
    if fabric.world_size == 1:
        return generator
    mine = generator.to(fabric.device)
    states = [torch.empty_like(mine) for _ in range(fabric.world_size)]
    torch.distributed.all_gather(states, mine)  # Fabric's own takes a way that torch is about to drop
    return torch.stack(states).cpu()


def own(fabric: Fabric, states: torch.Tensor) -> torch.Tensor:
    """This process's part of what `of_all` gave, whatever the number of processes then."""
    if states.ndim == 1:
        return states
    return states[
        fabric.global_rank % len(states)
    ].clone()  # torch reads a state from the start of its memory
