"""What a training leaves behind: its weights, and a record of how it went."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from safetensors import SafetensorError
from torch import nn

from seealike.data.atomic import write_atomically
from seealike.data.identity import file_digest
from seealike.errors import DamagedArtifact
from seealike.sources.models.kept import fill_kept, save_kept

#: The file of the weights in a training's folder.
WEIGHTS = "weights.safetensors"
#: The file of its record; with it a training is finished.
RECORD = "record.json"
_FORMAT = 1


@dataclass(frozen=True)
class TrainingRecord:
    """How a training went.

    Attributes:
        recipe: digest of its recipe.
        steps: updates of the weights.
        losses: the mean loss of each step.
        elapsed_s: seconds, over all the times that it was taken up.
        resumed: how often it was taken up again.
        device: where it was finished.
        weights: digest of the file of weights.
    """

    recipe: str
    steps: int
    losses: tuple[float, ...] = field(repr=False)
    elapsed_s: float
    resumed: int
    device: str
    weights: str

    @property
    def final_loss(self) -> float:
        """The mean loss of the last twentieth of the steps."""
        last = self.losses[-max(1, len(self.losses) // 20) :]
        return sum(last) / len(last)


def write_weights(module: nn.Module, folder: Path) -> str:
    """Write `weights.safetensors`, without the parameters that are frozen; returns its digest."""
    write_atomically(folder / WEIGHTS, lambda path: save_kept(module, path))
    return file_digest(folder / WEIGHTS)


def load_weights(module: nn.Module, folder: Path) -> None:
    """Put the weights of a finished training into a network of the same shape.

    Raises:
        DamagedArtifact: they are not there, or are those of another network.
    """
    try:
        fill_kept(module, folder / WEIGHTS)
    except (OSError, RuntimeError, ValueError, SafetensorError) as error:
        raise DamagedArtifact(
            where=str(folder / WEIGHTS),
            expected=f"weights of a {type(module).__name__} as it was trained",
            got=str(error).splitlines()[0],
            fix="Remove the folder; the next run trains it again.",
        ) from error


def write_record(record: TrainingRecord, folder: Path) -> None:
    """Write `record.json`; with it a training is finished."""
    text = json.dumps({"format": _FORMAT, **asdict(record)})
    write_atomically(folder / RECORD, lambda path: path.write_text(text, encoding="utf-8"))


def read_record(folder: Path) -> TrainingRecord | None:
    """The record of a finished training, or None.

    Raises:
        DamagedArtifact: a record that is none, or of a newer format.
    """
    file = folder / RECORD
    if not file.is_file():
        return None
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        if said.pop("format") == _FORMAT:
            return TrainingRecord(**{**said, "losses": tuple(said["losses"])})
    except (ValueError, KeyError, TypeError) as error:
        raise _no_record(file, str(error)) from error
    raise _no_record(file, "another format")


def _no_record(file: Path, got: str) -> DamagedArtifact:
    return DamagedArtifact(
        where=str(file),
        expected="a record of a training",
        got=got,
        fix="Remove the folder; the next run trains it again.",
    )
