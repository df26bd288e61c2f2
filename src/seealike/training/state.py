"""The state of a training on disk, from which it goes on bit for bit."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch

from seealike.data.atomic import write_atomically
from seealike.errors import DamagedArtifact, StoreError

_STATE = "state.pt"


@dataclass(frozen=True)
class State:
    """Everything that decides how a training goes on.

    Attributes:
        recipe: digest of the recipe it belongs to.
        step: steps that are done.
        module: weights and buffers.
        optimizer: its state.
        scaler: of the gradients' scale, in float16.
        average: the running average of the weights; empty without.
        random: torch's generators: the CPU's, then CUDA's where it is used.
        losses: of the steps that are done.
        elapsed_s: seconds so far.
        resumed: how often it was taken up again.
    """

    recipe: str
    step: int
    module: dict[str, Any]
    optimizer: dict[str, Any]
    scaler: dict[str, Any]
    average: list[torch.Tensor]
    random: list[torch.Tensor]
    losses: list[float]
    elapsed_s: float
    resumed: int


def write_state(state: State, folder: Path) -> None:
    """Write ``state.pt``, whole or not at all."""
    parts = {one.name: getattr(state, one.name) for one in fields(State)}
    write_atomically(folder / _STATE, lambda path: torch.save(parts, path))


def read_state(folder: Path, recipe: str) -> State | None:
    """The state that a training was left in, or None.

    Raises:
        StoreError: it is that of another recipe.
        DamagedArtifact: it cannot be read.
    """
    file = folder / _STATE
    if not file.is_file():
        return None
    try:
        state = State(**torch.load(file, map_location="cpu", weights_only=True))
    except Exception as error:  # torch raises many kinds for a damaged file
        raise DamagedArtifact(
            where=str(file),
            expected="the state of a training",
            got=str(error).splitlines()[0],
            fix="Remove the file; training starts anew.",
        ) from error
    if state.recipe != recipe:
        raise another_recipe(folder)
    return state


def remove_state(folder: Path) -> None:
    """A finished training needs none."""
    (folder / _STATE).unlink(missing_ok=True)


def another_recipe(folder: Path) -> StoreError:
    """The folder belongs to another training."""
    return StoreError(
        where=str(folder),
        expected="the training of this recipe, or nothing",
        got="that of another recipe",
        fix="Use another folder, or remove this one.",
    )
