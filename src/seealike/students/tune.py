"""Train one student: a model, answered triplets and images in, weights out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from seealike.data.identity import digest
from seealike.data.triplet_codes import CodedTriplets
from seealike.errors import DataError
from seealike.sources.datasets.samples import Samples
from seealike.sources.models.card import ModelCard
from seealike.sources.models.lora import merged, with_lora
from seealike.students.images import TripletImages, found_rows
from seealike.students.losses import chooses_first_pair, pair_products
from seealike.students.network import Student, trainable
from seealike.students.spec import Tuning
from seealike.students.task import TripletTask
from seealike.students.weights import STUDENT, read_about, write_student
from seealike.training import drawing_from, train
from seealike.training.sharing import is_first


@dataclass(frozen=True)
class Tuned:
    """A student that has been trained.

    Attributes:
        weights: the file.
        losses: of every step.
        resumed: how often training was taken up again; 0 too where it was all done before.
    """

    weights: Path
    losses: tuple[float, ...]
    resumed: int


def tune(
    card: ModelCard,
    tuning: Tuning,
    answered: tuple[CodedTriplets, str],
    samples: Samples,
    folder: Path,
    *,
    device: str = "cpu",
    devices: int = 1,
    progress: Callable[[int, int], None] | None = None,
    shelf: dict[str, TripletImages] | None = None,
) -> Tuned:
    """Train a model's network on triplets that a teacher has answered; what is done already is not done again.

    In the folder: ``student.safetensors``, and while training what `seealike.training.train` keeps, so that a training
    that was stopped goes on to the same weights bit for bit.

    Args:
        card: the model; its first layer and its pooling are what is trained.
        tuning: how, with the seed in its recipe.
        answered: triplets with the odd one last and similarities, and what they are called in errors.
        samples: images that the triplets name.
        folder: of this student alone.
        device: of torch.
        devices: so many, a process each (see `seealike.training.train`).
        progress: called with (steps done, steps in all).
        shelf: keeps the prepared images for the next student that takes the same.

    Raises:
        DataError: triplets without answers, or of images that are not among the samples.
        SpecError: a model that cannot be trained.
        NonFiniteError: the loss became no number.
    """
    made_by = _made_by(card, tuning, answered[0], samples)
    weights = folder / STUDENT
    if weights.is_file():
        about = read_about(weights)
        if about.get("made_by") == made_by:
            return Tuned(weights, tuple(about["losses"]), 0)
    with drawing_from(tuning.recipe.seed):
        student, adapted = starting(card, tuning)
    student.freeze_unused()
    rows = _rows(answered, samples)
    key = digest([samples.revision, card.preprocessing(), np.unique(rows).tolist()])
    shelf = {} if shelf is None else shelf
    if key not in shelf:
        shelf.clear()
        shelf[key] = TripletImages(samples, rows, student.model.preprocess, device=device)
    task = TripletTask(student, shelf[key], rows, _similarities(answered), tuning)
    kept = folder / f"training-{made_by}"
    record = train(task, tuning.recipe, kept, device=device, devices=devices, progress=progress)
    if adapted is not None:
        merged(adapted)
    about = {
        "made_by": made_by,
        "losses": record.losses,
        "head": tuning.head,
        "tuning": tuning.model_dump(mode="json"),
    }
    if is_first(devices):
        write_student(student, weights, about)
    return Tuned(weights, record.losses, record.resumed)


def starting(card: ModelCard, tuning: Tuning) -> tuple[Student, object | None]:
    """A student as training starts: the model's weights, a new head, and what `merged` takes where there is LoRA.

    Random weights come from torch's generator: see `seealike.training.drawing_from`.
    """
    model = trainable(card)
    student = Student(
        model,
        card.layer_names[0],
        card.pooling,
        head=tuning.head,
        prefix_tokens=card.prefix_tokens,
        batch_statistics=tuning.batch_statistics,
    )
    if tuning.lora is None:
        student.network.requires_grad_(True)
        return student, None
    return student, with_lora(student.network, tuning.lora, where=f"model {card.name}")


def choices(student: Student, images: TripletImages, triplets: np.ndarray, size: int = 64) -> np.ndarray:
    """Which triplets the student answers as its teacher, by inner products of its outputs; ties are wrong.

    Args:
        student: is put into evaluation mode.
        images: of the triplets.
        triplets: (n, 3) rows of the images' samples, the odd one last.
        size: images of a forward pass.

    Returns:
        (n,) bool.
    """
    student.eval()
    rows, places = np.unique(triplets, return_inverse=True)
    chunks = [rows[start : start + size].tolist() for start in range(0, len(rows), size)]
    outputs = torch.from_numpy(
        np.concatenate([student.embed(batch.numpy()) for batch in images.read(chunks)])
    )
    return chooses_first_pair(pair_products(outputs, torch.from_numpy(places.reshape(-1, 3)))).numpy()


def _made_by(card: ModelCard, tuning: Tuning, triplets: CodedTriplets, samples: Samples) -> str:
    """Digest of everything that decides the weights."""
    model = [
        card.weights_digest(),
        card.layer_names[0],
        card.pooling,
        card.prefix_tokens,
        card.preprocessing(),
    ]
    return digest([tuning.digest, model, triplets.digest, samples.revision])


def _rows(answered: tuple[CodedTriplets, str], samples: Samples) -> np.ndarray:
    """(n, 3) int32 rows of the samples."""
    coded, where = answered
    return found_rows(coded.names, samples.sample_ids, where).astype(np.int32)[coded.rows]


def _similarities(answered: tuple[CodedTriplets, str]) -> np.ndarray:
    if answered[0].similarities is None:
        raise DataError(
            where=answered[1],
            expected="answered triplets",
            got="no similarities",
            fix="Answer them: seealike triplets respond.",
        )
    return answered[0].similarities
