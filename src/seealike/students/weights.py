"""A trained student on disk: the network under its own names, the head beside it, and what it was made of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from seealike.data.atomic import write_atomically
from seealike.errors import DamagedArtifact, NewerFormat
from seealike.sources.models.states import fill
from seealike.students.network import Student

#: The file of a student's weights in its folder.
STUDENT = "student.safetensors"
_FORMAT = 1


def write_student(student: Student, path: Path, about: dict[str, Any]) -> None:
    """Write the weights, with everything that `about` says of them (JSON).

    Raises:
        StoreError: the disk is full or not writable.
    """
    state = {name: value.detach().cpu().clone().contiguous() for name, value in student.state_dict().items()}
    header = {"format": str(_FORMAT), "about": json.dumps(about, sort_keys=True)}
    write_atomically(path, lambda temporary: save_file(state, temporary, metadata=header))


def read_about(path: Path) -> dict[str, Any]:
    """What was said of the weights when they were written.

    Raises:
        DamagedArtifact: no such file, or not one of a student.
        NewerFormat: a newer version wrote it.
    """
    try:
        with safe_open(path, "pt") as file:
            header = file.metadata() or {}
        version = int(header["format"])
        about = json.loads(header["about"])
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise _damaged(path, str(error)) from error
    if version > _FORMAT:
        raise NewerFormat(
            where=str(path), expected=f"format {_FORMAT}", got=str(version), fix="Update seealike."
        )
    return about


def fill_student(student: Student, path: Path) -> None:
    """Put the weights of a file into a student of the same shape, strictly.

    Raises:
        DamagedArtifact: it cannot be read.
        SourceError: its keys or shapes are not those of this network; says which.
    """
    try:
        with safe_open(path, "pt") as file:
            state: dict[str, torch.Tensor] = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise _damaged(path, str(error)) from error
    fill(student, state, where=str(path))


def _damaged(path: Path, got: str) -> DamagedArtifact:
    return DamagedArtifact(
        where=str(path),
        expected="the weights of a student",
        got=got.splitlines()[0] if got else "nothing",
        fix="Train it again: seealike align tune STUDY.",
    )
